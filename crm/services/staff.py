"""Corrections by staff, each with a reason and a way back."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from crm.exceptions import BadInput, NotEnoughPoints, NotFound, UndoRefused
from crm.models import LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyTransaction
from crm.models.loyalty import REASON_LENGTH
from crm.models.programme import MOST_POINTS
from crm.services.earning import new_lot
from crm.services.posting import Kind, Posting, Side, account_of, claim_back, locked, usable_lots, write
from crm.services.spending import give_back


@transaction.atomic
def adjust(*, customer_id: int, points: int, reason: str, key: str, by: StaffUser | None = None) -> LoyaltyTransaction:
    """Give points, or take some of those that are there. `key` comes from the form: sent twice it counts once.

    Raises BadInput without points or reason, NotEnoughPoints when more is taken than is there.
    """
    reason = reason.strip()
    if not points or abs(points) > MOST_POINTS:
        raise BadInput(_("Say how many points to add or take, as a whole number."), extra={"field": "points"})
    if not reason or len(reason) > REASON_LENGTH:
        raise BadInput(
            _("Say why, in at most %(most)d characters.") % {"most": REASON_LENGTH}, extra={"field": "reason"}
        )
    account = _open(account_of(customer_id).pk)
    name = f"adjust:{account.pk}:{key[:40]}"
    known = LoyaltyTransaction.objects.filter(key=name).first()
    if known is not None:
        return known
    now = timezone.now()
    posting = Posting(account, Kind.ADJUST, name, points, now, reason=reason, created_by_id=by.pk if by else None)
    if points > 0:
        posting.credit(points, new_lot(account, points, LoyaltyProgramme.current(), now))
    elif -points > account.balance:
        raise NotEnoughPoints(
            _("%(cost)d points are needed, %(has)d are there.") % {"cost": -points, "has": account.balance},
            extra={"field": "points"},
        )
    else:
        posting.take(-points, usable_lots(account))
    posting.move(Side.ADJUSTED, -points)
    return write([posting])[0]


@transaction.atomic
def undo_adjustment(transaction_id: int, *, by: StaffUser | None = None) -> LoyaltyTransaction:
    """Take a correction back, once. Points that were given and spent meanwhile are owed then.

    Raises NotFound, and UndoRefused when somebody took it back before.
    """
    done = LoyaltyTransaction.objects.filter(pk=transaction_id, kind=Kind.ADJUST).first()
    if done is None:
        raise NotFound(_("There is no such correction."))
    account = _open(_holder_of(done))
    if LoyaltyTransaction.objects.filter(takes_back=done).exists():
        raise UndoRefused(_("This correction was taken back before."))
    more: dict[str, Any] = {"created_by_id": by.pk if by else None, "takes_back": done}
    posting = Posting(account, Kind.UNDO, f"undo:{done.pk}", -done.points, **more)
    if done.points > 0:
        lot = _lot_of(done)
        if lot is None:  # all of it paid what was owed
            rest = posting.take(done.points, usable_lots(account))
            posting.move(Side.OWED, -rest)
            posting.move(Side.ADJUSTED, done.points)
        else:
            claim_back(posting, lot, done.points, other_side=Side.ADJUSTED)
    else:
        give_back(posting, done, -done.points)
        posting.move(Side.ADJUSTED, done.points)
    return write([posting])[0]


def _open(account_id: int) -> LoyaltyAccount:
    account = locked(account_id)
    if account.closed_at is not None:
        raise NotFound(_("This customer no longer exists."))
    return account


def _holder_of(done: LoyaltyTransaction) -> int:
    """The account that has the points of a transaction now: another one after a merge."""
    lots = LoyaltyLot.objects.filter(entries__transaction=done).order_by("pk")
    return lots.values_list("account_id", flat=True).first() or done.account_id


def _lot_of(done: LoyaltyTransaction) -> LoyaltyLot | None:
    entry = done.entries.filter(side=Side.AVAILABLE, amount__gt=0).select_related("lot").first()
    return entry.lot if entry is not None else None
