"""What goes in and out of the search endpoints."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from catalog.api.fields import PriceField
from catalog.api.serializers import ProductRowSerializer
from catalog.search.questions import SORTS, WINDOW
from core.api.ids import IdField, IdListField
from core.api.questions import QuerySerializer

LONGEST_QUERY = 1_000
MOST_ROWS = 100
MOST_TAGS = 20


class TagListField(serializers.CharField):
    """`kind:value` separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=1_000, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        pairs = []
        for word in super().to_internal_value(data).split(","):
            kind, colon, value = (part.strip() for part in word.partition(":"))
            if not (kind and colon and value):
                raise serializers.ValidationError(_("Tags have the form kind:value."), code="not_a_tag")
            pairs.append((kind, value))
        if len(pairs) > MOST_TAGS:
            raise serializers.ValidationError(_("At most %(most)d tags.") % {"most": MOST_TAGS}, code="too_many")
        return pairs


class NarrowingSerializer(serializers.Serializer):
    """What narrows a search, whatever is looked for."""

    category = IdField(required=False, help_text="In this category or below it.")
    brand = IdListField(most=30, help_text="One of these brands: IDs separated by commas.")
    price_min = PriceField(required=False, help_text="In the base currency of the shop.")
    price_max = PriceField(required=False)
    tag = TagListField(help_text="`kind:value`, separated by commas; values of one kind are alternatives.")
    lang = serializers.CharField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        low, high = attrs.get("price_min"), attrs.get("price_max")
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError({"price_min": [_("This is above price_max.")]}, code="out_of_range")
        return attrs


class SearchFilterSerializer(NarrowingSerializer):
    """What was typed and what narrows it."""

    q = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_QUERY,
        help_text="What the customer typed. Empty: all products, the most popular first.",
    )  # fmt: skip
    in_stock = serializers.BooleanField(required=False, allow_null=True, default=None)
    sort = serializers.ChoiceField(["relevance", *SORTS], default="relevance")
    offset = serializers.IntegerField(min_value=0, max_value=WINDOW - 1, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_ROWS, default=20)
    facets = serializers.BooleanField(default=True, help_text="`false` leaves the counts out, which is quicker.")
    visitor = serializers.CharField(max_length=64, required=False, help_text="The visitor ID sent with events.")
    customer = IdField(required=False, help_text="Server keys only; a customer token already says who asks.")


class SearchQuerySerializer(SearchFilterSerializer, QuerySerializer):
    """Checked, and nothing else beside it."""


class SegmentSerializer(serializers.Serializer):
    text = serializers.CharField(trim_whitespace=False)
    match = serializers.BooleanField()


class HighlightsSerializer(serializers.Serializer):
    name = SegmentSerializer(many=True)
    description = SegmentSerializer(many=True, help_text="Around the first match; empty when there is none.")


class SearchReasonSerializer(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.CharField(help_text="For people, in the language of the request.")


class SearchResultSerializer(ProductRowSerializer):
    highlights = HighlightsSerializer(help_text="Text in order, cut where matches begin and end. Plain text, no HTML.")
    reason = SearchReasonSerializer(allow_null=True, help_text="Why it stands higher for this person.")


class CategoryCountSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    depth = serializers.IntegerField(help_text="1 for departments.")
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    count = serializers.IntegerField()


class BrandCountSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    count = serializers.IntegerField()


class PriceBandSerializer(serializers.Serializer):
    min = serializers.CharField()
    max = serializers.CharField(allow_null=True, help_text="Just below this; null: no end.")
    count = serializers.IntegerField()


class StockCountSerializer(serializers.Serializer):
    yes = serializers.IntegerField()
    no = serializers.IntegerField()


class TagValueSerializer(serializers.Serializer):
    value = serializers.CharField()
    name = serializers.CharField(help_text="In the language of the request.")
    count = serializers.IntegerField()


class TagCountsSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="What `tag` filters by, as `kind:value`.")
    name = serializers.CharField(help_text="What the group is called in the language of the request.")
    values = TagValueSerializer(many=True)


class FacetsSerializer(serializers.Serializer):
    """Each kind is counted without its own filter: what choosing another value would bring."""

    categories = CategoryCountSerializer(many=True)
    brands = BrandCountSerializer(many=True)
    prices = PriceBandSerializer(many=True)
    in_stock = StockCountSerializer()
    tags = TagCountsSerializer(many=True)


class SearchAnswerSerializer(serializers.Serializer):
    id = serializers.CharField(help_text="Signed; send it back with events so that clicks can be credited.")
    query = serializers.CharField(help_text="As it was asked.")
    total = serializers.IntegerField()
    matched = serializers.ChoiceField(["all", "some", "none"], help_text="Whether products hold all the words.")
    did_you_mean = serializers.CharField(
        allow_null=True, help_text="Nothing was found for the words as typed; these were looked for instead."
    )
    personalised = serializers.BooleanField(help_text="Whether this person's taste changed the order.")
    experiment = serializers.CharField(allow_null=True, help_text="Key of the experiment this person takes part in.")
    arm = serializers.CharField(allow_null=True, help_text="Key of the arm that decided the order.")
    results = SearchResultSerializer(many=True)
    also = SearchResultSerializer(
        many=True,
        help_text="Behind an answer of fewer than 10: products of the same kind that lack one of the words, at most 20 "
        "together with `results`. On the first page, by relevance only; not in `total` and `facets`.",
    )
    facets = FacetsSerializer(allow_null=True)
    next_offset = serializers.IntegerField(allow_null=True, help_text="`offset` of the next page; null on the last.")


class SuggestionQuerySerializer(QuerySerializer):
    q = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=LONGEST_QUERY, help_text="What is typed so far."
    )
    limit = serializers.IntegerField(min_value=1, max_value=10, default=6)
    lang = serializers.CharField(required=False)


class SuggestedPlaceSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class SuggestedProductSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    price = serializers.CharField()
    currency = serializers.CharField()
    image = serializers.CharField(allow_null=True)
    url = serializers.CharField()


class SuggestionsSerializer(serializers.Serializer):
    queries = serializers.ListField(child=serializers.CharField(), help_text="Completed, the most common first.")
    categories = SuggestedPlaceSerializer(many=True)
    brands = SuggestedPlaceSerializer(many=True)
    products = SuggestedProductSerializer(many=True)
