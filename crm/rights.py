"""What an erasure does with points."""

from core.rights.holdings import Identity
from crm.services import forfeit


def loyalty_traces(who: Identity, label: str, pk: int) -> int:
    """Points of somebody who is erased are forfeited, in the same transaction; the account closes."""
    return int(bool(forfeit(pk))) if label == "catalog.Customer" else 0
