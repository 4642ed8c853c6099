"""Bodies and answers about customers and orders."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from catalog.api.fields import PriceField
from catalog.models import Order
from catalog.services.customers import CustomerData
from catalog.services.lifecycle import ReturnedLine
from catalog.services.orders import NewLine
from core.api.ids import IdField
from core.api.tokens import DEFAULT_LIFETIME, LONGEST, SHORTEST

LANGUAGE = r"^[a-z]{2,3}(-[a-zA-Z0-9]{2,8}){0,2}$"
CURRENCY = r"^[A-Z]{3}$"
NUMBER = r"^[^\s/?#\x00-\x1f]([^/?#\x00-\x1f]*[^\s/?#\x00-\x1f])?$"
MOST_LINES = 500
CLOCK_SKEW = timedelta(minutes=5)


class PastField(serializers.DateTimeField):
    """A moment that has come, give or take the difference of two clocks, and is not before 1970."""

    def to_internal_value(self, value: Any) -> Any:
        moment = super().to_internal_value(value)
        if not moment.year >= 1970 or moment > timezone.now() + CLOCK_SKEW:
            raise serializers.ValidationError(_("This time is out of range."), code="out_of_range")
        return moment


class PutCustomerSerializer(serializers.Serializer):
    """The whole customer. What is left out is emptied."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    language = serializers.RegexField(LANGUAGE, max_length=10, required=False, allow_blank=True)
    country = serializers.CharField(max_length=60, required=False, allow_blank=True)
    city = serializers.CharField(max_length=120, required=False, allow_blank=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    personalised = serializers.BooleanField(
        required=False,
        default=True,
        source="is_personalised",
        help_text="False: the same recommendations as everybody.",
    )
    joined_at = PastField(required=False, allow_null=True)

    def validate_birthday(self, value: Any) -> Any:
        if value is not None and not (value.year >= 1900 and value <= timezone.now().date()):
            raise serializers.ValidationError(_("This time is out of range."), code="out_of_range")
        return value

    def as_data(self) -> CustomerData:
        return CustomerData(**self.validated_data)


class CustomerSerializer(serializers.Serializer):
    """Nothing that tells who it is: the shop knows that already."""

    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    personalised = serializers.BooleanField()
    joined_at = serializers.DateTimeField()


class MeSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    language = serializers.CharField()
    personalised = serializers.BooleanField()


class AskTokenSerializer(serializers.Serializer):
    lifetime_seconds = serializers.IntegerField(
        min_value=int(SHORTEST.total_seconds()),
        max_value=int(LONGEST.total_seconds()),
        default=int(DEFAULT_LIFETIME.total_seconds()),
    )


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


# --- orders -------------------------------------------------------------------------------------------------------


class OrderLineInSerializer(serializers.Serializer):
    sku = serializers.CharField(max_length=80, required=False)
    product = IdField(required=False, help_text="Instead of the SKU, for products with one variant.")
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)
    unit_price = PriceField(required=False, allow_null=True, help_text="Left out: the catalogue's.")
    discount = PriceField(required=False, help_text="On the whole line.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("sku" in attrs) == ("product" in attrs):
            raise serializers.ValidationError({"sku": [_("Give a SKU or a product, one of both.")]}, code="one_of_both")
        return attrs


class PlaceOrderSerializer(serializers.Serializer):
    """An order. Totals are counted here, never taken from the caller."""

    number = serializers.RegexField(
        NUMBER,
        max_length=80,
        required=False,
        help_text="The shop's own. The same order with the same number is stored once.",
    )
    customer = IdField(required=False, allow_null=True, help_text="Left out: a guest.")
    visitor = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="The visitor ID sent with events: what the browser saw is credited with the order, of guests too.",
    )
    lines = OrderLineInSerializer(many=True)
    currency = serializers.RegexField(CURRENCY, required=False, help_text="Left out: the base currency.")
    base_rate = serializers.DecimalField(
        max_digits=18,
        decimal_places=8,
        min_value=Decimal("0.00000001"),
        required=False,
        allow_null=True,
        help_text="One unit of the order's currency in the base currency.",
    )
    shipping = PriceField(required=False)
    discount = PriceField(required=False)
    coupon = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="A code that this customer was given. What it takes off is added to `discount`; it is used once.",
    )
    channel = serializers.CharField(max_length=40, required=False, allow_blank=True)
    country = serializers.CharField(max_length=60, required=False, allow_blank=True)
    placed_at = PastField(required=False, allow_null=True)

    def validate_lines(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(rows) <= MOST_LINES:
            message = _("An order has 1 to %(most)d lines.") % {"most": MOST_LINES}
            raise serializers.ValidationError(message, code="out_of_range")
        return rows

    def new_lines(self) -> list[NewLine]:
        return [NewLine(**row) for row in self.validated_data["lines"]]


class OrderLineSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    product = serializers.CharField(allow_null=True)
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.CharField()
    discount = serializers.CharField()
    amount = serializers.CharField()
    refunded_quantity = serializers.IntegerField()


class OrderEventOutSerializer(serializers.Serializer):
    kind = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    note = serializers.CharField()


class PaymentSerializer(serializers.Serializer):
    external_id = serializers.CharField(allow_null=True)
    amount = serializers.CharField()
    currency = serializers.CharField()
    paid_at = serializers.DateTimeField()


class RefundSerializer(serializers.Serializer):
    external_id = serializers.CharField(allow_null=True)
    amount = serializers.CharField()
    currency = serializers.CharField()
    refunded_at = serializers.DateTimeField()


class OrderSerializer(serializers.Serializer):
    id = serializers.CharField()
    number = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=Order.Status.choices)
    customer = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    base_rate = serializers.CharField()
    lines_total = serializers.CharField()
    shipping = serializers.CharField()
    discount = serializers.CharField()
    total = serializers.CharField()
    paid_total = serializers.CharField()
    refunded_total = serializers.CharField()
    channel = serializers.CharField()
    country = serializers.CharField()
    placed_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    lines = OrderLineSerializer(many=True)
    events = OrderEventOutSerializer(many=True)
    payments = PaymentSerializer(many=True)
    refunds = RefundSerializer(many=True)


