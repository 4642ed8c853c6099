"""Scores of customers and what the coming days are expected to bring, for programs of staff: the same that the pages
show, with the same rights."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api import score_serializers as shapes
from analytics.customers import panels, reasons
from analytics.forecasts.words import refusal, sentence
from analytics.models import CustomerScore, Forecast
from analytics.roles import FIGURES, PEOPLE
from catalog.models import Category, Customer, CustomerTrait, Product
from core.api import ids
from core.api.pagination import KeysetPagination, NumberPagination
from core.api.permissions import HasStaffPermission
from core.api.questions import LanguageQuerySerializer, checked
from core.api.schema import LANGUAGE
from core.api.views import ApiListView, ApiView
from core.reports.periods import ONE_DAY

KINDS = ("value", "churn", "propensity", "rfm", "cluster")
SORTS = {
    "value": "value", "churn": "churn_90", "churn_60": "churn_60", "churn_30": "churn_30",
    "propensity": "propensity_30",
}  # fmt: skip
SAID = {"value": panels.value, "churn": panels.churn, "propensity": panels.order}
"""Traits that stand in a sentence."""


class CustomerScoresView(ApiView):
    permission_classes = [HasStaffPermission(PEOPLE)]

    @extend_schema(
        operation_id="staff_customers_scores_get",
        summary="Read the scores of a customer with their reasons",
        description=(
            "What models and rules say: lifetime value, churn risk, chance of an order, RFM segment and cluster. A "
            "kind that is missing was not scored."
        ),
        parameters=[LANGUAGE],
        responses={200: shapes.CustomerScoresSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, customer_id: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        customer = Customer.objects.known_as(customer_id)
        if customer is None:
            raise Http404
        return Response(_person(customer, _traits([customer.pk]).get(customer.pk, [])))


class ScorePagination(KeysetPagination):
    """The highest score first."""

    def sorted_by(self, column: str) -> None:
        self.ordering = (f"-{column}", "-customer_id")

    def cursor_of(self, row: CustomerScore) -> str:
        return str(row.customer.public_id)

    def row_of(self, cursor: str) -> Any:
        named = super().row_of(cursor)
        return None if named is None else type(named)(customer__public_id=cursor)


class ScoreListView(ApiListView):
    permission_classes = [HasStaffPermission(PEOPLE)]
    pagination_class = ScorePagination
    filter_backends = []
    queryset = CustomerScore.objects.none()
    serializer_class = shapes.CustomerScoresSerializer

    @extend_schema(
        operation_id="staff_scores_list",
        summary="List customers by a score, the highest first",
        description="Each with all of its scores and their reasons. Customers without that score are left out.",
        parameters=[LANGUAGE, shapes.ScoreFilterSerializer],
        responses={200: shapes.CustomerScoresSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        query = checked(shapes.ScoreQuerySerializer, request.query_params)
        column = SORTS[query["sort"]]
        rows = CustomerScore.objects.filter(
            customer__erased_at=None, customer__merged_into=None, **{f"{column}__isnull": False}
        )
        if "least" in query:
            rows = rows.filter(**{f"{column}__gte": query["least"]})
        if "below" in query:
            rows = rows.filter(**{f"{column}__lt": query["below"]})
        self.paginator.sorted_by(column)  # type: ignore[union-attr]
        page = self.paginate_queryset(rows.select_related("customer")) or ()
        traits = _traits([row.customer_id for row in page])
        return self.get_paginated_response([_person(row.customer, traits.get(row.customer_id, [])) for row in page])


def _traits(customers: Sequence[int]) -> dict[int, list[CustomerTrait]]:
    """One query."""
    found: dict[int, list[CustomerTrait]] = {}
    rows = CustomerTrait.objects.filter(customer__in=customers, kind__in=KINDS).select_related("model_version")
    for trait in sorted(rows, key=lambda trait: KINDS.index(trait.kind)):
        found.setdefault(trait.customer_id, []).append(trait)
    return found


def _person(customer: Customer, traits: Iterable[CustomerTrait]) -> dict[str, Any]:
    return {
        "customer": customer.public_id,
        "external_id": customer.external_id,
        "scores": [_score(trait) for trait in traits],
    }


def _score(trait: CustomerTrait) -> dict[str, Any]:
    stored = trait.reasons if isinstance(trait.reasons, list) else []
    said = SAID.get(trait.kind)
    version = trait.model_version
    return {
        "kind": trait.kind,
        "value": trait.value,
        "sentence": (said(trait).lead or "") if said is not None else "",
        "reasons": [
            {
                "reason": str(one.get("reason", "")),
                "value": one.get("value"),
                "direction": one.get("direction", 0),
                "text": " ".join(reason.text for reason in reasons.reasons([one])),
            }
            for one in stored
            if isinstance(one, dict)
        ],
        "as_of": trait.as_of,
        "model_version": version.name if version is not None else None,
    }


# --- forecasts ----------------------------------------------------------------------------------------------------


class ForecastListView(ApiListView):
    permission_classes = [HasStaffPermission(FIGURES)]
    pagination_class = NumberPagination
    filter_backends = []
    queryset = Forecast.objects.none()
    serializer_class = shapes.ForecastSerializer

    @extend_schema(
        operation_id="staff_forecasts_list",
        summary="List what the coming days are expected to bring",
        description=(
            "The newest forecast of each series: of the shop, of top categories and of the products that sell most. "
            "Chosen by a rolling back-test; a series that is too short has no days and says what it needs."
        ),
        parameters=[LANGUAGE, shapes.ForecastFilterSerializer],
        responses={200: shapes.ForecastSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        query = checked(shapes.ForecastQuerySerializer, request.query_params)
        rows = Forecast.objects.filter(is_newest=True).select_related("product", "category")
        for name in ("scope", "measure"):
            if name in query:
                rows = rows.filter(**{name: query[name]})
        if "product" in query:
            rows = rows.filter(product=ids.get(Product.objects.all(), query["product"]))
        if "category" in query:
            rows = rows.filter(category=ids.get(Category.objects.all(), query["category"]))
        page = self.paginate_queryset(rows) or ()
        return self.get_paginated_response([_forecast(row) for row in page])


def _forecast(row: Forecast) -> dict[str, Any]:
    one = row.product or row.category
    empty = [None] * len(row.values)
    return {
        "scope": row.scope,
        "measure": row.measure,
        "product": row.product.public_id if row.product is not None else None,
        "category": row.category.public_id if row.category is not None else None,
        "name": one.localised("name") if one is not None else "",
        "as_of": row.as_of,
        "made_at": row.made_at,
        "method": row.method,
        "sentence": sentence(row),
        "refusal": refusal(row),
        "week": row.week or None,
        "days": [
            {"day": row.as_of + place * ONE_DAY, "expected": value, "low": low, "high": high}
            for place, (value, low, high) in enumerate(
                zip(row.values, row.low or empty, row.high or empty, strict=True), 1
            )
        ],
        "mase": row.mase,
        "wape": row.wape,
        "days_known": row.days_known,
        "days_judged": row.days_judged,
        "days_inside": row.days_inside,
    }
