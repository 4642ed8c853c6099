from collections.abc import Callable

import pytest

from catalog.models import Product
from catalog.search import index, vocabulary
from tests.factories import BrandFactory, CategoryFactory, ProductFactory


@pytest.fixture(autouse=True)
def _nothing_remembered():
    vocabulary.synonyms.forget()


@pytest.fixture
def indexed() -> Callable[[], None]:
    """Bring search up to date, as the jobs do."""

    def now() -> None:
        index.refresh()
        index.count_terms()

    return now


@pytest.fixture
def wardrobe(db, indexed) -> dict[str, Product]:
    """Six products in both languages, by a short name."""
    dresses = CategoryFactory.create(
        name="连衣裙", name_translations={"en": "Dresses", "zh-hans": "连衣裙"}, external_id="dresses"
    )
    home = CategoryFactory.create(name="家居", name_translations={"en": "Home", "zh-hans": "家居"}, external_id="home")
    mugs = CategoryFactory.create(
        name="杯子", name_translations={"en": "Mugs", "zh-hans": "杯子"}, external_id="mugs", parent=home
    )
    lanyu = BrandFactory.create(name="岚屿", name_translations={"en": "Lanyu"}, external_id="lanyu")

    def product(zh: str, en: str, **more: object) -> Product:
        return ProductFactory.create(name=zh, name_translations={"en": en, "zh-hans": zh}, **more)

    made = {
        "red dress": product("红色亚麻连衣裙", "Red linen dress", category=dresses, brand=lanyu, price=300),
        "black dress": product("黑色真丝吊带裙", "Black silk slip dress", category=dresses, price=500),
        "mug": product("白色马克杯", "White mug", category=mugs, price=49, description="Goes in the dishwasher."),
        "red mug": product("红色马克杯", "Red striped mug", category=mugs, price=59, stock=0),
        "tee": product("蓝色T恤", "Blue T-shirt", price=99, attributes={"fit": "relaxed"}),
        "hidden": product("红色大衣", "Red coat", status="hidden"),
    }
    indexed()
    return made
