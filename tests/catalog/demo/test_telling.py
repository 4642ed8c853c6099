"""Texts tell a part of what products are, as those of real shops do; the truth stands beside them."""

import json
import re
from dataclasses import fields

import pytest

from catalog.demo import products as making
from catalog.demo.chance import Calendar
from catalog.demo.products import make_products
from catalog.demo.sizes import SIZES
from catalog.demo.world import COLOURS
from tests.benchmarks.search import judged
from tests.catalog.demo.conftest import UNTIL

SMALL, MEDIUM = SIZES["small"], SIZES["medium"]
CALENDAR = Calendar.build(UNTIL, SMALL.months)
ENGLISH = re.compile("|".join(rf"\b{one.en}\b" for one in COLOURS.values()))
CHINESE = re.compile("|".join(one.zh for one in COLOURS.values()))


@pytest.fixture(scope="module")
def products():
    return make_products(1, SMALL, CALENDAR)


def told(english, chinese):
    return bool(ENGLISH.search(english.lower())), bool(CHINESE.search(chinese))


def test_names_and_descriptions_tell_colours_about_as_often_as_those_of_real_catalogues(products):
    named = sum(product.is_named_by_colour for product in products)
    described = sum(told(product.description_en, product.description_zh)[0] for product in products)

    assert (named, described) == (111, 73)


def test_both_languages_and_the_column_tell_the_own_colour_or_none(products):
    for product in products:
        hue = COLOURS[product.colour]
        in_name = told(product.name_en, product.name_zh)
        in_description = told(product.description_en, product.description_zh)
        assert in_name == (product.is_named_by_colour,) * 2
        assert in_description in ((True, True), (False, False))
        assert product.attributes.get("colour") == (product.colour if product.is_named_by_colour else None)
        assert {key: product.attributes[key] for key in ("pattern", "material", "style")} == {
            "pattern": product.pattern, "material": product.material, "style": product.style,
        }  # fmt: skip
        if in_name[0]:
            assert hue.en in product.name_en.lower()
            assert hue.zh in product.name_zh
        if in_description[0]:
            assert hue.en in product.description_en
            assert hue.zh in product.description_zh


def test_what_is_told_changes_nothing_that_products_are(products, monkeypatch):
    monkeypatch.setattr(making, "IN_NAMES", 1.0)
    monkeypatch.setattr(making, "IN_DESCRIPTIONS", 1.0)
    texts = {"name_en", "name_zh", "description_en", "description_zh", "is_named_by_colour"}

    talkative = make_products(1, SMALL, CALENDAR)

    assert all(product.is_named_by_colour for product in talkative)
    for one, other in zip(products, talkative, strict=True):
        for name in {field.name for field in fields(one)} - texts:
            assert getattr(one, name) == getattr(other, name), name


def test_names_without_a_colour_tell_the_style_and_the_brand_where_they_would_be_twins():
    products = make_products(1, MEDIUM, CALENDAR)
    quiet = [product for product in products if not product.is_named_by_colour]

    for texts in ([p.name_en for p in products], [p.name_zh for p in products]):
        assert len(set(texts)) == 2_000
    assert sum(product.name_en.startswith(product.brand.name) for product in quiet) == 140
    assert 2_000 - len(quiet) == 881


def test_the_truth_of_a_shop_says_what_its_texts_leave_out(folder, shop):
    written = json.loads((folder / "truth.json").read_text("utf-8"))["products"]
    facts = {one["id"]: one for one in judged.products(folder)}

    for product in shop.products:
        assert written[product.id].items() >= product.truth.items()
        if product.status == "live":
            where = {
                "id": product.id,
                "kind": product.kind,
                "brand": product.brand.name,
                "dept": product.look.department,
            }
            assert facts[product.id] == {**where, **product.truth}
    assert len(facts) == sum(product.status == "live" for product in shop.products)
