"""From invoice lines to products, customers, orders and refunds, written by the sections of the native format."""

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.currency import settle_in
from catalog.importing.native import Customers, OrderLines, Orders, Payments, Products
from catalog.importing.online_retail.returns import Movement, match_returns
from catalog.importing.online_retail.rules import ZONE, classify, left_out
from catalog.importing.online_retail.words import shop_name
from catalog.importing.sections import Load, Section
from catalog.importing.staging import Stage, analyse, copy, execute, fetch_one, stream
from core.said import Said

CURRENCY = "GBP"
POSTAGE = "postage"
GIVEN = {
    "products": ("id", "name", "price", "status", "created_at"),
    "customers": ("id", "country", "created_at"),
    "orders": ("number", "customer", "placed_at", "status", "currency", "shipping", "discount", "country"),
    "order_lines": ("order_number", "line_number", "sku", "name", "quantity", "unit_price", "discount"),
    "payments": (
        "order_number", "id", "kind", "amount", "currency", "paid_at", "line_number", "quantity", "reason", "customer",
        "product",
    ),
}  # fmt: skip
"""Columns that the file has something to say about; staff keep what they wrote into the others."""


class Transactions(Section):
    """Every line of the file is taken by exactly one rule, so that the amounts add up to that of the file."""

    name = "transactions"

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("invoice", 60, required=True, blank=False, aliases=("invoice_no",)),
            c.key("stock_code", 60, required=True, blank=False),
            c.text("description", 300, required=True, strip=False),
            c.integer("quantity", -1_000_000_000, 1_000_000_000, required=True, blank=False),
            c.local_moment("invoice_date", ZoneInfo(ZONE), required=True, blank=False),
            c.money("price", negative=True, required=True, blank=False, aliases=("unit_price",)),
            c.key("customer_id", required=True, aliases=("customer",)),
            c.text("country", 60, required=True),
        )

    def apply(self, load: Load) -> None:
        report, source = load.report, load.stage(self.name)
        settle_in(load, CURRENCY, ZONE)
        net = classify(report)
        source.drop()
        sections: list[Section] = [Products(), Customers(), Orders(), OrderLines(), Payments()]
        for section in sections:
            stage = Stage(section.name, section.columns(), made_from=source.file, given=GIVEN[section.name])
            stage.create()
            load.stages[section.name] = stage
        _stage_products()
        _stage_customers()
        _stage_orders()
        _stage_payments(load)
        for section in sections:
            stage = load.stage(section.name)
            analyse(stage.table)
            count = report.section(section.name)
            count.file, count.read = source.file, stage.count()
            load.advance(0, Said(gettext_noop("%(section)s: writing"), {"section": section.name}))
            with report.timed(section.name):
                section.apply(load)
        _count_orders(load)
        report.totals.update(_totals(net, left_out(report)))
        execute("DROP TABLE import_lines")


def _stage_products() -> None:
    """Codes that were sold or returned, under their most frequent description and with their latest price."""
    named = stream(
        """
        SELECT DISTINCT ON (code) code, description FROM (
            SELECT code, btrim(coalesce(description, '')) AS description, count(*) AS n, max(line) AS last
            FROM import_lines WHERE rule IN ('sale', 'return') GROUP BY 1, 2
        ) d ORDER BY code, description = '', n DESC, last DESC
        """
    )
    names = [(code, shop_name(description) or code) for code, description in named]
    execute("CREATE TEMPORARY TABLE import_names (id text, name text) ON COMMIT DROP")
    copy("import_names", "id, name", (f"{_escape(code)}\t{_escape(name)}\n" for code, name in names))
    execute(
        """
        INSERT INTO import_products (line, id, name, price, status, created_at)
        SELECT p.line, n.id, n.name, p.price, 'live', p.first_at FROM import_names n JOIN (
            SELECT DISTINCT ON (code) code, price, line, min(moment) OVER (PARTITION BY code) AS first_at
            FROM import_lines WHERE rule IN ('sale', 'return') ORDER BY code, rule DESC, moment DESC, line DESC
        ) p ON p.code = n.id
        """
    )
    execute("DROP TABLE import_names")


def _stage_customers() -> None:
    execute(
        """
        INSERT INTO import_customers (line, id, country, created_at)
        SELECT min(line), customer,
               (array_agg(country ORDER BY moment DESC, line DESC) FILTER (WHERE country IS NOT NULL))[1],
               min(moment)
        FROM import_lines WHERE customer IS NOT NULL GROUP BY customer
        """
    )


