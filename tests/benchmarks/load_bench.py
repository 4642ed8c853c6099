"""How fast the storefront's addresses are beside a Django view that returns a constant body.

The same process serves both, over keep-alive connections of one client, in turns: five rounds, the median counts. A
ratio says the same on a slow and on a fast machine; requests a second do not.
"""

import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.faults.harness import Shop
from tests.faults.harness.load import Request

ROUNDS, SECONDS = 5, 1.0
FLOORS = {
    "recommendations": 0.30,
    "recommendations, unknown visitor": 0.30,
    "recommendations, Redis away": 0.15,
    "product": 0.15,
    "single event": 0.30,
}
"""Least ratio to the plain view that the product owes its users."""


def requests(shop: Shop) -> dict[str, Callable[[], Request]]:
    product = shop.facts["products"][0]

    def event() -> Request:
        one = {"id": str(uuid.uuid4()), "kind": "view", "product": product, "visitor": "somebody"}
        return Request("/api/v1/events", {"events": [one]})

    def get(path: str) -> Callable[[], Request]:
        return lambda: Request(f"/api/v1{path}")

    return {
        "recommendations": get("/recommendations?visitor=somebody"),
        "recommendations, unknown visitor": get("/recommendations?visitor=nobody-known"),
        "product": get(f"/products/{product}"),
        "product list": get("/products?limit=20"),
        "single event": event,
    }


def rate(shop: Shop, make: Callable[[], Request]) -> float:
    """Answers a second of one client. Raises when one of them is no success."""
    caller, count = shop.caller(), 0
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        answer = caller.ask(make())
        assert answer.status == 200, (answer.path, answer.status, answer.body[:200])
        count += 1
    seconds = time.perf_counter() - started
    caller.close()
    return count / seconds


def ratios(shop: Shop, wanted: dict[str, Callable[[], Request]]) -> dict[str, float]:
    """Median over the rounds of each address's rate by that of the plain view in the same round."""
    plain = lambda: Request("/api/v1/plain")  # noqa: E731
    found: dict[str, list[float]] = {name: [] for name in wanted}
    for _round in range(ROUNDS):
        for name, make in wanted.items():
            reference = rate(shop, plain)
            found[name].append(rate(shop, make) / reference)
    return {name: round(statistics.median(values), 3) for name, values in found.items()}


def measure() -> dict[str, float]:
    shop = Shop(environment={"DJANGO_SETTINGS_MODULE": "tests.benchmarks.load_settings"})
    try:
        shop.start("web")
        wanted = requests(shop)
        ratios_warm = ratios(shop, {"recommendations": wanted["recommendations"]})  # models and caches are loaded
        assert ratios_warm
        result = ratios(shop, wanted)
        shop.redis.kill()
        result |= {"recommendations, Redis away": ratios(shop, {"x": wanted["recommendations"]})["x"]}
        return result
    finally:
        shop.remove()


def below(result: dict[str, Any]) -> list[str]:
    return [f"load: {name} {result[name]} < {floor}" for name, floor in FLOORS.items() if result[name] < floor]


if __name__ == "__main__":
    found = measure()
    for name, value in found.items():
        print(f"{name:36} {value:.3f}  {'' if name not in FLOORS else f'floor {FLOORS[name]:.2f}'}")
    sys.exit(bool(below(found)))
