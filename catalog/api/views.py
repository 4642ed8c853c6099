"""Products, categories, stock and events."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors, services
from catalog.api.callers import device_of_call
from catalog.api.event_rows import EventReader, moment_of
from catalog.api.serializers import (
    CategorySerializer,
    EventsAnswerSerializer,
    EventsSerializer,
    ProductFilterSerializer,
    ProductQuerySerializer,
    ProductRowSerializer,
    ProductSerializer,
    PutProductSerializer,
    SeeVisitorSerializer,
    StockAnswerSerializer,
    StockHeadSerializer,
    StockSerializer,
    VisitorSerializer,
)
from catalog.bots import is_bot
from catalog.exceptions import NotFound
from catalog.models import Brand, Category, Product
from core.api import ids
from core.api.pagination import KeysetPagination
from core.api.parsers import BeaconParser, BoundedJsonParser
from core.api.permissions import HasScope
from core.api.principals import CustomerAuth, KeyAuth, Principal
from core.api.questions import LanguageQuerySerializer, checked
from core.api.quick import QuickView, Unusual
from core.api.schema import LANGUAGE, problems
from core.api.views import ApiListView, ApiView
from core.models import Scope

MOST_ROWS = 500
STOCK_RANGE = 1_000_000_000


EVERYTHING = selectors.ProductFilter()


class ProductListView(QuickView, ApiListView):
    """Live products, newest first."""

    permission_classes = [HasScope(Scope.CATALOGUE_READ)]
    queryset = Product.objects.none()
    filter_backends = []
    serializer_class = ProductRowSerializer

    @extend_schema(
        operation_id="products_list",
        summary="List products, newest first",
        parameters=[LANGUAGE, ProductFilterSerializer],
        responses={200: ProductRowSerializer(many=True)},
        tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        query = checked(ProductQuerySerializer, request.query_params)
        wanted = selectors.ProductFilter(
            category=existing(Category, "category", query.get("category")),
            brand=getattr(existing(Brand, "brand", query.get("brand")), "pk", None),
            price_min=query.get("price_min"),
            price_max=query.get("price_max"),
            in_stock=query.get("in_stock"),
            updated_since=query.get("updated_since"),
        )
        page = self.paginate_queryset(selectors.products_for_list(wanted))
        return self.get_paginated_response([selectors.listed_row(row) for row in page or ()])

    def quick_question(self, request: HttpRequest, caller: KeyAuth, **kwargs: Any) -> HttpRequest:
        """A page of all products."""
        if not request.GET.keys() <= {"limit", "cursor"}:
            raise Unusual
        return request

    def quick_answer(self, question: HttpRequest) -> Any:
        question.query_params = question.GET  # type: ignore[attr-defined]
        pages = KeysetPagination()
        rows = pages.paginate_queryset(selectors.products_for_list(EVERYTHING), question)  # type: ignore[arg-type]
        return pages.get_paginated_response([selectors.listed_row(row) for row in rows]).data


def existing(model: type[Any], field: str, ident: str | None) -> Any:
    """The category or brand to filter by; one that does not exist is a slip of the caller."""
    if ident is None:
        return None
    found = ids.find(model.objects.all(), ident)
    if found is None:
        raise serializers.ValidationError({field: [_("Nothing here has this ID.")]}, code="unknown_id")
    return found


class ProductView(QuickView):
    permission_classes = [HasScope(Scope.CATALOGUE_READ, write=Scope.CATALOGUE_WRITE)]

    @extend_schema(
        operation_id="products_get",
        summary="Read a product with its variants and pictures",
        description="Only live products; keys with `catalogue:write` also see hidden ones and drafts.",
        parameters=[LANGUAGE],
        responses={200: ProductSerializer},
        tags=["catalogue"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        sees_all = Scope.CATALOGUE_WRITE in cast(Principal, request.auth).scopes
        product = selectors.product_detail(product_id, with_hidden=sees_all)
        if product is None:
            raise NotFound(_("Nothing here has this ID."))
        return Response(product)

    def quick_question(self, request: HttpRequest, caller: KeyAuth, **kwargs: Any) -> tuple[str, bool]:
        if request.GET:
            raise Unusual
        return kwargs["product_id"], Scope.CATALOGUE_WRITE in caller.scopes

    def quick_answer(self, question: tuple[str, bool]) -> Any:
        ident, sees_all = question
        product = selectors.product_detail(ident, with_hidden=sees_all)
        if product is None:
            raise Unusual
        return product

    @extend_schema(
        operation_id="products_put",
        summary="Create or replace a product",
        description=(
            "With `ext:` and the shop's own ID it is created when it is new. Variants that the list leaves out are "
            "removed; those with a history stay in the books with nothing in stock. Pictures are not touched."
        ),
        request=PutProductSerializer,
        responses={200: ProductSerializer, 201: ProductSerializer, **problems(409, 422)},
        examples=[
            OpenApiExample(
                "A shirt in two sizes",
                request_only=True,
                value={
                    "name": "Linen shirt",
                    "name_translations": {"en": "Linen shirt", "zh-hans": "亚麻衬衫"},
                    "category": "ext:shirts",
                    "brand": "Acre",
                    "price": "59.00",
                    "attributes": {"colour": "white"},
                    "variants": [
                        {"sku": "LS-W-M", "options": {"size": "M"}, "stock": 4},
                        {"sku": "LS-W-L", "options": {"size": "L"}, "price": "62.00", "stock": 0},
                    ],
                },
            )
        ],
        tags=["catalogue"],
    )
    def put(self, request: Request, product_id: str) -> Response:
        form = PutProductSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        product, is_new = services.put_product(product_id, form.as_data())
        found = selectors.product_detail(product.public_id, with_hidden=True)
        return Response(found, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


class CategoryTreeView(ApiView):
    permission_classes = [HasScope(Scope.CATALOGUE_READ)]

    @extend_schema(
        operation_id="categories_tree",
        summary="Read the category tree",
        parameters=[LANGUAGE],
        responses={200: CategorySerializer(many=True)},
        tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        return Response(selectors.category_tree())


class StockView(ApiView):
    permission_classes = [HasScope(Scope.CATALOGUE_WRITE)]

    @extend_schema(
        operation_id="stock_change",
        summary="Change the stock of up to 500 SKUs",
        description="Each row is applied or refused by itself; `results` has one entry per row, in the same order.",
        request=StockSerializer,
        responses={200: StockAnswerSerializer},
        examples=[
            OpenApiExample(
                "A count and a delivery",
                request_only=True,
                value={"rows": [{"sku": "LS-W-M", "set": 12}, {"sku": "LS-W-L", "add": 20}], "reason": "receipt"},
            )
        ],
        tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        raw = _rows(request.data, "rows")
        query = checked(StockHeadSerializer, request.data)
        results: dict[int, services.StockResult] = {}
        good: list[int] = []
        changes: list[services.StockChange] = []
        for index, row in enumerate(raw):
            change = _stock_change(row)
            if isinstance(change, services.StockResult):
                results[index] = change
            else:
                good.append(index)
                changes.append(change)
        applied = services.change_stock(changes, reason=query["reason"], note=query.get("note", ""))
        results.update(zip(good, applied, strict=True))
        counted = Counter(result.status for result in results.values())
        return Response(
            {
                **{name: counted[name] for name in ("changed", "same", "refused")},
                "results": [{"index": index, **asdict(results[index])} for index in range(len(raw))],
            }
        )


def _stock_change(row: Any) -> services.StockChange | services.StockResult:
    """The change, or why this row cannot be one."""
    sku = row.get("sku") if isinstance(row, dict) else None
    if not isinstance(sku, str) or not 1 <= len(sku) <= 80:
        return services.StockResult("", "refused", None, "sku_needed", _("Each row has a SKU of 1 to 80 characters."))
    given = {name: row[name] for name in ("set", "add") if row.get(name) is not None}
    number = next(iter(given.values()), None)
    if len(given) != 1 or isinstance(number, bool) or not isinstance(number, int):
        message = _("Give “set” or “add” with a whole number, one of both.")
        return services.StockResult(sku, "refused", None, "one_of_both", message)
    if abs(number) > STOCK_RANGE or ("set" in given and number < 0):
        return services.StockResult(sku, "refused", None, "out_of_range", _("This number is out of range."))
    return services.StockChange(sku, set_to=given.get("set"), add=given.get("add"))


class EventsView(ApiView):
    permission_classes = [HasScope(Scope.EVENTS)]
    parser_classes = [BoundedJsonParser, BeaconParser]
    key_in_body = True

    @extend_schema(
        operation_id="events_send",
        summary="Send up to 500 events",
        description=(
            "Each event is stored or refused by itself. Purchases are not sent: they follow from orders. "
            "`navigator.sendBeacon` may send the same JSON as `text/plain`, with the publishable key as `key`."
        ),
        request={"application/json": EventsSerializer, "text/plain": EventsSerializer},
        responses={200: EventsAnswerSerializer},
        examples=[
            OpenApiExample(
                "A look at a product",
                request_only=True,
                value={
                    "events": [
                        {
                            "kind": "view",
                            "event_id": "0b6f1f4e-4d0e-4a3c-9d36-0d7f3c1f6a55",
                            "occurred_at": "2026-11-20T14:05:00Z",
                            "product": "ext:LS-W",
                            "visitor": "v-8f14e45f",
                        }
                    ]
                },
            )
        ],
        tags=["behaviour"],
    )
    def post(self, request: Request) -> Response:
        raw = _rows(request.data, "events")
        caller = request.auth
        is_server = isinstance(caller, KeyAuth) and caller.is_server
        reader = EventReader(
            customer=caller.customer if isinstance(caller, CustomerAuth) else None,
            may_name_customers=is_server,
            sent_at=_sent_at(request.data),
            device=device_of_call(request, caller),
        )
        read = [reader.read(index, row) for index, row in enumerate(raw)]
        good = [event for event in read if isinstance(event, services.NewEvent)]
        bad = [event for event in read if isinstance(event, services.RefusedEvent)]
        if not is_server and is_bot(request.META.get("HTTP_USER_AGENT", "")):
            recorded = services.ignore_bot(len(good), refused=bad)
        else:
            recorded = services.record_events(good, refused=bad, from_browser=not is_server)
        refused = sorted(recorded.refused, key=lambda one: one.index)
        return Response(
            {
                "accepted": recorded.stored,
                "repeated": recorded.repeated,
                "ignored": recorded.ignored,
                "refused": [asdict(one) for one in refused],
            }
        )


class VisitorsView(ApiView):
    permission_classes = [HasScope(Scope.EVENTS)]
    parser_classes = [BoundedJsonParser, BeaconParser]
    key_in_body = True

    @extend_schema(
        operation_id="visitors_see",
        summary="Make a browser known, join it to a customer, or stop following it",
        description=(
            "`may_track: false`: nothing of this browser is stored from now on, what waits to be stored is not, and "
            "what it did without a name is forgotten. A customer token joins the browser to its customer; server keys "
            "name one. A browser stays with its first customer."
        ),
        request={"application/json": SeeVisitorSerializer, "text/plain": SeeVisitorSerializer},
        responses={200: VisitorSerializer, 201: VisitorSerializer, **problems(404)},
        examples=[
            OpenApiExample(
                "Somebody declines the cookies", request_only=True, value={"visitor": "v-8f14e45f", "may_track": False}
            )
        ],
        tags=["behaviour"],
    )
    def post(self, request: Request) -> Response:
        form = checked(SeeVisitorSerializer, request.data)
        caller = request.auth
        own = caller.customer if isinstance(caller, CustomerAuth) else None
        named = form.get("customer") or None
        is_server = isinstance(caller, KeyAuth) and caller.is_server
        if named is not None and named != own and not is_server:
            message = _("Customers are named by server keys or by their own token.")
            raise serializers.ValidationError({"customer": [message]}, code="not_allowed")
        seen = services.see_visitor(
            key=form.get("visitor", ""), may_track=form.get("may_track"), customer=named or own
        )  # fmt: skip
        answer = {
            "visitor": seen.key,
            "may_track": seen.may_track,
            "is_joined": seen.customer_id is not None,
            "first_seen_at": seen.first_seen_at,
            "expires_at": seen.expires_at,
        }
        return Response(answer, status.HTTP_201_CREATED if seen.is_new else status.HTTP_200_OK)


def _sent_at(body: Any) -> datetime | None:
    """What the caller's clock said, however wrong it is."""
    value = body.get("sent_at") if isinstance(body, dict) else None
    if value is None:
        return None
    try:
        return moment_of(value)
    except ValueError:
        message = _("A time such as 2026-11-20T14:05:00Z.")
        raise serializers.ValidationError({"sent_at": [message]}, code="not_a_time") from None


def _rows(body: Any, name: str) -> list[Any]:
    """The list that a batch consists of."""
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        message = _("A list of 1 to %(most)d.") % {"most": MOST_ROWS}
        raise serializers.ValidationError({name: [message]}, code="out_of_range")
    return rows
