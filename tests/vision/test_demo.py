"""What the demo shop says of its own products."""

from dataclasses import replace
from datetime import date

import pytest

from catalog.demo.shop import make_shop
from catalog.demo.world import PATTERNS
from tests.catalog.demo.conftest import TINY
from vision import demo
from vision.models import Label


@pytest.mark.django_db
def test_half_of_the_products_say_their_pattern_and_material_in_words_that_labels_have():
    shop = make_shop(seed=1, size=replace(TINY, products=200), until=date(2026, 9, 1))

    ((name, head, rows),) = demo.files(shop)
    told = list(rows)

    assert (name, head) == ("tags", ("product", "kind", "value"))
    assert told == list(demo.files(shop)[0][2])
    share = len({product for product, _kind, _value in told}) / len(shop.products)
    assert 0.4 < share < 0.6
    known = set(Label.objects.values_list("label_set__key", "key"))
    assert {(kind, value) for _product, kind, value in told} <= known
    assert set(demo.PATTERNS) == set(PATTERNS)
    patterns = {product.id: demo.PATTERNS[product.pattern] for product in shop.products}
    assert all(patterns[product] == value for product, kind, value in told if kind == "pattern")
