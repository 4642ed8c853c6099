"""What one search asks for, and how it is found: in a web process from the columns it remembers, the tables being asked
for words alone; elsewhere by one statement for matches, counts and candidates. Both say the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import and_, itemgetter
from typing import Any

import numpy as np
from django.db import connection

from catalog.search import parsing
from catalog.search.columns import Columns, Flags
from catalog.search.documents import read_fields
from catalog.search.parsing import Group
from catalog.search.ranking import Candidate
from catalog.search.shown import holding, shown

WINDOW = 400
"""So many products at most can be paged through."""
RANKED = 200
"""So many of them are ranked by their texts; the others follow as the index orders them."""
SORTS = {
    "price": "price, product_id DESC",
    "-price": "price DESC, product_id DESC",
    "newest": "published_at DESC NULLS LAST, product_id DESC",
}
BANDS = [Decimal(step).scaleb(power) for power in range(-1, 8) for step in (1, 2, 5)]
"""Where price bands may begin: 0.1, 0.2, 0.5, 1, 2, 5 …, whatever the currency."""


@dataclass(frozen=True)
class Filters:
    """What narrows a search. Values of one kind are alternatives, kinds go together. Ids are primary keys."""

    categories: Sequence[int] | None = None
    brands: Sequence[int] | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    in_stock: bool | None = None
    tags: Sequence[tuple[str, str]] = ()


@dataclass
class Found:
    """What the statement brought. Counts are by primary key, by whether in stock, by band number and by tag."""

    candidates: list[Candidate] = field(default_factory=list)
    total: int = 0
    categories: dict[int, int] = field(default_factory=dict)
    brands: dict[int, int] = field(default_factory=dict)
    stock: dict[bool, int] = field(default_factory=dict)
    bands: dict[int, int] = field(default_factory=dict)
    tags: dict[tuple[str, str], int] = field(default_factory=dict)


STATEMENT = """
WITH found AS MATERIALIZED (
    SELECT d.product_id, d.category_id, d.brand_id, d.price, d.is_in_stock, d.popularity, d.published_at{flags}
    FROM catalog_searchdocument d WHERE d.is_shown {matches}
), best AS (
    SELECT h.product_id, h.popularity, h.is_in_stock, row_number() OVER () AS place FROM (
        SELECT f.* FROM found f {where} ORDER BY {order} LIMIT {window}
    ) h
)
SELECT 'hit' AS what, b.product_id AS id, CASE WHEN b.is_in_stock THEN 1 ELSE 0 END AS n, b.popularity AS x,
    b.place, {fields} AS word
FROM best b {with_fields}
UNION ALL SELECT 'total', 0, count(*), 0, 0, '' FROM found {where}
{facets}
"""
COUNT = "UNION ALL SELECT '{what}', {value}, count(*), 0, 0, '' FROM found {where} GROUP BY 2\n"
COUNTED = {
    "category": ("c", "category_id"),
    "brand": ("b", "brand_id"),
    "stock": ("s", "CASE WHEN is_in_stock THEN 1 ELSE 0 END"),
    "band": ("p", "width_bucket(price, %(bands)s::numeric[])"),
}
"""What is counted: the filter that it leaves out, and by what."""
TAGS = """
UNION ALL SELECT 'tag', 0, count(*), 0, 0, g.kind || chr(31) || g.value
    FROM found f JOIN catalog_producttag g ON g.product_id = f.product_id {where} GROUP BY g.kind, g.value
