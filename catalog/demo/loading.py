"""Puts the folder of a large demo shop into an empty database.

Catalogue and customers go through the importer, so that triggers, ledger, stock and pictures are as always. Sales and
visits are facts that this program wrote itself a moment ago: they are copied and written once, in their final form,
without the checks, the second look and the notes for undo that files of strangers need, while secondary indexes and
links between tables are away. Both are made again in the same transaction, and the links are checked as a whole then.
The result is what the importer would make of the same files. See docs/adr/0035.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import connection, transaction

from catalog import partitions
from catalog.extensions import import_sections
from catalog.importing.native.settle import BOUGHT, EVENT
from catalog.models import Customer, Interaction, Order, Product
from core.models import ShopProfile

FACTS = ("orders", "order_lines", "payments", "interactions")
PEOPLE_AND_GOODS = ("categories", "brands", "products", "variants", "images", "customers")
Tell = Callable[[str], None]

STAGED = {
    "orders": "number text, customer text, placed_at timestamptz, status text, currency text, shipping numeric,"
    " discount numeric, channel text, country text",
    "order_lines": "order_number text, line integer, sku text, name text, quantity integer, unit_price numeric,"
    " discount numeric",
    "payments": "order_number text, id text, kind text, amount numeric, currency text, paid_at timestamptz,"
    " method text",
    "interactions": "event_id uuid, kind text, product text, customer text, visitor text, occurred_at timestamptz,"
    " value double precision",
}


def is_empty() -> bool:
    """Whether a demo shop can be loaded here."""
    return not any(model.objects.exists() for model in (Product, Customer, Order, Interaction))


def load(folder: Path, stdout: OutputWrapper, tell: Tell) -> None:
    """Everything in the folder. The database is empty (`is_empty`). Safe to kill: sales are there whole or not."""
    _import(folder, PEOPLE_AND_GOODS, stdout)
    with transaction.atomic():
        _prepare_session()
        tell("orders.csv, order_lines.csv, payments.csv")
        _sales(folder)
        tell("interactions.csv")
        _visits(folder)
    tell("ANALYZE")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    known = {entry.key for entry in import_sections.entries()} - {*FACTS, *PEOPLE_AND_GOODS}
    others = [path.stem for path in folder.glob("*.csv") if path.stem in known]
    if others:
        _import(folder, others, stdout)


def _import(folder: Path, names: Sequence[str], stdout: OutputWrapper) -> None:
    """These tables and the pictures, through the importer."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as part:
        for file in (*(folder / f"{name}.csv" for name in names), *(folder / "images").glob("*.webp")):
            target = Path(part) / file.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            os.link(file, target)
        call_command("import_shop", "native", part, stdout=stdout)


def _prepare_session() -> None:
    with connection.cursor() as cursor:
        for setting in (
            "statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "work_mem = '64MB'",
            "maintenance_work_mem = '128MB'", "jit = off", "synchronous_commit = off",
        ):  # fmt: skip
            cursor.execute(f"SET LOCAL {setting}")


def _copy(folder: Path, name: str) -> None:
    with connection.cursor() as cursor, (folder / f"{name}.csv").open("rb") as file:
        cursor.execute(f"CREATE TEMPORARY TABLE demo_{name} ({STAGED[name]}) ON COMMIT DROP")
        cursor.copy_expert(f"COPY demo_{name} FROM STDIN WITH (FORMAT csv, HEADER)", file)
        cursor.execute(f"ANALYZE demo_{name}")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _sales(folder: Path) -> None:
    for name in ("orders", "order_lines", "payments"):
        _copy(folder, name)
    profile = ShopProfile.current()
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(currency) FROM demo_orders")
        profile.base_currency = cursor.fetchone()[0] or profile.base_currency
    profile.save(update_fields=["base_currency", "updated_at"])
    tables = ("catalog_order", "catalog_orderline", "catalog_payment", "catalog_refund", "catalog_orderevent")
    with _bare(tables):
        for statement in (ORDERS, LINES, PAYMENTS, REFUNDS, TIMELINE, REFUNDED):
            _run(statement)


def _visits(folder: Path) -> None:
    _copy(folder, "interactions")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT date_trunc('month', moment AT TIME ZONE 'UTC')::date FROM"
            " (SELECT occurred_at AS moment FROM demo_interactions UNION ALL SELECT coalesce(paid_at, placed_at)"
            "  FROM catalog_order) m"
        )
        partitions.ensure_months([month for (month,) in cursor.fetchall()])
    with _bare(("catalog_visitor",)):
        _run(VISITORS)
    with _bare(("catalog_interaction",)):
        _run(ACTS)
        _run(PURCHASES)


