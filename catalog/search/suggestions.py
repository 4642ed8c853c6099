"""What somebody who is still typing may mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from catalog.models import Brand, Category, Product
from catalog.models.base import TranslatedValues
from catalog.search import parsing, tokens, vocabulary
from catalog.selectors import product_cards

SHORTEST = 2
"""Latin letters before products are looked for; one Chinese character is enough."""
MOST_TYPED = 100
PRODUCTS = """
SELECT d.product_id FROM catalog_searchdocument d
WHERE d.is_shown AND d.is_in_stock AND d.tokens @@ %s::tsquery ORDER BY d.popularity DESC, d.product_id DESC LIMIT %s
"""


@dataclass(frozen=True)
class Suggestions:
    queries: list[str]
    categories: list[dict[str, Any]]
    brands: list[dict[str, Any]]
    products: list[dict[str, Any]]


def suggest(typed: str, *, limit: int = 6) -> Suggestions:
    """Completed words, categories, brands and products in stock. Empty for what cannot be looked for."""
    normal = tokens.normalise(typed[:MOST_TYPED]).lstrip()
    stretches = list(tokens.runs(normal))
    if not stretches:
        return Suggestions([], [], [], [])
    last = stretches[-1]
    is_open = last.start + len(last.text) == len(normal)
    return Suggestions(
        _queries(normal, last, limit) if is_open else [],
        _named(Category.objects.all(), normal, limit=3),
        _named(Brand.objects.all(), normal, limit=3),
        _products(normal, last, is_open=is_open, limit=min(limit, 5)),
    )


def _queries(normal: str, last: tokens.Run, limit: int) -> list[str]:
    head, begun = normal[: last.start], last.text
    if last.kind == "han" and len(begun) > 1:
        pieces = tokens.cut(begun)
        if len(pieces) > 1:
            head, begun = head + "".join(pieces[:-1]), pieces[-1]
    if last.kind == "word":
        parts = tokens.PARTS.findall(begun)
        head, begun = (head + begun[: -len(parts[-1])], parts[-1]) if parts else (head, begun)
    return [head + word for word, _products in vocabulary.words_beginning(begun, limit=limit)]


def _named(rows: QuerySet[Any], normal: str, *, limit: int) -> list[dict[str, Any]]:
    """Things whose name in some language begins with what is typed, or holds it."""
    named = rows.annotate(names=TranslatedValues("name_translations"))
    held = named.filter(Q(name__icontains=normal) | Q(names__icontains=normal))
    found = list(held.only("name", "name_translations", "public_id").order_by("pk")[:200])
    found.sort(key=lambda one: not any(n.lower().startswith(normal) for n in _names(one)))
    return [{"id": one.public_id, "name": one.localised("name")} for one in found[:limit]]


def _names(one: Any) -> Sequence[str]:
    return [one.name, *(str(name) for name in (one.name_translations or {}).values())]


def _products(normal: str, last: tokens.Run, *, is_open: bool, limit: int) -> list[dict[str, Any]]:
    groups = parsing.parse(normal, vocabulary.synonyms.get())
    parts = [group.as_tsquery(only_strong=True) for group in groups]
    if is_open and last.kind == "word" and parts:
        begun = tokens.PARTS.findall(last.text)
        if not begun or len(begun[-1]) < SHORTEST:
            return []
        parts[-1] = f"({parts[-1]} | {parsing.quoted(parsing.strong(begun[-1]))}:*)"
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(PRODUCTS, [" & ".join(parts), limit])
        order = [row[0] for row in cursor.fetchall()]
    shown = set(Product.objects.sellable().filter(pk__in=order).values_list("pk", flat=True))
    cards = product_cards(shown)
    return [
        {key: cards[pk][key] for key in ("id", "name", "price", "currency", "image", "url")}
        for pk in order
        if pk in cards
    ]
