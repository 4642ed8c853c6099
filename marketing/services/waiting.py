"""Requests to be told of stock that nobody waits for any more."""

from django.db import transaction
from django.db.models import QuerySet

from marketing.models import Recipient, StockRequest


@transaction.atomic
def end_requests(rows: QuerySet[StockRequest]) -> int:
    """They are gone, and messages about them that have not gone out go no more. Returns how many."""
    waiting = Recipient.objects.filter(stock_request__in=rows, state=Recipient.State.PLANNED)
    waiting.update(state=Recipient.State.CANCELLED, skip_reason=Recipient.Reason.OVER)
    return rows.delete()[0]
