"""Accounts as the ledger's page names them: by the number of the customer's row, never by name."""

from collections.abc import Iterable

from core.ledger.words import Named
from crm.models import LoyaltyAccount

PAGE = "catalog_customer_change"


def accounts(numbers: Iterable[int]) -> dict[int, Named]:
    """By id, with the page of the customer; those without one any more are left out."""
    rows = LoyaltyAccount.objects.filter(pk__in=list(numbers), closed_at=None).select_related("customer")
    return {row.pk: Named(str(row.customer), PAGE, row.customer_id) for row in rows if row.customer_id is not None}
