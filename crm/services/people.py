"""Points when people change: two that are one, and those who were erased."""

from django.db import transaction
from django.utils import timezone

from crm.models import LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyRedemption
from crm.services import tiers
from crm.services.posting import Kind, Posting, Side, account_of, write


@transaction.atomic
def merge_accounts(*, from_customer: int, into_customer: int) -> int:
    """All points of one customer become another's: lots keep their orders and their end, so that refunds and expiry
    go on as before. What is owed is paid by what the other has. Returns points. Twice is as good as once."""
    source = LoyaltyAccount.objects.filter(customer_id=from_customer).first()
    if source is None or from_customer == into_customer:
        return 0
    pks = [source.pk, account_of(into_customer).pk]
    rows = {row.pk: row for row in LoyaltyAccount.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    old, new = rows[pks[0]], rows[pks[1]]
    if old.closed_at is not None or new.closed_at is not None:
        return 0
    moved = old.balance + old.pending
    posting = Posting(new, Kind.MERGE, f"merge:{old.pk}:{new.pk}", moved - old.owed, timezone.now())
    lots = list(LoyaltyLot.objects.filter(account=old).in_order_of_use())
    for lot in lots:
        lot.account = new
        side = Side.PENDING if lot.matured_at is None else Side.AVAILABLE
        amount = lot.left
        posting.move(side, -amount, lot, of=old)
        posting.move(side, amount, lot)
    debt = old.owed
    posting.move(Side.OWED, debt, of=old)
    posting.move(Side.OWED, -debt)
    _pay_owed(posting, lots)
    write([posting])
    LoyaltyLot.objects.bulk_update(lots, ["account"], batch_size=500)
    LoyaltyRedemption.objects.filter(account=old).update(account=new)
    _close(old)
    tiers.look_at(new, LoyaltyProgramme.current())
    return moved


def _pay_owed(posting: Posting, moved: list[LoyaltyLot]) -> None:
    """Nobody has points and owes some at once."""
    account = posting.account
    pay = min(account.owed, account.balance)
    if not pay:
        return
    known = {lot.pk: lot for lot in moved}
    others = LoyaltyLot.objects.final().filter(account=account, left__gt=0).exclude(pk__in=known)
    lots = [lot for lot in known.values() if lot.matured_at is not None and lot.left] + list(others)
    lots.sort(key=lambda lot: (lot.expires_at is None, lot.expires_at, lot.pk))
    posting.take(pay, lots)
    posting.move(Side.OWED, pay)


@transaction.atomic
def forfeit(customer_id: int) -> int:
    """The customer is erased: points go, codes that were not used end, the account closes. Its books stay without a
    name. Returns points. Twice is as good as once."""
    account = LoyaltyAccount.objects.select_for_update().filter(customer_id=customer_id).first()
    if account is None or account.closed_at is not None:
        return 0
    gone = account.balance + account.pending
    posting = Posting(account, Kind.FORFEIT, f"forfeit:{account.pk}", account.owed - gone, timezone.now())
    for lot in account.lots.filter(left__gt=0).order_by("pk"):
        posting.move(Side.PENDING if lot.matured_at is None else Side.AVAILABLE, -lot.left, lot)
    posting.move(Side.OWED, account.owed)
    posting.move(Side.FORFEITED, -sum(entry.amount for entry in posting.entries))
    write([posting])
    states = LoyaltyRedemption.State
    account.redemptions.filter(state=states.ISSUED).update(state=states.VOIDED)
    _close(account)
    return gone


def _close(account: LoyaltyAccount) -> None:
    account.closed_at, account.tier, account.tier_since = timezone.now(), None, None
    account.save(update_fields=["closed_at", "tier", "tier_since", "updated_at"])
