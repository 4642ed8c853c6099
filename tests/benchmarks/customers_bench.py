"""What models of customers cost: `python -m tests.benchmarks.customers_bench [--mathematics]`.

Two parts. The mathematics alone: BG/NBD with Gamma-Gamma and k-means up to a million customers, in processor seconds
of this process. Then, unless only `--mathematics` is asked for, the nightly work from end to end on a PostgreSQL of its
own with 100,000 and 1,000,000 customers and three orders each: learning, then reading, scoring and writing value,
churn, the chance of an order and RFM; the first night, which writes everybody, and the night after it. Then forecasts,
and what the pages of all this ask and cost. Processor
seconds are those of this process, its session and what the server started for it; each size is a process of its own,
whose peak memory is told. Beside them, in the same run, what PostgreSQL alone needs to write plain numbers and a JSON
value for each customer into tables with the same keys. Exit status 1 when a bound is broken.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from analytics.ml import bgnbd, gamma_gamma, kmeans
from analytics.ml.bgnbd import Histories
from analytics.ml.gamma_gamma import Spending
from tests.benchmarks.places import BENCH

SIZES = (10_000, 100_000, 1_000_000)
WHOLE_SIZES = (100_000, 1_000_000)
MOST_SECONDS = 3.0
MOST_GROWTH = 16.0
MOST_MEGABYTES = 1_000
MOST_QUERIES, MOST_PAGE_MS = 15, 500.0
PAGES = (
    "", "analytics/sales/", "analytics/cohorts/", "analytics/customers/", "analytics/customers/?list=value",
    "analytics/customers/?list=churn", "analytics/customers/?list=order",
    "analytics/customers/?list=value&field=churn_90&from=0.4&to=0.5", "analytics/forecast/", "analytics/anomalies/",
    "analytics/segment/",
)  # fmt: skip
"""Addresses below /admin/, as an owner opens them."""
TRUTH = {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.4}
# Nobody asks for them here: filling millions of orders by hand goes faster without.
SPARED = (
    "order_newest", "order_of_visitor", "order_by_status", "order_by_total", "order_by_country", "order_number_trgm",
)  # fmt: skip
CUSTOMERS = """
INSERT INTO catalog_customer (name, email, phone, language, country, city, joined_at, created_at, updated_at)
SELECT '', '', '', '', '', '', now(), now(), now() FROM generate_series(1, %(people)s) n
"""
# Many buy once, a few often; everybody began somewhere in the last two years and comes back mostly early.
ORDERS = """
INSERT INTO catalog_order (public_id, number, customer_id, status, currency, base_rate, lines_total, total, paid_total,
    channel, country, placed_at, paid_at, created_at, updated_at)
SELECT replace(gen_random_uuid()::text, '-', ''), 'B' || row_number() OVER (), c, 'paid', 'CNY', 1, amount, amount,
    amount, '', '', moment, moment, now(), now()
FROM (
    SELECT c, (own * (0.5 + random()))::numeric(18, 2) AS amount,
        now() - ago * (CASE WHEN k = 1 THEN 1 ELSE 1 - power(random(), 1.3) END) AS moment
    FROM (
        SELECT c, 20 + 150 * power(random(), 2) AS own, (1 + random() * 730) * interval '1 day' AS ago,
            1 + floor(-ln(1 - random()) * 2.5)::int AS often
        FROM generate_series(1, %(people)s) c
    ) people, generate_series(1, often) k
    ORDER BY moment
) orders
"""
PLAIN = """
CREATE TEMP TABLE plain_score (customer_id bigint PRIMARY KEY, one float8, two float8, three numeric(18, 2));
CREATE TEMP TABLE plain_trait (id serial PRIMARY KEY, customer_id bigint, kind text, value jsonb, reasons jsonb,
    UNIQUE (customer_id, kind));
INSERT INTO plain_score SELECT id, random(), random(), random() * 100 FROM catalog_customer;
INSERT INTO plain_trait (customer_id, kind, value, reasons) SELECT id, 'value', jsonb_build_object('value', random()),
    jsonb_build_array(jsonb_build_object('reason', 'recency', 'value', random())) FROM catalog_customer
