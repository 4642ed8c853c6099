"""Counts of a search in words: categories with those above them, brands, price bands, stock, tags."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from catalog.models import Brand, Category, ProductTag
from catalog.search.questions import BANDS, Found
from core.money import amount_text

MOST_CATEGORIES = 60
MOST_BRANDS = 30
MOST_VALUES = 20
MOST_BANDS = 6
Row = dict[str, Any]


def as_rows(found: Found) -> Row:
    """The facets of an answer: at most three queries, on primary keys."""
    return {
        "categories": _categories(found.categories),
        "brands": _brands(found.brands),
        "prices": bands(found.bands),
        "in_stock": {"yes": found.stock.get(True, 0), "no": found.stock.get(False, 0)},
        "tags": _tags(found.tags),
    }


def _categories(counted: Mapping[int, int]) -> list[Row]:
    """Each category with what lies below it; departments first, then by count."""
    if not counted:
        return []
    paths = dict(Category.objects.filter(pk__in=list(counted)).values_list("pk", "path"))
    below: Counter[str] = Counter()
    for pk, path in paths.items():
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            below[path[:end]] += counted[pk]
    nodes = Category.objects.filter(path__in=list(below)).only(
        "path", "depth", "name", "name_translations", "public_id", "external_id"
    )
    rows = [
        {
            "id": node.public_id, "external_id": node.external_id, "name": node.localised("name"),
            "depth": node.depth, "count": below[node.path], "path": node.path,
        }
        for node in nodes
    ]  # fmt: skip
    parents = {row["path"]: row["id"] for row in rows}
    rows.sort(key=lambda row: (row["depth"], -row["count"], row["name"]))
    for row in rows:
        row["parent"] = parents.get(row.pop("path")[: -Category.steplen])
    return rows[:MOST_CATEGORIES]


def _brands(counted: Mapping[int, int]) -> list[Row]:
    largest = dict(Counter(counted).most_common(MOST_BRANDS))
    brands = Brand.objects.filter(pk__in=list(largest)).only("name", "name_translations", "public_id", "external_id")
    rows = [
        {
            "id": brand.public_id, "external_id": brand.external_id, "name": brand.localised("name"),
            "count": largest[brand.pk],
        }
        for brand in brands
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["count"], row["name"]))


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


def _tags(counted: Mapping[tuple[str, str], int]) -> list[Row]:
    """Values by kind, the most common first; equally common ones by name, so that answers do not differ by chance."""
    if not counted:
        return []
    largest = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: MOST_VALUES * 4]
    words: dict[tuple[str, str], dict[str, str]] = {}
    values = {value for (_kind, value), _count in largest}
    for kind, value, others in (
        ProductTag.objects.filter(value__in=values).order_by("kind", "value").distinct("kind", "value")
        .values_list("kind", "value", "value_translations")
    ):  # fmt: skip
        words[kind, value] = others or {}
    language = get_language() or ""
    kinds: dict[str, list[Row]] = {}
    for (kind, value), count in largest:
        name = words.get((kind, value), {}).get(language) or value
        kinds.setdefault(kind, []).append({"value": value, "name": name, "count": count})
    return [{"kind": kind, "values": rows[:MOST_VALUES]} for kind, rows in sorted(kinds.items())]
