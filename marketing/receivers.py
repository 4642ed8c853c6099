"""What marketing does when something happens in the shop: ask for a job."""

from typing import Any

from core.jobs import enqueue
from marketing.models import CouponCode


def order_cancelled(order_id: int, **kwargs: Any) -> None:
    if CouponCode.objects.filter(order=order_id).exists():
        enqueue("marketing.tasks.give_back_coupons", order_id=order_id)
