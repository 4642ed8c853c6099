"""What Prometheus is told. Gauges are read when they are asked for; counters were counted as things happened."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core import health, liveness, redis_client
from core.deadline import Asked
from core.extensions import gauges
from core.metrics import counters, tables
from core.queues import waiting_in

log = structlog.get_logger(__name__)
PREFIX = "zhanggui_"
TABLES_SECONDS = 3.0

COUNTERS = {
    "http_requests": ("Requests by area (shop API, staff site, others) and status class.", ("area", "status")),
    "http_request_seconds": ("Time spent answering, by area.", ("area",)),
    "http_throttled": ("Requests refused because of a limit.", ("area",)),
    "exposures_dropped": ("Exposures of experiments that found neither Redis nor the database for too long.", ()),
    "searches": ("Searches, by whether products hold all, some or none of the words.", ("matched",)),
    "photo_searches": ("Searches by photo, by what answered: the network, or nothing that could.", ("source",)),
    "events": ("Events of shoppers by what the API did with them.", ("outcome",)),
    "events_written": ("Events that came out of the stream, by what became of them.", ("outcome",)),
    "search_log_dropped": ("Searches that were answered and not noted, because Redis was away.", ()),
    "assistant_answers": ("What the assistant did with messages of customers.", ("act",)),
    "recommendations": ("Answers with recommendations, by the step that gave them.", ("source",)),
}
"""Every counter of `core.metrics.count`: what it means, and its labels."""


def gauge(name: str, text: str, rows: Iterable[tables.Row], labels: tuple[str, ...] = ()) -> Metric:
    """A family of gauges from rows of label values and a number."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


class Installation(Collector):
    """All families. A part that cannot be asked is missing, and `zhanggui_part_up` says so."""

    def collect(self) -> Iterator[Metric]:
        started = time.perf_counter()
        yield gauge("info", "Version of the program.", [((settings.VERSION,), 1)], ("version",))
        parts = health.check()
        up = [((name,), float(part.state == health.OK)) for name, part in sorted(parts.items())]
        yield gauge("part_up", "1 while this part works as it should.", up, ("part",))
        yield from _tried(_counted)
        yield from _tried(_disk)
        yield from _tried(_in_redis)
        if parts["database"].state != health.AWAY:
            yield from _tried(lambda: _tables.answer(seconds=TABLES_SECONDS))
        yield gauge("scrape_seconds", "How long it took to find this out.", [((), time.perf_counter() - started)])


def _tried(read: Callable[[], Iterable[Metric]]) -> list[Metric]:
    try:
        return list(read())
    except Exception as error:  # the rest is still worth knowing
        log.warning("metrics.part_away", error=f"{type(error).__name__}: {error}"[:200])
        return []


def _counted() -> Iterator[Metric]:
    totals = counters.totals()
    for name, (text, labels) in COUNTERS.items():
        family = CounterMetricFamily(PREFIX + name, text, labels=labels)
        for (counted, found), value in sorted(totals.items()):
            given = dict(found)
            if counted == name and set(given) == set(labels):
                family.add_metric([given[label] for label in labels], value)
        yield family


def _disk() -> Iterator[Metric]:
    disk = shutil.disk_usage(settings.VAR_DIR)
    yield gauge("disk_free_bytes", "Free room on the disk of VAR_DIR.", [((), disk.free)])
    yield gauge("disk_size_bytes", "Size of the disk of VAR_DIR.", [((), disk.total)])


def _in_redis() -> Iterator[Metric]:
    """Redis, its queues and the workers heard there."""
    client: Any = redis_client.client()
    yield gauge("redis_memory_bytes", "Memory that Redis uses.", [((), client.info("memory")["used_memory"])])
    lengths = [((queue,), float(waiting_in(queue))) for queue in liveness.QUEUES]
    yield gauge("queue_messages", "Messages in the broker that no worker has taken.", lengths, ("queue",))
    heard = [((queue,), seconds) for queue, seconds in sorted(liveness.heard_from().items())]
    yield gauge("worker_last_heard_seconds", "Since a worker of this queue was last heard.", heard, ("queue",))
    yield from _registered("redis")


def _registered(server: str) -> list[Metric]:
    """What apps know from this server."""
    found = [family for entry in gauges if entry.meta["asks"] == server for family in entry.resolve()()]
    return [gauge(one.name, one.text, one.rows, one.labels) for one in found]


def _from_tables() -> list[Metric]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [int(TABLES_SECONDS * 1000)])
        own = [gauge(one.name, one.text, one.rows, one.labels) for one in tables.families()]
        return own + _registered("database")
    finally:
        connection.close()


_tables: Asked[list[Metric]] = Asked(lambda: _from_tables(), name="metrics")

registry = CollectorRegistry()
registry.register(Installation())
