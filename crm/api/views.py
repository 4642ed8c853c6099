"""Points: a customer's own, and codes at the shop's checkout."""

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.people_views import current_customer
from core.api.pagination import KeysetPagination
from core.api.permissions import HasScope, IsCustomer
from core.api.principals import CustomerAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiListView, ApiView
from core.models import Scope
from crm import selectors, services
from crm.api import rows
from crm.api.serializers import (
    CodeSerializer,
    LoyaltySerializer,
    MovementSerializer,
    PagedQuerySerializer,
    RedeemSerializer,
    UseCodeSerializer,
)
from crm.exceptions import NotFound
from crm.models import LoyaltyRedemption, LoyaltyTransaction


def _who(request: Request) -> int:
    return current_customer(cast(CustomerAuth, request.auth)).pk


class MyLoyaltyView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_loyalty",
        summary="Read the customer's own points",
        description="Balance, level, what expires next, what can be redeemed, and codes that were not used yet.",
        responses={200: LoyaltySerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        return Response(rows.standing(selectors.standing_of(_who(request))))


class NewestMovements(KeysetPagination):
    ordering = ("-created_at", "-id")


class MyMovementsView(ApiListView):
    permission_classes = [IsCustomer]
    queryset = LoyaltyTransaction.objects.none()
    filter_backends = []
    pagination_class = NewestMovements
    serializer_class = MovementSerializer

    @extend_schema(
        operation_id="me_loyalty_history",
        summary="List movements of the customer's own points, newest first",
        responses={200: MovementSerializer(many=True), **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        checked(PagedQuerySerializer, request.query_params)
        page = self.paginate_queryset(selectors.history_of(_who(request)))
        return self.get_paginated_response([rows.movement(row) for row in page or ()])


class MyRedemptionsView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_loyalty_redeem",
        summary="Exchange points for a code",
        description=(
            "For a reward, or so many points for their value in money. The points are gone at once; the shop's "
            "checkout takes the code once. Send an `Idempotency-Key`: the same request again then answers the same "
            "code. A code that nobody used until `expires_at` ends, and its points go back."
        ),
        request=RedeemSerializer,
        responses={201: CodeSerializer, **problems(404, 409, 422)},
        examples=[OpenApiExample("Three hundred points", request_only=True, value={"points": 300})],
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        wanted = checked(RedeemSerializer, request.data)
        made = services.redeem(
            customer_id=_who(request), reward_id=wanted.get("reward", ""), points=wanted.get("points")
        )  # fmt: skip
        return Response(rows.code(made), status.HTTP_201_CREATED)


class _CodeView(ApiView):
    permission_classes = [HasScope(Scope.ORDERS)]


class CodeView(_CodeView):
    @extend_schema(
        operation_id="loyalty_codes_get",
        summary="Read what a code is worth",
        description="For the shop's checkout, before the order is placed. Reading does not use it.",
        responses={200: CodeSerializer},
        tags=["loyalty"],
    )
    def get(self, request: Request, code: str) -> Response:
        found = LoyaltyRedemption.objects.select_related("reward", "product", "order")
        row = found.filter(code=services.plain_code(code)).first()
        if row is None:
            raise NotFound(_("No code is like this."))
        return Response(rows.code(row))


class UseCodeView(_CodeView):
    @extend_schema(
        operation_id="loyalty_codes_use",
        summary="Use a code, once",
        description=(
            "With `order` it has to be an order of the customer whose points these were; the same order again changes "
            "nothing. When that order is cancelled, the points go back by themselves."
        ),
        request=UseCodeSerializer,
        responses={200: CodeSerializer, **problems(404, 409, 422)},
        tags=["loyalty"],
    )
    def post(self, request: Request, code: str) -> Response:
        wanted: dict[str, Any] = checked(UseCodeSerializer, request.data)
        return Response(rows.code(services.use_code(code, order_number=wanted.get("order", ""))))


class VoidCodeView(_CodeView):
    @extend_schema(
        operation_id="loyalty_codes_void",
        summary="Take a code back",
        description="Used or not: it ends, and its points return to the customer. Twice is as good as once.",
        request=None,
        responses={200: CodeSerializer, **problems(404)},
        tags=["loyalty"],
    )
    def post(self, request: Request, code: str) -> Response:
        return Response(rows.code(services.void_code(code)))
