"""What staff decide about pictures that look the same: keep both, or take one off its product. Each can be undone."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core import signing
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product, ProductImage
from catalog.signals import announce, product_changed
from core.models import StaffUser
from vision.exceptions import UndoExpired
from vision.grouping import regroup
from vision.models import DuplicatePair, ImageAnalysis, NotDuplicates, RemovedPicture

UNDO_SALT = "vision.duplicates"
UNDO_SECONDS = 24 * 3600
KEPT_DAYS = 30
"""For so long the file of a removed picture is kept."""
MOMENTS = ("created_at", "updated_at")
MOST_IN_GROUP = 200
"""Pictures of one group that are decided at once: 19,900 pairs."""


@dataclass(frozen=True)
class Decision:
    """How many pictures it was about, and the key that takes it back; empty when nothing changed."""

    count: int
    undo: str = ""


@transaction.atomic
def keep_all(group: int, *, by: StaffUser) -> Decision:
    """The pictures of this group stay beside each other, and no pair of them is ever offered again."""
    images = _group(group)
    ids = [row.image_id for row in images]
    if len(ids) < 2:
        return Decision(0)
    now = timezone.now()
    open_pairs = DuplicatePair.objects.filter(one_id__in=ids, other_id__in=ids, kept_at=None)
    pairs = list(open_pairs.order_by("pk").values_list("pk", flat=True))
    open_pairs.update(kept_at=now)
    contents = sorted(row.content_sha256 for row in images if row.content_sha256)
    NotDuplicates.objects.bulk_create(
        [
            NotDuplicates(one_sha256=one, other_sha256=other, decided_at=now, decided_by=by)
            for one, other in sorted(set(combinations(contents, 2)))
        ],
        ignore_conflicts=True,
    )
    regroup(ids)
    return Decision(len(ids), _key(by, kept=pairs, at=now.isoformat()))


@transaction.atomic
def remove(ids: Collection[int], *, by: StaffUser) -> Decision:
    """Take these pictures off their products. Their files stay for KEPT_DAYS."""
    images = list(
        ProductImage.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").select_related("product")
    )
    if not images:
        return Decision(0)
    now = timezone.now()
    removed = RemovedPicture.objects.bulk_create(
        [
            RemovedPicture(
                product_id=image.product_id,
                kept=_columns(image),
                file=image.file.name or "",
                removed_at=now,
                removed_by=by,
            )
            for image in images
        ]
    )
    touched = _joined_to([image.pk for image in images])
    ProductImage.objects.filter(pk__in=[image.pk for image in images]).delete()
    regroup(touched)
    _tell([image.product for image in images], [{"deleted": {"name": str(_("product image")), "object": ""}}], by)
    return Decision(len(images), _key(by, removed=[row.pk for row in removed]))


@transaction.atomic
def undo(key: str, *, by: StaffUser) -> int:
    """Take back what one decision did. How many pictures it is about. Raises UndoExpired."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else decided this. Only they can undo it."))
    if "removed" in found:
        return _bring_back(found["removed"], by)
    at = datetime.fromisoformat(found["at"])
    pairs = DuplicatePair.objects.filter(pk__in=found["kept"], kept_at=at)
    ids = {pk for pair in pairs.values_list("one_id", "other_id") for pk in pair}
    pairs.update(kept_at=None)
    NotDuplicates.objects.filter(decided_at=at, decided_by=by).delete()
    regroup(ids)
    return len(ids)


def forget_removed() -> int:
    """Files of pictures that were removed KEPT_DAYS ago go, unless another picture shows the same file. How many."""
    old = RemovedPicture.objects.filter(removed_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    files = dict(old.values_list("pk", "file"))
    with transaction.atomic():
        RemovedPicture.objects.filter(pk__in=files).delete()
        used = set(ProductImage.objects.filter(file__in=files.values()).values_list("file", flat=True))
        used |= set(RemovedPicture.objects.filter(file__in=files.values()).values_list("file", flat=True))
        gone = set(files.values()) - used
        transaction.on_commit(lambda: _delete_files(gone), robust=True)
    return len(files)


def _delete_files(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _group(group: int) -> list[ImageAnalysis]:
    rows = ImageAnalysis.objects.select_for_update(of=("self",)).filter(duplicate_group=group)
    return list(rows.order_by("image_id")[:MOST_IN_GROUP])


def _joined_to(ids: Collection[int]) -> set[int]:
    pairs = DuplicatePair.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids))
    return {pk for pair in pairs.values_list("one_id", "other_id") for pk in pair} - set(ids)


def _columns(image: ProductImage) -> dict[str, Any]:
    """The row as JSON keeps it."""
    kept = {field.attname: getattr(image, field.attname) for field in image._meta.concrete_fields}
    kept["file"] = image.file.name
    return kept | {name: kept[name].isoformat() for name in MOMENTS}


def _bring_back(removed: list[int], by: StaffUser) -> int:
    rows = list(RemovedPicture.objects.select_for_update(of=("self",)).filter(pk__in=removed).order_by("pk"))
    products = Product.objects.in_bulk([row.product_id for row in rows])
    back = []
    for row in rows:
        kept: dict[str, Any] = row.kept | {name: datetime.fromisoformat(row.kept[name]) for name in MOMENTS}
        twin = ProductImage.objects.filter(product_id=row.product_id, source_name=kept["source_name"])
        if kept["source_name"] and twin.exists():  # an import brought it again meanwhile
            continue
        back.append(ProductImage(**kept))
    moments = {image.pk: {name: getattr(image, name) for name in MOMENTS} for image in back}
    ProductImage.objects.bulk_create(back)
    for pk, told in moments.items():  # the fields write the present moment of themselves
        ProductImage.objects.filter(pk=pk).update(**told)
    RemovedPicture.objects.filter(pk__in=[row.pk for row in rows]).delete()
    _tell(
        [products[image.product_id] for image in back], [{"added": {"name": str(_("product image")), "object": ""}}], by
    )
    return len(back)


def _tell(products: Iterable[Product], what: list[dict[str, Any]], by: StaffUser) -> None:
    """In the history of each product, and to whoever waits for changed products."""
    changed = {product.pk: product for product in products}
    LogEntry.objects.log_actions(by.pk, list(changed.values()), CHANGE, change_message=what)  # type: ignore[arg-type]
    for product in changed.values():
        announce(product_changed, Product, product_id=product.pk)


def _key(by: StaffUser, **what: Any) -> str:
    return signing.dumps({"by": by.pk, **what}, salt=UNDO_SALT, compress=True)
