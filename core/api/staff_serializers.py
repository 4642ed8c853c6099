"""What goes in and out of the addresses for staff."""

from rest_framework import serializers

from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer
from core.models import Experiment, Job, ModelVersion

# --- questions ----------------------------------------------------------------------------------------------------


class ExperimentFilterSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=Experiment.State.choices, required=False)
    kind = serializers.CharField(max_length=40, required=False, help_text="What it changes.")


class ExperimentQuerySerializer(ExperimentFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class JobFilterSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=Job.State.choices, required=False)
    kind = serializers.CharField(
        max_length=80, required=False, help_text="Technical name, such as `recommender.train`."
    )
    queue = serializers.CharField(max_length=16, required=False)


class JobQuerySerializer(JobFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class ModelFilterSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=ModelVersion.State.choices, required=False)
    kind = serializers.CharField(max_length=60, required=False, help_text="Such as `recommender`.")


class ModelQuerySerializer(ModelFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


# --- experiments --------------------------------------------------------------------------------------------------


class SaidSerializer(serializers.Serializer):
    """What a look says, as on the page: `broken`, `waiting`, `works`, `hurts`, `same` or `open`."""

    kind = serializers.CharField()
    sentence = serializers.CharField(help_text="In the language of the request.")
    metric = serializers.CharField(allow_blank=True)
    arm = serializers.CharField(allow_blank=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the relative change that holds at any look.")
    high = serializers.FloatField(allow_null=True)
    estimate = serializers.FloatField(allow_null=True)


class ExperimentRowSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    target = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=Experiment.State.choices)
    unit = serializers.ChoiceField(choices=Experiment.Unit.choices)
    primary_metric = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.CharField(allow_blank=True, help_text="`adopt`, `keep`, `open`, or nothing yet.")
    people = serializers.IntegerField(allow_null=True, help_text="Exposed at the newest look; null before the first.")
    looked_at = serializers.DateTimeField(allow_null=True)
    verdict = SaidSerializer(allow_null=True, help_text="Null for a draft.")


class ArmSerializer(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    weight = serializers.IntegerField(help_text="Percent.")
    is_control = serializers.BooleanField()
    settings = serializers.DictField()
    people = serializers.IntegerField(allow_null=True)


class ComparisonSerializer(SaidSerializer):
    n = serializers.IntegerField(help_text="People of the arm whose days are over.")
    n_control = serializers.IntegerField()
    mean = serializers.FloatField()
    mean_control = serializers.FloatField()
    difference = serializers.FloatField()
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="For one planned look.")
    always_valid_interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    p_value = serializers.FloatField()
    p_value_holm = serializers.FloatField(
        allow_null=True, help_text="Over the primary metric and guardrails; null for what is only shown."
    )


class MetricSerializer(serializers.Serializer):
    metric = serializers.CharField()
    title = serializers.CharField()
    is_judged = serializers.BooleanField(help_text="The primary metric and guardrails; others are only shown.")
    scale = serializers.FloatField(help_text="Ratios are told per so many; numbers here are not yet multiplied.")
    comparisons = ComparisonSerializer(many=True)


class ExperimentSerializer(ExperimentRowSerializer):
    hypothesis = serializers.CharField(allow_blank=True)
    guardrails = serializers.ListField(child=serializers.CharField())
    smallest_effect = serializers.FloatField()
    outcome_days = serializers.IntegerField()
    planned_people = serializers.IntegerField()
    holdout_percent = serializers.IntegerField()
    decided_arm = serializers.CharField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    arms = ArmSerializer(many=True)
    sample_ratio_p = serializers.FloatField(allow_null=True, help_text="Below 0.001 no result is told.")
    metrics = MetricSerializer(
        many=True, help_text="Of the newest look; empty before it, and when the split is broken."
    )


# --- jobs and models ----------------------------------------------------------------------------------------------


class JobRowSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField(help_text="In the language of the request.")
    queue = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    share_done = serializers.FloatField(allow_null=True, help_text="0 to 1; null while the size is unknown.")
    message = serializers.CharField(allow_blank=True)
    asked_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class JobSerializer(JobRowSerializer):
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    starts = serializers.IntegerField()
    retries = serializers.IntegerField()
    arguments = serializers.DictField()
    result = serializers.DictField()
    error = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)


class ModelRowSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="As answers carry it, such as `recommender.v3`.")
    kind = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)
    trained_until = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField()
    metrics = serializers.DictField(help_text="On data that it did not see.")
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)


class ModelSerializer(ModelRowSerializer):
    trained_from = serializers.DateTimeField(allow_null=True)
    gate = serializers.DictField(help_text="What it was judged by before it could serve.")
    report = serializers.DictField()
    activated_by = serializers.CharField(allow_null=True)
    activation_reason = serializers.CharField(allow_blank=True)
    job = serializers.IntegerField(allow_null=True)
