"""Recommendations for storefronts."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.callers import customer_asked_for, device_of_call
from catalog.api.views import existing
from catalog.models import Category, Product
from core.api import ids
from core.api.permissions import HasScope
from core.api.principals import KeyAuth
from core.api.quick import QuickView, Unusual
from core.api.schema import problems
from core.api.views import ApiView
from core.exceptions import NotFound
from core.faults import fault_of
from core.metrics import count
from core.models import Scope
from recommender import selectors, trials, wishes
from recommender.api.serializers import (
    MAX_ITEMS,
    PLACEMENT,
    RecommendationQuerySerializer,
    RecommendationsSerializer,
    SimilarQuerySerializer,
    answer_as_json,
)
from recommender.choices import SIMILAR_BESIDE, TOGETHER_BESIDE
from recommender.models import Placement
from recommender.wishes import Wish

PLAIN_VISITOR = re.compile(r"[!-~]{1,64}")
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


class RecommendationsView(QuickView):
    """What this person may like right now; their last events count in this very answer."""

    permission_classes = [HasScope(Scope.RECOMMENDATIONS)]

    @extend_schema(
        operation_id="recommendations_list",
        summary="Recommend products, with reasons",
        parameters=[RecommendationQuerySerializer],
        responses={200: RecommendationsSerializer, **problems(404)},
        tags=["recommendations"],
    )
    def get(self, request: Request) -> Response:
        query = _checked(RecommendationQuerySerializer, request)
        try:
            answer = self._answer(request, query)
        except (DatabaseError, InterfaceError) as error:
            if "category" in query:  # which products lie in it stands in the database
                raise
            answer = _from_memory(error, query, placement=query["placement"], page=query.get("product"))
        return Response(answer_as_json(_counted(answer)))

    def quick_question(self, request: HttpRequest, caller: KeyAuth, **kwargs: Any) -> dict[str, Any]:
        """A browser or nobody, without basket, page and customer."""
        asked = request.GET.dict()
        visitor, placement, limit = asked.pop("visitor", None), asked.pop("placement", "home"), asked.pop("limit", None)
        language = asked.pop("lang", None)
        if (
            asked
            or (visitor is not None and not PLAIN_VISITOR.fullmatch(visitor))
            or not re.fullmatch(PLACEMENT, placement)
            or (limit is not None and not _is_limit(limit))
            or (language is not None and language not in LANGUAGES)
            or wishes.wish(placement) is None
        ):
            raise Unusual
        return {
            "visitor": visitor or "", "placement": placement, "limit": limit and int(limit), "lang": language,
            "device": device_of_call(request, caller),
        }  # fmt: skip

    def quick_answer(self, question: dict[str, Any]) -> dict[str, Any]:
        who = selectors.person(visitor=question["visitor"])
        return answer_as_json(_counted(_recommended(question, who)))

    @staticmethod
    def _answer(request: Request, query: dict[str, Any]) -> selectors.Answer:
        named = [*query.get("basket", []), *query.get("exclude", [])]
        if "product" in query:
            named.append(query["product"])
        keys = ids.primary_keys(Product.objects.existing(), named) if named else {}
        customer = customer_asked_for(request, query.get("customer"))
        who = selectors.person(customer=customer, visitor=query.get("visitor", ""))
        return _recommended(
            {"device": device_of_call(request, request.auth), **query},
            who,
            page_product_id=keys.get(query.get("product", "")),
            basket=[keys[i] for i in query.get("basket", []) if i in keys],
            exclude=[keys[i] for i in query.get("exclude", []) if i in keys],
        )


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_ITEMS


def _known_placement(key: str) -> Wish:
    """What staff want there. Raises NotFound for a placement that does not exist or is off."""
    found = wishes.wish(key)
    if found is None:
        raise NotFound(_("No placement has this key, or it is switched off."), code="unknown_placement")
    return found


def _recommended(query: dict[str, Any], who: selectors.Person, **more: Any) -> selectors.Answer:
    wish = _known_placement(query["placement"])
    if category := existing(Category, "category", query.get("category")):
        wish = wishes.within(wish, category)
    subject = trials.subject_of(customer=who.customer, browser=who.browser)
    placed = trials.placed_at(query["placement"], subject, strategy=wish.strategy)
    answer = selectors.recommend(
        placement=query["placement"], who=who, limit=query.get("limit"), language=query.get("lang"), placed=placed,
        wish=wish, device=query["device"], **more,
    )  # fmt: skip
    trials.note_shown(placed, subject, strategy=wish.strategy)
    return answer


def _counted(answer: selectors.Answer) -> selectors.Answer:
    count("recommendations", source=answer.source)
    return answer


class BesideView(ApiView):
    """Products for a product page. A model makes them, so people of the holdout get the control."""

    permission_classes = [HasScope(Scope.RECOMMENDATIONS)]
    chosen: Callable[..., selectors.Answer]
    key: str
    """Under which the list is counted."""

    def answered(self, request: Request, product_id: str) -> Response:
        query = _checked(SimilarQuerySerializer, request)
        try:
            product = ids.get(Product.objects.live(), product_id)
            excluded = ids.primary_keys(Product.objects.existing(), query.get("exclude", []))
            customer = customer_asked_for(request, query.get("customer"))
            who = selectors.person(customer=customer, visitor=query.get("visitor", ""))
            subject = trials.subject_of(customer=who.customer, browser=who.browser)
            placed = trials.placed_at(self.key, subject)
            answer = type(self).chosen(
                product=product, limit=query["limit"], exclude=list(excluded.values()), language=query.get("lang"),
                who=who, placed=placed,
            )  # fmt: skip
            trials.note_shown(placed, subject, strategy=Placement.Strategy.SIMILAR)
        except (DatabaseError, InterfaceError) as error:
            answer = _from_memory(error, query, placement=self.key, page=product_id)
        return Response(answer_as_json(_counted(answer)))


class SimilarProductsView(BesideView):
    """What the same people choose."""

    chosen = staticmethod(selectors.similar)
    key = SIMILAR_BESIDE

    @extend_schema(
        operation_id="products_similar",
        summary="Similar products, for a product page",
        parameters=[SimilarQuerySerializer],
        responses={200: RecommendationsSerializer},
        tags=["recommendations"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        return self.answered(request, product_id)


class BoughtTogetherView(BesideView):
    """What lies in the same orders."""

    chosen = staticmethod(selectors.bought_together)
    key = TOGETHER_BESIDE

    @extend_schema(
        operation_id="products_bought_together",
        summary="Products bought together with this one",
        parameters=[SimilarQuerySerializer],
        responses={200: RecommendationsSerializer},
        tags=["recommendations"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        return self.answered(request, product_id)


def _from_memory(error: Exception, query: dict[str, Any], *, placement: str, page: str | None) -> selectors.Answer:
    """While the database is away. Raises the error when it is of another kind, or nothing is remembered."""
    fault = fault_of(error)
    answer = selectors.from_memory(
        placement=placement, page=page, basket=query.get("basket", []), exclude=query.get("exclude", []),
        limit=query.get("limit"), language=query.get("lang"),
    ) if fault is not None and fault.status == 503 else None  # fmt: skip
    if answer is None:
        raise error
    return answer


def _checked(serializer: type[SimilarQuerySerializer], request: Request) -> dict[str, Any]:
    form = serializer(data=request.query_params)
    form.is_valid(raise_exception=True)
    return form.validated_data
