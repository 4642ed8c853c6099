"""Orders and their lines. Both are resolved before either is written, because the total of an order must add up."""

from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.native.visitors import make_visitors
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, upsert
from catalog.importing.staging import analyse, execute, fetch_one
from catalog.models import Order
from core.models import ShopProfile

GROUP = "orders"
TOUCHED = "import_touched"
BASE = "(SELECT base_currency FROM core_shopprofile WHERE id = 1)"
LARGEST = 10**13  # of an amount; a MoneyField holds ten times as much


class Orders(Section):
    name = "orders"
    group = GROUP
    key = ("number",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("number", 80, required=True, blank=False),
            c.key("customer"),
            c.key("visitor", 64),
            c.moment("placed_at", required=True, blank=False),
            c.choice("status", Order.Status.values),
            c.currency("currency"),
            c.money("base_rate", positive=True),
            c.money("shipping"),
            c.money("discount"),
            c.text("channel", 40),
            c.text("country", 60),
        )

    def apply(self, load: Load) -> None:
        execute(f"DROP TABLE IF EXISTS {TOUCHED}")
        execute(f"CREATE TEMPORARY TABLE {TOUCHED} (id bigint, is_new boolean) ON COMMIT DROP")
        _settle_currency(load)
        _refuse_orders(load)
        _refuse_lines(load)
        _keep_what_is_not_given(load)
        _add_up(load)
        load.report.rule("visitors_new", make_visitors("import_orders", "placed_at"))
        written = upsert(
            "catalog_order",
            key=["number"],
            values={
                "number": Value("s.number"),
                "external_id": Value("s.number", update="coalesce(catalog_order.external_id, EXCLUDED.external_id)"),
                "customer_id": Value("c.id", needs=("customer",)),
                "visitor_id": Value("v.id", needs=("visitor",)),
                "status": Value("coalesce(s.status, 'paid')", needs=("status",)),
                "currency": Value(f"coalesce(s.currency, {BASE})", needs=("currency",)),
                "base_rate": Value("coalesce(s.base_rate, 1)", needs=("base_rate",)),
                "lines_total": Value("t.lines_total"),
                "shipping": Value("t.shipping"),
                "discount": Value("t.discount"),
                "total": Value("t.lines_total + t.shipping - t.discount"),
                "channel": Value("coalesce(s.channel, '')", needs=("channel",)),
                "country": Value("coalesce(s.country, '')", needs=("country",)),
                "placed_at": Value("s.placed_at"),
                **TIMESTAMPS,
            },
            source="import_orders s JOIN import_sums t USING (number)"
            " LEFT JOIN catalog_knowncustomer c ON c.external_id = s.customer"
            " LEFT JOIN catalog_visitor v ON v.key = s.visitor AND v.may_track",
            present=load.stage("orders").present,
            touched=TOUCHED,
        )
        _total_of_others()
        analyse("catalog_order")
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = load.stage("orders").count() - written.new - written.changed


