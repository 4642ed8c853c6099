"""How fast what customers and staff open is beside a Django view that returns a constant body, in two sizes of shop.

One process serves both over keep-alive connections of one client, in turns of a moment each; the median over the rounds
counts. A ratio says the same on a slow and on a fast machine; requests a second do not. `python -m
tests.benchmarks.load_bench [medium] [large] [--only WORD,WORD]` measures those shops (default: both), all rows or those
whose names hold one of the words.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.benchmarks.places import BENCH
from tests.benchmarks.shop_facts import DESK, asked_for, targets, wanted_status
from tests.benchmarks.shops import BenchShop
from tests.faults.harness.load import Request

ROUNDS, SECONDS = 9, 0.4
DIFFERENT = 400
"""Requests of a moment before the first one comes again."""
AWAY = "recommendations, Redis away"
COLD = "recommendations, a visitor not seen of late"
COLD_AWAY = f"{COLD}, Redis away"
SEARCHES = (
    "search, English", "search, Chinese", "search, everything", "search, a department", "suggestions",
    "suggestions, Chinese",
)  # fmt: skip
FLOORS = {
    "recommendations": 0.30,
    COLD: 0.30,
    "recommendations, unknown visitor": 0.30,
    AWAY: 0.15,
    COLD_AWAY: 0.15,
    **dict.fromkeys(SEARCHES, 0.04),
    "product": 0.15,
    "product list": 0.06,
    "single event": 0.30,
    "tracked click": 0.30,
}
"""Least ratio to the plain view that the product owes its users."""
SLOWEST_MS = {
    "recommendations": 50.0,
    **dict.fromkeys(SEARCHES, 80.0),
    **dict.fromkeys(
        (
            "admin: products",
            "admin: products, a Chinese word",
            "admin: products, low stock",
            "admin: orders",
            "admin: customers",
            *(f"admin: support, {name}" for name in DESK),
        ),
        400.0,
    ),
    "admin: a customer": 150.0,
}
"""Most that 99 of 100 answers may take."""
MOST_QUERIES = 12
"""Of any of them but those named below."""
OTHER_QUERIES = {"admin: a customer": 15}
MOST_WEB_MB = 250
"""What a web process may hold after all of this."""
EVENTS_A_SECOND = 3_000
SIZES = ("medium", "large")


def requests(shop: BenchShop, only: Sequence[str]) -> dict[str, Callable[[int], Request]]:
    def make(name: str) -> Callable[[int], Request]:
        cookie = (("Cookie", f"{shop.facts['cookie']}={shop.facts['session']}"),) if name.startswith("admin") else ()

        def one(turn: int) -> Request:
            path, body = targets(shop.facts, turn)[name]
            return Request(path, body() if body else None, cookie)

        return one

    return {name: make(name) for name in asked_for(targets(shop.facts, 0), only)}


def seconds_of(shop: BenchShop, make: Callable[[int], Request], first: int) -> list[float]:
    """How long each answer took, one after the other for a moment. Raises when one of them is no success."""
    caller, taken = shop.caller(), []
    asked = [make(first + turn) for turn in range(DIFFERENT if make(first).body is None else 1)]
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until or len(taken) < 3:
        request = asked[len(taken) % len(asked)] if asked[0].body is None else make(first + len(taken))
        started = time.perf_counter()
        answer = caller.ask(request)
        taken.append(time.perf_counter() - started)
        assert answer.status == wanted_status(request.path), (answer.path, answer.status, answer.body[:200])
    caller.close()
    return taken


def measured(shop: BenchShop, wanted: dict[str, Callable[[int], Request]]) -> dict[str, dict[str, Any]]:
    """Ratio to the plain view (median over the rounds), and how long the answers took."""
    plain = lambda turn: Request("/api/v1/plain")  # noqa: E731
    ratios: dict[str, list[float]] = {name: [] for name in wanted}
    taken: dict[str, list[float]] = {name: [] for name in wanted}
    # Afterwards models and memories are there; what the very first answer took is told apart.
    first = {name: seconds_of(shop, make, 0)[0] for name, make in wanted.items()}
    for number in range(ROUNDS):
        for name, make in wanted.items():
            reference = statistics.mean(seconds_of(shop, plain, 0))
            own = seconds_of(shop, make, number * DIFFERENT)
            ratios[name].append(reference / statistics.mean(own))
            taken[name] += own
    return {
        name: {
            "ratio": round(statistics.median(ratios[name]), 3),
            "p50_ms": round(1000 * statistics.median(taken[name]), 2),
            "p99_ms": round(1000 * sorted(taken[name])[int(len(taken[name]) * 0.99)], 2),
            "first_ms": round(1000 * first[name], 2),
            "queries": shop.facts["queries"].get(name),
        }
        for name in wanted
    }


def measure(size: str, only: Sequence[str] = ()) -> dict[str, Any]:
    shop = BenchShop(size)
    shop.prepare(only)
    try:
        with shop.web():
            rows = measured(shop, requests(shop, only))
            memory = shop.memory_mb()
        away = {name: name.removesuffix(", Redis away") for name in asked_for([AWAY, COLD_AWAY], only)}
        if away:
            with shop.web(with_redis=False):
                asked = requests(shop, list(away.values()))
                rows |= measured(shop, {name: asked[same] for name, same in away.items()})
    finally:
        shop.stop()
    if "100 events" in rows:
        rows["100 events"]["events_a_second"] = round(100_000 / rows["100 events"]["p50_ms"])
    return {"rows": rows, "web_process_mb": memory, "model": shop.facts["model"]}


def below(size: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        f"{size}: {name} {rows[name]['ratio']} < {floor}"
        for name, floor in FLOORS.items()
        if name in rows and rows[name]["ratio"] < floor
    ]
    lines += [
        f"{size}: {name} p99 {rows[name]['p99_ms']} ms > {most}"
        for name, most in SLOWEST_MS.items()
        if name in rows and rows[name]["p99_ms"] > most
    ]
    lines += [
        f"{size}: {name} asks {row['queries']} queries"
        for name, row in rows.items()
        if row["queries"] is not None and row["queries"] > OTHER_QUERIES.get(name, MOST_QUERIES)
    ]
    speed = rows["100 events"]["events_a_second"] if "100 events" in rows else EVENTS_A_SECOND
    return lines + ([f"{size}: {speed} events a second < {EVENTS_A_SECOND}"] if speed < EVENTS_A_SECOND else [])


def table(size: str, found: dict[str, Any]) -> str:
    lines = [f"{size}: a web process holds {found['web_process_mb']:.0f} MB; recommendations by {found['model']}"]
    lines.append(f"{'':44}{'ratio':>8}{'floor':>8}{'p50 ms':>10}{'p99 ms':>10}{'first ms':>10}{'queries':>9}")
    for name, row in found["rows"].items():
        floor = f"{FLOORS[name]:.2f}" if name in FLOORS else ""
        queries = "" if row["queries"] is None else row["queries"]
        times = f"{row['p50_ms']:>10.2f}{row['p99_ms']:>10.2f}{row['first_ms']:>10.2f}"
        lines.append(f"{name:44}{row['ratio']:>8.3f}{floor:>8}{times}{queries:>9}")
    return "\n".join(lines)


def growth(found: dict[str, Any]) -> str:
    """How much longer an answer takes in the large shop: ratios to the plain view, so the machine's mood cancels."""
    small, large = (found[size]["rows"] for size in SIZES)
    lines = ["medium to large (products × 25, orders × 100): times as long"]
    lines += [f"{name:44}{small[name]['ratio'] / large[name]['ratio']:>8.2f}" for name in small]
    return "\n".join(lines)


def main(sizes: Sequence[str], only: Sequence[str]) -> int:
    found, short = {}, []
    for size in sizes or SIZES:
        found[size] = measure(size, only)
        print(table(size, found[size]), flush=True)
        short += below(size, found[size]["rows"])
        if found[size]["web_process_mb"] > MOST_WEB_MB:
            short.append(f"{size}: a web process holds {found[size]['web_process_mb']:.0f} MB > {MOST_WEB_MB}")
    if set(found) == set(SIZES):
        print(growth(found))
    if not only:
        BENCH.mkdir(parents=True, exist_ok=True)
        (BENCH / "load.json").write_text(json.dumps(found, indent=1) + "\n")
    for line in short:
        print(f"BELOW {line}")
    return int(bool(short))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help="medium or large, default both")
    parser.add_argument("--only", default="", help="words, by commas: rows whose names hold one of them")
    chosen = parser.parse_args()
    sys.exit(main(chosen.sizes, [word for word in chosen.only.split(",") if word]))
