"""A large demo shop is loaded by COPY; the result is what the importer makes of the same files."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import connection, transaction

from catalog.demo import loading, sizes
from catalog.demo.writer import write_demo
from catalog.models import Interaction, Order
from core.models import LedgerEntry
from tests.catalog.demo.conftest import TINY, UNTIL
from tests.catalog.importing.conftest import do_import
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db

# Every fact of the shop by the ids that the files know.
READ = {
    "orders": """SELECT o.number, o.external_id, c.external_id, o.status, o.currency, o.base_rate, o.lines_total,
        o.shipping, o.discount, o.total, o.paid_total, o.refunded_total, o.channel, o.country, o.placed_at, o.paid_at
        FROM catalog_order o JOIN catalog_customer c ON c.id = o.customer_id""",
    "lines": """SELECT o.number, l.line, p.external_id, v.sku, l.sku, l.name, l.quantity, l.unit_price, l.discount,
        l.refunded_quantity FROM catalog_orderline l JOIN catalog_order o ON o.id = l.order_id
        JOIN catalog_product p ON p.id = l.product_id JOIN catalog_variant v ON v.id = l.variant_id""",
    "payments": """SELECT o.number, p.external_id, p.amount, p.currency, p.method, p.paid_at
        FROM catalog_payment p JOIN catalog_order o ON o.id = p.order_id""",
    "refunds": """SELECT o.number, c.external_id, r.external_id, r.order_line_id, r.product_id, r.quantity, r.amount,
        r.currency, r.reason, r.refunded_at FROM catalog_refund r JOIN catalog_order o ON o.id = r.order_id
        JOIN catalog_customer c ON c.id = r.customer_id""",
    "timeline": """SELECT o.number, e.kind, e.occurred_at, e.note, e.details, e.created_by_id
        FROM catalog_orderevent e JOIN catalog_order o ON o.id = e.order_id""",
    "visitors": """SELECT v.key, c.external_id, v.may_track, v.first_seen_at, v.expires_at
        FROM catalog_visitor v LEFT JOIN catalog_customer c ON c.id = v.customer_id""",
    "interactions": """SELECT i.event_id, i.occurred_at, i.kind, p.external_id, c.external_id, v.key, i.value, i.context
        FROM catalog_interaction i LEFT JOIN catalog_product p ON p.id = i.product_id
        LEFT JOIN catalog_customer c ON c.id = i.customer_id LEFT JOIN catalog_visitor v ON v.id = i.visitor_id""",
    "products": """SELECT external_id, name, name_translations, price, status, is_in_stock FROM catalog_product""",
    "variants": """SELECT v.sku, v.stock, m.delta, m.balance, m.reason FROM catalog_variant v
        LEFT JOIN catalog_stockmovement m ON m.variant_id = v.id""",
    "profile": "SELECT base_currency FROM core_shopprofile",
    "structure": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    # Names of indexes that months get by themselves depend on the order in which they are made.
    "indexes": r"""SELECT regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \S+_idx\d* ', 'INDEX '), indisvalid
        FROM pg_index WHERE indrelid::regclass::text LIKE 'catalog_%'""",
}


def facts() -> dict[str, list[str]]:
    found = {}
    with connection.cursor() as cursor:
        for name, statement in READ.items():
            cursor.execute(statement)
            found[name] = sorted(map(repr, cursor.fetchall()))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("loading") / "shop"
    write_demo(4, replace(TINY, in_columns=True), UNTIL, path)
    return path


@pytest.fixture(autouse=True)
def imports_in_this_transaction(settings, tmp_path, monkeypatch):
    """A job of its own would not see the rows of the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(loading, "call_command", lambda name, form, path, **options: do_import(Path(path), form))


def load(folder):
    loading.load(folder, OutputWrapper(StringIO()), lambda text: None)


def test_loading_makes_the_shop_that_the_importer_makes(folder):
    with transaction.atomic():
        do_import(folder)
        imported = facts()
        transaction.set_rollback(True)
    assert loading.is_empty()

    load(folder)

    loaded = facts()
    assert len(loaded["orders"]) > 400
    assert len(loaded["interactions"]) > 4_000
    for name in READ:
        assert loaded[name] == imported[name], name


def test_prices_and_stock_stand_in_the_ledger(folder):
    load(folder)

    kinds = set(LedgerEntry.objects.values_list("kind", flat=True))
    assert {"price", "stock", "consent"} <= kinds
    assert LedgerEntry.objects.filter(kind="price", subject__startswith="catalog.product:").count() == 30


def test_a_load_that_breaks_off_leaves_no_half_sales(folder, monkeypatch):
    monkeypatch.setattr(loading, "PURCHASES", "SELECT 1 / 0")

    with pytest.raises(Exception, match="division by zero"), transaction.atomic():
        load(folder)

    assert not Order.objects.exists()
    assert not Interaction.objects.exists()


def test_the_command_loads_a_large_shop_into_an_empty_database_only(monkeypatch, tmp_path):
    monkeypatch.setitem(sizes.SIZES, "large", replace(TINY, in_columns=True))
    command = ["make_demo_shop", "--size", "large", "--until", "2026-11-01", "--out", str(tmp_path / "shop"), "-v0"]

    call_command(*command, "--import", stdout=StringIO())

    assert Order.objects.count() > 400
    with pytest.raises(CommandError, match="needs an empty database"):
        call_command(*command, "--import", stdout=StringIO())


def test_a_shop_with_one_product_is_not_empty():
    ProductFactory.create()

    assert not loading.is_empty()
