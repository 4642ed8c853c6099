"""Staff decide what others may read. Each decision can be taken back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Review, ReviewReport, SuspicionScore
from reviews.models.suspicion import FAKE
from reviews.services.photos import forget_looks, judge_photos
from reviews.services.submission import rate, unrate
from reviews.services.summaries import note_changed
from reviews.services.voices import recount
from reviews.signals import announce, review_published, review_withdrawn

Status, Reason = Review.Status, Review.Reason
UNDO_SALT = "reviews.decision"
UNDO_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Decision:
    """What became of the reviews: those decided now; those that had another state already, or are gone. `undo` is the
    key for `undo_decision`, empty when nothing changed."""

    decided: tuple[int, ...]
    passed_over: int
    undo: str = field(default="", compare=False)
    kept: tuple[int, ...] = ()
    """Those that stay as they were and whose complaints, suspicion or photos were looked at."""


class _State(NamedTuple):
    """Where a review stands, and since whose decision."""

    status: str
    reason: str = ""
    note: str = ""
    decided_at: str | None = None
    decided_by: int | None = None

    @classmethod
    def of(cls, row: Review) -> "_State":
        decided_at = None if row.decided_at is None else row.decided_at.isoformat()
        return cls(row.status, row.reason, row.reason_note, decided_at, row.decided_by_id)


def publish(ids: Collection[int], *, by: StaffUser, photos: Mapping[int, bool] | None = None) -> Decision:
    """Everybody may read them. Those that are published already have their complaints closed and stay. Suspicious ones
    are genuine from now on, whatever the rules say later. `photos`: new ones that were seen with them, and whether each
    is shown; a review with others waits with them."""
    return _decide(ids, Status.PUBLISHED, by=by, photos=photos or {})


def reject(ids: Collection[int], *, by: StaffUser, reason: str, note: str = "") -> Decision:
    """Nobody may read them; the customer is told why. Another reason than the listed needs a note. Raises BadInput."""
    if reason not in Reason.values:
        raise BadInput(_("Choose why the review is rejected."), extra={"field": "reason"})
    note = note.strip()
    if reason == Reason.OTHER and not note:
        raise BadInput(_("Say in the note why the review is rejected."), extra={"field": "note"})
    return _decide(ids, Status.REJECTED, by=by, reason=reason, note=note[:300])


def put_back(ids: Collection[int], *, by: StaffUser) -> Decision:
    """They wait for a decision again."""
    return _decide(ids, Status.PENDING, by=by)


def close_reports(ids: Collection[int], *, at: datetime | None = None) -> int:
    """The complaints about these reviews were looked at and change nothing. How many."""
    with transaction.atomic():
        closed = ReviewReport.objects.filter(review_id__in=ids, closed_at=None).update(closed_at=at or timezone.now())
        Review.objects.filter(pk__in=ids).update(open_reports=0)
    return closed


@transaction.atomic
def undo_decision(key: str, *, by: StaffUser) -> int:
    """Put reviews back to where they stood before one decision, with the complaints and suspicions it closed and the
    photos it judged, except those that were decided again since. Returns how many. Raises UndoExpired for a key that
    is older than a day or somebody else's."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(
            _("This can no longer be undone from here. Decide again on the page of the review.")
        ) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else decided this. Only they can undo it."))
    at = datetime.fromisoformat(found["at"])
    touched = list(found["kept"])
    count = len(touched)
    for state, ids in found["was"]:
        same = Review.objects.filter(pk__in=ids, status=found["status"], updated_at=at)
        back = list(same.order_by("pk").values_list("pk", flat=True))
        _rows, changed = _write(back, _State(*state), at=timezone.now())
        count += len(changed)
        touched += back
    ReviewReport.objects.filter(review_id__in=touched, closed_at=at).update(closed_at=None)
    again = list(SuspicionScore.objects.filter(review_id__in=touched, genuine_at=at).values_list("pk", flat=True))
    Review.objects.filter(pk__in=again).update(is_suspected=True)
    SuspicionScore.objects.filter(pk__in=again).update(genuine_at=None, genuine_by=None)
    if again:
        note_changed(again)
    forget_looks(found.get("photos", ()), at=at)
    recount(Review.objects.filter(pk__in=touched))
    return count


@transaction.atomic
def _decide(
    ids: Collection[int], status: str, *, by: StaffUser, reason: str = "", note: str = "",
    photos: Mapping[int, bool] | None = None,
) -> Decision:  # fmt: skip
    now = timezone.now()
    decided = (None, None) if status == Status.PENDING else (now.isoformat(), by.pk)
    rows, changed = _write(ids, _State(status, reason, note, *decided), at=now)
    known = {row.pk for row in changed}
    judged = judge_photos([row.pk for row in rows], photos, by=by, at=now) if photos else []
    kept: tuple[int, ...] = ()
    if status != Status.PENDING:
        kept = tuple(
            row.pk for row in rows
            if row.pk not in known and (row.open_reports or row.is_suspected or (judged and row.has_new_photos))
        )  # fmt: skip
        close_reports([row.pk for row in rows], at=now)
    if status == Status.PUBLISHED:
        _find_genuine([row.pk for row in rows if row.is_suspected], by=by, at=now)
    undo = _undo_key(changed, kept, judged, status=status, by=by, at=now) if changed or kept else ""
    return Decision(tuple(row.pk for row in changed), len(set(ids)) - len(changed), undo, kept)


def _find_genuine(ids: list[int], *, by: StaffUser, at: datetime) -> None:
    """What somebody looked at and published is what it says it is."""
    SuspicionScore.objects.filter(review_id__in=ids).update(genuine_at=at, genuine_by=by)
    Review.objects.filter(pk__in=ids).update(is_suspected=False)
    if ids:
        note_changed(ids)  # nothing suspicious is quoted


def _undo_key(
    changed: list[Review], kept: tuple[int, ...], photos: list[int], *, status: str, by: StaffUser, at: datetime
) -> str:
    """Where each stood, grouped: most of a page stood at the same place."""
    was: dict[_State, list[int]] = {}
    for row in changed:
        was.setdefault(_State.of(row), []).append(row.pk)
    told = {"by": by.pk, "at": at.isoformat(), "status": status, "was": list(was.items()), "kept": kept,
            "photos": photos}  # fmt: skip
    return signing.dumps(told, salt=UNDO_SALT, compress=True)


def _write(ids: Collection[int], to: _State, *, at: datetime) -> tuple[list[Review], list[Review]]:
    """The rows as they were, and those of them that are different now. Rows are locked in one order, so that two who
    decide at once wait for each other and the later one wins."""
    rows = list(Review.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    changed = [row for row in rows if (row.status, row.reason, row.reason_note) != to[:3]]
    Review.objects.filter(pk__in=[row.pk for row in changed]).update(
        status=to.status, reason=to.reason, reason_note=to.note, updated_at=at,
        decided_at=to.decided_at and datetime.fromisoformat(to.decided_at), decided_by_id=to.decided_by,
    )  # fmt: skip
    for row in changed:
        if to.reason in FAKE:
            unrate(row)
        elif row.reason in FAKE:
            rate(row)
        if to.status == Status.PUBLISHED:
            announce(review_published, review_id=row.pk)
        elif row.status == Status.PUBLISHED:
            announce(review_withdrawn, review_id=row.pk)
    seen = [row.pk for row in changed if Status.PUBLISHED in (row.status, to.status)]
    if seen:
        note_changed(seen)
    return rows, changed