"""


def histories(size: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers who live by BG/NBD, seen for 30 to 364 days; times in weeks, to the day."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], size) / 7, rng.beta(TRUTH["a"], TRUTH["b"], size)
    seen = rng.integers(30, 365, size)
    x, last, now, there = np.zeros(size, np.int64), np.zeros(size), np.zeros(size), np.ones(size, bool)
    while there.any():
        now = now + rng.exponential(1, size) / np.maximum(rate, 1e-12)
        there &= now < seen
        x[there] += 1
        last[there] = np.minimum(np.ceil(now[there]), seen[there])
        there &= rng.random(size) > leave
    return x, last / 7, seen / 7


def fit_and_score(size: int) -> float:
    """Processor seconds from histories to purchases to come, the chance to be there and what a purchase is worth."""
    rows = histories(size)
    rng = np.random.default_rng(1)
    own = 6.2 / rng.gamma(3.7, 1 / 15.4, size)
    count = rows[0].astype(np.float64)
    mean = np.where(count > 0, own * rng.gamma(6.2 * np.maximum(count, 1), 1 / (6.2 * np.maximum(count, 1))), 0.0)
    spending = Spending(count, mean, np.maximum(count - 1, 0) * mean**2 / 6.2)
    started = time.process_time()
    counted = Histories.of(*rows)
    model = bgnbd.fit(counted)
    model.expected_purchases(counted, 13.0)
    model.probability_alive(counted)
    gamma_gamma.fit(spending).expected_value(spending)
    return time.process_time() - started


def cluster(size: int) -> float:
    """Processor seconds of four clusters of customers × recency, frequency, money."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(size, 3)) + rng.integers(4, size=size)[:, None] * np.array([2.0, -1.0, 1.5])
    started = time.process_time()
    kmeans.fit(rows, 4)
    return time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mathematics", action="store_true", help="Without a database.")
    parser.add_argument("--people", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.people:
        print(json.dumps(_nights(options.people)))
        return 0
    broken = _mathematics()
    if not options.mathematics:
        broken += _whole()
    for line in broken:
        print(f"OUT OF RANGE {line}")
    return 1 if broken else 0


def _mathematics() -> list[str]:
    """Prints a line for each size. What is out of range."""
    works = (("BG/NBD and Gamma-Gamma, fitted and scored", fit_and_score), ("k-means, k = 4, 3 features", cluster))
    print(f"{'':<42} {'CPU s, best of 3':>18} {'10 times as many':>17}")
    broken = []
    for name, work in works:
        before = 0.0
        for size in SIZES:
            seconds = min(work(size) for _again in range(3))
            growth = seconds / before if before else 0.0
            if growth > MOST_GROWTH or (size == SIZES[-1] and seconds > MOST_SECONDS):
                broken.append(f"{name}, {size:,}: {seconds:.2f} s, {growth:.1f} times")
            print(f"{name:<42} {size:>9,} {seconds:>8.3f} {f'{growth:.1f}×' if growth else '':>17}", flush=True)
            before = seconds
    return broken


# --- the nightly work ----------------------------------------------------------------------------------------------


def _whole() -> list[str]:
    found = {}
    for size in WHOLE_SIZES:
        found[f"{size:,}"] = _apart(size)
        print(json.dumps(found), flush=True)
    small, large = found.values()
    growth = {name: round(large[name] / small[name], 1) for name in small if name.endswith("_cpu_seconds")}
    print(json.dumps({**found, "ten_times_as_many": growth}, indent=2))
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "customers.json").write_text(json.dumps(found, indent=2) + "\n")
    broken = [
        f"ten times the customers, {name}: {times} times" for name, times in growth.items() if times > MOST_GROWTH
    ]
    for title, one in found.items():
        broken += [
            f"{title} customers, {page}: {row}"
            for page, row in one["pages"].items()
            if row["queries"] > MOST_QUERIES or row["cpu_milliseconds"] > MOST_PAGE_MS
        ]
    if large["peak_megabytes"] > MOST_MEGABYTES:
        broken.append(f"memory: {large['peak_megabytes']} MB")
    return broken


