"""Points when two records turn out to be one person, and when they turn out not to be.

The books only grow: a merge is a transaction, and taking it back is another one.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.models import CustomerMerge
from crm.models import LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyRedemption, LoyaltyTransaction
from crm.services import tiers
from crm.services.earning import new_lot
from crm.services.posting import Kind, Posting, Side, account_of, close, write

TOLD = """
SELECT coalesce(string_agg(said, E'\\n' ORDER BY said), '') FROM (
    SELECT 'account' || (to_jsonb(a) - 'updated_at')::text AS said FROM crm_loyaltyaccount a
    WHERE a.customer_id = %(customer)s
    UNION ALL SELECT 'lot' || to_jsonb(l)::text FROM crm_loyaltylot l
    JOIN crm_loyaltyaccount a ON a.id = l.account_id WHERE a.customer_id = %(customer)s
    UNION ALL SELECT 'code' || to_jsonb(r)::text FROM crm_loyaltyredemption r
    JOIN crm_loyaltyaccount a ON a.id = r.account_id WHERE a.customer_id = %(customer)s
) everything
"""


class AccountHandler:
    """Accounts in a merge of customers (catalog.merging.tables.Handler)."""

    def merge(self, merge: CustomerMerge) -> dict[str, Any] | None:
        old = LoyaltyAccount.objects.filter(customer_id=merge.gone_id).first()
        if old is None:
            return None
        if not LoyaltyAccount.objects.filter(customer_id=merge.kept_id).exists():
            LoyaltyAccount.objects.filter(pk=old.pk).update(customer_id=merge.kept_id)
            return {"account": old.pk}
        return _join(merge.gone_id, merge.kept_id, f"merge:{merge.pk}")

    def undo(self, merge: CustomerMerge, saved: dict[str, Any], moved: dict[str, list[list[Any]]]) -> None:
        orders = {int(key) for (key,) in moved.get("catalog.Order.customer", [])}
        if "account" in saved:
            _hand_back(merge, saved["account"], orders)
        else:
            _part(merge, saved, orders)

    def told(self, customer_id: int) -> str:
        """Account, lots and codes. Transactions are left out: each merge and each undo adds one."""
        with connection.cursor() as cursor:
            cursor.execute(TOLD, {"customer": customer_id})
            return str(cursor.fetchone()[0])


@transaction.atomic
def merge_accounts(*, from_customer: int, into_customer: int) -> int:
    """All points of one customer become another's: lots keep their orders and their end, so that refunds and expiry
    go on as before. What is owed is paid by what the other has. Returns points. Twice is as good as once."""
    source = LoyaltyAccount.objects.filter(customer_id=from_customer).first()
    if source is None or from_customer == into_customer:
        return 0
    saved = _join(from_customer, into_customer, f"merge:{source.pk}:{account_of(into_customer).pk}")
    return int(saved["points"]) if saved else 0


def _locked(*account_ids: int) -> list[LoyaltyAccount]:
    rows = LoyaltyAccount.objects.select_for_update().filter(pk__in=account_ids).order_by("pk")
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in account_ids]


def _join(from_customer: int, into_customer: int, key: str) -> dict[str, Any] | None:
    """Returns what `_part` needs; None when one of the accounts is closed."""
    ids = LoyaltyAccount.objects.filter(customer__in=[from_customer, into_customer]).values_list("customer_id", "pk")
    known = dict(ids)
    old, new = _locked(known[from_customer], known[into_customer])
    if old.closed_at is not None or new.closed_at is not None:
        return None
    moved = old.balance + old.pending
    saved: dict[str, Any] = {
        "old": old.pk, "new": new.pk, "points": moved, "tiers": [_tier_of(old), _tier_of(new)], "transaction": None,
    }  # fmt: skip
    posting = Posting(new, Kind.MERGE, key, moved - old.owed, timezone.now())
    lots = list(LoyaltyLot.objects.filter(account=old).in_order_of_use())
    own = list(LoyaltyLot.objects.filter(account=new, left__gt=0))
    _carry(posting, lots, old, new)
    debt = old.owed
    posting.move(Side.OWED, debt, of=old)
    posting.move(Side.OWED, -debt)
    _pay_owed(posting, [*lots, *own])
    for made in write([posting]):
        saved["transaction"] = made.pk
    LoyaltyLot.objects.bulk_update(lots, ["account"], batch_size=500)
    codes = LoyaltyRedemption.objects.filter(account=old)
    saved |= {"lots": [lot.pk for lot in lots], "codes": list(codes.order_by("pk").values_list("pk", flat=True))}
    codes.update(account=new)
    close(old)
    tiers.look_at(new, LoyaltyProgramme.current())
    return saved | {"became": _tier_of(new)}


def _part(merge: CustomerMerge, saved: dict[str, Any], orders: set[int]) -> None:
    """Each account gets back what it brought, and what its own orders earned since."""
    old, new = _locked(saved["old"], saved["new"])
    everything = {lot.pk: lot for lot in LoyaltyLot.objects.filter(account=new)}
    back = [lot for lot in everything.values() if lot.pk in set(saved["lots"]) or lot.order_id in orders]
    done = LoyaltyTransaction.objects.filter(pk=saved["transaction"]).first()
    more: dict[str, Any] = {"takes_back": done, "created_by_id": merge.undone_by_id}
    posting = Posting(new, Kind.MERGE, f"merge:{merge.pk}:undo", -saved["points"], timezone.now(), **more)
    fresh = _debts_apart(posting, done, everything, old) if done is not None else []
    _carry(posting, back, new, old)
    rest = [lot for lot in everything.values() if lot.account_id == new.pk]
    _pay_owed(posting, [*rest, *fresh])
    _pay_owed(posting, back, of=old)
    write([posting])
    LoyaltyLot.objects.bulk_update(back, ["account"], batch_size=500)
    LoyaltyRedemption.objects.filter(pk__in=saved["codes"], account=new).update(account=old)
    old.closed_at = None
    _restore_tier(old, saved["tiers"][0])
    old.save(update_fields=["closed_at", "tier", "tier_since", "updated_at"])
    if _tier_of(new) == saved["became"]:
        _restore_tier(new, saved["tiers"][1])
        new.save(update_fields=["tier", "tier_since", "updated_at"])
    else:
        tiers.look_at(new, LoyaltyProgramme.current())


def _debts_apart(
    posting: Posting, done: LoyaltyTransaction, lots: dict[int, LoyaltyLot], old: LoyaltyAccount
) -> list[LoyaltyLot]:
    """Points that paid debts in the merge return to their lots, and the debt of `old` is its own again. What the kept
    account has paid of it since comes back as a new lot. Returns that lot."""
    new = posting.account
    debt = 0
    for entry in done.entries.order_by("pk"):
        if entry.side == Side.AVAILABLE and entry.account_id == new.pk and entry.amount < 0 and entry.lot_id in lots:
            posting.move(Side.AVAILABLE, -entry.amount, lots[entry.lot_id])
            posting.move(Side.OWED, entry.amount)
        elif entry.side == Side.OWED and entry.account_id == old.pk:
            debt += entry.amount
    still_owed = min(debt, new.owed)
    posting.move(Side.OWED, -debt, of=old)
    posting.move(Side.OWED, still_owed)
    if debt == still_owed:
        return []
    lot = new_lot(new, debt - still_owed, LoyaltyProgramme.current(), posting.at)
    posting.move(Side.AVAILABLE, debt - still_owed, lot)
    return [lot]


def _hand_back(merge: CustomerMerge, account_id: int, orders: set[int]) -> None:
    """The account that had moved as a whole. What was earned since the merge and is not the other's stays."""
    account = LoyaltyAccount.objects.select_for_update().filter(pk=account_id, customer_id=merge.kept_id).first()
    if account is None:
        return
    LoyaltyAccount.objects.filter(pk=account_id).update(customer_id=merge.gone_id)
    since = LoyaltyLot.objects.filter(account=account, earned_at__gte=merge.merged_at)
    stays = list(since.exclude(Q(order_id__in=orders) & ~Q(order=None)))
    if not stays:
        return
    target = account_of(merge.kept_id)
    old, new = _locked(account_id, target.pk)
    points = sum(lot.left for lot in stays)
    posting = Posting(new, Kind.MERGE, f"merge:{merge.pk}:undo", points, timezone.now())
    _carry(posting, stays, old, new)
    write([posting])
    LoyaltyLot.objects.bulk_update(stays, ["account"], batch_size=500)


