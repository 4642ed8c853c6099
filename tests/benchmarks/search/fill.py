"""Products of the demo world straight into an empty shop: `python -m tests.benchmarks.search.fill COUNT`."""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import django
import orjson
from django.db import connection

django.setup()

from catalog.demo.chance import Calendar  # noqa: E402
from catalog.demo.kinds import DEPARTMENTS, KINDS  # noqa: E402
from catalog.demo.products import each_product  # noqa: E402
from catalog.demo.sizes import SIZES  # noqa: E402
from catalog.demo.world import BRANDS  # noqa: E402
from catalog.models import Brand, Category  # noqa: E402
from catalog.search import index  # noqa: E402
from core.models import ShopProfile  # noqa: E402
from tests.benchmarks.search.tagged import tag  # noqa: E402

BATCH = 2_000


def fill(count: int) -> None:
    """`count` products with variants and tags, the categories and brands they need, and an index."""
    ShopProfile.objects.get_or_create(defaults={"name": "Bench", "base_currency": "CNY"})
    categories = {}
    for position, (key, (en, zh)) in enumerate(DEPARTMENTS.items()):
        categories[key] = Category.objects.add_root(
            {"external_id": key, "name": en, "name_translations": {"en": en, "zh-hans": zh}, "position": position}
        )
    for key, kind in KINDS.items():
        parent = Category.objects.get(external_id=kind.parent)
        names = {"en": kind.en, "zh-hans": kind.zh}
        fields = {"external_id": key, "name": kind.en, "name_translations": names, "position": len(categories)}
        categories[key] = Category.objects.add_child(parent, fields)
    brands = {
        brand.name: Brand.objects.create(name=brand.name, name_translations={"en": brand.name, "zh-hans": brand.zh}).pk
        for brand in BRANDS
    }
    keys = dict(Category.objects.values_list("external_id", "pk"))
    calendar = Calendar.build(date(2026, 6, 1), 18)
    size = replace(SIZES["large"] if count > 5_000 else SIZES["medium"], products=count)
    rows: list[tuple[Any, ...]] = []
    for product in each_product(1, size, calendar):
        rows.append(
            (
                product.id, product.name_en, orjson.dumps({"en": product.name_en, "zh-hans": product.name_zh}).decode(),
                product.description_en,
                orjson.dumps({"en": product.description_en, "zh-hans": product.description_zh}).decode(),
                keys[product.kind], brands[product.brand.name], product.price / 100, product.status,
                orjson.dumps(product.attributes).decode(), datetime.fromtimestamp(product.created_at, UTC),
                [variant.sku for variant in product.variants], [variant.stock for variant in product.variants],
            )
        )  # fmt: skip
        if len(rows) == BATCH:
            _write(rows)
            rows = []
    _write(rows)
    tag()
    index.rebuild()


def _write(rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = list(zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_product (external_id, name, name_translations, description, description_translations,"
            " category_id, brand_id, price, status, attributes, published_at, created_at, updated_at)"
            " SELECT a, b, c::jsonb, d, e::jsonb, f, g, h, i, j::jsonb, k, now(), now() FROM unnest(%s::text[],"
            " %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::numeric[], %s::text[],"
            " %s::text[], %s::timestamptz[]) x (a, b, c, d, e, f, g, h, i, j, k)",
            [list(column) for column in columns[:11]],
        )
        variants = [(row[0], sku, stock) for row in rows for sku, stock in zip(row[11], row[12], strict=True)]
        cursor.execute(
            "INSERT INTO catalog_variant (product_id, sku, stock, created_at, updated_at) SELECT p.id, s, n, now(),"
            " now() FROM unnest(%s::text[], %s::text[], %s::int[]) x (own, s, n)"
            " JOIN catalog_product p ON p.external_id = x.own",
            [list(column) for column in zip(*variants, strict=True)],
        )


if __name__ == "__main__":
    fill(int(sys.argv[1]))
