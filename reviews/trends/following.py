"""The list of unhappy customers: who gets on it, and what staff say of each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Order, OrderLine
from core.jobs import guard
from core.models import StaffUser
from reviews.exceptions import BadInput
from reviews.models import FollowUp, Review, Sentiment
from reviews.models.follow_ups import NOTE_LENGTH
from reviews.signals import announce, follow_up_wanted
from reviews.trends import trials

FRESH = timedelta(days=30)
"""Older reviews are history: an import brings years of them, and nobody calls after a year."""
STARS = 3
AT_ONCE = 300
UNHAPPY = (Sentiment.NEGATIVE, Sentiment.MIXED)
State = FollowUp.State


def unhappy(now: datetime) -> QuerySet[Review]:
    """Fresh reviews that read negative or mixed, with three stars or fewer, and were not rejected."""
    return Review.objects.filter(
        reading__sentiment__in=UNHAPPY, rating__lte=STARS, written_at__gt=now - FRESH, written_at__lte=now
    ).exclude(status=Review.Status.REJECTED)


def follow(*, now: datetime | None = None) -> dict[str, int]:
    """Put on the list whoever is unhappy and not on it yet, or went off it by itself and is unhappy again; take off, as
    not needed, open ones whose review reads otherwise by now or was rejected. Safe to run at any time, also twice at
    once."""
    now = now or timezone.now()
    listed, held = _put_back(now), 0
    while part := list(_missing(now)[:AT_ONCE]):
        added = _add(part, now)
        listed, held = listed + added.count(State.OPEN), held + added.count(State.CONTROL)
        if not added or len(part) < AT_ONCE:
            break  # somebody else added the same ones at this moment, or these were the last
    return {"listed": listed, "control": held, "over": _take_off(now)}


def _missing(now: datetime) -> QuerySet[Review]:
    rows = unhappy(now).filter(follow_up__isnull=True).select_related("customer")
    return rows.order_by("written_at", "pk")


def _add(part: Sequence[Review], now: datetime) -> list[str]:
    subjects = trials.subjects_of([review.customer for review in part if review.customer is not None])
    orders = _orders_of(part)
    rows = [
        FollowUp(
            review=review, order_id=orders.get(review.pk), since=now,
            state=State.OPEN if trials.is_listed(subjects.get(review.customer_id or 0)) else State.CONTROL,
        )
        for review in part
    ]  # fmt: skip
    with transaction.atomic():
        guard()
        there = set(
            Review.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in part]).order_by("pk")
            .values_list("pk", flat=True)
        )  # fmt: skip
        known = set(FollowUp.objects.filter(review__in=there).values_list("pk", flat=True))
        added = [row for row in rows if row.review_id in there - known]
        FollowUp.objects.bulk_create(added)
        for row in added:
            if row.state == State.OPEN:
                announce(follow_up_wanted, review_id=row.review_id)
    return [str(row.state) for row in added]


def _orders_of(part: Sequence[Review]) -> dict[int, int]:
    """Review → the last paid order of its customer that held its product, placed before it. One query."""
    pairs = {(one.customer_id, one.product_id): one for one in part if one.customer_id is not None}
    lines = OrderLine.objects.filter(
        order__customer__in={customer for customer, _product in pairs},
        product__in={product for _customer, product in pairs}, order__status__in=Order.BOUGHT,
    )  # fmt: skip
    found: dict[int, int] = {}
    rows = lines.order_by("order__placed_at", "order_id")
    for customer, product, order, placed_at in rows.values_list(
        "order__customer_id", "product_id", "order_id", "order__placed_at"
    ):
        review = pairs.get((customer, product))
        if review is not None and placed_at <= review.written_at:
            found[review.pk] = order
    return found


def _take_off(now: datetime) -> int:
    """Open ones without a reason any more. The control group stays what it is: experiments count it."""
    rows = FollowUp.objects.open().filter(~_still())
    return rows.update(state=State.NEEDLESS, handled_at=now, handled_by=None)


def _put_back(now: datetime) -> int:
    """Those that nobody decided about: a rejection or a correction was undone since they went off, some days ago."""
    rows = FollowUp.objects.filter(_still(), state=State.NEEDLESS, handled_by=None, handled_at__gt=now - FRESH)
    if not rows.exists():
        return 0
    with transaction.atomic():
        guard()
        ids = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        FollowUp.objects.filter(pk__in=ids).update(state=State.OPEN, handled_at=None)
        for pk in ids:
            announce(follow_up_wanted, review_id=pk)
    return len(ids)


def _still() -> Exists:
    """Whether the review of a follow-up is that of somebody unhappy, however old."""
    rows = Review.objects.filter(pk=OuterRef("pk"), reading__sentiment__in=UNHAPPY, rating__lte=STARS)
    return Exists(rows.exclude(status=Review.Status.REJECTED))


# --- what staff say ---------------------------------------------------------------------------------------------------


@transaction.atomic
def settle(ids: Sequence[int], state: str, *, by: StaffUser, note: str | None = None) -> list[int]:
    """Say of these follow-ups that they are handled or not needed, or open them again. `note` None keeps what stands
    there. Returns those that changed. Raises BadInput for another state or a note that is too long."""
    if state not in (State.OPEN, State.HANDLED, State.NEEDLESS):
        raise BadInput(_("A follow-up is open, handled or not needed."))
    text = None if note is None else note.replace("\x00", "").strip()
    if text is not None and len(text) > NOTE_LENGTH:
        raise BadInput(
            _("The note is too long: at most %(most)d characters.") % {"most": NOTE_LENGTH}, extra={"field": "note"}
        )
    rows = FollowUp.objects.listed().select_for_update().filter(pk__in=ids).order_by("pk")
    other = ~Q(state=state) if text is None else ~Q(state=state, note=text)
    changed = list(rows.filter(other).values_list("pk", flat=True))
    values: dict[str, Any] = {"state": state, "handled_at": timezone.now(), "handled_by": by}
    if state == State.OPEN:
        values |= {"handled_at": None, "handled_by": None}
    if text is not None:
        values["note"] = text
    FollowUp.objects.filter(pk__in=changed).update(**values)
    return changed


def open_count() -> int:
    """How many wait. One query of an index."""
    return FollowUp.objects.open().count()
