"""What goes in and out of the addresses of scores and forecasts."""

from rest_framework import serializers

from analytics.models import Forecast, Measure
from core.api.ids import IdField
from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer


class ScoreFilterSerializer(serializers.Serializer):
    sort = serializers.ChoiceField(
        choices=["value", "churn", "churn_60", "churn_30", "propensity"], default="value",
        help_text=(
            "Lifetime value in 12 months, churn risk in 90, 60 or 30 days, or chance of an order within 30 days. "
            "Where the history is too short for 90 days there are the shorter ones."
        ),
    )  # fmt: skip
    least = serializers.FloatField(required=False, help_text="Only scores from this one on; chances are 0 to 1.")
    below = serializers.FloatField(required=False, help_text="Only scores below this one.")


class ScoreQuerySerializer(ScoreFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class ScoreReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(help_text="Such as `recency`: stays from version to version.")
    value = serializers.FloatField(allow_null=True)
    direction = serializers.IntegerField(help_text="1 raises the score, -1 lowers it, 0 neither.")
    text = serializers.CharField(allow_blank=True, help_text="In the language of the request.")


class ScoreSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=["value", "churn", "propensity", "rfm", "cluster"])
    value = serializers.JSONField(
        help_text=(
            "`value`: `{value, orders, alive}` for 12 months; `churn`, `propensity`: chances by horizon in days, such "
            'as `{"90": 0.71}`; `rfm`, `cluster`: a name.'
        )
    )
    sentence = serializers.CharField(allow_blank=True, help_text="In the language of the request.")
    reasons = ScoreReasonSerializer(many=True, help_text="The strongest first.")
    as_of = serializers.DateTimeField()
    model_version = serializers.CharField(allow_null=True, help_text="Null where rules speak; see `staff/models`.")


class CustomerScoresSerializer(serializers.Serializer):
    customer = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    scores = ScoreSerializer(many=True)


class ForecastFilterSerializer(serializers.Serializer):
    scope = serializers.ChoiceField(choices=Forecast.Scope.choices, required=False)
    measure = serializers.ChoiceField(choices=Measure.choices, required=False)
    product = IdField(required=False)
    category = IdField(required=False)


class ForecastQuerySerializer(ForecastFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class ForecastDaySerializer(serializers.Serializer):
    day = serializers.DateField()
    expected = serializers.FloatField()
    low = serializers.FloatField(allow_null=True, help_text="8 of 10 days land between `low` and `high`.")
    high = serializers.FloatField(allow_null=True)


class ForecastWeekSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ForecastSerializer(serializers.Serializer):
    scope = serializers.ChoiceField(choices=Forecast.Scope.choices)
    measure = serializers.ChoiceField(choices=Measure.choices)
    product = serializers.CharField(allow_null=True)
    category = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True, help_text="Of the product or category.")
    as_of = serializers.DateField(help_text="The last day that it knows.")
    made_at = serializers.DateTimeField()
    method = serializers.CharField(allow_blank=True, help_text="Which method the back-test chose.")
    sentence = serializers.CharField(help_text="The next seven days in words.")
    refusal = serializers.CharField(allow_blank=True, help_text="Why there is none; empty when there is one.")
    week = ForecastWeekSerializer(allow_null=True, help_text="The sum of the next seven days.")
    days = ForecastDaySerializer(many=True)
    mase = serializers.FloatField(allow_null=True, help_text="Of the back-test; below 1 beats last week's values.")
    wape = serializers.FloatField(allow_null=True)
    days_known = serializers.IntegerField(help_text="Days of sales that it was made from.")
    days_judged = serializers.IntegerField(help_text="Days of it that came since.")
    days_inside = serializers.IntegerField(help_text="Of them within the range.")
