"""Search and suggestions for storefronts."""

import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.callers import customer_asked_for
from catalog.api.search_serializers import (
    SearchAnswerSerializer,
    SearchFilterSerializer,
    SearchQuerySerializer,
    SuggestionQuerySerializer,
    SuggestionsSerializer,
)
from catalog.api.views import existing
from catalog.bots import is_bot
from catalog.models import Brand, Category, Visitor
from catalog.search import answers, ids, log, suggestions, trials
from catalog.search.questions import WINDOW, Filters
from core.api.ids import primary_keys
from core.api.permissions import HasScope
from core.api.principals import KeyAuth
from core.api.questions import checked
from core.api.views import ApiView
from core.metrics import count
from core.models import Scope


class SearchView(ApiView):
    """Products for words in Chinese or English, the best answers first."""

    permission_classes = [HasScope(Scope.SEARCH)]

    @extend_schema(
        operation_id="search",
        summary="Search products",
        description=(
            "Looks in names, categories, brands, tags, attributes, codes and descriptions in all languages of the "
            "shop; knows synonyms, other forms of words, traditional characters and, when nothing is found, "
            "slips of the finger. Only live products are found. At most 400 can be paged through."
        ),
        parameters=[SearchFilterSerializer],
        responses={200: SearchAnswerSerializer},
        tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        query = checked(SearchQuerySerializer, request.query_params)
        customer = customer_asked_for(request, query.get("customer"))
        visitor = Visitor.objects.filter(key=query["visitor"]).first() if "visitor" in query else None
        subject = None
        if query["sort"] == "relevance":
            subject = trials.subject_of(customer=customer, visitor=visitor, visitor_key=query.get("visitor"))
        arms = trials.placed_in_search(subject)
        question = answers.Question(
            text=query["q"],
            filters=filters_of(query),
            sort=query["sort"],
            offset=query["offset"],
            limit=query["limit"],
            with_facets=query["facets"],
            customer=customer,
            visitor=visitor,
            in_personal_order=arms.is_personal,
            counts_tags=arms.counts_tags,
        )
        answer = answers.answer(question)
        trials.note_shown(arms, subject, has_tags=answer.has_tags)
        placed = arms.told
        count("searches", matched=answer.matched)
        key = uuid.uuid4()
        if not question.offset and not _is_bot(request):
            log.note(_as_noted(key, query, question, answer))
        end = question.offset + question.limit
        return Response(
            {
                "id": ids.make(key),
                "query": query["q"],
                "total": answer.total,
                "matched": answer.matched,
                "did_you_mean": answer.corrected_to if answer.total else None,
                "personalised": answer.is_personal,
                "experiment": placed.experiment if placed else None,
                "arm": placed.arm if placed else None,
                "results": answer.results,
                "also": answer.also,
                "facets": answer.facets,
                "next_offset": end if answer.has_more and end < WINDOW else None,
            }
        )


def _is_bot(request: Request) -> bool:
    """As with events: what servers ask is asked for people."""
    is_server = isinstance(request.auth, KeyAuth) and request.auth.is_server
    return not is_server and is_bot(request.META.get("HTTP_USER_AGENT", ""))


def filters_of(query: dict[str, Any]) -> Filters:
    """What NarrowingSerializer let through, by primary keys. Raises ValidationError for what does not exist."""
    category = existing(Category, "category", query.get("category"))
    brands = primary_keys(Brand.objects.all(), query["brand"]) if query.get("brand") else None
    return Filters(
        categories=None if category is None else _branch(category),
        brands=None if brands is None else list(brands.values()),
        price_min=query.get("price_min"),
        price_max=query.get("price_max"),
        in_stock=query.get("in_stock"),
        tags=query.get("tag", ()),
    )


def _as_noted(
    key: uuid.UUID, query: dict[str, Any], question: answers.Question, answer: answers.Answer
) -> log.Searched:
    """What the log keeps; nothing of people who do not want to be followed."""
    visitor, customer = question.visitor, question.customer
    names = ("category", "brand", "price_min", "price_max", "in_stock", "tag")
    return log.Searched(
        key=key.hex,
        text=query["q"][: log.LONGEST_TEXT],
        language=get_language() or "",
        results=answer.total,
        matched=answer.matched,
        searched_at=timezone.now().isoformat(),
        filters={
            **{name: str(query[name]) for name in names if query.get(name) not in (None, "", [])},
            **({"sort": query["sort"]} if query["sort"] != "relevance" else {}),
        },
        visitor=query.get("visitor", "") if visitor is None or visitor.may_track else "",
        customer_id=customer.pk if customer is not None and customer.is_personalised else None,
    )


def _branch(category: Category) -> list[int]:
    return list(Category.objects.filter(path__startswith=category.path).values_list("pk", flat=True))


class SuggestionsView(ApiView):
    """While somebody types."""

    permission_classes = [HasScope(Scope.SEARCH)]

    @extend_schema(
        operation_id="search_suggestions",
        summary="Suggest queries, categories, brands and products",
        parameters=[SuggestionQuerySerializer],
        responses={200: SuggestionsSerializer},
        tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        query = checked(SuggestionQuerySerializer, request.query_params)
        found = suggestions.suggest(query["q"], limit=query["limit"])
        return Response(
            {
                "queries": found.queries,
                "categories": found.categories,
                "brands": found.brands,
                "products": found.products,
            }
        )