@contextmanager
def _bare(tables: Sequence[str]) -> Iterator[None]:
    """These tables without secondary indexes and foreign keys, which are made again from what the database says."""
    names = list(tables)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for its check would hold the tables
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conparentid = 0"
            " AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s))",
            [names, names],
        )
        links = cursor.fetchall()
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid::regclass::text = ANY(%s)"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
            [names],
        )
        indexes = cursor.fetchall()
        for table, name, _definition in links:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _name, definition in indexes:
            cursor.execute(definition.replace(" ON ONLY ", " ON "))
        for table, name, definition in links:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


ORDERS = """
INSERT INTO catalog_order (number, external_id, customer_id, status, currency, base_rate, lines_total, shipping,
    discount, total, paid_total, refunded_total, channel, country, placed_at, paid_at, created_at, updated_at)
SELECT s.number, s.number, c.id, s.status, s.currency, 1, l.amount, s.shipping, s.discount,
    l.amount + s.shipping - s.discount, coalesce(p.paid, 0), coalesce(p.refunded, 0), s.channel, s.country,
    s.placed_at, p.paid_at, now(), now()
FROM demo_orders s JOIN catalog_customer c ON c.external_id = s.customer
JOIN (
    SELECT order_number, sum(quantity * unit_price - discount) AS amount FROM demo_order_lines GROUP BY order_number
) l ON l.order_number = s.number
LEFT JOIN (
    SELECT order_number, sum(amount) FILTER (WHERE kind = 'payment') AS paid,
        sum(amount) FILTER (WHERE kind = 'refund') AS refunded, min(paid_at) FILTER (WHERE kind = 'payment') AS paid_at
    FROM demo_payments GROUP BY order_number
) p ON p.order_number = s.number
ORDER BY s.placed_at, s.number
"""
LINES = """
INSERT INTO catalog_orderline (order_id, line, product_id, variant_id, sku, name, quantity, unit_price, discount)
SELECT o.id, s.line, v.product_id, v.id, s.sku, s.name, s.quantity, s.unit_price, s.discount
FROM demo_order_lines s JOIN catalog_order o ON o.number = s.order_number JOIN catalog_variant v ON v.sku = s.sku
ORDER BY o.id, s.line
"""
PAYMENTS = """
INSERT INTO catalog_payment (order_id, external_id, amount, currency, method, paid_at)
SELECT o.id, s.id, s.amount, o.currency, s.method, s.paid_at
FROM demo_payments s JOIN catalog_order o ON o.number = s.order_number WHERE s.kind = 'payment' ORDER BY o.id
"""
REFUNDS = """
INSERT INTO catalog_refund (order_id, customer_id, external_id, quantity, amount, currency, reason, refunded_at)
SELECT o.id, o.customer_id, s.id, 0, s.amount, o.currency, '', s.paid_at
FROM demo_payments s JOIN catalog_order o ON o.number = s.order_number WHERE s.kind = 'refund' ORDER BY o.id
"""
TIMELINE = """
INSERT INTO catalog_orderevent (order_id, kind, occurred_at, note, details)
SELECT e.* FROM (
    SELECT id AS order_id, 'placed', placed_at AS at, '', '{}'::jsonb FROM catalog_order
    UNION ALL
    SELECT id, 'paid', paid_at, '', jsonb_build_object('amount', trim_scale(paid_total)::text)
    FROM catalog_order WHERE paid_at IS NOT NULL
    UNION ALL
    SELECT id, status, coalesce(paid_at, placed_at), '', '{"time": "unknown"}'::jsonb
    FROM catalog_order WHERE status IN ('shipped', 'delivered', 'cancelled')
) e ORDER BY e.order_id, e.at
"""
REFUNDED = """
INSERT INTO catalog_orderevent (order_id, kind, occurred_at, note, details)
SELECT order_id, 'refunded', refunded_at, reason,
    jsonb_build_object('refund', external_id, 'amount', trim_scale(amount)::text)
FROM catalog_refund ORDER BY order_id
"""
VISITORS = """
INSERT INTO catalog_visitor (key, customer_id, first_seen_at)
SELECT s.visitor, (array_agg(c.id ORDER BY s.occurred_at DESC) FILTER (WHERE c.id IS NOT NULL))[1], min(s.occurred_at)
FROM demo_interactions s LEFT JOIN catalog_customer c ON c.external_id = s.customer
GROUP BY s.visitor ORDER BY min(s.occurred_at), s.visitor
"""
ACTS = """
INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, visitor_id, value)
SELECT s.event_id, s.occurred_at, s.kind, p.id, c.id, v.id, s.value
FROM demo_interactions s JOIN catalog_product p ON p.external_id = s.product
LEFT JOIN catalog_customer c ON c.external_id = s.customer JOIN catalog_visitor v ON v.key = s.visitor
"""
PURCHASES = f"""
INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, value)
SELECT {EVENT}, coalesce(o.paid_at, o.placed_at), 'purchase', l.product_id, o.customer_id, l.quantity
FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
WHERE o.status IN ({BOUGHT}) AND l.product_id IS NOT NULL
"""  # noqa: S608
