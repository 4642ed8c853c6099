"""Points that go out: into codes, and back when a code is not used after all; and points whose time is over."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Order
from catalog.services.orders import NUMBER_LETTERS
from crm.exceptions import BadInput, CodeSpent, NotEnoughPoints, NotFound, ProgrammeOff, RewardGone
from crm.models import LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyRedemption, LoyaltyTransaction, Reward
from crm.services import calendar
from crm.services.posting import Kind, Posting, Side, account_of, locked, usable_lots, write

CODE_LENGTH = 12
GRACE = timedelta(days=30)
"""Points that come back after their time was over can be used so long."""
State = LoyaltyRedemption.State


def redeem(*, customer_id: int, reward_id: str = "", points: int | None = None) -> LoyaltyRedemption:
    """Exchange points for a code: for a reward (public id), or so many points for their value in money.

    Raises ProgrammeOff, RewardGone, NotEnoughPoints, BadInput. Of many at once exactly as many succeed as there are
    points for.
    """
    programme = LoyaltyProgramme.current()
    if not programme.is_on:
        raise ProgrammeOff(_("The shop's loyalty programme is closed at the moment."))
    if bool(reward_id) == (points is not None):
        raise BadInput(_("Give a reward or a number of points, one of both."), extra={"field": "reward"})
    with transaction.atomic():
        account = locked(account_of(customer_id).pk)
        if account.closed_at is not None:
            raise NotFound(_("This customer no longer exists."))
        reward = _taken(reward_id) if reward_id else None
        cost = reward.cost if reward is not None else points or 0
        if reward is None and cost < programme.least_redeemed:
            raise BadInput(
                _("Redeem at least %(least)d points.") % {"least": programme.least_redeemed},
                extra={"field": "points", "least": programme.least_redeemed},
            )
        now = timezone.now()
        _expire(account, now)
        if cost > account.balance:
            raise NotEnoughPoints(
                _("%(cost)d points are needed, %(has)d are there.") % {"cost": cost, "has": account.balance},
                extra={"needed": cost, "available": account.balance},
            )
        code = _new_code()
        posting = Posting(account, Kind.REDEEM, f"code:{code}", -cost, now)
        missing = posting.take(cost, usable_lots(account))
        assert not missing, "the lots of an account hold its balance"
        posting.move(Side.REDEEMED, cost)
        (booked,) = write([posting])
        return LoyaltyRedemption.objects.create(
            account=account, transaction=booked, reward=reward, points=cost, code=code, created_at=now,
            kind=reward.kind if reward is not None else Reward.Kind.AMOUNT,
            amount=(cost * programme.point_value) if reward is None else reward.amount,
            product_id=reward.product_id if reward is not None else None,
            expires_at=calendar.start_of(calendar.today(now) + timedelta(days=programme.code_days + 1)),
        )  # fmt: skip


def _taken(reward_id: str) -> Reward:
    """The reward, with one piece of its stock taken in the caller's transaction."""
    reward = Reward.objects.available().filter(public_id=reward_id).first()
    if reward is None:
        if Reward.objects.filter(public_id=reward_id).exists():
            raise RewardGone(_("This reward is not available at the moment."))
        raise BadInput(_("No reward has this ID."), code="unknown_reward", extra={"field": "reward"})
    if reward.stock is not None and not Reward.objects.filter(pk=reward.pk, stock__gt=0).update(stock=F("stock") - 1):
        raise RewardGone(_("This reward is not available at the moment."))
    return reward


def _new_code() -> str:
    return "".join(secrets.choice(NUMBER_LETTERS) for _i in range(CODE_LENGTH))


def plain_code(code: str) -> str:
    """As it is stored, however somebody typed it."""
    return "".join(code.upper().replace("-", "").replace("\x00", "").split())


def _found(code: str) -> LoyaltyRedemption:
    """The code to itself. The account is locked first, as everywhere."""
    known = LoyaltyRedemption.objects.filter(code=plain_code(code)).values_list("account_id", "pk").first()
    if known is None:
        raise NotFound(_("No code is like this."))
    account = locked(known[0])
    row = LoyaltyRedemption.objects.select_for_update(of=("self",)).select_related("order").get(pk=known[1])
    row.account = account
    return row


@transaction.atomic
def use_code(code: str, *, order_number: str = "") -> LoyaltyRedemption:
    """The shop's checkout takes a code, once. With an order: the same order again changes nothing.

    Raises NotFound, CodeSpent, and BadInput for an order of somebody else.
    """
    row = _found(code)
    order = _order_for(row, order_number) if order_number else None
    if row.state == State.USED and order is not None and row.order_id == order.pk:
        return row
    if row.state != State.ISSUED or row.expires_at <= timezone.now():
        raise CodeSpent(_("This code was used or taken back, or its time is over."), extra={"state": row.state})
    row.state, row.order, row.used_at = State.USED, order, timezone.now()
    row.save(update_fields=["state", "order", "used_at"])
    return row


