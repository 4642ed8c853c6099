"""Products that a message asks about, from the shop's own search, in the order of whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.models import Customer, Product, Visitor
from catalog.search import answers, naming
from catalog.search.questions import Filters
from catalog.search.rows import product_rows
from crm.assistant.asking import LONGEST, asked_for

SHOWN = 3
LOOKED_AT = 12
"""Of what the search finds, to see which of it is what was asked for."""
FEW = 60
"""Words that fit more products than this do not say which product is meant."""
_FIELDS = ("id", "external_id", "name", "price", "currency", "in_stock", "image")


@dataclass(frozen=True)
class Shown:
    """`is_near`: none of them is what was asked for, these come near it."""

    rows: Sequence[dict[str, Any]] = field(default_factory=list)
    is_near: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows)


def asked_about(text: str, product: Product | None, *, customer: Customer | None, visitor: Visitor | None) -> Shown:
    """The product whose page somebody asks on, else what the search finds for what is asked for."""
    if product is not None:
        found = product_rows([product.pk]).get(product.pk)
        return Shown([_shown(found[0])]) if found is not None else Shown()
    shown = wanted(text, customer=customer, visitor=visitor)
    asked = asked_for(text)
    return shown or _found(asked or text, ("all", "some"), customer, visitor, is_asked_for=bool(asked))


def wanted(text: str, *, customer: Customer | None, visitor: Visitor | None) -> Shown:
    """The first of all that has what is asked for, where the message asks whether the shop has something and each of
    its words stands in the name, category, brand or tags of a product; else nothing."""
    words = asked_for(text)
    if not words:
        return Shown()
    found = answers.answer(
        answers.Question(
            text=words, limit=LOOKED_AT, with_facets=False, customer=customer, visitor=visitor, in_descriptions=False
        )
    )
    is_there = found.matched == "all" and found.corrected_to is None
    return _called(found) if is_there else Shown()


def of_its_kind(look: str, product: Product, *, customer: Customer | None, visitor: Visitor | None) -> Shown:
    """Products of the category of this one that have all of these words themselves: itself first, then the others.
    Nothing where there is none, so that the words are taken for something else."""
    if product.category_id is None:
        return Shown()
    found = answers.answer(
        answers.Question(
            text=look,
            filters=Filters(categories=[product.category_id]),
            limit=LOOKED_AT,
            with_facets=False,
            customer=customer,
            visitor=visitor,
            in_descriptions=False,
        )
    )
    if found.matched != "all" or found.corrected_to is not None:
        return Shown()
    called = naming.are_called(found.groups, [row["id"] for row in found.results])
    those = [row for row in found.results if row["id"] in called]
    those.sort(key=lambda row: row["id"] != product.public_id)  # the order of the search stays
    return Shown([_shown(row) for row in those[:SHOWN]])


def named(text: str, *, customer: Customer | None, visitor: Visitor | None) -> Shown:
    """What the words name, all of them; nothing where some of them fit no product, or stand in a description only."""
    return _found(text, ("all",), customer, visitor, in_descriptions=False, is_asked_for=True)


def _found(
    text: str,
    matched: Sequence[str],
    customer: Customer | None,
    visitor: Visitor | None,
    *,
    in_descriptions: bool = True,
    is_asked_for: bool = False,
) -> Shown:
    words = text.strip()
    if not words or len(words) > LONGEST:
        return Shown()
    found = answers.answer(
        answers.Question(
            text=words,
            limit=LOOKED_AT if is_asked_for else SHOWN,
            with_facets=False,
            customer=customer,
            visitor=visitor,
            in_descriptions=in_descriptions,
        )
    )
    if found.matched not in matched or not 0 < found.total <= FEW:
        return Shown()
    return _called(found) if is_asked_for else Shown([_shown(row) for row in found.results])


def _called(found: answers.Answer) -> Shown:
    """Those that are what was asked for; else the nearest."""
    called = naming.are_called(found.groups, [row["id"] for row in found.results])
    those = [row for row in found.results if row["id"] in called]
    return Shown([_shown(row) for row in (those or found.results)[:SHOWN]], is_near=not those)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _FIELDS}


def card(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a shelf shows, which may be sold now, as the chat shows it."""
    return {name: row.get(name) for name in _FIELDS if name != "in_stock"} | {"in_stock": True}
