"""What goes in and out of the catalogue's endpoints. Answers are built as plain dictionaries by the selectors; the
serializers for them describe the schema."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from catalog.api.fields import ObjectField, ObjectsByLanguageField, OwnIdField, PriceField, WordsByLanguageField
from catalog.devices import DEVICES
from catalog.models import Product
from catalog.services.products import ProductData, VariantData
from core.api import ids
from core.api.ids import IdField
from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer

MOST_VARIANTS = 200

# --- questions ----------------------------------------------------------------------------------------------------


class PagedQuerySerializer(PageQuerySerializer, QuerySerializer):
    """A list without filters of its own."""


class ProductFilterSerializer(serializers.Serializer):
    """What narrows a list of products."""

    category = IdField(required=False, help_text="In this category or below it.")
    brand = IdField(required=False)
    price_min = PriceField(required=False, help_text="In the base currency of the shop.")
    price_max = PriceField(required=False)
    in_stock = serializers.BooleanField(required=False, allow_null=True, default=None)
    updated_since = serializers.DateTimeField(required=False, help_text="Changed at this time or later.")


class ProductQuerySerializer(ProductFilterSerializer, PageQuerySerializer, QuerySerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        low, high = attrs.get("price_min"), attrs.get("price_max")
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError({"price_min": [_("This is above price_max.")]}, code="out_of_range")
        return attrs


# --- products -----------------------------------------------------------------------------------------------------


class NamedSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class ProductRowSerializer(serializers.Serializer):
    """A row of a list."""

    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True, help_text="The shop's own ID.")
    name = serializers.CharField(help_text="In the language of the request, else in the shop's.")
    price = serializers.CharField(help_text="Decimal text such as `19.90`.")
    currency = serializers.CharField()
    in_stock = serializers.BooleanField()
    category = NamedSerializer(allow_null=True)
    brand = NamedSerializer(allow_null=True)
    image = serializers.CharField(allow_null=True, help_text="Address of the first picture, below this installation's.")
    updated_at = serializers.DateTimeField()
    url = serializers.CharField()


class ProductImageSerializer(serializers.Serializer):
    url = serializers.CharField()
    alt = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class OptionSerializer(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.JSONField(help_text="Text mostly.")


class VariantSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    sku = serializers.CharField()
    options = serializers.DictField(help_text='Such as `{"size": "M"}`, in the main language of the shop.')
    selected_options = OptionSerializer(many=True, help_text="The same in the language of the request.")
    price = serializers.CharField()
    in_stock = serializers.BooleanField()
    barcode = serializers.CharField()


class ProductSerializer(ProductRowSerializer):
    """A product with everything its page shows."""

    description = serializers.CharField()
    status = serializers.ChoiceField(choices=Product.Status.choices)
    attributes = serializers.DictField()
    published_at = serializers.DateTimeField(allow_null=True)
    images = ProductImageSerializer(many=True)
    variants = VariantSerializer(many=True)


class CategorySerializer(NamedSerializer):
    """A category with those below it; `children` holds the same again."""

    children = serializers.ListField(child=serializers.DictField(), help_text="Categories of the same form.")


class PutVariantSerializer(serializers.Serializer):
    sku = serializers.CharField(max_length=80)
    external_id = OwnIdField()
    options = ObjectField(required=False)
    options_translations = ObjectsByLanguageField(required=False)
    price = PriceField(required=False, allow_null=True, help_text="Empty: the price of the product.")
    track_stock = serializers.BooleanField(required=False, default=True)
    stock = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=1_000_000_000, help_text="Left out: as it is."
    )
    barcode = serializers.CharField(max_length=40, required=False, allow_blank=True)


class PutProductSerializer(serializers.Serializer):
    """The whole product. What is left out is emptied, except pictures, and variants when the list is left out."""

    name = serializers.CharField(max_length=300)
    name_translations = WordsByLanguageField(longest=300, required=False)
    description = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    description_translations = WordsByLanguageField(longest=50_000, required=False)
    category = IdField(required=False, allow_null=True)
    brand = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Its name; made when it is new."
    )
    price = PriceField()
    status = serializers.ChoiceField(choices=Product.Status.choices, required=False, default=Product.Status.LIVE)
    attributes = ObjectField(required=False)
    variants = PutVariantSerializer(many=True, required=False)

    def validate_variants(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(rows) <= MOST_VARIANTS:
            message = _("A product has 1 to %(most)d variants.") % {"most": MOST_VARIANTS}
            raise serializers.ValidationError(message, code="out_of_range")
        if len({row["sku"] for row in rows}) < len(rows):
            raise serializers.ValidationError(_("A SKU stands in this list twice."), code="sku_twice")
        return rows

    def as_data(self) -> ProductData:
        content = dict(self.validated_data)
        variants = content.pop("variants", None)
        if variants is not None:
            content["variants"] = [
                VariantData(**{**row, "external_id": row.get("external_id") or None}) for row in variants
            ]
        return ProductData(**content)


# --- stock --------------------------------------------------------------------------------------------------------


class StockRowSerializer(serializers.Serializer):
    """Set or add, one of both."""

    sku = serializers.CharField(max_length=80)
    set = serializers.IntegerField(required=False, help_text="The number counted.")
    add = serializers.IntegerField(required=False, help_text="Pieces that came; negative: that went.")


class StockHeadSerializer(serializers.Serializer):
    """What a call says beside its rows."""

    reason = serializers.ChoiceField(choices=["count", "receipt", "return", "correction"], default="count")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class StockSerializer(StockHeadSerializer):
    rows = StockRowSerializer(many=True, help_text="1 to 500.")


class StockResultSerializer(serializers.Serializer):
    index = serializers.IntegerField()
    sku = serializers.CharField()
    status = serializers.ChoiceField(choices=["changed", "same", "refused"])
    stock = serializers.IntegerField(allow_null=True, help_text="Afterwards; null when the SKU is unknown.")
    code = serializers.CharField(help_text="Why it was refused.")
    message = serializers.CharField()


class StockAnswerSerializer(serializers.Serializer):
    changed = serializers.IntegerField()
    same = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = StockResultSerializer(many=True)


# --- events -------------------------------------------------------------------------------------------------------


class EventSerializer(serializers.Serializer):
    """One act of one person."""

    kind = serializers.ChoiceField(
        choices=["view", "search", "favourite", "cart", "remove_from_cart", "rating", "impression"]
    )
    event_id = serializers.CharField(
        max_length=64, required=False, help_text="Made by the storefront. The same one is stored once."
    )
    occurred_at = serializers.DateTimeField(required=False, help_text="Now when left out.")
    product = serializers.CharField(required=False, help_text="Needed except for `search` and `impression`.")
    visitor = serializers.CharField(max_length=64, required=False, help_text="Opaque; made by the storefront.")
    customer = serializers.CharField(required=False, help_text="Server keys only; a customer token says who it is.")
    value = serializers.FloatField(
        required=False, help_text="Stars, 1 to 5, for `rating`; products in the list for `impression`."
    )
    query = serializers.CharField(max_length=200, required=False, help_text="What was searched for.")
    recommendation = serializers.CharField(
        max_length=300, required=False, help_text="The ID of the recommendation that led here, or that was seen."
    )
    search = serializers.CharField(
        max_length=300, required=False, help_text="The ID of the search that led here, or whose results were seen."
    )
    position = serializers.IntegerField(required=False, help_text="The place in that list, from 0.")
    device = serializers.ChoiceField(
        choices=DEVICES, required=False, help_text="Told by the browser's name when left out; for servers to say."
    )
    products = serializers.ListField(
        child=serializers.CharField(), required=False,
        help_text="The products of the list, for `impression`: at most 60 IDs. Others are passed over.",
    )  # fmt: skip


class EventsSerializer(serializers.Serializer):
    events = EventSerializer(many=True, help_text="1 to 500.")
    sent_at = serializers.DateTimeField(
        required=False, help_text="What your clock says now; by its difference to ours all times are corrected."
    )
    key = serializers.CharField(required=False, help_text="A publishable key, where no header can be set.")


class RefusedEventSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="Place in the list, from 0.")
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class EventsAnswerSerializer(serializers.Serializer):
    accepted = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="Known already by their event ID. The first one stays as it was.")
    ignored = serializers.IntegerField(help_text="Of visitors who do not want to be followed, and of bots.")
    refused = RefusedEventSerializer(many=True)


class SeeVisitorSerializer(serializers.Serializer):
    """A browser. All of it may be left out: then it gets an ID."""

    visitor = serializers.CharField(
        max_length=64, required=False, allow_blank=True, help_text="Opaque; made here when it is left out."
    )
    may_track = serializers.BooleanField(
        required=False, allow_null=True, help_text="Whether what it does may be stored. As it was when left out."
    )
    customer = serializers.CharField(
        max_length=ids.LONGEST, required=False, allow_blank=True,
        help_text="Server keys only; a customer token says who it is.",
    )  # fmt: skip
    key = serializers.CharField(required=False, help_text="A publishable key, where no header can be set.")


class VisitorSerializer(serializers.Serializer):
    visitor = serializers.CharField()
    may_track = serializers.BooleanField()
    is_joined = serializers.BooleanField(help_text="Belongs to a customer.")
    first_seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Forgotten then, unless it is seen before.")
