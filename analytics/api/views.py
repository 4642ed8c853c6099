"""Segments for programs of staff: the same that the pages show, with the same rights."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api import serializers as shapes
from analytics.models import Segment
from analytics.segments import compiling, counting, rules, selectors, services, words
from catalog.models import Customer
from core.api import ids
from core.api.pagination import KeysetPagination
from core.api.permissions import READS, HasStaffPermission
from core.api.questions import LanguageQuerySerializer, checked
from core.api.schema import LANGUAGE, problems
from core.api.views import ApiListView, ApiView
from core.exceptions import BadInput

SEEN = HasStaffPermission("analytics.view_segment") | HasStaffPermission("analytics.change_segment")
ADDED = HasStaffPermission("analytics.add_segment")
CHANGED = HasStaffPermission("analytics.change_segment")
PEOPLE = SEEN & HasStaffPermission("catalog.view_customer")
MEMBERS_MS = 3_000


def visible(request: Request) -> QuerySet[Segment]:
    """Shared segments and the caller's own."""
    rows: QuerySet[Segment] = Segment.objects.visible_to(request.user)
    return rows.exclude(current=None).select_related("current__model_version")


def found(request: Request, segment_id: str) -> Segment:
    segment = ids.find(visible(request), segment_id) if ids.external_part(segment_id) is None else None
    if segment is None:
        raise Http404
    return segment


def wanted(data: dict[str, Any]) -> services.Wanted:
    return services.Wanted(
        name=data["name"], rule=rules.parse(data["rule"]) if "rule" in data else None,
        description=data["description"], name_translations=data.get("names", {}), is_shared=data["is_shared"],
    )  # fmt: skip


class SegmentListView(ApiListView):
    permission_classes = [SEEN]
    pagination_class = KeysetPagination
    filter_backends = []
    queryset = Segment.objects.none()
    serializer_class = shapes.SegmentRowSerializer

    def get_permissions(self) -> list[Any]:
        return [SEEN() if self.request.method in READS else ADDED()]

    @extend_schema(
        operation_id="staff_segments_list",
        summary="List segments, newest first",
        parameters=[LANGUAGE, shapes.SegmentFilterSerializer],
        responses={200: shapes.SegmentRowSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        query = checked(shapes.SegmentQuerySerializer, request.query_params)
        rows = visible(request).filter(archived_at=None)
        if "kind" in query:
            rows = rows.filter(kind=query["kind"])
        page = self.paginate_queryset(rows) or ()
        return self.get_paginated_response([selectors.row(one) for one in page])

    @extend_schema(
        operation_id="staff_segments_create",
        summary="Save customers that a rule finds as a segment",
        parameters=[LANGUAGE],
        request=shapes.PutSegmentSerializer,
        responses={201: shapes.CustomerSegmentSerializer, **problems(409, 422)},
        tags=["staff"],
    )
    def post(self, request: Request) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        form = shapes.PutSegmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        segment = services.create(wanted(form.validated_data), by=request.user)  # type: ignore[arg-type]
        return Response(selectors.detail(found(request, segment.public_id)), status=status.HTTP_201_CREATED)


class SegmentView(ApiView):
    permission_classes = [SEEN]

    def get_permissions(self) -> list[Any]:
        return [SEEN() if self.request.method in READS else CHANGED()]

    @extend_schema(
        operation_id="staff_segments_get",
        summary="Read a segment",
        parameters=[LANGUAGE],
        responses={200: shapes.CustomerSegmentSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, segment_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        return Response(selectors.detail(found(request, segment_id)))

    @extend_schema(
        operation_id="staff_segments_put",
        summary="Change a segment",
        description="Another rule becomes the next version. RFM segments and clusters take no rule.",
        parameters=[LANGUAGE],
        request=shapes.PutSegmentSerializer,
        responses={200: shapes.CustomerSegmentSerializer, **problems(409, 422)},
        tags=["staff"],
    )
    def put(self, request: Request, segment_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        form = shapes.PutSegmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, segment = form.validated_data, found(request, segment_id)
        if "rule" in data and not segment.is_rule:
            raise BadInput(_("This segment follows no rule."), extra={"field": "rule"})
        services.change(segment, wanted(data), by=request.user, opened=data.get("version"))  # type: ignore[arg-type]
        return Response(selectors.detail(found(request, segment_id)))


class SegmentCountView(ApiView):
    permission_classes = [SEEN]
    stores_answers = False

    @extend_schema(
        operation_id="staff_segments_count",
        summary="Count the customers that a rule finds",
        description="Writes nothing. What cannot be counted within its time is estimated, and says so.",
        parameters=[LANGUAGE],
        request=shapes.CountRuleSerializer,
        responses={200: shapes.CountSerializer, **problems(422)},
        tags=["staff"],
    )
    def post(self, request: Request) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        form = shapes.CountRuleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        rule = rules.parse(form.validated_data["rule"])
        compiled = compiling.compiled(rule)
        counted = counting.count(compiled)
        return Response(
            {
                "count": counted.number,
                "is_estimate": counted.is_estimate,
                "low": counted.low,
                "high": counted.high,
                "customers": counting.customers_in_all(),
                "sentence": words.sentence(rule),
                "notes": compiled.gone,
            }
        )


class SegmentMembersView(ApiListView):
    permission_classes = [PEOPLE]
    pagination_class = KeysetPagination
    filter_backends = []
    queryset = Customer.objects.none()
    serializer_class = shapes.MemberSerializer

    @extend_schema(
        operation_id="staff_segments_members",
        summary="List the customers of a segment",
        description="Those who are in it now, newest first.",
        responses={200: shapes.MemberSerializer(many=True), **problems(422)},
        tags=["staff"],
    )
    def get(self, request: Request, segment_id: str) -> Response:
        checked(shapes.MemberQuerySerializer, request.query_params)
        rows = compiling.of_segment(found(request, segment_id)).customers().select_related("stats")
        try:
            with counting.time_limit(MEMBERS_MS):
                page = self.paginate_queryset(rows.defer("email", "phone", "birthday")) or ()
        except counting.TooSlow:
            raise BadInput(_("Finding the members takes too long right now."), code="too_slow") from None
        return self.get_paginated_response([member(one) for one in page])


def member(customer: Customer) -> dict[str, Any]:
    stats = getattr(customer, "stats", None)
    return {
        "id": customer.public_id,
        "external_id": customer.external_id,
        "name": customer.name,
        "orders": stats.orders if stats else 0,
        "revenue": stats.revenue if stats else 0,
        "last_day": stats.last_day if stats else None,
    }
