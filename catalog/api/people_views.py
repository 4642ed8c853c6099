"""Customers, their tokens, and orders."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors, services
from catalog.api.people import (
    AskTokenSerializer,
    CustomerSerializer,
    OrderEventSerializer,
    OrderSerializer,
    PlaceOrderSerializer,
    PutCustomerSerializer,
    TokenSerializer,
)
from catalog.exceptions import BadInput, NotFound
from catalog.models import Customer, Order
from core.api import tokens
from core.api.permissions import HasScope, IsCustomer
from core.api.principals import CustomerAuth, KeyAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope


def current_customer(caller: CustomerAuth) -> Customer:
    """Whose token this is. Raises NotFound when that person was erased."""
    found = selectors.customer_by_public_id(caller.customer)
    if found is None:
        raise NotFound(_("This customer no longer exists."))
    return found


class CustomerView(ApiView):
    permission_classes = [HasScope(Scope.CUSTOMERS_WRITE)]

    @extend_schema(
        operation_id="customers_put",
        summary="Create or replace a customer",
        description="With `ext:` and the shop's own ID the customer is created when new. The answer names nobody.",
        request=PutCustomerSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
        tags=["customers"],
    )
    def put(self, request: Request, customer_id: str) -> Response:
        form = PutCustomerSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        customer, is_new = services.put_customer(customer_id, form.as_data())
        body = {
            "id": customer.public_id,
            "external_id": customer.external_id,
            "language": customer.language,
            "personalised": customer.is_personalised,
            "joined_at": customer.joined_at,
        }
        return Response(body, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class CustomerTokenView(ApiView):
    permission_classes = [HasScope(Scope.TOKENS)]
    stores_answers = False  # a token is a credential; a second one does no harm

    @extend_schema(
        operation_id="customers_token",
        summary="Issue a customer token",
        description=(
            "For the browser of this customer, who has just signed in to the shop. It ends by itself, and when the "
            "key that issued it is revoked."
        ),
        request=AskTokenSerializer,
        responses={201: TokenSerializer},
        tags=["customers"],
    )
    def post(self, request: Request, customer_id: str) -> Response:
        if not (isinstance(request.auth, KeyAuth) and request.auth.is_server):
            raise PermissionDenied
        wanted = checked(AskTokenSerializer, request.data)
        customer = Customer.objects.known_as(customer_id)
        if customer is None:
            raise NotFound(_("Nothing here has this ID."))
        token, expires_at = tokens.mint(
            customer=customer.public_id,
            key_id=request.auth.key_id,
            lifetime=timedelta(seconds=wanted["lifetime_seconds"]),
        )
        return Response({"token": token, "expires_at": expires_at}, status.HTTP_201_CREATED)


class OrdersView(ApiView):
    permission_classes = [HasScope(Scope.ORDERS)]

    @extend_schema(
        operation_id="orders_place",
        summary="Place an order",
        description=(
            "Takes the stock and writes the order, or neither. Totals are counted here. The same order with the same "
            "`number` again answers 200 with the order that exists; another order with that number is refused. A "
            "`coupon` that does not count here refuses the order: `unknown_coupon`, `coupon_of_another`, "
            "`coupon_used`, `coupon_over`, `coupon_not_yet`, `order_too_small`."
        ),
        request=PlaceOrderSerializer,
        responses={200: OrderSerializer, 201: OrderSerializer, **problems(409, 422)},
        examples=[
            OpenApiExample(
                "Two shirts",
                request_only=True,
                value={
                    "number": "2026-1007",
                    "customer": "ext:4711",
                    "visitor": "v-8f14e45f",
                    "lines": [{"sku": "LS-W-M", "quantity": 2}],
                    "shipping": "5.00",
                },
            )
        ],
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        form = PlaceOrderSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        content = {name: value for name, value in form.validated_data.items() if name not in ("lines", "customer")}
        placed = services.place_order(
            services.NewOrder(lines=form.new_lines(), customer=_buyer(form.validated_data.get("customer")), **content)
        )
        order = selectors.orders_for_detail().get(pk=placed.order.pk)
        code = status.HTTP_201_CREATED if placed.is_new else status.HTTP_200_OK
        return Response(selectors.order_detail(order), code)


def _buyer(ident: str | None) -> Customer | None:
    if ident is None:
        return None
    found = Customer.objects.known_as(ident)
    if found is None:
        raise BadInput(_("No customer has this ID."), code="unknown_customer", extra={"field": "customer"})
    return found


class OrderView(ApiView):
    permission_classes = [HasScope(Scope.ORDERS) | IsCustomer]

    @extend_schema(
        operation_id="orders_get",
        summary="Read an order",
        description="Server keys read any order, a customer token those of its customer.",
        responses={200: OrderSerializer},
        tags=["orders"],
    )
    def get(self, request: Request, number: str) -> Response:
        orders = _visible_orders(request)
        order = orders.filter(number=number).first() or orders.filter(public_id=number).first()
        if order is None:
            raise NotFound(_("No order has this number."))
        return Response(selectors.order_detail(order, for_customer=isinstance(request.auth, CustomerAuth)))


def _visible_orders(request: Request) -> QuerySet[Order]:
    """Orders of others do not exist for a customer."""
    orders = selectors.orders_for_detail()
    if isinstance(request.auth, CustomerAuth):
        return orders.filter(customer=selectors.customer_by_public_id(request.auth.customer) or 0)
    return orders


class OrderEventsView(ApiView):
    permission_classes = [HasScope(Scope.ORDERS)]

    @extend_schema(
        operation_id="orders_events",
        summary="Report what happened to an order",
        description=(
            "placed → `paid` → `shipped` (or partly) → `delivered`; `cancelled` before shipping; `refunded` at any "
            "time after payment, never more than was paid. Payments and refunds with an `external_id` count once."
        ),
        request=OrderEventSerializer,
        responses={200: OrderSerializer, **problems(409, 422)},
        examples=[
            OpenApiExample("Paid in full", request_only=True, value={"kind": "paid", "external_id": "pay-77"}),
            OpenApiExample(
                "One piece came back",
                request_only=True,
                value={"kind": "refunded", "lines": [{"line": 1, "quantity": 1}], "restock": True},
            ),
        ],
        tags=["orders"],
    )
    def post(self, request: Request, number: str) -> Response:
        form = OrderEventSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        order_id = Order.objects.filter(number=number).values_list("pk", flat=True).first()
        if order_id is None:
            raise NotFound(_("No order has this number."))
        _apply(order_id, form)
        return Response(selectors.order_detail(selectors.orders_for_detail().get(pk=order_id)))


def _apply(order_id: int, form: OrderEventSerializer) -> None:
    """Hand the event to the service of its kind."""
    given: dict[str, Any] = dict(form.validated_data)
    moment, note = given.get("occurred_at"), given.get("note", "")
    steps: dict[str, Callable[[], Order]] = {
        "paid": lambda: services.pay_order(
            order_id,
            amount=given.get("amount"),
            method=given.get("method", ""),
            external_id=given.get("external_id"),
            paid_at=moment,
            note=note,
        ),
        "shipped": lambda: services.ship_order(
            order_id, is_partly=given.get("partly", False), shipped_at=moment, note=note
        ),
        "delivered": lambda: services.deliver_order(order_id, delivered_at=moment, note=note),
        "cancelled": lambda: services.cancel_order(order_id, cancelled_at=moment, note=note),
        "refunded": lambda: services.refund_order(
            order_id,
            amount=given.get("amount"),
            lines=form.returned_lines(),
            reason=note,
            is_restocked=given.get("restock", False),
            external_id=given.get("external_id"),
            refunded_at=moment,
        ),
    }
    steps[given["kind"]]()
