"""Staff decide what others may read. Each decision can be taken back."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from reviews.exceptions import BadInput
from reviews.models import Review, ReviewReport
from reviews.services.submission import rate, unrate
from reviews.signals import announce, review_published, review_withdrawn

Status, Reason = Review.Status, Review.Reason
FAKE = frozenset({Reason.ADVERTISING, Reason.NOT_GENUINE})
"""Reasons after which the stars do not count as what a customer thinks."""


@dataclass(frozen=True)
class Decision:
    """What became of the reviews: those decided now; those that had another state already, or are gone."""

    decided: tuple[int, ...]
    passed_over: int


def publish(ids: Collection[int], *, by: StaffUser) -> Decision:
    """Everybody may read them. Those that are published already have their complaints closed and stay."""
    return _decide(ids, Status.PUBLISHED, by=by)


def reject(ids: Collection[int], *, by: StaffUser, reason: str, note: str = "") -> Decision:
    """Nobody may read them; the customer is told why. Another reason than the listed needs a note. Raises BadInput."""
    if reason not in Reason.values:
        raise BadInput(_("Choose why the review is rejected."), extra={"field": "reason"})
    note = note.strip()
    if reason == Reason.OTHER and not note:
        raise BadInput(_("Say in the note why the review is rejected."), extra={"field": "note"})
    return _decide(ids, Status.REJECTED, by=by, reason=reason, note=note[:300])


def put_back(ids: Collection[int], *, by: StaffUser) -> Decision:
    """Undo: they wait for a decision again."""
    return _decide(ids, Status.PENDING, by=by)


def close_reports(ids: Collection[int]) -> int:
    """The complaints about these reviews were looked at and change nothing. How many."""
    with transaction.atomic():
        closed = ReviewReport.objects.filter(review_id__in=ids, closed_at=None).update(closed_at=timezone.now())
        Review.objects.filter(pk__in=ids).update(open_reports=0)
    return closed


@transaction.atomic
def _decide(ids: Collection[int], status: str, *, by: StaffUser, reason: str = "", note: str = "") -> Decision:
    """Rows are locked in one order, so that two who decide at once wait for each other and the later one wins."""
    now = timezone.now()
    rows = list(Review.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    changed = [row for row in rows if row.status != status or row.reason != reason or row.reason_note != note]
    waiting = status == Status.PENDING
    Review.objects.filter(pk__in=[row.pk for row in changed]).update(
        status=status, reason=reason, reason_note=note, updated_at=now,
        decided_at=None if waiting else now, decided_by=None if waiting else by,
    )  # fmt: skip
    for row in changed:
        if reason in FAKE:
            unrate(row)
        elif row.reason in FAKE:
            rate(row)
        if status == Status.PUBLISHED:
            announce(review_published, review_id=row.pk)
        elif row.status == Status.PUBLISHED:
            announce(review_withdrawn, review_id=row.pk)
    if not waiting:
        close_reports([row.pk for row in rows])
    return Decision(tuple(row.pk for row in changed), len(set(ids)) - len(changed))
