"""To be told, once, when something can be bought again."""

from typing import Any, cast

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from catalog.api.people_views import current_customer
from catalog.models import Customer
from core.api.permissions import HasScope, IsCustomer
from core.api.principals import CustomerAuth
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope
from marketing import services
from marketing.models import ConsentSource, StockRequest
from marketing.triggers import requests


class AskStockSerializer(serializers.Serializer):
    sku = serializers.CharField(max_length=80)


class AskStockByAddressSerializer(AskStockSerializer):
    email = serializers.EmailField(max_length=254)


class BackInStockSerializer(serializers.Serializer):
    sku = serializers.CharField()
    product = serializers.CharField(help_text="Public ID.")
    name = serializers.CharField(help_text="In the language of the call.")
    asked_at = serializers.DateTimeField()
    confirmed = serializers.BooleanField(help_text="False: the customer has yet to follow the link in a mail.")


class StockRequestsSerializer(serializers.Serializer):
    results = BackInStockSerializer(many=True)


def _row(row: StockRequest, is_confirmed: bool) -> dict[str, Any]:
    product = row.variant.product
    return {
        "sku": row.variant.sku, "product": product.public_id, "name": product.localised("name", get_language()),
        "asked_at": row.asked_at, "confirmed": is_confirmed,
    }  # fmt: skip


def _who(request: Request) -> Customer:
    return current_customer(cast(CustomerAuth, request.auth))


class MyStockRequestsView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_stock_requests",
        summary="List what the customer waits for, newest first",
        responses={200: StockRequestsSerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        who = _who(request)
        is_confirmed = requests.is_confirmed(who)
        return Response({"results": [_row(one, is_confirmed) for one in requests.of_customer(who)]})

    @extend_schema(
        operation_id="me_stock_requests_ask",
        summary="Ask to be told once when a variant can be bought again",
        description=(
            "One message goes when it can, and the request is gone with it; without it after 180 days. Asked twice is "
            "once. While nobody has followed the link in a mail, `confirmed` is false and nothing goes. 409 "
            "`in_stock`, `too_many` (50 at a time); 422 `no_address`."
        ),
        request=AskStockSerializer,
        responses={201: BackInStockSerializer, **problems(404, 409)},
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        form = AskStockSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        who = _who(request)
        ip = str(BaseThrottle().get_ident(request) or "")
        proof = services.Proof(ConsentSource.API, details=services.page_proof("api:me/stock-requests", ip))
        row = requests.ask(who, form.validated_data["sku"], proof)
        return Response(_row(row, requests.is_confirmed(who)), status.HTTP_201_CREATED)


class MyStockRequestView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_stock_requests_take_back",
        summary="No longer wait for a variant",
        responses={204: None, **problems(404)},
        tags=["me"],
    )
    def delete(self, request: Request, sku: str) -> Response:
        requests.take_back(_who(request), sku)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StockRequestsView(ApiView):
    permission_classes = [HasScope(Scope.CONVERSATIONS)]

    @extend_schema(
        operation_id="stock_requests_ask",
        summary="Ask at an e-mail address to be told once when a variant can be bought again",
        description=(
            "For who is not signed in. A mail asks whether it was them, at most three a day to one address; nothing "
            "is kept before its link was followed. The answer is the same whether the address is known or not."
        ),
        request=AskStockByAddressSerializer,
        responses={202: None, **problems(404, 409)},
        tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        form = AskStockByAddressSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        language = "zh-hans" if str(get_language()).startswith("zh") else "en"
        requests.ask_by_address(form.validated_data["email"], form.validated_data["sku"], language)
        return Response(status=status.HTTP_202_ACCEPTED)
