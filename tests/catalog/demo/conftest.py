from datetime import date

import pytest

from catalog.demo.shop import Shop, make_shop
from catalog.demo.sizes import SIZES, Size
from catalog.demo.writer import write_shop

UNTIL = date(2026, 11, 1)
TINY = Size("tiny", products=30, customers=150, orders=500, interactions=4_000, reviews=100)


@pytest.fixture(scope="session")
def shop() -> Shop:
    return make_shop(seed=3, size=SIZES["small"], until=UNTIL)


@pytest.fixture(scope="session")
def folder(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "small"
    write_shop(shop, path)
    return path
