"""What the figures cost: `python -m tests.benchmarks.facts_bench` (a million orders; `--full` adds ten million).

On a PostgreSQL of its own. Processor seconds of this process, its session and whatever the server started for it:
a full count that compares and finds nothing; 10,000 new orders into the tables; 10,000 late ones all over two years;
single orders with and without the triggers. Beside them, in the same run, what plain SQL needs for three of the tables:
everything by GROUP BY, and the new orders added to what is there. Orders carry no lines at the sizes that are compared
with each other; a million with two lines each stand beside. Exit status 1 when a bound is broken.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.places import BENCH

SIZE, LARGE, NEW, SINGLE = 1_000_000, 10_000_000, 10_000, 1_000
MOST = {SIZE: 3.0, LARGE: 45.0}
MOST_NEW, MOST_GROWTH, MOST_TRIGGER_MS = 0.3, 16.0, 0.5
SPARED = (
    "order_newest", "order_of_visitor", "order_by_status", "order_by_total", "order_by_country", "order_number_trgm",
)  # fmt: skip
"""Indexes that figures do not use: filling a million orders by hand goes faster without."""
CUSTOMERS = """
INSERT INTO catalog_customer (name, email, phone, language, country, city, joined_at, created_at, updated_at)
SELECT '', '', '', '', '', '', now(), now(), now() FROM generate_series(1, %(people)s) n
"""
PRODUCTS = """
INSERT INTO catalog_product (name, price, status, is_in_stock, external_id, created_at, updated_at)
SELECT 'Product ' || n, 10, 'live', true, 'bench-' || n, now(), now() FROM generate_series(1, 2000) n
"""
# Customers buy unequally often (a few very often); days are two years, the last of which is 2026-06-14 in the shop.
ORDERS = """
INSERT INTO catalog_order (public_id, number, customer_id, status, currency, base_rate, lines_total, total, paid_total,
    channel, country, placed_at, paid_at, created_at, updated_at)
SELECT replace(gen_random_uuid()::text, '-', ''), %(name)s || n, 1 + floor(power(random(), 1.5) * %(people)s)::int,
    'paid', 'CNY', 1, amount, amount, amount, '', '', moment, moment, now(), now()
FROM (
    SELECT n, (10 + 190 * random())::numeric(18, 2) AS amount,
        timestamptz '2026-06-14 16:00+00' - random() * %(days)s * interval '1 day' AS moment
    FROM generate_series(1, %(size)s) n ORDER BY moment
) o
"""
LINES = """
INSERT INTO catalog_orderline (order_id, line, product_id, sku, name, quantity, unit_price, discount)
SELECT o.id, k, 1 + mod(o.id * 7 + k * 13, 2000), 'x', '', 1, o.lines_total / 2, 0
FROM catalog_order o, generate_series(1, 2) k WHERE starts_with(o.number, %(name)s)
"""
REFUNDS = """
INSERT INTO catalog_refund (order_id, customer_id, amount, currency, reason, refunded_at)
SELECT id, customer_id, 5, 'CNY', '', paid_at + interval '9 days' FROM catalog_order WHERE mod(id, 20) = 0
"""
PLAIN = """
DROP TABLE IF EXISTS plain_stats, plain_daily, plain_months;
CREATE TEMP TABLE plain_stats AS SELECT customer_id, count(*) AS orders, sum(paid_total) AS gross,
    min(paid_at) AS first, max(paid_at) AS last FROM catalog_order GROUP BY 1;
CREATE TEMP TABLE plain_daily AS SELECT (paid_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS orders,
    sum(paid_total) AS gross FROM catalog_order GROUP BY 1;
CREATE TEMP TABLE plain_months AS SELECT customer_id, date_trunc('month', paid_at AT TIME ZONE 'Asia/Shanghai')::date
    AS month, count(*) AS orders, sum(paid_total) AS gross FROM catalog_order GROUP BY 1, 2
"""
PLAIN_KEYS = """
CREATE UNIQUE INDEX ON plain_stats (customer_id); CREATE UNIQUE INDEX ON plain_daily (day);
CREATE UNIQUE INDEX ON plain_months (customer_id, month); ANALYZE plain_stats; ANALYZE plain_months
"""
PLAIN_ADD = """
INSERT INTO plain_stats AS t SELECT customer_id, count(*), sum(paid_total), min(paid_at), max(paid_at)
    FROM catalog_order WHERE id > %(last)s GROUP BY 1
    ON CONFLICT (customer_id) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross;
INSERT INTO plain_daily AS t SELECT (paid_at AT TIME ZONE 'Asia/Shanghai')::date, count(*), sum(paid_total)
    FROM catalog_order WHERE id > %(last)s GROUP BY 1
    ON CONFLICT (day) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross;
INSERT INTO plain_months AS t SELECT customer_id, date_trunc('month', paid_at AT TIME ZONE 'Asia/Shanghai')::date,
    count(*), sum(paid_total) FROM catalog_order WHERE id > %(last)s GROUP BY 1, 2
    ON CONFLICT (customer_id, month) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="Ten million orders, too: half an hour and 5 GB.")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="zg-", dir="/tmp"))
    place.chmod(0o711)
    os.environ.update(VAR_DIR=str(place), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="ERROR")
    os.environ["STATEMENT_TIMEOUT_MS"] = "0"
    os.environ.pop("DATABASE_URL", None)
    try:
        result, broken = measure(full=options.full)
    finally:
        from core import local_services

        local_services.stop(place, force=True)
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(result, indent=2))
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "facts.json").write_text(json.dumps(result, indent=2) + "\n")
    for line in broken:
        print(f"OUT OF RANGE {line}")
    return 1 if broken else 0


