"""What belongs to the customer who is signed in: who they are, their orders, their data."""

from typing import Any, cast

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors
from catalog.api.people import MeSerializer, MyOrderSerializer
from catalog.api.people_views import current_customer
from catalog.api.serializers import PagedQuerySerializer
from catalog.exceptions import NotFound
from catalog.models import Customer, Order
from core import ledger, rights
from core.api.pagination import KeysetPagination
from core.api.permissions import IsCustomer
from core.api.principals import CustomerAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiListView, ApiView
from core.models import DataRequest, LedgerEntry
from core.rights import copying

SUBJECT = "catalog.Customer"
STATES = ["open", "running", "done", "refused", "failed"]


class DataRequestSerializer(serializers.Serializer):
    """`open` and `running`: come back later. `due_at`: the latest day of the answer."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["export", "erase"])
    state = serializers.ChoiceField(choices=STATES)
    received_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    available_until = serializers.DateTimeField(allow_null=True, help_text="Of the file of a copy.")


def _shown(row: DataRequest) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "kind": row.kind,
        "state": row.state,
        "received_at": row.received_at,
        "due_at": row.due_at,
        "available_until": row.expires_at if row.file else None,
    }


def _person(request: Request) -> Customer:
    return current_customer(cast(CustomerAuth, request.auth))


def _latest_copy(request: Request) -> DataRequest:
    found = (
        DataRequest.objects.filter(
            kind=DataRequest.Kind.EXPORT, subject_model=SUBJECT, subject_id=_person(request).pk, channel="api"
        )
        .order_by("-id")
        .first()
    )
    if found is None:
        raise NotFound(_("No copy was asked for yet."))
    return found


class MeView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_get",
        summary="Read who is signed in",
        responses={200: MeSerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        customer = _person(request)
        return Response(
            {
                "id": customer.public_id,
                "name": customer.name,
                "language": customer.language,
                "personalised": customer.is_personalised,
            }
        )

    @extend_schema(
        operation_id="me_erase",
        summary="Erase the customer",
        description=(
            "Removes name, contact data, scores and visits for ever; orders stay under a pseudonym. While an order is "
            "on its way the erasure waits for it. Ask the person twice before calling this: it cannot be taken back."
        ),
        responses={202: DataRequestSerializer, **problems(404)},
        tags=["me"],
    )
    def delete(self, request: Request) -> Response:
        row, _new = rights.ask(DataRequest.Kind.ERASE, SUBJECT, _person(request).pk, channel="api")
        return Response(_shown(row), status.HTTP_202_ACCEPTED)


class NewestOrders(KeysetPagination):
    ordering = ("-placed_at", "-id")


class MyOrdersView(ApiListView):
    permission_classes = [IsCustomer]
    queryset = Order.objects.none()
    filter_backends = []
    pagination_class = NewestOrders
    serializer_class = MyOrderSerializer

    @extend_schema(
        operation_id="me_orders",
        summary="List the customer's own orders, newest first",
        description="`GET orders/{number}` with the same token has the lines and the timeline.",
        responses={200: MyOrderSerializer(many=True), **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        checked(PagedQuerySerializer, request.query_params)
        page = self.paginate_queryset(selectors.orders_of(_person(request)))
        return self.get_paginated_response([selectors.order_row(order) for order in page or ()])


class MyCopyView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_export_ask",
        summary="Ask for a copy of everything stored about the customer",
        description="A worker makes it. While one is being made, that one is answered.",
        request=None,
        responses={202: DataRequestSerializer, **problems(404)},
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        row, _new = rights.ask(DataRequest.Kind.EXPORT, SUBJECT, _person(request).pk, channel="api")
        return Response(_shown(row), status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="me_export_get",
        summary="Read how far the copy is",
        responses={200: DataRequestSerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        return Response(_shown(_latest_copy(request)))


class MyCopyFileView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_export_file",
        summary="Download the copy",
        description="A zip: `data.json` with everything, and a table for each kind of data.",
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The copy."),
            **problems(404),
        },
        tags=["me"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        row = _latest_copy(request)
        file = copying.folder() / row.file
        if not row.file or not file.is_file():
            raise NotFound(_("The copy is not ready, or was removed after its time."))
        ledger.record(LedgerEntry.Kind.EXPORT, f"core.datarequest:{row.pk}", actor="customer", act="copy fetched")
        response = FileResponse(file.open("rb"), as_attachment=True, filename="my-data.zip")
        response["Content-Type"] = "application/zip"
        response["Cache-Control"] = "no-store"
        return response
