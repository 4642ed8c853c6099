"""Vectors of pictures and products: written here alone, so that products are always compared by one version.

`ImageVector` holds each picture as the last version that read it saw it. `ProductVector` holds the mean of a product's
pictures, of the version that serves. While a newer version reads the shop, products keep their vectors; once it has
seen every picture, all products change to it in one transaction.
"""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import ProductImage, ProductVector
from vision.models import ImageVector

AT_ONCE = 2000
IMAGE = ProductVector.Kind.IMAGE
STORED = np.dtype("<f2")
Vectors = NDArray[np.float32]


def write(
    image_ids: Sequence[int], vectors: NDArray[np.floating], version: int, *, contents: Sequence[str] | None = None
) -> int:
    """What the network of `version` (a key of core.ModelVersion) sees on these pictures: float [n, D], a row each.

    In one transaction with the vectors of their products; safe to repeat. `contents` are the hashes of the files that
    were read, by default those of now. Rows without a direction (zero, not finite) and pictures that are gone are left
    out. How many were written. Raises ValueError for another number of rows than ids.
    """
    if vectors.ndim != 2 or len(vectors) != len(image_ids):
        raise ValueError(f"Vectors are [{len(image_ids)}, D], not {list(vectors.shape)}.")
    seen = dict(zip(image_ids, unit_rows(vectors), strict=True))
    read = dict(zip(image_ids, contents, strict=True)) if contents is not None else {}
    now = timezone.now()
    with transaction.atomic():
        take_turns()
        there = {
            pk: (product, content)
            for pk, product, content in ProductImage.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=seen)
            .order_by("pk")
            .values_list("pk", "product_id", "content_sha256")
        }
        rows = [
            ImageVector(
                image_id=pk, version_id=version, vector=packed(seen[pk]), content_sha256=read.get(pk, content),
                computed_at=now,
            )
            for pk, (_product, content) in there.items()
            if seen[pk].any()
        ]  # fmt: skip
        ImageVector.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["image"],
            update_fields=["version", "vector", "content_sha256", "computed_at"],
        )  # fmt: skip
        serves = served_version()
        if serves in (None, version):
            _count_again({product for product, _content in there.values()}, version)
        elif not is_read_anew(version):
            complete(version)
    return len(rows)


@transaction.atomic
def complete(version: int) -> int:
    """The version has read the shop: products change to it, and what it could not read loses its vector. How many
    products have one now. Does nothing while the version has no picture."""
    take_turns()
    if not ImageVector.objects.filter(version=version).exists():
        return ProductVector.objects.of(IMAGE).count()
    ImageVector.objects.exclude(version=version).delete()
    ProductVector.objects.of(IMAGE).exclude(model_version=version).delete()
    products = list(ImageVector.objects.order_by().values_list("image__product", flat=True).distinct())
    for start in range(0, len(products), AT_ONCE):
        _count_again(products[start : start + AT_ONCE], version)
    return ProductVector.objects.of(IMAGE).count()


@transaction.atomic
def mend() -> int:
    """Count products anew that lost a picture since their vector was made. How many. While a newer version reads the
    shop nothing is done: products change to it soon."""
    take_turns()
    serves = served_version()
    if serves is None or is_read_anew(serves):
        return 0
    counted = ProductVector.objects.of(IMAGE).aggregate(sources=Coalesce(Sum("sources"), 0))["sources"]
    if counted == ImageVector.objects.count():
        return 0
    there = dict(ImageVector.objects.values_list("image__product").annotate(count=Count("pk")).order_by())
    said = ProductVector.objects.of(IMAGE).values_list("product", "sources")
    found = {product for product, sources in said if there.get(product, 0) != sources}
    _count_again(found, serves)
    return len(found)


def served_version() -> int | None:
    """The version that products are compared by; None before the first picture was read."""
    return ProductVector.objects.of(IMAGE).order_by("pk").values_list("model_version_id", flat=True).first()


def is_read_anew(version: int) -> bool:
    """Whether another version than this one has seen pictures."""
    return ImageVector.objects.filter(Q(version__lt=version) | Q(version__gt=version)).exists()


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """The same rows at length one; zero where there is no direction."""
    rows = np.asarray(vectors, np.float32)
    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, np.float32(0.0))
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-12)


def packed(vector: Vectors) -> bytes:
    """As it is kept: little-endian numbers of 16 bits."""
    return vector.astype(STORED).tobytes()


def unpacked(stored: Sequence[bytes | memoryview]) -> Vectors:
    """Rows that were kept, float32 [n, D]. Raises ValueError for rows of different lengths."""
    if len({len(one) for one in stored}) > 1:
        raise ValueError("Vectors of different lengths do not lie beside each other.")
    flat = np.frombuffer(b"".join(bytes(one) for one in stored), STORED).astype(np.float32)
    return flat.reshape(len(stored), -1) if stored else flat.reshape(0, 0)


def take_turns() -> None:
    """Until the transaction ends nobody else writes vectors."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vision.vectors'))")


def _count_again(products: Collection[int], version: int) -> None:
    """Means of all pictures of these products that the version saw."""
    now, kept = timezone.now(), []
    for product, vectors in _of_products(products, version):
        mean = unit_rows(vectors.mean(axis=0, keepdims=True))[0]
        kept.append(
            ProductVector(
                product_id=product, kind=IMAGE, vector=packed(mean if mean.any() else vectors[0]),
                dimensions=vectors.shape[1], sources=len(vectors), model_version_id=version, computed_at=now,
            )
        )  # fmt: skip
    ProductVector.objects.of(IMAGE).filter(product__in=products).exclude(
        product__in=[row.product_id for row in kept]
    ).delete()
    ProductVector.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["product", "kind"], batch_size=AT_ONCE,
        update_fields=["vector", "dimensions", "sources", "model_version", "computed_at"],
    )  # fmt: skip


def _of_products(products: Collection[int], version: int) -> Iterator[tuple[int, Vectors]]:
    rows = ImageVector.objects.filter(image__product__in=products, version=version).order_by("image__product", "pk")
    product, held = 0, list[bytes | memoryview]()
    for own, vector in rows.values_list("image__product", "vector"):
        if held and own != product:
            yield product, unpacked(held)
            held = []
        product = own
        held.append(bytes(vector))
    if held:
        yield product, unpacked(held)
