"""Counts of a search in words: categories with those above them, brands, price bands, stock, tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import get_language

from catalog.models import Category
from catalog.search.kinds import kind_name
from catalog.search.questions import BANDS, Found
from catalog.search.rows import in_language
from core.money import amount_text

MOST_CATEGORIES = 60
MOST_BRANDS = 30
MOST_VALUES = 20
MOST_BANDS = 6
Row = dict[str, Any]


NAMES = """
SELECT n.path, n.depth, n.public_id, n.external_id, n.name, n.name_translations::text, sum(u.n)::bigint
FROM unnest(%(categories)s::bigint[], %(category_counts)s::bigint[]) u (id, n)
JOIN catalog_category c ON c.id = u.id
CROSS JOIN LATERAL generate_series(%(step)s, length(c.path), %(step)s) AS above (length)
JOIN catalog_category n ON n.path = left(c.path, above.length)
GROUP BY n.id
UNION ALL
SELECT '', 0, b.public_id, b.external_id, b.name, b.name_translations::text, u.n
FROM unnest(%(brands)s::bigint[], %(brand_counts)s::bigint[]) u (id, n) JOIN catalog_brand b ON b.id = u.id
"""
"""Categories with those above them, each with what lies below it, and brands (depth 0)."""
TAG_NAMES = """
SELECT u.kind, u.value, n.value_translations::text FROM unnest(%s::text[], %s::text[]) u (kind, value)
CROSS JOIN LATERAL (
    SELECT t.value_translations FROM catalog_producttag t
    WHERE t.kind = u.kind AND t.value = u.value AND t.value_translations <> '{}' ORDER BY t.id DESC LIMIT 1
) n
"""
"""By the index of tags that have translations: one look for each."""


def as_rows(found: Found) -> Row:
    """The facets of an answer: at most two queries, on primary keys and paths."""
    categories, brands = _named(found)
    return {
        "categories": categories,
        "brands": brands,
        "prices": bands(found.bands),
        "in_stock": {"yes": found.stock.get(True, 0), "no": found.stock.get(False, 0)},
        "tags": _tags(found.tags),
    }


def _named(found: Found) -> tuple[list[Row], list[Row]]:
    """Categories, departments first, then by count; the largest brands. One query without building models."""
    brands = dict(Counter(found.brands).most_common(MOST_BRANDS))
    if not found.categories and not brands:
        return [], []
    values: dict[str, Any] = {
        "categories": list(found.categories), "category_counts": list(found.categories.values()),
        "brands": list(brands), "brand_counts": list(brands.values()), "step": Category.steplen,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(NAMES, values)
        rows = cursor.fetchall()
    language = get_language() or ""
    named = [
        (path, {
            "id": public_id, "external_id": external_id, "name": in_language(name, others, language), "depth": depth,
            "count": count,
        })
        for path, depth, public_id, external_id, name, others, count in rows
    ]  # fmt: skip
    ids = {path: row["id"] for path, row in named if path}
    tree = sorted(((path, row) for path, row in named if path), key=lambda one: _tree_order(one[1]))
    categories = [{**row, "parent": ids.get(path[: -Category.steplen])} for path, row in tree[:MOST_CATEGORIES]]
    flat = [{name: row[name] for name in ("id", "external_id", "name", "count")} for path, row in named if not path]
    return categories, sorted(flat, key=lambda row: (-row["count"], row["name"]))


def _tree_order(row: Row) -> tuple[int, int, str]:
    return row["depth"], -row["count"], row["name"]


def bands(counted: Mapping[int, int]) -> list[Row]:
    """Price bands with round ends; neighbours with few products are put together until there are six at most."""
    rows = [[low, low + 1, counted[low]] for low in sorted(counted)]
    while len(rows) > MOST_BANDS:
        at = min(range(len(rows) - 1), key=lambda n: rows[n][2] + rows[n + 1][2])
        rows[at : at + 2] = [[rows[at][0], rows[at + 1][1], rows[at][2] + rows[at + 1][2]]]
    return [{"min": _edge(low - 1) or "0", "max": _edge(high - 1), "count": count} for low, high, count in rows]


def _edge(at: int) -> str | None:
    if not 0 <= at < len(BANDS):
        return None
    return amount_text(BANDS[at])


def tag_names(tags: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """The newest translations of each (kind, value) that has any: a tag given by hand may have none, and takes nothing
    away from the others. One query."""
    with connection.cursor() as cursor:
        cursor.execute(TAG_NAMES, [[kind for kind, _value in tags], [value for _kind, value in tags]])
        return {(kind, value): orjson.loads(others) for kind, value, others in cursor.fetchall()}


def _tags(counted: Mapping[tuple[str, str], int]) -> list[Row]:
    """Values by kind, the most common first; equally common ones by name, so that answers do not differ by chance."""
    if not counted:
        return []
    largest = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: MOST_VALUES * 4]
    words = tag_names([tag for tag, _count in largest])
    language = get_language() or ""
    kinds: dict[str, list[Row]] = {}
    for (kind, value), count in largest:
        name = words.get((kind, value), {}).get(language) or value
        kinds.setdefault(kind, []).append({"value": value, "name": name, "count": count})
    return [
        {"kind": kind, "name": kind_name(kind), "values": rows[:MOST_VALUES]} for kind, rows in sorted(kinds.items())
    ]
