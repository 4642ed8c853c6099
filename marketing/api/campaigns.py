"""Campaigns for programs of staff: the same that the pages do, with the same rights."""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import Segment
from core.api import ids
from core.api.pagination import KeysetPagination
from core.api.permissions import READS, HasStaffPermission
from core.api.questions import LanguageQuerySerializer, checked
from core.api.schema import LANGUAGE, problems
from core.api.views import ApiListView, ApiView
from core.exceptions import BadInput
from core.models import StaffUser
from marketing.api import campaign_shapes as shapes
from marketing.campaigns import audiences, checking, effect, funnels, lifecycle
from marketing.effects import asking, selectors
from marketing.models import Audience, Campaign, Channel, Template
from marketing.roles import APPROVE, CAMPAIGNS, CAMPAIGNS_SEEN, RUN
from marketing.shifting.selectors import shifting
from marketing.timing.selectors import hourly

SEEN = HasStaffPermission(CAMPAIGNS_SEEN) | HasStaffPermission(CAMPAIGNS)
ADDED = HasStaffPermission("marketing.add_campaign")
ACTED = HasStaffPermission(CAMPAIGNS) | HasStaffPermission(APPROVE) | HasStaffPermission(RUN)
State = Campaign.State


def found(campaign_id: str) -> Campaign:
    rows: QuerySet[Campaign] = Campaign.objects.select_related("audience__segment", "offer", "experiment")
    campaign = ids.find(rows, campaign_id) if ids.external_part(campaign_id) is None else None
    if campaign is None:
        raise Http404
    return campaign


