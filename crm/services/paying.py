"""Codes that points were exchanged for, at the checkout (catalog.coupons.CouponDoor)."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from catalog.coupons import Basket
from catalog.models import Order
from core.exceptions import BadInput
from crm.exceptions import CodeRefused, CodeSpent
from crm.models import LoyaltyRedemption, Reward
from crm.services.spending import plain_code, use_code

FIELD = {"field": "coupon"}
FOUR_PLACES = Decimal("0.0001")


class Codes:
    """The codes of points."""

    def off(self, code: str, basket: Basket) -> Decimal | None:
        """In the order's currency, never more than is left to pay. None for a code of somebody else. Raises BadInput,
        CodeRefused, CodeSpent."""
        row = LoyaltyRedemption.objects.select_related("account").filter(code=plain_code(code)).first()
        if row is None:
            return None
        if basket.customer is None:
            raise BadInput(_("A code needs the customer who was given it."), code="coupon_needs_customer", extra=FIELD)
        if row.account.customer_id != basket.customer.pk:
            raise CodeRefused(_("This code was given to somebody else."), code="coupon_of_another", extra=FIELD)
        if row.state != LoyaltyRedemption.State.ISSUED or row.expires_at <= basket.at:
            raise CodeSpent(_("This code was used or taken back, or its time is over."), extra=FIELD)
        off = self._worth(row, basket)
        if not off:
            # Points are worth something: they do not go for nothing.
            raise CodeRefused(_("This code takes nothing off this order."), code="coupon_for_nothing", extra=FIELD)
        return off

    @staticmethod
    def _worth(row: LoyaltyRedemption, basket: Basket) -> Decimal:
        if row.kind == Reward.Kind.SHIPPING:
            return basket.shipping
        if row.kind == Reward.Kind.PRODUCT:
            return min(basket.pieces.get(row.product_id or 0, Decimal(0)), basket.products)
        worth = (row.amount or Decimal(0)) / basket.base_rate
        return min(worth.quantize(FOUR_PLACES, ROUND_HALF_UP), basket.products)

    def use(self, code: str, order: Order, off: Decimal) -> None:
        """Once: whoever comes second is told. Raises CodeSpent."""
        use_code(code, order_number=order.number)


CODES = Codes()