def _order_for(row: LoyaltyRedemption, number: str) -> Order:
    order = Order.objects.filter(number=number).first()
    if order is None:
        raise BadInput(_("No order has this number."), code="unknown_order", extra={"field": "order"})
    if order.customer_id != row.account.customer_id:
        raise BadInput(_("The order belongs to somebody else."), code="order_of_another", extra={"field": "order"})
    if order.status == Order.Status.CANCELLED:
        raise BadInput(_("The order was cancelled."), code="order_cancelled", extra={"field": "order"})
    return order


@transaction.atomic
def void_code(code: str) -> LoyaltyRedemption:
    """Take a redemption back: the points return to the lots they came from. Twice is as good as once."""
    return _void(_found(code))


def _void(row: LoyaltyRedemption) -> LoyaltyRedemption:
    if row.state == State.VOIDED:
        return row
    account, now = row.account, timezone.now()
    if account.closed_at is None:
        posting = Posting(account, Kind.VOID, f"void:{row.code}", row.points, now, order_id=row.order_id)
        give_back(posting, row.transaction, row.points)
        posting.move(Side.REDEEMED, -row.points)
        write([posting])
    if row.reward_id is not None:
        Reward.objects.filter(pk=row.reward_id, stock__isnull=False).update(stock=F("stock") + 1)
    row.state = State.VOIDED
    row.save(update_fields=["state"])
    return row


def give_back(posting: Posting, taken: LoyaltyTransaction, amount: int) -> None:
    """Return what a transaction took to the lots it took it from; what is owed is paid first, from those that would
    have expired first. A lot whose time was over meanwhile can be used for 30 days more."""
    parts = list(taken.entries.filter(side=Side.AVAILABLE, amount__lt=0).select_related("lot"))
    pay = min(posting.account.owed, amount)
    posting.move(Side.OWED, pay)
    for entry in sorted(parts, key=lambda one: one.pk):
        lot = entry.lot
        assert lot is not None, "available points lie in lots"
        paid = min(pay, -entry.amount)
        pay -= paid
        posting.move(Side.AVAILABLE, -entry.amount - paid, lot)
        if lot.expires_at is not None and lot.expires_at <= posting.at:
            lot.expires_at = calendar.start_of(calendar.today(posting.at + GRACE) + timedelta(days=1))


def void_codes_of_order(order_id: int) -> int:
    """The order was cancelled: what was paid with points in it comes back."""
    rows = LoyaltyRedemption.objects.filter(order_id=order_id, state=State.USED, order__status=Order.Status.CANCELLED)
    codes = list(rows.values_list("code", flat=True))
    for code in codes:
        void_code(code)
    return len(codes)


# --- time -----------------------------------------------------------------------------------------------------------


def _expire(account: LoyaltyAccount, now: datetime) -> int:
    """Lots of a locked account whose time is over. Points."""
    due = list(account.lots.final().filter(left__gt=0, expires_at__lte=now).in_order_of_use())
    postings = []
    for lot in due:
        amount = lot.left
        key = f"lot:{lot.pk}:over:{lot.expires_at:%Y%m%d%H%M%S}"
        posting = Posting(account, Kind.EXPIRE, key, -amount, now)
        posting.move(Side.AVAILABLE, -amount, lot)
        posting.move(Side.EXPIRED, amount, lot)
        postings.append(posting)
    write(postings)
    return sum(-one.points for one in postings)


@transaction.atomic
def expire_account(account_id: int, *, now: datetime | None = None) -> int:
    """Points of one account whose time is over go. Returns how many."""
    return _expire(locked(account_id), now or timezone.now())


def due_accounts(now: datetime) -> list[int]:
    """Accounts with points whose time is over."""
    rows = LoyaltyLot.objects.final().filter(left__gt=0, expires_at__lte=now)
    return list(rows.order_by("account_id").values_list("account_id", flat=True).distinct())


def void_codes_over(*, now: datetime | None = None) -> int:
    """Codes that nobody used in their time end, and their points go back. How many."""
    rows = LoyaltyRedemption.objects.filter(state=State.ISSUED, expires_at__lte=now or timezone.now())
    codes = list(rows.values_list("code", flat=True))
    for code in codes:
        with transaction.atomic():
            row = _found(code)
            if row.state == State.ISSUED:
                _void(row)
    return len(codes)
