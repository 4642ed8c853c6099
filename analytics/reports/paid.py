"""From a figure to the orders it counts: figures count an order on the day it was paid."""

from datetime import date
from urllib.parse import urlencode

from django.urls import reverse


def orders_paid(first: date, last: date, **more: str) -> str:
    """The list of orders paid on these days. `more`: `channel` or `country`."""
    query = {"paid_at_from": first.isoformat(), "paid_at_to": last.isoformat(), **more}
    return f"{reverse('admin:catalog_order_changelist')}?{urlencode(query)}"
