"""What goes in and out of the addresses of segments."""

from typing import Any

from rest_framework import serializers

from analytics.models import Segment
from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer

RULE = (
    'Such as `{"all": [{"field": "orders", "op": "gte", "value": 3}, {"any": […]}, {"not": {…}}]}`: at most 5 groups '
    "inside each other and 50 conditions. Fields and operators: docs/analytics.md."
)


class SegmentFilterSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Segment.Kind.choices, required=False)


class SegmentQuerySerializer(SegmentFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class MemberQuerySerializer(PageQuerySerializer, QuerySerializer):
    pass


class RuleField(serializers.JSONField):
    """A rule as it is written; what it may say is checked by the rules themselves."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text=RULE, **kwargs)


class CountRuleSerializer(serializers.Serializer):
    rule = RuleField()


class PutSegmentSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=300)
    names = serializers.DictField(
        child=serializers.CharField(max_length=300), required=False,
        help_text='In other languages: `{"zh-hans": "…"}`.',
    )  # fmt: skip
    description = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")
    is_shared = serializers.BooleanField(default=True, help_text="False: only you see it.")
    rule = RuleField(required=False)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1,
        help_text="The version you read; refused with 409 when somebody saved another since.",
    )  # fmt: skip

    def validate_names(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > 20 or any(len(code) > 20 for code in value):
            raise serializers.ValidationError("At most 20 languages.", code="too_many")
        return value


class SegmentRowSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField(help_text="In the language of the request.")
    kind = serializers.ChoiceField(choices=Segment.Kind.choices)
    key = serializers.CharField(allow_blank=True, help_text="Of RFM segments and clusters: stays from run to run.")
    is_shared = serializers.BooleanField()
    version = serializers.IntegerField()
    size = serializers.IntegerField(allow_null=True, help_text="Null until it was counted.")
    revenue = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    revenue_share = serializers.FloatField(allow_null=True)
    counted_at = serializers.DateTimeField(allow_null=True)


class CustomerSegmentSerializer(SegmentRowSerializer):
    description = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(help_text="What it is in words, in the language of the request.")
    rule = serializers.DictField(allow_null=True, help_text="Null for RFM segments and clusters.")
    profile = serializers.DictField(allow_null=True, help_text="Of clusters: medians, and what sets them apart.")
    model_version = serializers.CharField(allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What the rule speaks of and is not there any more."
    )


class CountSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    is_estimate = serializers.BooleanField(help_text="True when counting would have taken too long.")
    low = serializers.IntegerField(allow_null=True, help_text="Likely range (95 %) of an estimate.")
    high = serializers.IntegerField(allow_null=True)
    customers = serializers.IntegerField(help_text="All customers of the shop.")
    sentence = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())


class MemberSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    orders = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=18, decimal_places=4)
    last_day = serializers.DateField(allow_null=True)
