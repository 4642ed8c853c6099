"""Whole shops for tests that break them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.harness import Shop, until


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Logs of the shop stand in the report of a test that failed."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for shop in [value for value in item.funcargs.values() if isinstance(value, Shop)] + getattr(item, "shops", []):
            report.sections.append(("shop", shop.logs()))


@pytest.fixture
def make_shop(request: pytest.FixtureRequest) -> Iterator[Callable[..., Shop]]:
    """`make_shop(proxied=("postgres",), durable=True, environment={…})`; removed at the end of the test."""
    made: list[Shop] = []
    request.node.shops = made

    def make(**options: Any) -> Shop:
        shop = Shop(**options)
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.remove()


@pytest.fixture(scope="session")
def shared_shop() -> Iterator[Shop]:
    """One shop with a running web process for all tests that leave it usable; each ends with `make_whole`."""
    shop = Shop(proxied=("postgres",))
    try:
        shop.start("web")
        yield shop
    finally:
        shop.remove()


@pytest.fixture
def shop(shared_shop: Shop) -> Iterator[Shop]:
    """The shared one, whole before and after."""
    yield shared_shop
    shared_shop.make_whole()
    caller = shared_shop.caller()
    until(lambda: caller.ask("/categories").status == 200, seconds=10, what="the shop is whole again")