def measure(*, full: bool) -> tuple[dict[str, Any], list[str]]:
    """All figures of one run, and the bounds that are broken."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _run("ALTER SYSTEM SET autovacuum = off")
    _run("SELECT pg_reload_conf()")
    for name in SPARED:
        _run(f"DROP INDEX IF EXISTS {name}")
    _fill(PRODUCTS)
    result: dict[str, Any] = {"with_two_lines": _measure_size(SIZE, lines=True)}
    for size in (SIZE, LARGE) if full else (SIZE,):
        result[f"{size:,}"] = _measure_size(size, lines=False)
    broken = []
    for size in (SIZE, LARGE) if full else (SIZE,):
        row = result[f"{size:,}"]
        if row["compare_cpu_seconds"] > MOST[size]:
            broken.append(f"a full count of {size:,}: {row['compare_cpu_seconds']} s")
        if row["drift"]:
            broken.append(f"drift at {size:,}: {row['drift']}")
    for name in ("with_two_lines", f"{SIZE:,}"):
        if result[name]["new_orders_cpu_seconds"] > MOST_NEW:
            broken.append(f"{NEW:,} new orders, {name}: {result[name]['new_orders_cpu_seconds']} s")
    if full:
        growth = result[f"{LARGE:,}"]["compare_cpu_seconds"] / result[f"{SIZE:,}"]["compare_cpu_seconds"]
        result["growth_of_a_full_count"] = round(growth, 1)
        if growth > MOST_GROWTH:
            broken.append(f"ten times the orders cost {growth:.1f} times")
    if result["with_two_lines"]["trigger_ms_per_order"] > MOST_TRIGGER_MS:
        broken.append("the triggers are slow")
    return result, broken


def _measure_size(size: int, *, lines: bool) -> dict[str, Any]:
    from analytics.facts import counting

    people = size // 5
    _run(
        "TRUNCATE catalog_order, catalog_orderline, catalog_refund, catalog_customer, analytics_customerstats,"
        " analytics_customermonth, analytics_dailysales, analytics_productday, analytics_cohortcell,"
        " analytics_touchedsale RESTART IDENTITY CASCADE"
    )
    _fill(CUSTOMERS, people=people)
    _fill(ORDERS, name="O", people=people, size=size, days=730)
    _fill(REFUNDS)
    if lines:
        _fill(LINES, name="O")
    _run("VACUUM ANALYZE")
    found: dict[str, Any] = {"plain_group_by_cpu_seconds": _cpu(lambda: _run(PLAIN))}
    found["first_count_cpu_seconds"] = _cpu(counting.rebuild)
    _run("VACUUM ANALYZE")
    found["compare_cpu_seconds"] = min(_cpu(counting.compare) for _again in range(2))
    _run(PLAIN_KEYS)
    for title, days in (("new", 0.5), ("late", 730)):
        last = _ask("SELECT max(id) FROM catalog_order")
        _run(ORDERS, name=title, people=people, size=NEW, days=days)
        if lines:
            _run(LINES, name=title)
        found[f"plain_{title}_cpu_seconds"] = _cpu(lambda last=last: _run(PLAIN_ADD, last=last))  # type: ignore[misc]
        found[f"{title}_orders_cpu_seconds"] = _cpu(counting.count)
    found["drift"] = sum(counting.compare()[0].values())
    found["full_to_plain"] = round(found["compare_cpu_seconds"] / found["plain_group_by_cpu_seconds"], 2)
    found["new_to_plain"] = round(found["new_orders_cpu_seconds"] / found["plain_new_cpu_seconds"], 2)
    if lines:
        found["trigger_ms_per_order"] = _trigger_cost(people)
    return found


def _trigger_cost(people: int) -> float:
    """Milliseconds of processor for one order with two lines, each by a statement of its own: with less without."""
    costs = []
    for word in ("DISABLE", "ENABLE"):
        for table in ("catalog_order", "catalog_orderline"):
            for (name,) in _rows(
                "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'analytics%%' AND tgrelid = %s::regclass", [table]
            ):
                _run(f"ALTER TABLE {table} {word} TRIGGER {name}")

        def one_by_one(word: str = word) -> None:
            for number in range(SINGLE):
                _run(ORDERS, name=f"{word}{number}-", people=people, size=1, days=0.5)
                _run(LINES.replace("starts_with(o.number, %(name)s)", "o.number = %(name)s"), name=f"{word}{number}-1")

        costs.append(_cpu(one_by_one))
    return round((costs[1] - costs[0]) / SINGLE * 1000, 3)


# --- helpers ------------------------------------------------------------------------------------------------------


def _fill(statement: str, **values: Any) -> None:
    """Rows without triggers, keys and checks of other tables."""
    _run("SET session_replication_role = replica")
    _run(statement, **values)
    _run("SET session_replication_role = DEFAULT")


def _run(statement: str, **values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _rows(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _ask(statement: str) -> Any:
    return _rows(statement)[0][0]


def _cpu(work: Callable[[], Any]) -> float:
    """Processor seconds of this process, of its session and of helpers that the server started and that ended."""
    session = _ask("SELECT pg_backend_pid()")
    begun = time.process_time() + _spent(session)
    work()
    spent = round(time.process_time() + _spent(session) - begun, 3)
    print(f"{spent} s", flush=True)
    return spent


def _spent(session: int) -> float:
    tick = os.sysconf("SC_CLK_TCK")
    own = _stat(session)
    server = _stat(int(own[1]))
    return (int(own[11]) + int(own[12]) + int(server[13]) + int(server[14])) / tick


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


if __name__ == "__main__":
    sys.exit(main())
