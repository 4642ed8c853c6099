"""What staff decide about pictures that look the same: keep both, or take one off its product. Each can be undone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.services import pictures
from core.models import StaffUser
from vision.exceptions import UndoExpired
from vision.grouping import regroup
from vision.models import DuplicatePair, ImageAnalysis, NotDuplicates

UNDO_SALT = "vision.duplicates"
UNDO_SECONDS = 24 * 3600
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


def remove(ids: Collection[int], *, by: StaffUser) -> Decision:
    """Take these pictures off their products, as on the page of a product."""
    removed = pictures.remove(ids, by=by)
    return Decision(removed.count, _key(by, removed=removed.rows)) if removed.count else Decision(0)


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
        return pictures.bring_back(found["removed"], by=by)
    at = datetime.fromisoformat(found["at"])
    pairs = DuplicatePair.objects.filter(pk__in=found["kept"], kept_at=at)
    ids = {pk for pair in pairs.values_list("one_id", "other_id") for pk in pair}
    pairs.update(kept_at=None)
    NotDuplicates.objects.filter(decided_at=at, decided_by=by).delete()
    regroup(ids)
    return len(ids)


def _group(group: int) -> list[ImageAnalysis]:
    rows = ImageAnalysis.objects.select_for_update(of=("self",)).filter(duplicate_group=group)
    return list(rows.order_by("image_id")[:MOST_IN_GROUP])


def _key(by: StaffUser, **what: Any) -> str:
    return signing.dumps({"by": by.pk, **what}, salt=UNDO_SALT, compress=True)
