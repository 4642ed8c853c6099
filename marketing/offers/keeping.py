"""What becomes of codes afterwards: back when the order is cancelled, and promises that ran out."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Order
from marketing.models import CouponCode, Offer


def give_back(order_id: int) -> int:
    """The order was cancelled: its codes can be used again, as long as they are good. How many. Safe to run twice.

    A code that the budget cannot pay for a second time stays used.
    """
    count = 0
    for pk in CouponCode.objects.filter(order=order_id).values_list("pk", flat=True):
        count += _give_back(pk, order_id)
    return count


@transaction.atomic
def _give_back(code_id: int, order_id: int) -> int:
    row = (
        CouponCode.objects.select_for_update(of=("self",)).select_related("offer")
        .filter(pk=code_id, order=order_id, order__status=Order.Status.CANCELLED).exclude(used_at=None).first()
    )  # fmt: skip
    if row is None:
        return 0
    amount, now = row.amount or Decimal(0), timezone.now()
    is_good = row.expires_at is None or row.expires_at > now
    kept = row.offer.ceiling if is_good else Decimal(0)
    fits = Offer.objects.filter(pk=row.offer_id).filter(
        Q(budget=None) | Q(budget__gte=F("spent") + F("promised") - amount + kept)
    )
    if fits.update(used=F("used") - 1, spent=F("spent") - amount, promised=F("promised") + kept, updated_at=now):
        row.used_at, row.order, row.amount = None, None, None
        row.save(update_fields=["used_at", "order", "amount"])
        return 1
    # Nothing was taken off, but nobody can pay for it again.
    Offer.objects.filter(pk=row.offer_id).update(spent=F("spent") - amount, updated_at=now)
    row.order, row.amount = None, Decimal(0)
    row.save(update_fields=["order", "amount"])
    return 0


def release(*, now: datetime | None = None) -> int:
    """Codes that ran out unused no longer hold money of their offer's budget. How many offers changed."""
    found = Offer.objects.filter(promised__gt=0).order_by("pk").values_list("pk", flat=True)
    return sum(recount(pk, now=now or timezone.now()) for pk in list(found))


@transaction.atomic
def recount(offer_id: int, *, now: datetime) -> bool:
    """Bring what is promised into accord with the codes that can still be used."""
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    good = CouponCode.objects.filter(offer=offer, used_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))
    promised = good.count() * offer.ceiling
    if promised == offer.promised:
        return False
    offer.promised = promised
    offer.save(update_fields=["promised", "updated_at"])
    return True
