"""What each capability brought, for programs of the people who work in the shop."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.impact import files, results
from analytics.impact.results import Measured, Row
from core.api.questions import LanguageQuerySerializer, checked
from core.api.schema import LANGUAGE
from core.api.staff_views import EXPERIMENTS
from core.api.views import ApiView
from core.experiments import metrics
from core.impact import Claim
from core.models import Experiment


class ClaimSerializer(serializers.Serializer):
    metric = serializers.CharField()
    title = serializers.CharField()
    is_guardrail = serializers.BooleanField(help_text="Must not get worse.")
    arm = serializers.CharField()
    kind = serializers.CharField(help_text="`works`, `hurts`, `same`, `open`, `waiting` or `shown`; after Holm.")
    sentence = serializers.CharField()
    estimate = serializers.FloatField(allow_null=True, help_text="Relative to the control.")
    low = serializers.FloatField(allow_null=True, help_text="Holds at any look.")
    high = serializers.FloatField(allow_null=True)
    people = serializers.IntegerField(help_text="Whose days are over.")
    people_control = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    value_control = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True, help_text="Holds at any look.")
    p_holm = serializers.FloatField(allow_null=True, help_text="The same after Holm over what is judged.")
    noise_removed = serializers.FloatField(help_text="Share of the variance that CUPED took away.")


class MeasuredSerializer(serializers.Serializer):
    experiment = serializers.CharField(help_text="The key; see `staff/experiments`.")
    name = serializers.CharField()
    target = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=Experiment.State.choices)
    started_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    looked_at = serializers.DateTimeField(allow_null=True)
    people = serializers.IntegerField()
    sample_ratio_p = serializers.FloatField(allow_null=True)
    kind = serializers.CharField(help_text="As of a claim, or `broken`: then nothing of it may be used.")
    sentence = serializers.CharField()
    method = serializers.CharField()
    claims = ClaimSerializer(many=True)


class ImpactSerializer(serializers.Serializer):
    capability = serializers.CharField()
    title = serializers.CharField()
    control = serializers.CharField(help_text="What it is compared with.")
    is_measured = serializers.BooleanField()
    kind = serializers.CharField(help_text="The verdict, or `not_measured`.")
    sentence = serializers.CharField()
    current = MeasuredSerializer(many=True, help_text="Experiments that run; when none does, the one that ended last.")
    earlier = MeasuredSerializer(many=True)


class ImpactAnswerSerializer(serializers.Serializer):
    as_of = serializers.DateTimeField(allow_null=True, help_text="The newest look.")
    capabilities = ImpactSerializer(many=True)


class ImpactView(ApiView):
    permission_classes = EXPERIMENTS

    @extend_schema(
        operation_id="staff_impact_get",
        summary="Read what each capability brought against its control",
        description=(
            "From experiments of this shop, as the staff page tells it: intention to treat, ranges that hold at every "
            "look, changes claimed only after Holm's correction. A capability without a control is not measured."
        ),
        parameters=[LANGUAGE],
        responses={200: ImpactAnswerSerializer},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        rows = results.report()
        return Response({"as_of": results.as_of(rows), "capabilities": [_row(row) for row in rows]})


def _row(row: Row) -> dict[str, Any]:
    return {
        "capability": row.key,
        "title": str(row.capability.title),
        "control": str(row.capability.control),
        "is_measured": row.is_measured,
        "kind": row.verdict.kind,
        "sentence": row.verdict.sentence,
        "current": [_measured(one) for one in row.current],
        "earlier": [_measured(one) for one in row.earlier],
    }


def _measured(one: Measured) -> dict[str, Any]:
    experiment, look = one.experiment, one.look
    return {
        "experiment": experiment.key,
        "name": experiment.name,
        "target": experiment.target,
        "state": experiment.state,
        "started_at": experiment.started_at,
        "stopped_at": experiment.stopped_at,
        "looked_at": look.looked_at if look else None,
        "people": one.people,
        "sample_ratio_p": look.sample_ratio_p if look else None,
        "kind": one.verdict.kind,
        "sentence": one.verdict.sentence,
        "method": files.method(one),
        "claims": [_claim(claim) for claim in one.claims],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    said = claim.reading
    return {
        "metric": said.metric,
        "title": metrics.title(said.metric),
        "is_guardrail": claim.is_guardrail,
        "arm": said.arm,
        "kind": said.kind,
        "sentence": said.sentence,
        "estimate": said.estimate,
        "low": said.low,
        "high": said.high,
        "people": claim.people,
        "people_control": claim.people_control,
        "value": claim.value,
        "value_control": claim.value_control,
        "p": claim.p,
        "p_holm": claim.p_holm,
        "noise_removed": claim.removed,
    }