"""
# In an expression PostgreSQL reads the list once and keeps it as a hash table; as a join it may ask for each row.
STRONG_FIRST = """
(f.product_id IN (SELECT product_id FROM catalog_searchdocument WHERE tokens @@ %(strong)s::tsquery)) DESC
"""


def find(
    groups: Sequence[Group], filters: Filters, *, missing: int = 0, needed: Sequence[Group] = (),
    sort: str = "relevance", with_facets: bool = True,
) -> Found:  # fmt: skip
    """Everything that holds the groups (all but `missing`, each of the `needed`), narrowed and counted. One query; from
    the columns none without groups and two with them.

    Counts of one kind leave out the filter of that kind, so that a customer sees what choosing another would bring.
    Without groups: all shown products. By relevance the candidates are those that name the words outside their
    description, in stock, popular; the ranker orders them. By another sort they come in that order.
    """
    columns = shown.columns()
    if columns is not None:
        return _remembered(columns, groups, filters, missing=missing, needed=needed, sort=sort, with_facets=with_facets)
    by_relevance = sort == "relevance"
    values: dict[str, Any] = {"bands": BANDS}
    flags = _flags(filters, values)
    order = SORTS[sort] if not by_relevance else "f.is_in_stock DESC, f.popularity DESC, f.product_id DESC"
    if groups:
        values["query"] = parsing.tsquery(groups, missing=missing, needed=needed)
        if by_relevance:
            values["strong"] = parsing.tsquery(groups, missing=missing, needed=needed, only_strong=True)
            order = f"{STRONG_FIRST}, {order}"
    needs_fields = by_relevance and bool(groups)
    statement = STATEMENT.format(
        flags="".join(f", {condition} AS {name}" for name, condition in flags.items()),
        matches="AND d.tokens @@ %(query)s::tsquery" if groups else "",
        where=_where(flags),
        order=order,
        window=WINDOW,
        fields="coalesce(d.fields, '')" if needs_fields else "''",
        with_fields=f"LEFT JOIN catalog_searchdocument d ON d.product_id = b.product_id AND b.place <= {RANKED}"
        if needs_fields
        else "",
        facets=_facets(flags) if with_facets else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return _read(cursor.fetchall())


TEXTS = "SELECT product_id, fields FROM catalog_searchdocument WHERE product_id = ANY(%s)"


def _remembered(
    columns: Columns, groups: Sequence[Group], filters: Filters, *, missing: int, needed: Sequence[Group], sort: str,
    with_facets: bool,
) -> Found:  # fmt: skip
    by_relevance = sort == "relevance"
    held = strong = None
    if groups:
        query = parsing.tsquery(groups, missing=missing, needed=needed)
        named = parsing.tsquery(groups, missing=missing, needed=needed, only_strong=True) if by_relevance else None
        held, strong = holding(columns, query, named)
    fits = _fitting(columns, filters)

    def narrowed(but: str = "") -> Flags:
        masks = [mask for letter, mask in fits.items() if letter != but]
        return reduce(and_, masks, columns.everything if held is None else held)

    among = narrowed()
    best = columns.first(among, sort, WINDOW, before=strong)
    ids = columns.facts.products[best].tolist()
    texts = _texts(ids[:RANKED]) if by_relevance and groups else {}
    facts = zip(ids, columns.facts.popularity[best].tolist(), columns.facts.in_stock[best].tolist(), strict=True)
    found = Found(
        [Candidate(pk, read_fields(texts.get(pk, "")), popularity, is_there) for pk, popularity, is_there in facts],
        total=int(among.sum()),
    )
    if with_facets:
        found.categories = columns.categories(narrowed("c"))
        found.brands = columns.brands(narrowed("b"))
        found.stock = columns.stock(narrowed("s"))
        found.bands = columns.bands(narrowed("p"), BANDS)
        found.tags = columns.tags(narrowed("t"))
    return found


def _fitting(columns: Columns, filters: Filters) -> Mapping[str, Flags]:
    """What each filter that is set lets through, under the letter by which facets leave it out."""
    fits: dict[str, Flags] = {}
    if filters.categories is not None:
        fits["c"] = np.isin(columns.facts.category, filters.categories)
    if filters.brands is not None:
        fits["b"] = np.isin(columns.facts.brand, filters.brands)
    if filters.price_min is not None or filters.price_max is not None:
        fits["p"] = columns.between(filters.price_min, filters.price_max)
    if filters.in_stock is not None:
        fits["s"] = columns.facts.in_stock == filters.in_stock
    if filters.tags:
        fits["t"] = reduce(and_, (columns.having(kind, values) for kind, values in _by_kind(filters.tags).items()))
    return fits


def _texts(products: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(TEXTS, [products])
        return dict(cursor.fetchall())


ALLOWED = """
SELECT product_id FROM catalog_searchdocument d WHERE d.is_shown AND d.is_in_stock {among} {narrowed}
"""


def buyable(filters: Filters, among: Sequence[int] | None = None) -> list[int]:
    """Products (of those `among`) that customers may see and buy now and that the filters leave. One query."""
    values: dict[str, Any] = {"among": None if among is None else list(among)}
    flags = _flags(filters, values)
    statement = ALLOWED.format(
        among="" if among is None else "AND d.product_id = ANY(%(among)s)",
        narrowed="".join(f"AND ({condition}) " for condition in flags.values()),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _flags(filters: Filters, values: dict[str, Any]) -> dict[str, str]:
    """A condition for each filter that is set, under the letter by which facets leave it out."""
    flags: dict[str, str] = {}
    if filters.categories is not None:
        flags["c"] = "coalesce(d.category_id = ANY(%(categories)s), false)"
        values["categories"] = list(filters.categories)
    if filters.brands is not None:
        flags["b"] = "coalesce(d.brand_id = ANY(%(brands)s), false)"
        values["brands"] = list(filters.brands)
    if filters.price_min is not None or filters.price_max is not None:
        values |= {"low": filters.price_min, "high": filters.price_max}
        flags["p"] = "d.price >= coalesce(%(low)s, 0::numeric) AND d.price <= coalesce(%(high)s, 'infinity'::numeric)"
    if filters.in_stock is not None:
        flags["s"] = "d.is_in_stock" if filters.in_stock else "NOT d.is_in_stock"
    if filters.tags:
        flags["t"] = _tagged(filters.tags, values)
    return flags


def _where(flags: Collection[str], but: str = "") -> str:
    names = [name for name in flags if name != but]
    return f"WHERE {' AND '.join(names)}" if names else ""


def _facets(flags: Collection[str]) -> str:
    counts = [
        COUNT.format(what=what, value=value, where=_where(flags, letter)) for what, (letter, value) in COUNTED.items()
    ]
    return "".join(counts) + TAGS.format(where=_where(flags, "t"))


def _tagged(tags: Sequence[tuple[str, str]], values: dict[str, Any]) -> str:
    conditions = []
    for number, (kind, wanted) in enumerate(sorted(_by_kind(tags).items())):
        values |= {f"kind{number}": kind, f"values{number}": wanted}
        conditions.append(
            "EXISTS (SELECT 1 FROM catalog_producttag g WHERE g.product_id = d.product_id"  # noqa: S608
            f" AND g.kind = %(kind{number})s AND g.value = ANY(%(values{number})s))"
        )
    return " AND ".join(conditions)


def _by_kind(tags: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for kind, value in tags:
        kinds.setdefault(kind, []).append(value)
    return kinds


def _read(rows: Sequence[tuple[Any, ...]]) -> Found:
    found = Found()
    places: list[int] = []
    for what, ident, number, popularity, place, word in rows:
        match what:
            case "hit":
                found.candidates.append(Candidate(ident, read_fields(word), float(popularity), bool(number)))
                places.append(place)
            case "total":
                found.total = number
            case "category" if ident is not None:
                found.categories[ident] = number
            case "brand" if ident is not None:
                found.brands[ident] = number
            case "stock":
                found.stock[bool(ident)] = number
            case "band":
                found.bands[ident] = number
            case "tag":
                kind, _separator, value = word.partition("\x1f")
                found.tags[kind, value] = number
    found.candidates = [one for _place, one in sorted(zip(places, found.candidates, strict=True), key=itemgetter(0))]
    return found