class CampaignListView(ApiListView):
    permission_classes = [SEEN]
    pagination_class = KeysetPagination
    filter_backends = []
    queryset = Campaign.objects.none()
    serializer_class = shapes.CampaignRowSerializer

    def get_permissions(self) -> list[Any]:
        return [SEEN() if self.request.method in READS else ADDED()]

    @extend_schema(
        operation_id="staff_campaigns_list",
        summary="List campaigns, newest first",
        parameters=[LANGUAGE, shapes.CampaignFilterSerializer],
        responses={200: shapes.CampaignRowSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        query = checked(shapes.CampaignQuerySerializer, request.query_params)
        rows = Campaign.objects.select_related("audience__segment")
        if "state" in query:
            rows = rows.filter(state=query["state"])
        page = self.paginate_queryset(rows) or ()
        return self.get_paginated_response([row(one) for one in page])

    @extend_schema(
        operation_id="staff_campaigns_create",
        summary="Write a campaign as a draft",
        description="With one message. What is left to mend before the check is in `findings`. Nothing goes out.",
        parameters=[LANGUAGE],
        request=shapes.PutCampaignSerializer,
        responses={201: shapes.CampaignSerializer, **problems(409, 422)},
        tags=["staff"],
    )
    def post(self, request: Request) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        form = shapes.PutCampaignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        campaign = create(form.validated_data, by=request.user)  # type: ignore[arg-type]
        return Response(detail(found(campaign.public_id), request), status=status.HTTP_201_CREATED)


class CampaignView(ApiView):
    permission_classes = [SEEN]

    @extend_schema(
        operation_id="staff_campaigns_get",
        summary="Read a campaign with its funnel and what it brought",
        description=(
            "What it brought is told against people who were left out by chance, with ranges that hold at any look, "
            "also by the segments people were in when it was planned."
        ),
        parameters=[LANGUAGE],
        responses={200: shapes.CampaignSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        return Response(detail(found(campaign_id), request))


class CampaignActsView(ApiView):
    permission_classes = [ACTED]

    @extend_schema(
        operation_id="staff_campaigns_act",
        summary="Lead a campaign on: check, approve, plan, start, pause, resume, cancel",
        description=(
            "`check` needs the right to change campaigns, `approve` that to approve (above the shop's number of "
            "people by somebody who neither made nor checked it), all others that to run them. `plan` is a job: the "
            "campaign is `planned` when it is done; so is `check` where many people are counted. `draft` takes a "
            "checked one back, `count` counts what it brought."
        ),
        parameters=[LANGUAGE],
        request=shapes.CampaignActSerializer,
        responses={200: shapes.CampaignSerializer, **problems(403, 409, 422)},
        tags=["staff"],
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        form = shapes.CampaignActSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        campaign, act = found(campaign_id), form.validated_data["act"]
        right, _states, doing = ACTS[act]
        if not request.user.has_perm(right):
            raise PermissionDenied
        doing(campaign, request.user, form.validated_data["note"])
        return Response(detail(found(campaign_id), request))


# --- what is done ---------------------------------------------------------------------------------------------------


@transaction.atomic
def create(data: dict[str, Any], *, by: StaffUser) -> Campaign:
    """A draft with its message. Raises DomainError."""
    campaign = Campaign.objects.create(name=data["name"], created_by=by)
    changed = lifecycle.change(
        campaign, name=data["name"].strip(), audience=_audience(data, by), purpose=data["purpose"],
        channel=data["channel"], holdout_share=Decimal(data["holdout_percent"]) / 100, planned_for=data["starts_at"],
        send_within=data["send_within_hours"], shift_by=data["shift_by"], shift_hours=data["shift_hours"],
        cost_per_message=data["cost_per_message"],
    )  # fmt: skip
    said = data["message"]
    kind = Template.Kind.MJML if changed.channel == Channel.EMAIL else Template.Kind.TEXT
    message = Template.objects.create(
        name=changed.name, purpose=changed.purpose, channel=changed.channel, kind=kind, subject=said["subject"],
        preheader=said.get("preheader", {}), body=said["body"], created_by=by,
    )  # fmt: skip
    second = {code: text for code, text in said.get("second_subject", {}).items() if text.strip()}
    arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "subject": second}] if second else []
    lifecycle.set_steps(changed, [{"template": message, "arms": arms}])
    return changed


def _audience(data: dict[str, Any], by: StaffUser) -> Audience | None:
    if "segment" in data:
        rows = Segment.objects.alive().visible_to(by).exclude(current=None)
        segment = ids.find(rows, data["segment"]) if ids.external_part(data["segment"]) is None else None
        if segment is None:
            raise BadInput(_("There is no such segment."), extra={"field": "segment"})
        return audiences.of_segment(segment, by=by)
    if "audience" in data:
        known = ids.external_part(data["audience"]) is None
        audience = ids.find(Audience.objects.all(), data["audience"]) if known else None
        if audience is None:
            raise BadInput(_("There is no such audience."), extra={"field": "audience"})
        return audience
    return None


def _start(campaign: Campaign, by: Any, note: str) -> None:
    if campaign.state != State.PLANNED:
        raise lifecycle.WrongState(_("Only a planned campaign is started."))
    lifecycle.run(campaign, by=by)


def _resume(campaign: Campaign, by: Any, note: str) -> None:
    if campaign.state != State.PAUSED:
        raise lifecycle.WrongState(_("Only a paused campaign goes on."))
    lifecycle.run(campaign, by=by)


def _count(campaign: Campaign, by: Any, note: str) -> None:
    if campaign.experiment is None:
        raise lifecycle.WrongState(_("Nobody was left out by chance, so there is nothing to count."))
    asking.ask(campaign, by=by)


Doing = Callable[[Campaign, Any, str], Any]
ACTS: dict[str, tuple[str, frozenset[str], Doing]] = {
    "check": (CAMPAIGNS, frozenset({State.DRAFT}), lambda one, by, note: checking.ask(one, by=by)),
    "approve": (APPROVE, frozenset({State.CHECKED}), lambda one, by, note: lifecycle.approve(one, by=by)),
    "plan": (RUN, frozenset({State.APPROVED}), lambda one, by, note: lifecycle.plan(one, by=by)),
    "start": (RUN, frozenset({State.PLANNED}), _start),
    "pause": (RUN, frozenset({State.RUNNING}), lambda one, by, note: lifecycle.pause(one, by=by, why=note)),
    "resume": (RUN, frozenset({State.PAUSED}), _resume),
    "draft": (
        CAMPAIGNS, frozenset({State.CHECKED, State.APPROVED}), lambda one, by, note: lifecycle.back_to_draft(one, by=by)
    ),
    "cancel": (RUN, frozenset(State) - frozenset(Campaign.ENDED), lambda one, by, note: lifecycle.cancel(one, by=by)),
    "count": (
        CAMPAIGNS, frozenset({State.RUNNING, State.PAUSED, State.DONE, State.CANCELLED}), _count
    ),
}  # fmt: skip
"""Act → right, states in which it is offered, what it does: as the page of a campaign has them."""


# --- what is shown --------------------------------------------------------------------------------------------------


def row(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.public_id, "name": campaign.name, "state": campaign.state, "purpose": campaign.purpose,
        "channel": campaign.channel, "trigger": campaign.trigger,
        "audience": str(campaign.audience) if campaign.audience is not None else None,
        "holdout_share": float(campaign.holdout_share),
        "reachable": campaign.counts.get("reachable") if campaign.counts else None,
        "starts_at": campaign.planned_for, "send_within_hours": campaign.send_within,
        "shift_by": campaign.shift_by,
        "started_at": campaign.started_at, "ended_at": campaign.ended_at,
        "updated_at": campaign.updated_at,
    }  # fmt: skip


def detail(campaign: Campaign, request: Request) -> dict[str, Any]:
    """At most a dozen queries."""
    began = campaign.started_at is not None
    told = funnels.look(campaign) if began else None
    findings = lifecycle.findings(campaign)[0] if campaign.state == State.DRAFT else []
    return {
        **row(campaign),
        "reach": {key: value for key, value in (campaign.counts or {}).items() if isinstance(value, int)},
        "pause_reason": campaign.pause_reason,
        "findings": [{"level": one.level, "field": one.field, "text": str(one.text)} for one in findings],
        "funnel": asdict(told.funnel) if told is not None and told.funnel is not None else None,
        "funnel_as_of": told.as_of if told is not None else None,
        "effect": _effect(campaign, told.messages) if told is not None else None,
        "timing": _timing(campaign),
        "shifting": _shifting(campaign),
        "acts": [
            name for name, (right, states, _doing) in ACTS.items()
            if campaign.state in states and request.user.has_perm(right)
            and (name != "approve" or lifecycle.may_approve(campaign, request.user.pk))
        ],
    }  # fmt: skip


def _timing(campaign: Campaign) -> dict[str, Any] | None:
    found = hourly(campaign)
    if found is None:
        return None
    return {
        "as_of": found.as_of,
        "people": [{"reason": reason, "people": count} for reason, count in sorted(found.people.items())],
        "hours": found.hours,
        "measures": [
            {
                "measure": measure, "share_at_own_hour": one.mean, "share_at_planned_moment": one.mean_control,
                "difference": _range((one.difference.value, *one.always_valid)) if one.always_valid else None,
            }
            for measure, one in found.told.items()
        ],
    }  # fmt: skip


def _shifting(campaign: Campaign) -> dict[str, Any] | None:
    found = shifting(campaign)
    if found is None:
        return None
    return {
        "batches": [
            {
                "batch": one.batch, "as_of": one.as_of, "reason": one.reason, "people": one.people,
                "released_at": one.released_at,
                "versions": [
                    {
                        "version": said["key"], "share": said["share"], "is_stopped": said.get("stopped", False),
                        "sent": said.get("sent"), "acted": said.get("yes"), "complaints": said.get("complaints"),
                        "rate": _range((said["mean"], said["low"], said["high"])) if "mean" in said else None,
                    }
                    for said in one.versions
                ],
            }
            for one in found.choices
        ],
        "measures": [
            {
                "measure": measure, "share_where_shifted": one.mean, "share_by_fixed_shares": one.mean_control,
                "difference": _range((one.difference.value, *one.always_valid)) if one.always_valid else None,
            }
            for measure, one in found.told.items()
        ],
    }  # fmt: skip


def _effect(campaign: Campaign, messages: int) -> dict[str, Any] | None:
    whole = effect.effect(campaign, messages=messages)
    if whole is None:
        return None
    parts = selectors.by_segment(campaign)
    shown = parts is not None and not parts.is_broken and whole.broken is None
    return {
        "as_of": whole.look.looked_at if whole.look is not None else None,
        "verdict": whole.verdict.kind,
        "sentence": str(whole.verdict.sentence),
        "cost": whole.cost,
        "more_revenue": _range(whole.total),
        "return_on_cost": _range(whole.returned),
        "versions": [
            {
                "version": one.arm, "name": str(one.name), "people": one.people, "people_without": one.people_control,
                "share_who_ordered": one.share, "share_without": one.share_control,
                "more_people_ordered": _range(one.orders), "more_revenue": _range(one.revenue),
            }
            for one in whole.arms
        ],
        "segments": [_segment(one) for one in parts.rows] if parts is not None and shown else [],
        "segments_as_of": parts.looked_at if parts is not None else None,
    }  # fmt: skip


def _segment(one: selectors.SegmentEffect) -> dict[str, Any]:
    return {
        "segment": one.public_id or None, "name": one.title, "people": one.people,
        "people_without": one.people_control, "more_people_ordered": _range(one.orders),
        "more_revenue": _range(one.revenue), "p_holm": one.p_holm, "verdict": one.said.kind,
        "against_others": one.said.apart, "sentence": one.said.sentence,
    }  # fmt: skip


def _range(value: tuple[float, float, float] | None) -> dict[str, float] | None:
    return dict(zip(("estimate", "low", "high"), value, strict=True)) if value is not None else None
