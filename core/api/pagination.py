"""Pages that stay quick and complete however deep one reads and whatever is added meanwhile."""

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.api.ids import PUBLIC_ID

if TYPE_CHECKING:  # DRF loads this module while it makes its views
    from rest_framework.views import APIView


class KeysetPagination(BasePagination):
    """`?limit=1…100&cursor=…`. The cursor is the public id of the last row seen; no totals are counted.

    `ordering` names fields that together are unique; the last one usually is the primary key.
    """

    ordering: tuple[str, ...] = ("-id",)
    default_limit = 20
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        """One page, read with one query (two when it is not the first)."""
        self._url = request.build_absolute_uri()
        limit = self._limit(request)
        rows = queryset.order_by(*self.ordering)
        cursor = request.query_params.get("cursor")
        if cursor:
            rows = rows.filter(self._after(queryset, cursor))
        page = list(rows[: limit + 1])
        self._has_more = len(page) > limit
        self._page = page[:limit]
        return self._page

    def get_next_link(self) -> str | None:
        return replace_query_param(self._url, "cursor", self.cursor_of(self._page[-1])) if self._has_more else None

    def cursor_of(self, row: Any) -> str:
        return str(row.public_id)

    def row_of(self, cursor: str) -> Q | None:
        """Which row a cursor names; None when it cannot be one of ours."""
        return Q(public_id=cursor) if PUBLIC_ID.fullmatch(cursor) else None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def _limit(self, request: Request) -> int:
        text = request.query_params.get("limit")
        if text is None:
            return self.default_limit
        if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= self.max_limit:
            return int(text)
        message = _("A page has 1 to %(most)d rows.") % {"most": self.max_limit}
        raise ValidationError({"limit": [message]}, code="out_of_range")

    def _after(self, queryset: QuerySet[Any], cursor: str) -> Q:
        """Rows behind the cursor's row: (a, b) > (x, y) written out, so that each field may have its direction."""
        names = [name.removeprefix("-") for name in self.ordering]
        named = self.row_of(cursor)
        place = queryset.model._base_manager.filter(named).values_list(*names).first() if named is not None else None
        if place is None:
            raise ValidationError({"cursor": [_("This cursor is not one of ours.")]}, code="cursor_unknown")
        behind = Q()
        equal: dict[str, Any] = {}
        for field, name, value in zip(self.ordering, names, place, strict=True):
            side = "lt" if field.startswith("-") else "gt"
            behind |= Q(**equal, **{f"{name}__{side}": value})
            equal[name] = value
        return behind

    # --- schema -------------------------------------------------------------------------------------------------

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": "string",
                    "nullable": True,
                    "format": "uri",
                    "description": "Address of the next page; null on the last.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        limits = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limits, "description": "Rows per page."},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "Where the page begins: taken from `next` of the page before.",
            },
        ]


class NumberPagination(KeysetPagination):
    """For rows that staff know by their number and nobody else may see."""

    def cursor_of(self, row: Any) -> str:
        return str(row.pk)

    def row_of(self, cursor: str) -> Q | None:
        return Q(pk=int(cursor)) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else None


class PageQuerySerializer(serializers.Serializer):
    """The parameters that every list takes beside its own filters; checked by the pagination."""

    limit = serializers.CharField(required=False)
    cursor = serializers.CharField(required=False)
    lang = serializers.CharField(required=False)