def _stage_orders() -> None:
    """Invoices are finished business: closed, and paid when they were written."""
    execute(
        f"""
        INSERT INTO import_orders (line, number, customer, placed_at, status, currency, shipping, discount, country)
        SELECT min(line), invoice, max(customer), min(moment), 'closed', '{CURRENCY}',
               coalesce(sum(amount) FILTER (WHERE rule = 'shipping'), 0), 0, max(country)
        FROM import_lines WHERE rule IN ('sale', 'shipping') GROUP BY invoice
        """  # noqa: S608
    )
    execute(
        """
        INSERT INTO import_order_lines (line, order_number, line_number, sku, name, quantity, unit_price, discount)
        SELECT l.line, l.invoice, l.ordinal, l.code, p.name, l.quantity, l.price, 0
        FROM import_lines l JOIN import_products p ON p.id = l.code WHERE l.rule = 'sale'
        """
    )


def _stage_payments(load: Load) -> None:
    execute(
        f"""
        CREATE TEMPORARY TABLE import_order_totals ON COMMIT DROP AS
        SELECT invoice, sum(amount) AS total, min(moment) AS moment, min(line) AS line
        FROM import_lines WHERE rule IN ('sale', 'shipping') GROUP BY invoice;
        INSERT INTO import_payments (line, order_number, id, kind, amount, currency, paid_at)
        SELECT line, invoice, invoice, 'payment', total, '{CURRENCY}', moment FROM import_order_totals;
        CREATE TEMPORARY TABLE import_matches (line integer PRIMARY KEY, invoice text, ordinal integer) ON COMMIT DROP;
        """  # noqa: S608
    )
    found = list(match_returns(_movements()))
    copy(
        "import_matches",
        "line, invoice, ordinal",
        (f"{match.line}\t{_escape(match.invoice)}\t{match.ordinal}\n" for match in found),
    )
    execute(
        f"""
        INSERT INTO import_payments (line, order_number, id, kind, amount, currency, paid_at, line_number, quantity,
                                     reason, customer, product)
        SELECT l.line, m.invoice, l.invoice || ':' || l.ordinal, 'refund', -l.amount, '{CURRENCY}', l.moment,
               m.ordinal, CASE WHEN l.rule = 'return' THEN -l.quantity END,
               CASE WHEN l.rule = 'shipping_returned' THEN '{POSTAGE}' END,
               l.customer, CASE WHEN l.rule = 'return' THEN l.code END
        FROM import_lines l LEFT JOIN import_matches m USING (line)
        WHERE l.rule IN ('return', 'shipping_returned')
        """  # noqa: S608
    )
    counted = stream(
        "SELECT m.line IS NOT NULL, count(*), sum(l.amount) FROM import_lines l LEFT JOIN import_matches m USING (line)"
        " WHERE l.rule = 'return' GROUP BY 1"
    )
    for is_matched, count, amount in counted:
        load.report.rule("returns_matched" if is_matched else "returns_unmatched", count, amount)
    execute("DROP TABLE import_order_totals, import_matches")


def _movements() -> Iterator[Movement]:
    """Sales and returns of every customer and product of which something came back."""
    rows = stream(
        """
        SELECT l.customer, l.code, l.is_return, l.invoice, l.ordinal, abs(l.quantity), abs(l.amount),
               coalesce(t.total, 0), l.line
        FROM import_lines l LEFT JOIN import_order_totals t ON t.invoice = l.invoice
        WHERE l.rule IN ('sale', 'return') AND (l.customer, l.code) IN (
            SELECT customer, code FROM import_lines WHERE rule = 'return' AND customer IS NOT NULL
        )
        ORDER BY l.customer, l.code, l.moment, l.is_return, l.line
        """
    )
    return (Movement(*row) for row in rows)


def _count_orders(load: Load) -> None:
    guests, amount = fetch_one(
        "SELECT count(*), sum(o.total) FROM import_orders s JOIN catalog_order o USING (number)"
        " WHERE s.customer IS NULL"
    )
    load.report.rule("guest_orders", guests, amount)
    alone, amount = fetch_one(
        "SELECT count(*), sum(o.total) FROM import_orders s JOIN catalog_order o USING (number)"
        " WHERE NOT EXISTS (SELECT 1 FROM import_order_lines l WHERE l.order_number = s.number)"
    )
    load.report.rule("orders_of_shipping_alone", alone, amount)


def _totals(net: Decimal, out: Decimal) -> dict[str, Decimal]:
    """What the shop holds now, against what the file says."""
    orders = fetch_one("SELECT coalesce(sum(o.total), 0) FROM import_orders s JOIN catalog_order o USING (number)")[0]
    refunds = fetch_one(
        "SELECT coalesce(sum(r.amount), 0) FROM import_payments s JOIN catalog_refund r ON r.external_id = s.id"
        " WHERE s.kind = 'refund'"
    )[0]
    return {
        "file": net,
        "orders": orders,
        "refunds": -refunds,
        "left_out": out,
        "difference": net - orders + refunds - out,
    }


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ")
