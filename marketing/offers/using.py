"""Codes at the checkout: what one takes off an order, and that it is used once (catalog.coupons.CouponDoor)."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.coupons import Basket
from catalog.models import Order
from core.components.words import WITHOUT_DECIMALS, day_text, money
from core.exceptions import BadInput, DomainError
from core.shop import current_shop
from marketing.models import CouponCode, Offer
from marketing.offers import codes

FIELD = {"field": "coupon"}
FOUR_PLACES = Decimal("0.0001")
HUNDRED = Decimal(100)


class CouponRefused(DomainError):
    """The code does not count for this order; `code` says why."""

    code = "coupon_refused"


class Codes:
    """The codes of offers."""

    def off(self, code: str, basket: Basket) -> Decimal | None:
        """In the order's currency, never more than is left to pay. None for a code of somebody else. Raises
        CouponRefused, BadInput."""
        row = CouponCode.objects.select_related("offer").filter(code=codes.plain(code)).first()
        if row is None or row.offer.kind == Offer.Kind.POINTS:
            return None
        if basket.customer is None:
            raise BadInput(_("A code needs the customer who was given it."), code="coupon_needs_customer", extra=FIELD)
        if row.customer_id != basket.customer.pk:
            raise CouponRefused(_("This code was given to somebody else."), code="coupon_of_another", extra=FIELD)
        if row.used_at is not None:
            raise _used(row.used_at)
        _check_time(row, basket.at)
        products = basket.products * basket.base_rate
        if products < row.offer.least_order:
            raise CouponRefused(
                _("This code counts from an order of %(least)s.") % {"least": money(row.offer.least_order)},
                code="order_too_small", extra={**FIELD, "least": f"{row.offer.least_order:f}"},
            )  # fmt: skip
        base = worth(row.offer, products=products, shipping=basket.shipping * basket.base_rate)
        off = (base / basket.base_rate).quantize(FOUR_PLACES, ROUND_HALF_UP)
        return min(off, basket.shipping if row.offer.kind == Offer.Kind.FREE_SHIPPING else basket.products)

    @transaction.atomic
    def use(self, code: str, order: Order, off: Decimal) -> None:
        """By two conditional updates: of the code, which somebody else may have used meanwhile, and of the offer's
        money. Raises CouponRefused."""
        row = CouponCode.objects.select_related("offer").get(code=codes.plain(code))
        amount = (off * order.base_rate).quantize(FOUR_PLACES, ROUND_HALF_UP)
        now = timezone.now()
        free = CouponCode.objects.filter(pk=row.pk, used_at=None).filter(
            Q(expires_at=None) | Q(expires_at__gt=order.placed_at)
        )
        if not free.update(used_at=now, order=order, amount=amount):
            row.refresh_from_db()
            raise _used(row.used_at) if row.used_at is not None else _over(row.expires_at)
        # A promise that ran out since the order was placed was taken off already.
        kept = Decimal(0) if row.expires_at is not None and row.expires_at <= now else row.offer.ceiling
        paid = Offer.objects.filter(pk=row.offer_id).filter(
            Q(budget=None) | Q(budget__gte=F("spent") + F("promised") + amount - kept)
        )
        if not paid.update(
            used=F("used") + 1, spent=F("spent") + amount, promised=F("promised") - kept, updated_at=now
        ):  # fmt: skip
            raise CouponRefused(_("The budget of this offer is used up."), code="offer_used_up", extra=FIELD)


CODES = Codes()


def worth(offer: Offer, *, products: Decimal, shipping: Decimal) -> Decimal:
    """What a code takes off an order in the base currency, to the smallest coin."""
    if offer.kind == Offer.Kind.FREE_SHIPPING:
        found = shipping
    elif offer.unit == Offer.Unit.PERCENT:
        coin = Decimal(1) if current_shop().base_currency.upper() in WITHOUT_DECIMALS else Decimal("0.01")
        found = (products * offer.value / HUNDRED).quantize(coin, ROUND_HALF_UP)
    else:
        found = offer.value
    most = shipping if offer.kind == Offer.Kind.FREE_SHIPPING else products
    return min(found, most, *([offer.most_off] if offer.most_off is not None else []))


def _check_time(row: CouponCode, at: datetime) -> None:
    if row.offer.starts_at is not None and at < row.offer.starts_at:
        raise CouponRefused(
            _("This code counts from %(day)s on.") % {"day": day_text(row.offer.starts_at)},
            code="coupon_not_yet", extra=FIELD,
        )  # fmt: skip
    if row.expires_at is not None and row.expires_at <= at:
        raise _over(row.expires_at)


def _used(at: datetime) -> CouponRefused:
    return CouponRefused(_("This code was used on %(day)s.") % {"day": day_text(at)}, code="coupon_used", extra=FIELD)


def _over(at: datetime | None) -> CouponRefused:
    return CouponRefused(
        _("This code was good until %(day)s.") % {"day": day_text(at)}, code="coupon_over", extra=FIELD
    )
