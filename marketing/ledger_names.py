"""Whose consents an entry of the ledger is about: numbers are drawn, and an erasure forgets whose they were."""

from collections.abc import Iterable

from django.db.models import Q

from catalog.models import Customer
from core.ledger.words import Named
from marketing.models import LedgerName

PAGE = "catalog_customer_change"
MOST_FOUND = 50


def people(numbers: Iterable[int]) -> dict[int, Named]:
    """By number, with the page of the customer, or of the kept record; those who were erased are left out."""
    rows = LedgerName.objects.filter(pk__in=list(numbers)).select_related("customer__merged_into")
    found = {row.pk: row.customer.merged_into or row.customer for row in rows}
    return {number: Named(str(customer), PAGE, customer.pk) for number, customer in found.items()}


def find_people(term: str) -> list[int]:
    """Numbers of the customer with this ID, the shop's or ours, or this address."""
    if "\x00" in term:
        return []
    named = Customer.objects.existing().filter(Q(public_id=term) | Q(external_id=term) | Q(email__iexact=term))
    found = list(named.values_list("pk", flat=True)[:MOST_FOUND])
    merged = Customer.objects.filter(merged_into__in=found).values_list("pk", flat=True)[:MOST_FOUND]
    return list(LedgerName.objects.filter(customer_id__in=[*found, *merged]).values_list("pk", flat=True))