def _carry(posting: Posting, lots: Iterable[LoyaltyLot], source: LoyaltyAccount, target: LoyaltyAccount) -> None:
    """What is left in the lots goes from one account to the other."""
    for lot in lots:
        lot.account = target
        side = Side.PENDING if lot.matured_at is None else Side.AVAILABLE
        amount = lot.left
        posting.move(side, -amount, lot, of=source)
        posting.move(side, amount, lot, of=target)


def _pay_owed(posting: Posting, lots: Iterable[LoyaltyLot], *, of: LoyaltyAccount | None = None) -> None:
    """Nobody has points and owes some at once: what is there pays, what ends first before the rest."""
    account = of or posting.account
    pay = min(account.owed, account.balance)
    if not pay:
        return
    usable = [lot for lot in lots if lot.matured_at is not None and lot.left]
    usable.sort(key=lambda lot: (lot.expires_at is None, lot.expires_at, lot.pk))
    left = pay
    for lot in usable:
        part = min(lot.left, left)
        posting.move(Side.AVAILABLE, -part, lot, of=account)
        left -= part
        if not left:
            break
    posting.move(Side.OWED, pay - left, of=account)


def _tier_of(account: LoyaltyAccount) -> list[Any]:
    return [account.tier_id, account.tier_since.isoformat() if account.tier_since else None]


def _restore_tier(account: LoyaltyAccount, saved: list[Any]) -> None:
    field = LoyaltyAccount._meta.get_field("tier_since")
    account.tier_id, account.tier_since = saved[0], field.to_python(saved[1])
