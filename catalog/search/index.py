"""Upkeep: documents of changed products, the words of the shop, popularity.

Runs in jobs and commands. Whoever writes documents holds their rows before it writes and never waits for one: a row
that somebody else holds is noted again and comes with the next round. So this can block or be blocked by nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Max

from catalog.models import Category, Product, ProductTag, SearchChange, Variant
from catalog.search import documents, tokens
from catalog.search.parsing import STRONG

log = structlog.get_logger(__name__)
BATCH = 500
LOCK = 7_340_031
"""Advisory lock of whoever works on changes: one at a time is enough."""
HALF_LIFE_DAYS = 30
POPULARITY_DAYS = 180

TAKE = """
WITH oldest AS (
    SELECT DISTINCT product_id FROM (
        SELECT product_id FROM catalog_searchchange WHERE id <= %(newest)s ORDER BY id LIMIT %(batch)s
    ) o
), gone AS (
    DELETE FROM catalog_searchchange c USING oldest
    WHERE c.product_id = oldest.product_id AND c.id <= %(newest)s RETURNING c.product_id
)
SELECT DISTINCT product_id FROM gone
"""
HOLD = """
SELECT product_id FROM catalog_searchdocument WHERE product_id = ANY(%s) ORDER BY product_id FOR UPDATE SKIP LOCKED
"""
WRITE = """
UPDATE catalog_searchdocument d SET tokens = array_to_tsvector(string_to_array(n.tokens, ' ')), fields = n.fields,
    indexed_at = now()
FROM unnest(%s::bigint[], %s::text[], %s::text[]) n (product_id, tokens, fields)
WHERE d.product_id = n.product_id
    AND (d.indexed_at IS NULL OR d.fields <> n.fields OR d.tokens IS NULL)
"""
LEARN = """
INSERT INTO catalog_searchterm (term, token, is_word, is_han)
SELECT w.term, w.token, true, w.term ~ %s FROM unnest(%s::text[], %s::text[]) w (term, token)
WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm t WHERE t.term = w.term AND t.is_word)
ON CONFLICT (term) DO UPDATE SET is_word = true, token = EXCLUDED.token
"""


def refresh(*, most: int = 20_000, progress: Callable[[int], None] | None = None) -> int:
    """Bring up to date what changed. Number of documents looked at; 0 also when somebody else is at it.

    Stops after about `most` and does not look at what is noted meanwhile, so that a job ends; the rest comes next.
    """
    newest = SearchChange.objects.aggregate(newest=Max("id"))["newest"]
    done = 0
    while newest is not None and done < most:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return done
            cursor.execute(TAKE, {"newest": newest, "batch": BATCH})
            wanted = [row[0] for row in cursor.fetchall()]
            if not wanted:
                return done
            _write(wanted)
        done += len(wanted)
        if progress:
            progress(done)
    return done


def rebuild(progress: Callable[[int], None] | None = None) -> int:
    """Note every product, bring all up to date, count words and popularity."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_searchdocument (product_id, is_shown, is_in_stock, price, category_id, brand_id,"
            " published_at, popularity, fields) SELECT id, status = 'live' AND deleted_at IS NULL, is_in_stock, price,"
            " category_id, brand_id, published_at, 0, '' FROM catalog_product ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "DELETE FROM catalog_searchdocument d WHERE NOT EXISTS"
            " (SELECT 1 FROM catalog_product p WHERE p.id = d.product_id)"
        )
        cursor.execute(
            "INSERT INTO catalog_searchchange (product_id) SELECT p.id FROM catalog_product p WHERE NOT EXISTS"
            " (SELECT 1 FROM catalog_searchchange c WHERE c.product_id = p.id) ORDER BY p.id"
        )
        cursor.execute("SELECT count(*) FROM catalog_product")
        everything = cursor.fetchone()[0]
    done = refresh(most=everything + BATCH, progress=progress)
    tidy()
    return done


def tidy() -> dict[str, int]:
    """Count words, measure popularity, and let the planner know. Safe to run at any time."""
    found = {"terms": count_terms(), "popularity": measure_popularity()}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_searchdocument, catalog_searchterm, catalog_producttag")
    return found


def is_waiting() -> bool:
    """Whether a product changed since it was last looked at."""
    return SearchChange.objects.exists()


# --- documents ----------------------------------------------------------------------------------------------------


def _write(wanted: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [list(wanted)])
        held = [row[0] for row in cursor.fetchall()]
        busy = sorted(set(wanted) - set(held))
        if busy:
            cursor.execute(
                "INSERT INTO catalog_searchchange (product_id)"
                " SELECT d.product_id FROM catalog_searchdocument d WHERE d.product_id = ANY(%s)", [busy]
            )  # fmt: skip
        made = {pk: documents.make(source) for pk, source in sources(held).items()}
        if not made:
            return
        order = sorted(made)
        texts = [" ".join(sorted(made[pk].tokens)) for pk in order]
        cursor.execute(WRITE, [order, texts, [made[pk].as_text() for pk in order]])
        words = sorted({word for document in made.values() for word in document.words})
        cursor.execute(LEARN, [f"[{_HAN_FOR_POSTGRES}]", [w for w, _t in words], [t for _w, t in words]])


_HAN_FOR_POSTGRES = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff"


@dataclass(frozen=True)
class _Categories:
    """The tree in memory: names of a node and of those above it, nearest first."""

    names: dict[str, list[str]]

    @classmethod
    def read(cls) -> "_Categories":
        rows = Category.objects.values_list("path", "name", "name_translations")
        return cls({path: _in_all_languages(name, others) for path, name, others in rows})

    def of(self, path: str | None) -> list[str]:
        if not path:
            return []
        steps = [path[:end] for end in range(len(path), 0, -Category.steplen)]
        return [name for step in steps for name in self.names.get(step, ())]


