"""What goes in and out of the addresses of campaigns."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer
from marketing.models import BatchChoice, Campaign, Channel, Purpose, Recipient

ACTS = ("check", "approve", "plan", "start", "pause", "resume", "draft", "cancel", "count")
LONGEST_BODY = 200_000


class CampaignFilterSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=Campaign.State.choices, required=False)


class CampaignQuerySerializer(CampaignFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class TextsField(serializers.DictField):
    """Texts by language of the shop."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=longest, trim_whitespace=False), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        known = {code for code, _name in settings.LANGUAGES}
        if unknown := sorted(set(found) - known):
            raise serializers.ValidationError(
                _("Unknown languages: %(names)s") % {"names": ", ".join(unknown)[:80]}, code="language_unknown"
            )
        return found


class CampaignMessageSerializer(serializers.Serializer):
    subject = TextsField(200, help_text='By language: `{"en": "…", "zh-hans": "…"}`.')
    second_subject = TextsField(200, required=False, help_text="Makes two versions, drawn by chance.")
    preheader = TextsField(200, required=False)
    body = TextsField(LONGEST_BODY, help_text="MJML for e-mail, else plain text; fields look like {{name}}.")


class PutCampaignSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    purpose = serializers.ChoiceField(choices=Purpose.of_campaigns(), default=Purpose.OFFERS)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.EMAIL)
    segment = serializers.CharField(max_length=32, required=False, help_text="ID of a segment.")
    audience = serializers.CharField(max_length=32, required=False, help_text="ID of an audience; or `segment`.")
    holdout_percent = serializers.IntegerField(min_value=0, max_value=50, default=10)
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    send_within_hours = serializers.IntegerField(
        min_value=2, max_value=72, required=False, allow_null=True, default=None,
        help_text="Each at their own hour within so many; null: all at the planned moment.",
    )  # fmt: skip
    shift_by = serializers.ChoiceField(
        choices=Campaign.ShiftBy.choices, required=False, allow_blank=True, default="",
        help_text="Goes out in batches; later ones shift towards the version that does better. Needs `second_subject`.",
    )  # fmt: skip
    shift_hours = serializers.IntegerField(min_value=2, max_value=24, default=24, help_text="Between two batches.")
    cost_per_message = serializers.DecimalField(max_digits=12, decimal_places=4, min_value=0, default=Decimal(0))
    message = CampaignMessageSerializer()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "segment" in attrs and "audience" in attrs:
            raise serializers.ValidationError({"audience": _("Name a segment or an audience, not both.")})
        return attrs


class CampaignActSerializer(serializers.Serializer):
    act = serializers.ChoiceField(choices=[(one, one) for one in ACTS])
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class RangeSerializer(serializers.Serializer):
    """The range (95%) holds at any look."""

    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class CampaignFunnelSerializer(serializers.Serializer):
    """People. `delivered` is null while the provider reports nothing; `ordered`: for whatever reason."""

    planned = serializers.IntegerField()
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField(allow_null=True)
    clicked = serializers.IntegerField()
    ordered = serializers.IntegerField()
    bounced = serializers.IntegerField()
    complained = serializers.IntegerField()
    messages = serializers.IntegerField()
    unknown = serializers.IntegerField()
    failed = serializers.IntegerField()


class VersionEffectSerializer(serializers.Serializer):
    version = serializers.CharField()
    name = serializers.CharField()
    people = serializers.IntegerField()
    people_without = serializers.IntegerField()
    share_who_ordered = serializers.FloatField(allow_null=True)
    share_without = serializers.FloatField(allow_null=True)
    more_people_ordered = RangeSerializer(allow_null=True)
    more_revenue = RangeSerializer(allow_null=True)


class SegmentEffectSerializer(serializers.Serializer):
    """`verdict` is works, hurts, open or few; `segment` is null for people in none."""

    segment = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    people = serializers.IntegerField()
    people_without = serializers.IntegerField()
    more_people_ordered = RangeSerializer(allow_null=True)
    more_revenue = RangeSerializer(allow_null=True)
    p_holm = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    against_others = serializers.CharField(help_text="`more`, `less` or empty.")
    sentence = serializers.CharField()