class MyOrderSerializer(serializers.Serializer):
    """A row of the customer's own list."""

    id = serializers.CharField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    currency = serializers.CharField()
    total = serializers.CharField()
    refunded_total = serializers.CharField()
    pieces = serializers.IntegerField()
    placed_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)


class ReturnedLineSerializer(serializers.Serializer):
    line = serializers.IntegerField(min_value=1, max_value=100_000)
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)
    amount = PriceField(required=False, allow_null=True, help_text="Left out: the share of what the line cost.")


class OrderEventSerializer(serializers.Serializer):
    """A step of an order. Which other fields count depends on the kind."""

    FIELDS = {
        "paid": {"amount", "method", "external_id"},
        "shipped": {"partly"},
        "delivered": set(),
        "cancelled": set(),
        "refunded": {"amount", "lines", "external_id", "restock"},
    }

    kind = serializers.ChoiceField(choices=list(FIELDS))
    occurred_at = PastField(required=False, allow_null=True, help_text="Now when left out.")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)
    amount = PriceField(
        required=False,
        allow_null=True,
        min_value=Decimal("0.0001"),
        help_text="`paid` (all when left out), `refunded`.",
    )
    method = serializers.CharField(max_length=40, required=False, allow_blank=True, help_text="`paid`.")
    external_id = serializers.CharField(
        max_length=120,
        required=False,
        help_text="`paid`, `refunded`: ID of the payment or refund; the same counts once.",
    )
    partly = serializers.BooleanField(required=False, help_text="`shipped`: only a part of the order.")
    lines = ReturnedLineSerializer(many=True, required=False, help_text="`refunded`: instead of the amount.")
    restock = serializers.BooleanField(required=False, help_text="`refunded`: the pieces go back into stock.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs["kind"]
        strange = set(attrs) - self.FIELDS[kind] - {"kind", "occurred_at", "note"}
        if strange:
            message = _("This does not belong to an event of the kind %(kind)s.") % {"kind": kind}
            raise serializers.ValidationError({name: [message] for name in sorted(strange)}, code="not_here")
        if len(attrs.get("lines") or ()) > MOST_LINES:
            message = _("An order has 1 to %(most)d lines.") % {"most": MOST_LINES}
            raise serializers.ValidationError({"lines": [message]}, code="out_of_range")
        return attrs

    def returned_lines(self) -> list[ReturnedLine]:
        return [ReturnedLine(**row) for row in self.validated_data.get("lines") or ()]
