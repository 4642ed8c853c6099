"""Segments and kept lists as filters of the list of customers."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from analytics.models import Segment, SegmentSnapshot, SnapshotMember
from analytics.segments import compiling
from analytics.segments.rules import BadRule
from catalog.models import Customer

MOST_LISTED = 300


class SegmentFilter(DropdownFilter):
    """Customers who are in a segment now: of those that the reader may see."""

    title = _("segment")
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Segment.objects.alive().visible_to(request.user).order_by("kind", "name", "id")
        return [(one.public_id, str(one)) for one in rows[:MOST_LISTED]]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        if not self.value():
            return queryset
        rows = Segment.objects.visible_to(request.user).select_related("current")
        segment = rows.filter(public_id=self.value()).first()
        try:
            return queryset.filter(compiling.of_segment(segment).q) if segment is not None else queryset.none()
        except BadRule:
            return queryset.none()


class KeptListFilter(DropdownFilter):
    """Customers of a list that was kept."""

    title = _("kept list")
    parameter_name = "kept_list"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = _kept(request).select_related("segment")[:MOST_LISTED]
        return [(one.public_id, f"{one.segment}: {one.purpose}") for one in rows]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        if not self.value():
            return queryset
        snapshot = _kept(request).filter(public_id=self.value()).first()
        members = SnapshotMember.objects.filter(snapshot=snapshot).values("customer_id")
        return queryset.filter(pk__in=members) if snapshot is not None else queryset.none()


def _kept(request: HttpRequest) -> QuerySet[SegmentSnapshot]:
    return SegmentSnapshot.objects.filter(segment__in=Segment.objects.visible_to(request.user))