class CampaignEffectSerializer(serializers.Serializer):
    """By intention to treat, against people who were left out by chance."""

    as_of = serializers.DateTimeField(allow_null=True)
    verdict = serializers.CharField()
    sentence = serializers.CharField()
    cost = serializers.FloatField()
    more_revenue = RangeSerializer(allow_null=True)
    return_on_cost = RangeSerializer(allow_null=True)
    versions = VersionEffectSerializer(many=True)
    segments = SegmentEffectSerializer(many=True)
    segments_as_of = serializers.DateTimeField(allow_null=True)


class TimingCountSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(choices=[one for one in Recipient.Timing.choices if one[0]])
    people = serializers.IntegerField()


class TimingMeasureSerializer(serializers.Serializer):
    """`difference` is null while there are too few people; it holds at any look, and for both measures together."""

    measure = serializers.ChoiceField(choices=[("clicked", "clicked"), ("ordered", "ordered")])
    share_at_own_hour = serializers.FloatField()
    share_at_planned_moment = serializers.FloatField()
    difference = RangeSerializer(allow_null=True)


class CampaignTimingSerializer(serializers.Serializer):
    """Why people get it at which hour, and what that brought against those whom chance left at the planned moment."""

    as_of = serializers.DateTimeField()
    people = TimingCountSerializer(many=True)
    hours = serializers.ListField(child=serializers.IntegerField(), help_text="People by hour of their day, 0 to 23.")
    measures = TimingMeasureSerializer(many=True)


class LikelyRateSerializer(serializers.Serializer):
    """The posterior's mean and its 90 % range."""

    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class BatchVersionSerializer(serializers.Serializer):
    """Of the messages before this batch: how many were sent, acted on and complained about. `share`: among those of
    this batch who are shifted."""

    version = serializers.CharField()
    share = serializers.FloatField()
    is_stopped = serializers.BooleanField()
    sent = serializers.IntegerField(allow_null=True)
    acted = serializers.IntegerField(allow_null=True)
    complaints = serializers.IntegerField(allow_null=True)
    rate = LikelyRateSerializer(allow_null=True)


class BatchSerializer(serializers.Serializer):
    batch = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    reason = serializers.ChoiceField(choices=BatchChoice.Reason.choices)
    people = serializers.IntegerField()
    released_at = serializers.DateTimeField(allow_null=True)
    versions = BatchVersionSerializer(many=True)


class ShiftMeasureSerializer(serializers.Serializer):
    """`difference` is null while there are too few people; it holds at any look, and for both measures together."""

    measure = serializers.CharField(help_text="`clicked` or `ordered`.")
    share_where_shifted = serializers.FloatField()
    share_by_fixed_shares = serializers.FloatField()
    difference = RangeSerializer(allow_null=True)


class CampaignShiftingSerializer(serializers.Serializer):
    """How the versions of each batch were chosen, and what that brought against those who keep the fixed shares."""

    batches = BatchSerializer(many=True)
    measures = ShiftMeasureSerializer(many=True)


class CampaignRowSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Campaign.State.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    trigger = serializers.CharField()
    audience = serializers.CharField(allow_null=True)
    holdout_share = serializers.FloatField()
    reachable = serializers.IntegerField(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    send_within_hours = serializers.IntegerField(allow_null=True)
    shift_by = serializers.ChoiceField(choices=Campaign.ShiftBy.choices, allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class FindingSerializer(serializers.Serializer):
    level = serializers.CharField(help_text="`stop`: has to be mended before the check.")
    field = serializers.CharField()
    text = serializers.CharField()


class CampaignSerializer(CampaignRowSerializer):
    reach = serializers.DictField(
        child=serializers.IntegerField(), help_text="`all`, `reachable`, and how many not for each reason."
    )
    pause_reason = serializers.CharField()
    findings = FindingSerializer(many=True, help_text="Of a draft.")
    funnel = CampaignFunnelSerializer(
        allow_null=True, help_text="Null before the start, and while many messages are counted for the first time."
    )
    funnel_as_of = serializers.DateTimeField(allow_null=True)
    effect = CampaignEffectSerializer(allow_null=True, help_text="Null while nobody is left out or nothing began.")
    timing = CampaignTimingSerializer(allow_null=True, help_text="Null where all get it at the planned moment.")
    shifting = CampaignShiftingSerializer(allow_null=True, help_text="Null where versions are given by fixed shares.")
    acts = serializers.ListField(child=serializers.CharField(), help_text="What the caller may do now.")