def sources(product_ids: Iterable[int]) -> dict[int, documents.Source]:
    """The texts of these products, by primary key. Four queries."""
    wanted = list(product_ids)
    if not wanted:
        return {}
    codes = _variants(wanted)
    options: dict[int, list[str]] = defaultdict(list)
    tags: dict[int, list[str]] = defaultdict(list)
    for product_id, one in codes.pop("options", []):  # type: ignore[arg-type]
        options[product_id].extend(documents.texts_of(one))
    for product_id, value, others in ProductTag.objects.filter(product__in=wanted).values_list(
        "product_id", "value", "value_translations"
    ):
        tags[product_id] += _in_all_languages(value, others)
    tree = _Categories.read()
    rows = Product.objects.filter(pk__in=wanted).values_list(
        "pk", "external_id", "name", "name_translations", "description", "description_translations", "attributes",
        "category__path", "brand__name", "brand__name_translations",
    )  # fmt: skip
    return {
        pk: documents.Source(
            name=_in_all_languages(name, names),
            code=[*([own_id] if own_id else []), *codes.get(pk, [])],
            category=tree.of(path),
            brand=_in_all_languages(brand, brands) if brand else [],
            tags=tags[pk],
            attributes=documents.texts_of(attributes) + list(dict.fromkeys(options[pk])),
            description=_in_all_languages(text, texts),
        )
        for pk, own_id, name, names, text, texts, attributes, path, brand, brands in rows
    }


def _variants(wanted: Sequence[int]) -> dict[Any, Any]:
    codes: dict[Any, Any] = defaultdict(list)
    codes["options"] = []
    for product_id, sku, barcode, options, translations in Variant.objects.filter(product__in=wanted).values_list(
        "product_id", "sku", "barcode", "options", "options_translations"
    ):
        codes[product_id] += [code for code in (sku, barcode) if code]
        codes["options"] += [(product_id, one) for one in (options, *translations.values())]
    return codes


def _in_all_languages(text: str, others: dict[str, Any] | None) -> list[str]:
    return list(dict.fromkeys(t for t in (text, *(others or {}).values()) if isinstance(t, str) and t))


# --- words and popularity -----------------------------------------------------------------------------------------


def count_terms() -> int:
    """How many shown products hold each token; words that no product holds any more are forgotten."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK + 1])
        cursor.execute("DROP TABLE IF EXISTS pg_temp.counted")
        cursor.execute(
            "CREATE TEMPORARY TABLE counted ON COMMIT DROP AS SELECT ltrim(word, %(mark)s) AS word,"
            " max(ndoc) AS ndoc, coalesce(max(ndoc) FILTER (WHERE left(word, 1) = %(mark)s), 0) AS strong"
            " FROM ts_stat('SELECT tokens FROM catalog_searchdocument WHERE is_shown')"
            " WHERE length(word) <= %(longest)s GROUP BY 1",
            {"mark": STRONG, "longest": tokens.LONGEST_TOKEN},
        )
        cursor.execute("ANALYZE counted")
        cursor.execute(
            "UPDATE catalog_searchterm t SET products = c.ndoc, strong = c.strong FROM counted c"
            " WHERE c.word = t.token AND (t.products, t.strong) <> (c.ndoc, c.strong)"
        )
        cursor.execute(
            "INSERT INTO catalog_searchterm (term, token, is_word, is_han, products, strong)"
            " SELECT word, word, false, false, ndoc, strong FROM counted c"
            " WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm t WHERE t.term = c.word) ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "DELETE FROM catalog_searchterm t WHERE NOT EXISTS (SELECT 1 FROM counted c WHERE c.word = t.token)"
        )
        cursor.execute("SELECT count(*) FROM counted")
        return int(cursor.fetchone()[0])


POPULARITY = """
WITH acts AS (
    SELECT product_id, sum(
        CASE kind WHEN 'purchase' THEN 4 WHEN 'cart' THEN 3 WHEN 'favourite' THEN 2 WHEN 'view' THEN 1 ELSE 0 END
        * power(0.5, extract(epoch FROM clock_timestamp() - occurred_at) / 86400.0 / %(half)s)) AS w
    FROM catalog_interaction
    WHERE occurred_at BETWEEN now() - make_interval(days => %(days)s) AND clock_timestamp() AND product_id IS NOT NULL
    GROUP BY product_id
), scaled AS (
    SELECT product_id, ln(1 + w) / nullif((SELECT ln(1 + max(w)) FROM acts), 0) AS p FROM acts
)
SELECT d.product_id, coalesce(s.p, 0) FROM catalog_searchdocument d LEFT JOIN scaled s USING (product_id)
WHERE abs(d.popularity - coalesce(s.p, 0)) > 0.01 ORDER BY d.product_id
"""


def measure_popularity() -> int:
    """What people did lately, halved every 30 days, on a log scale from 0 to 1. Number of products that moved."""
    with connection.cursor() as cursor:
        cursor.execute(POPULARITY, {"half": HALF_LIFE_DAYS, "days": POPULARITY_DAYS})
        moved = cursor.fetchall()
    for at in range(0, len(moved), BATCH):
        part = dict(moved[at : at + BATCH])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HOLD, [list(part)])
            held = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "UPDATE catalog_searchdocument d SET popularity = n.p FROM unnest(%s::bigint[], %s::float8[]) n (id, p)"
                " WHERE d.product_id = n.id", [held, [part[pk] for pk in held]],
            )  # fmt: skip
    return len(moved)
