"""A million events while their writer, Redis, PostgreSQL and the web process are killed.

`python -m tests.faults.events_under_fire` sends them as pages do, again and again until they are answered, and some
once more after that; a third of them bears no time of its own. Then it counts: nothing that was accepted may be lost,
nothing may stand there twice. The test `test_events_under_fire` does the same in small.
"""

import argparse
import itertools
import os
import queue
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import redis

from tests.faults.harness import Shop, until
from tests.faults.harness.processes import kill_family

WRITER = "scheduler"
FAMILY = 0x0F1E2D3C4B5A69788796 << 48
"""Ids of these events begin with this; the rest is their number."""
SENDERS = 4
SENT_AGAIN = 0.05


@dataclass
class Report:
    """What became of the events. `waited_seconds`: the longest an event was seen waiting for the table;
    `emptied_seconds`: from the last answer until nothing waited."""

    events: int
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    set_aside: int = 0
    other_rows: int = 0
    calls: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    waited_seconds: float = 0.0
    emptied_seconds: float = 0.0
    took_seconds: float = 0.0
    events_per_second: float = 0.0

    @property
    def is_good(self) -> bool:
        return self.stored == self.events and not (self.lost or self.doubled or self.set_aside or self.other_rows)


class Senders:
    """Threads that send every batch until it is answered with 200."""

    def __init__(self, shop: Shop, *, events: int, size: int, chance: random.Random) -> None:
        self._shop, self._size, self._events = shop, size, events
        self._work: queue.Queue[int] = queue.Queue()
        firsts = list(range(0, events, size))
        again = chance.sample(firsts, int(len(firsts) * SENT_AGAIN))
        for first in itertools.chain(firsts, again):
            self._work.put(first)
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def are_busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        caller = self._shop.caller(timeout=20)
        while True:
            try:
                first = self._work.get_nowait()
            except queue.Empty:
                return
            body = {"events": [self._event(number) for number in range(first, min(first + self._size, self._events))]}
            while True:
                answer = caller.ask("/events", body)
                self.answers[str(answer.status)] += 1
                if answer.status == 200:
                    refused = answer.json()["refused"]
                    if refused:
                        self.failures.append(str(refused[0]))
                    break
                if answer.status not in (0, 503):
                    self.failures.append(f"{answer.status} {answer.body[:200]!r}")
                    break
                time.sleep(0.2)

    def _event(self, number: int) -> dict[str, Any]:
        products = self._shop.facts["products"]
        event = {
            "kind": ("view", "cart", "favourite")[number % 3],
            "event_id": str(uuid.UUID(int=FAMILY + number)),
            "product": products[number % len(products)],
            "visitor": f"fire-{number % 5_000}",
        }
        if number % 3:
            event["occurred_at"] = (MOMENT - timedelta(seconds=number % 86_400)).isoformat()
        return event


MOMENT = datetime.now(UTC)


@dataclass
class Fire:
    """Faults in random order."""

    shop: Shop
    kills: Counter[str] = field(default_factory=Counter)

    def writer(self) -> None:
        self._part(WRITER)

    def web(self) -> None:
        self._part("web")

    def _part(self, name: str) -> None:
        """Whoever it is at the moment: it is being started again, perhaps."""
        process = until(lambda: self.shop.part(name).child.process, seconds=60, what=f"{name} runs", pause=0.2)
        kill_family(process.pid)
        self.kills[name] += 1

    def redis(self) -> None:
        self.shop.redis.kill()
        time.sleep(1.0)
        self.shop.redis.start()
        self.kills["redis"] += 1

    def postgres(self) -> None:
        self.shop.postgres.kill()
        time.sleep(2.0)
        self.shop.postgres.start()
        self.kills["postgres"] += 1


def fire(shop: Shop, *, events: int, size: int, rounds: int, pause: float, seed: int, seconds: float) -> Report:
    """Send the events and break things meanwhile; `rounds` kills of each part, `pause` seconds between them."""
    report, chance = Report(events), random.Random(seed)
    attack = Fire(shop)
    faults: list[Callable[[], None]] = [attack.writer, attack.redis, attack.postgres] * rounds + [attack.web]
    chance.shuffle(faults)
    shop.start("web", WRITER)
    senders = Senders(shop, events=events, size=size, chance=chance)
    began = time.monotonic()
    with shop.revived(), watching(shop, report):
        senders.start()
        for fault in faults:
            time.sleep(chance.uniform(0.5, 1.5) * pause)
            fault()
        until(lambda: not senders.are_busy, seconds=seconds, what="the last answer", pause=0.5)
        answered = time.monotonic()
        until(lambda: _waiting(shop) == 0, seconds=120, what="nothing waits", pause=0.2)
        report.emptied_seconds = round(time.monotonic() - answered, 1)
    report.took_seconds = round(time.monotonic() - began, 1)
    report.events_per_second = round(events / report.took_seconds)
    assert not senders.failures, senders.failures[:3]
    report.answers, report.kills = dict(senders.answers), dict(attack.kills)
    report.calls = sum(senders.answers.values())
    _count(shop, report)
    return report


class watching:  # used as a word, like contextlib's
    """Notes every half second how long the oldest event has waited."""

    def __init__(self, shop: Shop, report: Report) -> None:
        self._shop, self._report, self._over = shop, report, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._over.wait(0.5):
            try:
                oldest: Any = self._shop.redis.client().xrange("zg:ev:stream", count=1)
            except (redis.RedisError, OSError):
                continue
            if oldest:
                waited = time.time() - int(oldest[0][0].split(b"-")[0]) / 1000
                self._report.waited_seconds = max(self._report.waited_seconds, round(waited, 1))


def _waiting(shop: Shop) -> int:
    """Entries of the stream; while Redis is away nobody knows."""
    try:
        return int(shop.redis.client().xlen("zg:ev:stream"))  # type: ignore[arg-type]
    except (redis.RedisError, OSError):
        return -1


def _count(shop: Shop, report: Report) -> None:
    first, last = uuid.UUID(int=FAMILY), uuid.UUID(int=FAMILY + report.events - 1)
    rows, distinct = shop.ask(
        "SELECT count(*), count(DISTINCT event_id) FROM catalog_interaction WHERE event_id BETWEEN %s AND %s",
        [str(first), str(last)],
    )[0]
    report.stored, report.lost, report.doubled = distinct, report.events - distinct, rows - distinct
    report.set_aside = shop.ask("SELECT count(*) FROM catalog_deadevent")[0][0]
    report.other_rows = shop.ask(
        "SELECT count(*) FROM catalog_interaction i JOIN catalog_visitor v ON v.id = i.visitor_id"
        " WHERE v.key LIKE 'fire-%%' AND event_id NOT BETWEEN %s AND %s",
        [str(first), str(last)],
    )[0][0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=500, help="events of a call")
    parser.add_argument("--rounds", type=int, default=5, help="kills of each of writer, Redis and PostgreSQL")
    parser.add_argument("--pause", type=float, default=8.0, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    shop = Shop(environment={"WEB_WORKERS": "2"}, durable=True)
    try:
        report = fire(
            shop, events=given.events, size=given.size, rounds=given.rounds, pause=given.pause, seed=given.seed,
            seconds=3_600,
        )  # fmt: skip
        lines = {"seed": given.seed, **asdict(report)}.items()
        sys.stdout.write("".join(f"{name:>18}  {value}\n" for name, value in lines))
        return 0 if report.is_good else 1
    except AssertionError:
        sys.stderr.write(shop.logs())
        raise
    finally:
        shop.remove()


if __name__ == "__main__":
    sys.exit(main())
