"""What an erasure does with addresses and messages that still wait."""

from django.utils import timezone

from catalog.models import Customer
from core.rights.holdings import Identity
from marketing import addresses
from marketing.models import Recipient, Suppression


def marketing_traces(who: Identity, label: str, pk: int) -> int:
    """Addresses of somebody who is erased are suppressed by their hash, so that a later import of the same address is
    not written to; messages that wait are cancelled. In the transaction of the erasure."""
    if label != "catalog.Customer":
        return 0
    now = timezone.now()
    customer = Customer.objects.get(pk=pk)
    hashes = [(channel, addresses.hash_of(channel, address)) for channel, address in addresses.all_of(customer)]
    Suppression.objects.bulk_create(
        [Suppression(channel=channel, address_hash=one, reason="erased", at=now) for channel, one in hashes],
        ignore_conflicts=True,
    )
    waiting = Recipient.objects.filter(customer_id=pk, state=Recipient.State.PLANNED)
    return waiting.update(state=Recipient.State.CANCELLED, skip_reason=Recipient.Reason.GONE)
