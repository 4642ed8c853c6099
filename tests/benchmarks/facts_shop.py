"""Shops of nothing but orders for measuring figures, made once below BENCH_SHOPS (or var/bench) and kept.

Customers buy unequally often, a few very often; the orders lie evenly over two years that end with 2026-06-14 of a shop
in Shanghai; every twentieth is refunded in part. Keys, checks and indexes that figures do not use are left out.
"""

import os
import time
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from tests.benchmarks.places import BENCH

KEPT = ("order_of_customer", "order_paid_at", "order_line_once")
"""Of the indexes that are no primary keys of orders and lines."""
CUSTOMERS = """
INSERT INTO catalog_customer (name, email, phone, language, country, city, joined_at, created_at, updated_at)
SELECT '', '', '', '', '', '', now(), now(), now() FROM generate_series(1, %(people)s) n
"""
PRODUCTS = """
INSERT INTO catalog_product (name, price, status, is_in_stock, external_id, created_at, updated_at)
SELECT 'Product ' || n, 10, 'live', true, 'bench-' || n, now(), now() FROM generate_series(1, 2000) n
"""
ORDERS = """
INSERT INTO catalog_order (public_id, number, customer_id, status, currency, base_rate, lines_total, total, paid_total,
    channel, country, placed_at, paid_at, created_at, updated_at)
SELECT md5(%(name)s || n), %(name)s || n, 1 + floor(power(random(), 1.5) * %(people)s)::int,
    'paid', 'CNY', 1, amount, amount, amount, '', '', moment, moment, now(), now()
FROM (
    SELECT n, (10 + 190 * random())::numeric(18, 2) AS amount, timestamptz '2026-06-14 16:00+00'
        - (%(size)s - n + random()) / %(size)s * %(days)s * interval '1 day' AS moment
    FROM generate_series(%(first)s, %(last)s) n
) o
"""
LINES = """
INSERT INTO catalog_orderline (order_id, line, product_id, sku, name, quantity, unit_price, discount)
SELECT o.id, k, 1 + mod(o.id * 7 + k * 13, 2000), 'x', '', 1, o.lines_total / 2, 0
FROM catalog_order o, generate_series(1, 2) k WHERE o.id > %(last)s
"""
REFUNDS = """
INSERT INTO catalog_refund (order_id, customer_id, amount, currency, reason, refunded_at)
SELECT id, customer_id, 5, 'CNY', '', paid_at + interval '9 days' FROM catalog_order WHERE mod(id, 20) = 0
"""
FIGURES = (
    "analytics_customerstats, analytics_customermonth, analytics_dailysales, analytics_productday,"
    " analytics_salespart, analytics_cohortcell, analytics_touchedsale, analytics_factsstate"
)
DAYS = 730
STEP = 1_000_000
"""Orders are made so many at a time: ten million in one statement would hold what they write until they end."""


def place(size: int, *, lines: bool) -> Path:
    """Where the shop of so many orders is kept."""
    return Path(os.environ.get("BENCH_SHOPS") or BENCH) / f"orders-{size}{'-lines' if lines else ''}"


def people_of(size: int) -> int:
    """Five orders for each customer."""
    return size // 5


def prepare(size: int, *, lines: bool) -> None:
    """Make the shop unless it is there: half a minute for a million orders, six for ten. What an earlier run measured
    is taken away; no figures are left."""
    call_command("migrate", verbosity=0)
    run("ALTER SYSTEM SET autovacuum = off")
    run("SELECT pg_reload_conf()")
    done = place(size, lines=lines) / "made"
    run("SET session_replication_role = replica")
    if done.exists():
        run(f"TRUNCATE {FIGURES}")
        for table, key in (("orderline", "order_id"), ("refund", "order_id"), ("order", "id")):
            run(f"DELETE FROM catalog_{table} WHERE {key} > %(size)s", size=size)
    else:
        _fill(size, lines=lines)
        done.touch()
    run("SET session_replication_role = DEFAULT")
    run("SELECT setval('catalog_order_id_seq', %(size)s)", size=size)
    run("VACUUM ANALYZE")


def _fill(size: int, *, lines: bool) -> None:
    begun = time.monotonic()
    run(f"TRUNCATE catalog_customer, catalog_product, {FIGURES} RESTART IDENTITY CASCADE")
    indexes = _without_indexes()
    run("SET maintenance_work_mem = '1GB'")
    run("SELECT setseed(0.5)")
    run(PRODUCTS)
    run(CUSTOMERS, people=people_of(size))
    for first in range(1, size + 1, STEP):
        add_orders(
            name="O", people=people_of(size), size=size, days=DAYS, first=first, last=min(size, first + STEP - 1)
        )
    run(REFUNDS)
    if lines:
        run(LINES, last=0)
    for statement in indexes:
        run(statement)
    print(f"{size:,} orders made in {time.monotonic() - begun:.0f} s", flush=True)


def _without_indexes() -> list[str]:
    """Drop all but primary keys of orders and lines. The statements that make those that figures use."""
    tables = "('catalog_order'::regclass, 'catalog_orderline'::regclass)"
    found = rows(
        "SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname"
        " FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'"
        f" WHERE i.indrelid IN {tables} AND NOT i.indisprimary"
    )
    for index, table, _made, constraint in found:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
    return [made for index, _table, made, _constraint in found if index in KEPT]


def add_orders(*, name: str, people: int, size: int, days: float, first: int = 1, last: int | None = None) -> None:
    """`size` orders that lie evenly over the last `days`, or those of them from `first` to `last`."""
    run(ORDERS, name=name, people=people, size=size, days=days, first=first, last=size if last is None else last)


def run(statement: str, **values: Any) -> None:
    """Run one or several statements."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def rows(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
