"""Rows of a page of results, as in the product list, in one query and without building models."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import get_language

from catalog.selectors import PRODUCT_PATH, Row, image_url
from core.money import amount_text
from core.shop import current_shop

ROWS = """
SELECT p.id, p.public_id, p.external_id, p.name, p.name_translations, p.description, p.description_translations,
    p.price,
    p.is_in_stock, p.updated_at, c.public_id, c.external_id, c.name, c.name_translations,
    b.public_id, b.external_id, b.name, b.name_translations,
    (SELECT i.file FROM catalog_productimage i WHERE i.product_id = p.id ORDER BY i.position, i.id LIMIT 1)
FROM catalog_product p
LEFT JOIN catalog_category c ON c.id = p.category_id
LEFT JOIN catalog_brand b ON b.id = p.brand_id
WHERE p.id = ANY(%s) AND p.status = 'live' AND p.deleted_at IS NULL
"""


def in_language(plain: str, translations: str | None, language: str) -> str:
    """`plain`, or what the JSON of its translations has in the language."""
    return (orjson.loads(translations).get(language) if translations else None) or plain


def product_rows(product_ids: Sequence[int]) -> dict[int, tuple[Row, str]]:
    """(row as `selectors.product_row` makes it, description) of those that may be shown now, by primary key."""
    if not product_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [list(product_ids)])
        found = cursor.fetchall()
    language, currency = get_language() or "", current_shop().base_currency

    def words(plain: str, translations: str | None) -> str:
        return in_language(plain, translations, language)

    def named(part: Sequence[Any]) -> Row | None:
        return {"id": part[0], "external_id": part[1], "name": words(part[2], part[3])} if part[0] else None

    return {
        one[0]: (
            {
                "id": one[1],
                "external_id": one[2],
                "name": words(one[3], one[4]),
                "price": amount_text(one[7]),
                "currency": currency,
                "in_stock": one[8],
                "category": named(one[10:14]),
                "brand": named(one[14:18]),
                "image": image_url(one[18]),
                "updated_at": one[9],
                "url": PRODUCT_PATH + one[1],
            },
            words(one[5], one[6]),
        )
        for one in found
    }
