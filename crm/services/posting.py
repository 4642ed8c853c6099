"""Writing transactions: the one place that makes entries, and moves what they add up to.

Whoever writes has locked the account first (`locked`, `lock_many`): all that changes points of one customer waits
there. A `Posting` collects sides in memory; `write` stores many at once. PostgreSQL looks at each commit whether the
entries of every new transaction sum to zero, and refuses balances below zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import Customer
from crm.models import LoyaltyAccount, LoyaltyEntry, LoyaltyLot, LoyaltyTransaction

Side, Kind = LoyaltyEntry.Side, LoyaltyTransaction.Kind


def account_of(customer_id: int) -> LoyaltyAccount:
    """The account of a customer; made when it is asked for the first time."""
    account, _new = LoyaltyAccount.objects.get_or_create(customer_id=customer_id)
    return account


def locked(account_id: int) -> LoyaltyAccount:
    """The account, to itself until the transaction ends."""
    return LoyaltyAccount.objects.select_for_update(of=("self",)).select_related("tier").get(pk=account_id)


def lock_many(customer_ids: Iterable[int]) -> dict[int, LoyaltyAccount]:
    """Accounts by customer, those that are missing made, locked in the order of their numbers so that nobody waits for
    each other. Three queries. Closed ones and those of people who were erased are left out."""
    wanted = set(customer_ids)
    without = Customer.objects.existing().filter(pk__in=wanted, loyalty=None).values_list("pk", flat=True)
    missing = [LoyaltyAccount(customer_id=pk) for pk in without]
    if missing:
        LoyaltyAccount.objects.bulk_create(missing, ignore_conflicts=True)
    rows: QuerySet[LoyaltyAccount] = (
        LoyaltyAccount.objects.select_for_update(of=("self",)).select_related("tier")
        .filter(customer_id__in=wanted, customer__erased_at=None, closed_at=None).order_by("pk")
    )  # fmt: skip
    return {row.customer_id: row for row in rows if row.customer_id is not None}


@dataclass
class Posting:
    """One transaction in the making. The numbers of account and lots move at once, rows are written by `write`."""

    account: LoyaltyAccount
    kind: str
    key: str
    points: int = 0
    at: datetime = field(default_factory=timezone.now)
    order_id: int | None = None
    rule_id: int | None = None
    reason: str = ""
    created_by_id: int | None = None
    takes_back: LoyaltyTransaction | None = None
    entries: list[LoyaltyEntry] = field(default_factory=list)
    touched: set[LoyaltyAccount] = field(default_factory=set)

    def move(self, side: str, amount: int, lot: LoyaltyLot | None = None, *, of: LoyaltyAccount | None = None) -> None:
        """Add one side. `of`: another account than that of the transaction. Nothing for an amount of zero."""
        if amount == 0:
            return
        account = (of or self.account) if side in LoyaltyEntry.CUSTOMER else None
        if account is not None:
            if side == Side.AVAILABLE:
                account.balance += amount
            elif side == Side.PENDING:
                account.pending += amount
            else:
                account.owed -= amount
            self.touched.add(account)
        if lot is not None:
            if side in (Side.PENDING, Side.AVAILABLE):
                lot.left += amount
            elif side == Side.EXPIRED:
                lot.expired += amount
        self.entries.append(LoyaltyEntry(side=side, account=account, lot=lot, amount=amount))

    def credit(self, amount: int, lot: LoyaltyLot) -> None:
        """Points become available in `lot`: what is owed is paid first."""
        paid = min(self.account.owed, amount)
        self.move(Side.OWED, paid)
        self.move(Side.AVAILABLE, amount - paid, lot)

    def take(self, amount: int, lots: Sequence[LoyaltyLot]) -> int:
        """Take available points from these lots in their order. Returns what they did not have."""
        for lot in lots:
            part = min(lot.left, amount)
            self.move(Side.AVAILABLE, -part, lot)
            amount -= part
            if not amount:
                break
        return amount

    def row(self) -> LoyaltyTransaction:
        return LoyaltyTransaction(
            account=self.account, kind=self.kind, points=self.points, order_id=self.order_id, rule_id=self.rule_id,
            takes_back=self.takes_back, reason=self.reason, key=self.key, created_by_id=self.created_by_id,
            created_at=self.at,
        )  # fmt: skip


LOT_FIELDS = ["reversed", "left", "expired", "matures_at", "matured_at", "expires_at"]


def write(postings: Sequence[Posting]) -> list[LoyaltyTransaction]:
    """Store transactions that move something, with their entries, lots and balances."""
    postings = [one for one in postings if one.entries]
    if not postings:
        return []
    lots: dict[int, LoyaltyLot] = {id(e.lot): e.lot for one in postings for e in one.entries if e.lot is not None}
    new = [lot for lot in lots.values() if lot.pk is None]
    LoyaltyLot.objects.bulk_create(new)
    made = LoyaltyTransaction.objects.bulk_create([one.row() for one in postings])
    entries = []
    for one, transaction in zip(postings, made, strict=True):
        for entry in one.entries:
            entry.transaction, entry.lot = transaction, entry.lot  # the lot has its number now
            entries.append(entry)
    LoyaltyEntry.objects.bulk_create(entries)
    fresh = {id(lot) for lot in new}
    _store(LoyaltyLot, [lot for key, lot in lots.items() if key not in fresh], LOT_FIELDS)
    accounts = {account.pk: account for one in postings for account in one.touched}
    now = timezone.now()
    for account in accounts.values():
        account.updated_at = now
    _store(LoyaltyAccount, list(accounts.values()), ["balance", "pending", "owed", "updated_at"])
    return made


def _store(model: Any, rows: list[Any], fields: list[str]) -> None:
    if len(rows) == 1:
        rows[0].save(update_fields=fields)
    elif rows:
        model.objects.bulk_update(rows, fields, batch_size=500)


def usable_lots(account: LoyaltyAccount, *, but: LoyaltyLot | None = None) -> list[LoyaltyLot]:
    """Final lots that hold something, in the order of use."""
    rows = account.lots.final().filter(left__gt=0).in_order_of_use()
    return list(rows.exclude(pk=but.pk) if but is not None else rows)


def claim_back(posting: Posting, lot: LoyaltyLot, amount: int, *, other_side: str) -> None:
    """Take back `amount` of what a lot once brought: what is left of it, then what of it expired unused, then any
    other points in the order of use, and what is missing is owed. `points` of the posting becomes what the customer
    loses by it: what expired was lost before and is not told twice."""
    account = posting.account
    lot.reversed += amount
    if lot.matured_at is None:
        posting.move(Side.PENDING, -amount, lot)
    else:
        rest = posting.take(amount, [lot])
        lapsed = min(lot.expired, rest)
        posting.move(Side.EXPIRED, -lapsed, lot)
        posting.points += lapsed
        rest -= lapsed
        if rest:
            rest = posting.take(rest, usable_lots(account, but=lot))
        posting.move(Side.OWED, -rest)
    posting.move(other_side, amount)


def is_posted(key: str) -> bool:
    """Whether this event was booked already. Ask while the account is locked."""
    return LoyaltyTransaction.objects.filter(key=key).exists()


def close(account: LoyaltyAccount) -> None:
    """Nothing moves in it any more."""
    account.closed_at, account.tier, account.tier_since = timezone.now(), None, None
    account.save(update_fields=["closed_at", "tier", "tier_since", "updated_at"])
