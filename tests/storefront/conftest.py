"""The demo storefront over a shop of a few mugs."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.search import index, vocabulary
from storefront import keys
from storefront.views import browse
from tests.factories import CategoryFactory, CustomerFactory, OrderFactory, ProductFactory, ShopProfileFactory


@pytest.fixture
def shop(db: None, settings: Any, tmp_path: Any) -> SimpleNamespace:
    """Two mugs in a category, one in two sizes; Lin, who ordered, is among those to try the shop as."""
    settings.VAR_DIR = tmp_path
    ShopProfileFactory.create(is_demo=True, name="Mugs & Co")
    category = CategoryFactory.create(name="Mugs", name_translations={"zh-hans": "杯子"})
    blue = ProductFactory.create(
        name="Blue mug", name_translations={"zh-hans": "蓝色杯子"}, price="20.00", category=category, stock=5
    )
    red = ProductFactory.create(name="Red mug", price="1250.00", category=category, stock=0)
    lin = CustomerFactory.create(name="Lin", language="en", external_id="C1")
    OrderFactory.create(number="A-1", customer=lin)
    call_command("ensure_storefront")
    keys.forget_keys()
    browse._shelves.clear()
    return SimpleNamespace(category=category, blue=blue, red=red, lin=lin, file=tmp_path / "storefront.json")


@pytest.fixture
def visit(shop: SimpleNamespace) -> Client:
    return Client()


@pytest.fixture
def signed_in(visit: Client) -> Client:
    assert visit.post("/shop/account/sign-in", {"who": "C1"}).status_code == 302
    return visit


@pytest.fixture
def stored(shop: SimpleNamespace) -> Callable[[], dict[str, Any]]:
    """What the installation keeps for the storefront."""
    return lambda: json.loads(shop.file.read_text())


@pytest.fixture
def indexed(shop: SimpleNamespace) -> Callable[[], None]:
    """Brings search up to date, as its jobs do."""

    def now() -> None:
        vocabulary.synonyms.forget()
        index.refresh()
        index.count_terms()

    return now
