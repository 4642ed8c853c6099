"""Products that a message asks about, from the shop's own search, in the order of whoever asks."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.models import Customer, Product, Visitor
from catalog.search import answers
from catalog.search.rows import product_rows
from crm.assistant.asking import LONGEST, asked_for

SHOWN = 3
FEW = 60
"""Words that fit more products than this do not say which product is meant."""
_FIELDS = ("id", "external_id", "name", "price", "currency", "in_stock", "image")


def asked_about(
    text: str, product: Product | None, *, customer: Customer | None, visitor: Visitor | None
) -> list[dict[str, Any]]:
    """The product whose page somebody asks on, else what the search finds for what is asked for."""
    if product is not None:
        found = product_rows([product.pk]).get(product.pk)
        return [_shown(found[0])] if found is not None else []
    shown = wanted(text, customer=customer, visitor=visitor)
    return shown or _found(asked_for(text) or text, ("all", "some"), customer, visitor)


def wanted(text: str, *, customer: Customer | None, visitor: Visitor | None) -> list[dict[str, Any]]:
    """The first of all that has what is asked for, where the message asks whether the shop has something and each of
    its words stands in the name, category, brand or tags of a product; else nothing."""
    words = asked_for(text)
    if not words:
        return []
    found = answers.answer(
        answers.Question(
            text=words, limit=SHOWN, with_facets=False, customer=customer, visitor=visitor, in_descriptions=False
        )
    )
    is_there = found.matched == "all" and found.corrected_to is None
    return [_shown(row) for row in found.results] if is_there else []


def named(text: str, *, customer: Customer | None, visitor: Visitor | None) -> list[dict[str, Any]]:
    """What the words name, all of them; nothing where some of them fit no product, or stand in a description only."""
    return _found(text, ("all",), customer, visitor, in_descriptions=False)


def _found(
    text: str,
    matched: Sequence[str],
    customer: Customer | None,
    visitor: Visitor | None,
    *,
    in_descriptions: bool = True,
) -> list[dict[str, Any]]:
    words = text.strip()
    if not words or len(words) > LONGEST:
        return []
    found = answers.answer(
        answers.Question(
            text=words,
            limit=SHOWN,
            with_facets=False,
            customer=customer,
            visitor=visitor,
            in_descriptions=in_descriptions,
        )
    )
    if found.matched not in matched or not 0 < found.total <= FEW:
        return []
    return [_shown(row) for row in found.results]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _FIELDS}


def card(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a shelf shows, which may be sold now, as the chat shows it."""
    return {name: row.get(name) for name in _FIELDS if name != "in_stock"} | {"in_stock": True}