def _apart(people: int) -> dict[str, Any]:
    """The nights of so many customers in a process and on a server of their own."""
    place = Path(tempfile.mkdtemp(prefix="zg-", dir="/tmp"))
    place.chmod(0o711)
    environment = {
        **os.environ, "VAR_DIR": str(place), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
        "STATEMENT_TIMEOUT_MS": "0", "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }  # fmt: skip
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "tests.benchmarks.customers_bench", "--people", str(people)]
    try:
        answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        from core import local_services

        local_services.stop(place, force=True)
        shutil.rmtree(place, ignore_errors=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _nights(people: int) -> dict[str, Any]:
    """Processor seconds of every part, in the order in which they happen."""
    import django

    django.setup()
    from django.core.management import call_command

    from analytics import datasets
    from analytics.customers import scoring, training
    from analytics.facts import counting, rfm
    from analytics.forecasts import making
    from analytics.models import ScoreKind

    call_command("migrate", verbosity=0)
    _run("ALTER SYSTEM SET autovacuum = off")
    _run("SELECT pg_reload_conf()")
    for name in SPARED:
        _run(f"DROP INDEX IF EXISTS {name}")
    _run("SET session_replication_role = replica")
    _run(CUSTOMERS, people=people)
    _run(ORDERS, people=people)
    _run("SET session_replication_role = DEFAULT")
    counting.rebuild()
    _run("VACUUM ANALYZE")
    last = datasets.known_until()
    assert last is not None
    found: dict[str, Any] = {"orders": _ask("SELECT count(*) FROM catalog_order")}
    train = {
        ScoreKind.VALUE: training.train_value,
        ScoreKind.CHURN: training.train_churn,
        ScoreKind.PROPENSITY: training.train_propensity,
    }
    found["plain_writing_cpu_seconds"] = _cpu("plain writing", lambda: _run(PLAIN))
    for kind in ScoreKind:
        found[f"train_{kind}_cpu_seconds"] = _cpu(f"train {kind}", train[kind])
    for night, day in (("first", last - timedelta(days=1)), ("next", last)):
        for kind in ScoreKind:
            run = []
            found[f"{night}_{kind}_cpu_seconds"] = _cpu(
                f"{night} {kind}", lambda kind=kind, day=day, run=run: run.append(scoring.score(kind, day))
            )
            found[f"{night}_{kind}_changed"] = run[0].changed
        run = []
        found[f"{night}_rfm_cpu_seconds"] = _cpu(f"{night} rfm", lambda day=day, run=run: run.append(rfm.score(day)))
        found[f"{night}_rfm_changed"] = run[0]["changed"]
        _run("VACUUM ANALYZE")
    found["forecast_cpu_seconds"] = _cpu("forecast", making.make)
    found["pages"] = open_pages(PAGES)
    found["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def open_pages(pages: Iterable[str]) -> dict[str, dict[str, float]]:
    """Queries of the third call of each page, and milliseconds of processor time of the cheapest of five calls."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from core.choices import Role
    from tests.factories import StaffUserFactory

    settings.ALLOWED_HOSTS = ["*"]
    client, found = Client(), {}
    # A shop that is kept has those who looked before.
    name = f"looks-{time.time_ns()}"
    client.force_login(StaffUserFactory.create(username=name, is_superuser=True, role=Role.OWNER))
    for page in pages:

        def ask(address: str = f"/admin/{page}") -> None:
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.status_code)

        ask()
        ask()
        with CaptureQueriesContext(connection) as seen:
            ask()
        # At once: the next request begins the list of queries anew.
        queries = len(seen)
        seconds = min(_cpu(f"/admin/{page}", ask) for _again in range(5))
        found[f"/admin/{page}"] = {"queries": queries, "cpu_milliseconds": round(1000 * seconds)}
    return found


def _run(statement: str, **values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _ask(statement: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _cpu(name: str, work: Callable[[], Any]) -> float:
    """Processor seconds of this process, of its session and of helpers that the server started and that ended."""
    session = _ask("SELECT pg_backend_pid()")
    own, server = time.process_time(), _server(session)
    work()
    own, server = time.process_time() - own, _server(session) - server
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:<20} {own:8.2f} + {server:.2f} s, {peak} MB", file=sys.stderr, flush=True)
    return round(own + server, 2)


def _server(session: int) -> float:
    own = _stat(session)
    parent = _stat(int(own[1]))
    return (int(own[11]) + int(own[12]) + int(parent[13]) + int(parent[14])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


if __name__ == "__main__":
    sys.exit(main())
