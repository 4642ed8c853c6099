"""From the table of vectors to the matrix that answers read."""

from collections.abc import Iterable

import numpy as np
from django.db import transaction
from django.db.models import Count, Max

from catalog.models import ProductVector
from core.models import ModelVersion
from vision import embedding, memory
from vision.ml.nearest import Floats, Ids
from vision.models import ImageVector

CHUNK = 5_000
Row = tuple[int, int, bytes | memoryview]


def stamp() -> str:
    """Of which moment the vectors are that should serve; empty when there are none. Changes with every change."""
    counted = ProductVector.objects.of(embedding.IMAGE).aggregate(count=Count("pk"), newest=Max("computed_at"))
    serves = embedding.served_version()
    return f"{serves}:{counted['count']}:{counted['newest'].isoformat()}" if serves is not None else ""


def is_due() -> bool:
    """Whether the disk holds something else than the table, or something damaged. Two queries."""
    said = memory.on_disk()
    return not said or said["stamp"] != stamp()


def lay_out() -> dict[str, int | bool]:
    """Count what changed and let the vectors of the table serve. Safe to run twice.

    While a newer version reads the shop the pictures of the older one grow fewer; then the layout that is there serves
    on, and if there is none, every product counts by its mean.
    """
    mended = embedding.mend()
    with transaction.atomic():
        embedding.take_turns()
        wanted, said = stamp(), memory.on_disk()
        if said and said["stamp"] == wanted:
            return {"changed": False, "mended": mended, "pictures": int(said.get("pictures", 0))}
        serves = embedding.served_version()
        if serves is None:
            memory.clear()
            return {"changed": True, "mended": mended, "pictures": 0}
        if not embedding.is_read_anew(serves):
            rows = _pictures(serves)
        elif said.get("version_id") == serves:
            return {"changed": False, "mended": mended, "pictures": int(said.get("pictures", 0))}
        else:
            rows = _means()
        matrix, images, owners = _arrays(rows)
    version = ModelVersion.objects.get(pk=serves)
    memory.lay_out(matrix, images, owners, version=version, stamp=wanted)
    return {"changed": True, "mended": mended, "pictures": len(images)}


def _pictures(version: int) -> Iterable[Row]:
    rows = ImageVector.objects.filter(version=version).order_by("image__product", "image__position", "pk")
    return rows.values_list("image__product", "pk", "vector").iterator(CHUNK)


def _means() -> Iterable[Row]:
    rows = ProductVector.objects.of(embedding.IMAGE).order_by("product")
    return ((product, 0, vector) for product, vector in rows.values_list("product", "vector").iterator(CHUNK))


def _arrays(rows: Iterable[Row]) -> tuple[Floats, Ids, Ids]:
    """float32 [n, D], and the picture and the product of each row."""
    owners, images, parts, held = list[int](), list[int](), list[Floats](), list[bytes | memoryview]()
    for product, image, vector in rows:
        owners.append(product)
        images.append(image)
        held.append(vector)
        if len(held) == CHUNK:
            parts.append(embedding.unit_rows(embedding.unpacked(held)))
            held = []
    if held:
        parts.append(embedding.unit_rows(embedding.unpacked(held)))
    matrix = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    return matrix, np.array(images, np.int64), np.array(owners, np.int64)
