"""Points of those who were erased."""

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from crm.models import LoyaltyAccount, LoyaltyRedemption, Reward
from crm.services.posting import Kind, Posting, Side, close, write


@transaction.atomic
def forfeit(customer_id: int) -> int:
    """The customer is erased: points go, codes that were not used end and return their piece of a reward's stock, the
    account closes. Its books stay without a name. Returns points. Twice is as good as once."""
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
    issued = account.redemptions.filter(state=states.ISSUED)
    for reward, count in issued.exclude(reward=None).order_by("reward").values_list("reward").annotate(Count("pk")):
        Reward.objects.filter(pk=reward, stock__isnull=False).update(stock=F("stock") + count)
    issued.update(state=states.VOIDED)
    close(account)
    return gone
