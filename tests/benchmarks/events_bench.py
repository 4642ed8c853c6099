"""How quickly events are taken, beside a plain view of the same process, and how quickly they are in the table.

`python -m tests.benchmarks.events_bench`: single events as a ratio (rounds in turns, the median), batches of 100 as
events a second taken and stored, as CPU seconds of the web process and of the writer for 10,000 events, and what one
count of them for the live page costs the database beside that.
"""

import statistics
import sys
import time
import uuid
from collections.abc import Callable

import psutil

from tests.faults.harness import Shop, until
from tests.faults.harness.load import Request
from tests.faults.harness.processes import family

COUNT = """
import psutil
from django.db import connection
from django.utils import timezone
from analytics.live import counting

def seconds():
    times = [psutil.Process(pid).cpu_times() for pid in (server, psutil.Process().pid)]
    return sum(one.user + one.system for one in times)

with connection.cursor() as cursor:
    cursor.execute("SELECT pg_backend_pid()")
    server = cursor.fetchone()[0]
found = counting.count(timezone.now())
events, before = sum(sum(minute.values()) for minute in found.minutes), seconds()
for _ in range(10):
    counting.count(timezone.now())
print(round((seconds() - before) / 10 / events * 10_000, 4))
"""
STORED = "events a second stored"
ROUNDS, SECONDS = 5, 0.5
BATCHES, SIZE = 300, 100
LEAST = {"single event / plain view": 0.30, STORED: 3_000}
"""What a shop is promised."""


def batch(shop: Shop, number: int) -> Request:
    products = shop.facts["products"]
    events = [
        {"event_id": str(uuid.uuid4()), "kind": "view", "product": products[n % 60], "visitor": f"crowd-{number % 50}"}
        for n in range(SIZE)
    ]
    return Request("/api/v1/events", {"events": events})


def single(shop: Shop) -> Request:
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "product": shop.facts["products"][0], "visitor": "somebody"}
    return Request("/api/v1/events", {"events": [event]})


def rate(shop: Shop, make: Callable[[], Request]) -> float:
    """Calls a second of one client, one after the other for a moment. Raises when one of them is no success."""
    caller, count, started = shop.caller(), 0, time.perf_counter()
    while time.perf_counter() < started + SECONDS:
        answer = caller.ask(make())
        assert answer.status == 200, (answer.path, answer.status, answer.body[:200])
        count += 1
    caller.close()
    return count / (time.perf_counter() - started)


def cpu(shop: Shop, part: str) -> float:
    """CPU seconds of this part and all below it."""
    total = 0.0
    for process in family(shop.part(part).pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def measure() -> dict[str, float]:
    shop = Shop(environment={"DJANGO_SETTINGS_MODULE": "tests.benchmarks.load_settings"}, durable=True)
    try:
        shop.start("web", "scheduler")
        caller, client = shop.caller(), shop.redis.client()
        assert caller.ask(batch(shop, 0)).status == 200
        until(lambda: client.xlen("zg:ev:stream") == 0, seconds=60, what="the writer works")
        ratios = []
        for _round in range(ROUNDS):
            plain = rate(shop, lambda: Request("/api/v1/plain"))
            ratios.append(rate(shop, lambda: single(shop)) / plain)
        until(lambda: client.xlen("zg:ev:stream") == 0, seconds=60, what="nothing waits")
        calls = [batch(shop, number) for number in range(BATCHES)]
        before = {part: cpu(shop, part) for part in ("web", "scheduler")}
        started = time.perf_counter()
        for call in calls:
            assert caller.ask(call).status == 200
        taken = time.perf_counter() - started
        until(lambda: client.xlen("zg:ev:stream") == 0, seconds=60, what="nothing waits", pause=0.02)
        stored = time.perf_counter() - started
        count = BATCHES * SIZE
        spent = {part: cpu(shop, part) - at for part, at in before.items()}
        return {
            "single event / plain view": round(statistics.median(ratios), 3),
            "events a second taken, batches of 100, one client": round(count / taken),
            STORED: round(count / stored),
            **{
                f"CPU seconds of {part} for 10,000 events": round(seconds / count * 10_000, 2)
                for part, seconds in spent.items()
            },
            "CPU seconds of one live count of 10,000 events": float(shop.run(COUNT).split()[-1]),
        }
    finally:
        shop.remove()


def main() -> int:
    found = measure()
    for name, value in found.items():
        sys.stdout.write(f"{name:52} {value}\n")
    short = [f"BELOW {name} {found[name]} < {least}\n" for name, least in LEAST.items() if found[name] < least]
    sys.stdout.write("".join(short))
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
