"""What the shop announces. Sent after the commit; receivers do one thing: queue a job."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

order_placed = Signal()
"""`order_id`. Sent once per order."""

order_paid = Signal()
"""`order_id`. Sent when nothing is left to pay."""

order_delivered = Signal()
"""`order_id`. Everything arrived: the return window begins."""

order_cancelled = Signal()
"""`order_id`. It will not be shipped; money that was paid goes back by refunds of their own."""

order_refunded = Signal()
"""`order_id`. Some or all of the money went back; sent for each refund."""

customer_joined = Signal()
"""`customer_id`. Somebody is new here."""

product_changed = Signal()
"""`product_id`. Name, price, pictures, category, status or anything else of a product is different now."""

pictures_leaving = Signal()
"""`ids` of pictures that are about to be deleted. Unlike the others it is sent inside the transaction, before it
happens: what hangs on a picture is known no longer afterwards."""


def announce(signal: Signal, sender: Any, **facts: int) -> None:
    """Send after this transaction. A receiver that fails is logged and does not undo what was committed."""
    transaction.on_commit(lambda: signal.send_robust(sender=sender, **facts), robust=True)