class OrderLines(Section):
    name = "order_lines"
    group = GROUP
    key = ("order_number", "line_number")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("order_number", 80, required=True, blank=False, title="order"),
            c.integer("line_number", required=True, blank=False, title="line"),
            c.key("sku", 80, required=True, blank=False),
            c.text("name", 300),
            c.integer("quantity", 1, required=True, blank=False),
            c.money("unit_price", required=True, blank=False),
            c.money("discount"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        source = (
            "import_order_lines s JOIN catalog_order o ON o.number = s.order_number"
            " LEFT JOIN catalog_variant v ON v.sku = s.sku"
            " LEFT JOIN catalog_product p ON p.id = v.product_id"
            " LEFT JOIN catalog_product q ON v.id IS NULL AND q.external_id = s.sku"
        )
        written = upsert(
            "catalog_orderline",
            key=["order_id", "line"],
            values={
                "order_id": Value("o.id"),
                "line": Value("s.line_number"),
                "product_id": Value("coalesce(p.id, q.id)"),
                "variant_id": Value("v.id"),
                "sku": Value("s.sku"),
                "name": Value("coalesce(s.name, p.name, q.name, '')"),
                "quantity": Value("s.quantity"),
                "unit_price": Value("s.unit_price"),
                "discount": Value("coalesce(s.discount, 0)"),
            },
            source=source,
            present=stage.present,
            touched=TOUCHED,
            touched_id="order_id",
            touched_new="false",
            of_order=True,
        )
        analyse("catalog_orderline")
        unknown = f"SELECT count(*) FROM {source} WHERE coalesce(p.id, q.id) IS NULL"  # noqa: S608
        load.report.rule("lines_without_product", fetch_one(unknown)[0])
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed


def _settle_currency(load: Load) -> None:
    """A shop without orders takes the currency of the file when all its orders have the same."""
    profile = ShopProfile.current()
    found, currency = fetch_one("SELECT count(DISTINCT currency), min(currency) FROM import_orders")
    if found == 1 and currency != profile.base_currency and not Order.objects.exists():
        changes.note_before("core_shopprofile", [profile.pk])
        profile.base_currency = currency
        profile.save(update_fields=["base_currency", "updated_at"])
        load.report.note(gettext_noop("The shop's base currency is now %(currency)s."), currency=currency)


def _refuse_orders(load: Load) -> None:
    stage = load.stage("orders")
    stage.refuse(
        "s.customer IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM catalog_customer c WHERE c.external_id = s.customer)",
        column="customer", value="s.customer", reason=gettext_noop("customer %(value)s is unknown"),
    )  # fmt: skip
    stage.refuse(
        f"coalesce(s.currency, {BASE}) <> {BASE} AND s.base_rate IS NULL",
        column="currency", value=BASE,
        reason=gettext_noop("the shop's currency is %(value)s; a column base_rate must say what one unit is worth"),
    )  # fmt: skip
    stage.refuse(
        "o.external_id = s.number AND o.number <> s.number", using="catalog_order o",
        column="number", value="o.number", reason=gettext_noop("is the shop's own ID of order %(value)s"),
    )  # fmt: skip


def _refuse_lines(load: Load) -> None:
    stage = load.stage("order_lines")
    stage.refuse(
        "NOT EXISTS (SELECT 1 FROM import_orders o WHERE o.number = s.order_number)"
        " AND NOT EXISTS (SELECT 1 FROM catalog_order o WHERE o.number = s.order_number)",
        column="order_number", value="s.order_number", reason=gettext_noop("order %(value)s is unknown or was refused"),
    )  # fmt: skip
    stage.refuse(
        f"s.quantity * s.unit_price > {LARGEST}",
        column="unit_price", value="s.quantity * s.unit_price", reason=gettext_noop("makes a line of %(value)s"),
    )  # fmt: skip
    stage.refuse(
        "coalesce(s.discount, 0) > s.quantity * s.unit_price",
        column="discount", value="s.quantity * s.unit_price",
        reason=gettext_noop("is more than the line is worth (%(value)s)"),
    )  # fmt: skip
    stage.refuse(
        "o.number = s.order_number AND l.line = s.line_number AND l.refunded_quantity > s.quantity",
        using="catalog_order o JOIN catalog_orderline l ON l.order_id = o.id",
        column="quantity", value="l.refunded_quantity", reason=gettext_noop("is less than was returned (%(value)s)"),
    )  # fmt: skip


def _keep_what_is_not_given(load: Load) -> None:
    """Amounts of columns that the file does not have stay as they are, and so do names that it leaves empty."""
    orders, lines = load.stage("orders").present, load.stage("order_lines").present
    kept = [name for name in ("shipping", "discount") if name not in orders]
    if kept:
        execute(
            f"UPDATE import_orders s SET {', '.join(f'{name} = o.{name}' for name in kept)}"  # noqa: S608
            " FROM catalog_order o WHERE o.number = s.number"
        )
    discount = "s.discount" if "discount" in lines else "l.discount"
    condition = "s.name IS NULL" if "discount" in lines else "true"
    execute(
        f"UPDATE import_order_lines s SET name = coalesce(s.name, l.name), discount = {discount}"  # noqa: S608
        " FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id"
        f" WHERE {condition} AND o.number = s.order_number AND l.line = s.line_number"
    )


def _add_up(load: Load) -> None:
    """import_sums: what each order of the files comes to, with the lines that it has already."""
    execute("DROP TABLE IF EXISTS import_sums")
    execute(
        """
        CREATE TEMPORARY TABLE import_sums ON COMMIT DROP AS
        WITH affected AS (
            SELECT number FROM import_orders UNION SELECT order_number FROM import_order_lines
        ), amounts AS (
            SELECT order_number AS number, quantity * unit_price - coalesce(discount, 0) AS amount
            FROM import_order_lines
            UNION ALL
            SELECT o.number, l.quantity * l.unit_price - l.discount
            FROM affected JOIN catalog_order o USING (number) JOIN catalog_orderline l ON l.order_id = o.id
            WHERE NOT EXISTS (
                SELECT 1 FROM import_order_lines s WHERE s.order_number = o.number AND s.line_number = l.line
            )
        ), sums AS (
            SELECT number, sum(amount) AS amount FROM amounts GROUP BY number
        )
        SELECT a.number, coalesce(m.amount, 0) AS lines_total,
               CASE WHEN s.number IS NULL THEN o.shipping ELSE coalesce(s.shipping, 0) END AS shipping,
               CASE WHEN s.number IS NULL THEN o.discount ELSE coalesce(s.discount, 0) END AS discount
        FROM affected a LEFT JOIN sums m USING (number) LEFT JOIN import_orders s USING (number)
             LEFT JOIN catalog_order o USING (number)
        """
    )
    analyse("import_sums")
    total = "trim_scale(t.lines_total + t.shipping - t.discount)"
    bad = f"({total} < 0 OR greatest(t.lines_total, t.shipping, t.discount) > {LARGEST})"
    reason = gettext_noop("the order would come to %(value)s")
    load.stage("orders").refuse(
        f"t.number = s.number AND {bad}", using="import_sums t", column="discount", value=total, reason=reason
    )
    load.stage("order_lines").refuse(
        f"t.number = s.order_number AND {bad}", using="import_sums t", column="order_number", value=total, reason=reason
    )
    execute(f"DELETE FROM import_sums t WHERE {bad}")  # noqa: S608


def _total_of_others() -> None:
    """Orders that are not in orders.csv but have lines in order_lines.csv."""
    different = "t.number = o.number AND o.lines_total <> t.lines_total"
    execute(f"INSERT INTO {TOUCHED} SELECT o.id, false FROM catalog_order o JOIN import_sums t ON {different}")  # noqa: S608
    changes.written(
        "catalog_order",
        f"""
        UPDATE catalog_order o
        SET lines_total = t.lines_total, total = t.lines_total + o.shipping - o.discount, updated_at = now()
        FROM import_sums t WHERE {different}
        """,  # noqa: S608
        id="o.id",
    )
