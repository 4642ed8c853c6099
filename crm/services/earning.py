"""Points that come in: for orders, and for what is no order.

An order is brought into accord (`settle_order`): whatever happened to it, however often and in whichever order it is
told, the books end where its state says. Signals, sweeps and people all call the same.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from catalog.models import Customer, Order, OrderEvent
from core.shop import current_shop
from crm.models import EarnRule, LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyTransaction
from crm.services import calendar, tiers
from crm.services.posting import (
    Kind,
    Posting,
    Side,
    account_of,
    claim_back,
    is_posted,
    lock_many,
    locked,
    write,
)
from crm.services.rates import ONE, Rates, kept

ARRIVED = (Order.Status.DELIVERED, Order.Status.CLOSED)


@transaction.atomic
def settle_order(order_id: int) -> int:
    """Bring the points of an order into accord with it. Returns the points that moved; 0 when all was right.

    Paid since the programme began: earned once. Delivered: the end of the return window is noted. Refunded or
    cancelled: what it earned is taken back in proportion. Safe to run at any time, twice and too late.
    """
    order = Order.objects.select_for_update(of=("self",), no_key=True).filter(pk=order_id).first()
    if order is None:
        return 0
    lot = LoyaltyLot.objects.filter(order=order).first()
    if lot is None:
        programme = LoyaltyProgramme.current()
        if not _earns(order, programme):
            return 0
        return earn_orders(with_lines([order.pk]), programme=programme)[1]
    account = locked(lot.account_id)
    lot.refresh_from_db()
    if account.closed_at is not None:
        return 0
    _note_window(lot, order)
    return _take_back(account, lot, order)


def _earns(order: Order, programme: LoyaltyProgramme) -> bool:
    return (
        programme.is_on and programme.started_at is not None and order.customer_id is not None
        and order.status in Order.BOUGHT and order.paid_at is not None and order.paid_at >= programme.started_at
    )  # fmt: skip


def with_lines(order_ids: Iterable[int]) -> Sequence[Order]:
    """Orders with what `Rates.points` reads of them, and the moment of their delivery: three queries."""
    delivered = Max("events__occurred_at", filter=Q(events__kind=OrderEvent.Kind.DELIVERED))
    rows = Order.objects.filter(pk__in=list(order_ids)).annotate(delivered_at=delivered)
    return list(rows.prefetch_related("lines__product__category").order_by("pk"))


def earn_orders(
    orders: Sequence[Order], *, programme: LoyaltyProgramme, is_past: bool = False, at: datetime | None = None
) -> tuple[int, int]:
    """Book what these orders bring; those that were booked before are passed over. Returns (orders, points).

    `is_past`: granted for the time before the programme, when nobody had a level yet; points of orders whose return
    window is over are final at once. Call it in a transaction, with orders from `with_lines`.
    """
    now = at or timezone.now()
    rates = Rates.read(programme)
    accounts = lock_many(order.customer_id for order in orders if order.customer_id is not None)
    known = set(LoyaltyLot.objects.filter(order__in=orders).values_list("order_id", flat=True))
    postings = []
    for order in orders:
        account = accounts.get(order.customer_id or 0)
        if account is None or order.pk in known:
            continue
        level = ONE if is_past or account.tier is None else Fraction(account.tier.multiplier)
        points = rates.points(order, level=level)
        left = kept(points, order)
        if not left:
            continue
        lot = LoyaltyLot(
            account=account, order=order, points=points, reversed=points - left, left=0,
            earned_at=order.paid_at or order.placed_at, matures_at=_window_end(order, programme),
        )  # fmt: skip
        posting = Posting(account, Kind.EARN, f"order:{order.pk}:earn", left, now, order_id=order.pk)
        if is_past and lot.matures_at is not None and lot.matures_at <= now:
            _finish(lot, programme, now)
            posting.credit(left, lot)
        else:
            posting.move(Side.PENDING, left, lot)
        posting.move(Side.ISSUED, -left)
        postings.append(posting)
    write(postings)
    for account in {posting.account for posting in postings} if not is_past else ():
        tiers.look_at(account, programme, now=now)
    return len(postings), sum(one.points for one in postings)


def _window_end(order: Order, programme: LoyaltyProgramme) -> datetime:
    """When nothing of an order can come back any more: the return window after its delivery; without a report of
    that, as many days after payment as the programme waits, but not less than the window."""
    window = timedelta(days=current_shop().return_window_days)
    delivered: datetime | None = getattr(order, "delivered_at", None)
    if delivered is not None or order.status in ARRIVED:
        return (delivered or order.paid_at or order.placed_at) + window
    return (order.paid_at or order.placed_at) + max(timedelta(days=programme.undelivered_days), window)


def _finish(lot: LoyaltyLot, programme: LoyaltyProgramme, now: datetime) -> None:
    lot.matured_at = now
    lot.expires_at = calendar.end_of_points(now, programme.expiry_months)


def _note_window(lot: LoyaltyLot, order: Order) -> None:
    """The delivery is known now. A window that ended is not opened again."""
    if lot.matured_at is not None or order.status not in ARRIVED:
        return
    end = _window_end(with_lines([order.pk])[0], LoyaltyProgramme.current())
    if end != lot.matures_at:
        lot.matures_at = end
        lot.save(update_fields=["matures_at"])


def _take_back(account: LoyaltyAccount, lot: LoyaltyLot, order: Order) -> int:
    """What refunds and a cancellation claim and was not claimed yet."""
    claim = lot.points - kept(lot.points, order)
    amount = claim - lot.reversed
    if amount <= 0:
        return 0
    posting = Posting(account, Kind.REVERSE, f"order:{order.pk}:back:{claim}", -amount, order_id=order.pk)
    claim_back(posting, lot, amount, other_side=Side.ISSUED)
    write([posting])
    tiers.look_at(account, LoyaltyProgramme.current())
    return -amount


# --- when the return window ends ------------------------------------------------------------------------------------


@transaction.atomic
def mature_lot(lot_id: int, *, now: datetime | None = None) -> int:
    """Points of an order become final when its return window has ended. Returns how many; 0: not yet, or done before.

    The order is settled first, so that a refund nobody told of is taken off here.
    """
    now = now or timezone.now()
    lot = LoyaltyLot.objects.filter(pk=lot_id, matured_at=None).first()
    if lot is None:
        return 0
    if lot.order_id is not None:
        settle_order(lot.order_id)
    account = locked(lot.account_id)
    lot.refresh_from_db()
    if lot.matured_at is not None or lot.matures_at is None or lot.matures_at > now or account.closed_at is not None:
        return 0
    amount = lot.left
    _finish(lot, LoyaltyProgramme.current(), now)
    posting = Posting(account, Kind.MATURE, f"lot:{lot.pk}:final", amount, now, order_id=lot.order_id)
    posting.move(Side.PENDING, -amount, lot)
    posting.credit(amount, lot)
    if not write([posting]):
        lot.save(update_fields=["matured_at", "expires_at"])  # nothing was left to become final
    return amount


# --- what is no order -----------------------------------------------------------------------------------------------


def give_bonus(*, trigger: str, customer_id: int, event: str) -> int:
    """Points of the rules for a new customer, a review or a birthday. `event` names what happened, so that it counts
    once. They are final at once. Returns points."""
    programme = LoyaltyProgramme.current()
    if not programme.is_on:
        return 0
    rules = list(EarnRule.objects.valid_on(calendar.today()).filter(trigger=trigger, points__gt=0))
    if not rules or not Customer.objects.existing().filter(pk=customer_id).exists():
        return 0
    given = 0
    with transaction.atomic():
        account = locked(account_of(customer_id).pk)
        if account.closed_at is not None:
            return 0
        now = timezone.now()
        postings = []
        for rule in rules:
            key = f"{trigger}:{event}:{rule.pk}"
            if is_posted(key):
                continue
            posting = Posting(account, Kind.BONUS, key, rule.points, now, rule_id=rule.pk, reason=trigger)
            posting.credit(rule.points, new_lot(account, rule.points, programme, now))
            posting.move(Side.ISSUED, -rule.points)
            postings.append(posting)
            given += rule.points
        write(postings)
    return given


def give_care(*, customer_id: int, points: int, key: str) -> int:
    """Points of a care programme, final at once; `key` counts once. Returns how many are booked under it: none while
    the loyalty programme is off or where the customer's account is closed."""
    programme = LoyaltyProgramme.current()
    if points <= 0 or not programme.is_on or not Customer.objects.existing().filter(pk=customer_id).exists():
        return 0
    with transaction.atomic():
        account = locked(account_of(customer_id).pk)
        if account.closed_at is not None:
            return 0
        if not is_posted(key):
            now = timezone.now()
            posting = Posting(account, Kind.BONUS, key, points, now, reason="care")
            posting.credit(points, new_lot(account, points, programme, now))
            posting.move(Side.ISSUED, -points)
            write([posting])
    return points


def give_offer(*, customer_ids: Iterable[int], points: int, offer: str) -> set[int]:
    """Points of an offer of a campaign, final at once; each customer counts once for an `offer`. Returns who has them:
    nobody while the programme is off, nor whose account is closed. Call it in a transaction, for some thousands."""
    programme = LoyaltyProgramme.current()
    if points <= 0 or not programme.is_on:
        return set()
    accounts = lock_many(customer_ids)
    keys = {customer: f"offer:{offer}:{customer}" for customer in accounts}
    known = set(LoyaltyTransaction.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    now = timezone.now()
    postings = []
    for customer, account in accounts.items():
        if keys[customer] in known:
            continue
        posting = Posting(account, Kind.BONUS, keys[customer], points, now, reason="offer")
        posting.credit(points, new_lot(account, points, programme, now))
        posting.move(Side.ISSUED, -points)
        postings.append(posting)
    write(postings)
    return set(accounts)


def new_lot(account: LoyaltyAccount, points: int, programme: LoyaltyProgramme, now: datetime) -> LoyaltyLot:
    """A lot that is final from the beginning."""
    lot = LoyaltyLot(account=account, points=points, left=0, earned_at=now)
    _finish(lot, programme, now)
    return lot
