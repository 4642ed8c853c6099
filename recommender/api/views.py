"""Recommendations for storefronts."""

from typing import Any

from django.db import DatabaseError, InterfaceError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.callers import customer_asked_for
from catalog.models import Product, Visitor
from core.api import ids
from core.api.permissions import HasScope
from core.api.views import ApiView
from core.experiments import expose
from core.faults import fault_of
from core.metrics import count
from core.models import Scope
from recommender import selectors, trials
from recommender.api.serializers import (
    RecommendationQuerySerializer,
    RecommendationsSerializer,
    SimilarQuerySerializer,
    answer_as_json,
)


class RecommendationsView(ApiView):
    """What this person may like right now; their last events count in this very answer."""

    permission_classes = [HasScope(Scope.RECOMMENDATIONS)]

    @extend_schema(
        operation_id="recommendations_list",
        summary="Recommend products, with reasons",
        parameters=[RecommendationQuerySerializer],
        responses={200: RecommendationsSerializer},
        tags=["recommendations"],
    )
    def get(self, request: Request) -> Response:
        query = _checked(RecommendationQuerySerializer, request)
        try:
            answer = self._answer(request, query)
        except (DatabaseError, InterfaceError) as error:
            answer = _from_memory(error, query, placement=query["placement"], page=query.get("product"))
        count("recommendations", source=answer.source)
        return Response(answer_as_json(answer))

    @staticmethod
    def _answer(request: Request, query: dict[str, Any]) -> selectors.Answer:
        named = [*query.get("basket", []), *query.get("exclude", [])]
        if "product" in query:
            named.append(query["product"])
        keys = ids.primary_keys(Product.objects.existing(), named) if named else {}
        customer = customer_asked_for(request, query.get("customer"))
        visitor = Visitor.objects.filter(key=query["visitor"]).first() if "visitor" in query else None
        placed = trials.placed_at(
            query["placement"], customer=customer, visitor=visitor, visitor_key=query.get("visitor")
        )
        answer = selectors.recommend(
            placement=query["placement"],
            customer=customer,
            # One that was first seen a moment ago has no row yet: its acts are on their way into the table.
            visitor=visitor or (Visitor(key=query["visitor"]) if "visitor" in query else None),
            page_product_id=keys.get(query.get("product", "")),
            basket=[keys[i] for i in query.get("basket", []) if i in keys],
            exclude=[keys[i] for i in query.get("exclude", []) if i in keys],
            limit=query["limit"],
            language=query.get("lang"),
            placed=placed,
        )
        if placed is not None:
            expose(placed)
        return answer


class SimilarProductsView(ApiView):
    """What the same people choose."""

    permission_classes = [HasScope(Scope.RECOMMENDATIONS)]

    @extend_schema(
        operation_id="products_similar",
        summary="Similar products, for a product page",
        parameters=[SimilarQuerySerializer],
        responses={200: RecommendationsSerializer},
        tags=["recommendations"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        query = _checked(SimilarQuerySerializer, request)
        try:
            product = ids.get(Product.objects.live(), product_id)
            excluded = ids.primary_keys(Product.objects.existing(), query.get("exclude", []))
            answer = selectors.similar(
                product=product, limit=query["limit"], exclude=list(excluded.values()), language=query.get("lang")
            )
        except (DatabaseError, InterfaceError) as error:
            answer = _from_memory(error, query, placement="product", page=product_id)
        count("recommendations", source=answer.source)
        return Response(answer_as_json(answer))


def _from_memory(error: Exception, query: dict[str, Any], *, placement: str, page: str | None) -> selectors.Answer:
    """While the database is away. Raises the error when it is of another kind, or nothing is remembered."""
    fault = fault_of(error)
    answer = selectors.from_memory(
        placement=placement, page=page, basket=query.get("basket", []), exclude=query.get("exclude", []),
        limit=query["limit"], language=query.get("lang"),
    ) if fault is not None and fault.status == 503 else None  # fmt: skip
    if answer is None:
        raise error
    return answer


def _checked(serializer: type[SimilarQuerySerializer], request: Request) -> dict[str, Any]:
    form = serializer(data=request.query_params)
    form.is_valid(raise_exception=True)
    return form.validated_data
