"""From the files of the data set to categories, products, customers, orders and payments, written by the sections of
the native format."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext_noop

from catalog.importing import changes, native
from catalog.importing.currency import settle_in
from catalog.importing.olist import files
from catalog.importing.olist.files import COUNTRY, CURRENCY, STATUSES, ZONE
from catalog.importing.olist.words import tree
from catalog.importing.sections import Load, Section
from catalog.importing.staging import Stage, analyse, copy, execute, fetch_one, stream
from core.said import Said

NAME = "coalesce(t.name, 'Product') || ' · ' || left(p.id, 6)"
"""The data set has no names of products: what it is, and enough of its id to tell it from others."""

CITY = "initcap(c.city)"
for _word in ("de", "da", "do", "das", "dos", "e"):
    CITY = f"replace({CITY}, ' {_word.title()} ', ' {_word} ')"

GIVEN = {
    "categories": ("id", "parent", "name"),
    "products": ("id", "name", "category", "price", "status", "attributes", "created_at"),
    "customers": ("id", "city", "country", "created_at"),
    "orders": ("number", "customer", "placed_at", "status", "currency", "shipping", "discount", "country"),
    "order_lines": ("order_number", "line_number", "sku", "name", "quantity", "unit_price", "discount"),
    "payments": ("order_number", "id", "kind", "amount", "currency", "paid_at", "method"),
}
"""Columns that the files have something to say about; staff keep what they wrote into the others."""


def sections() -> Sequence[Section]:
    """Read in this order; the last one writes."""
    return (files.Categories(), files.Products(), files.Customers(), files.Items(), files.Payments(), Orders())


class Orders(files.OrdersFile):
    """Runs when all files are staged."""

    def apply(self, load: Load) -> None:
        settle_in(load, CURRENCY, ZONE)
        _refuse(load)
        made: list[Section] = [
            native.Categories(), native.Products(), native.Customers(), native.Orders(), native.OrderLines(),
            native.Payments(),
        ]  # fmt: skip
        for section in made:
            file = load.stage(_FILE_OF[section.name]).file
            stage = Stage(section.name, section.columns(), made_from=file, given=GIVEN[section.name])
            stage.create()
            load.stages[section.name] = stage
        _stage_categories()
        _stage_products(load)
        _stage_people_and_orders()
        for section in made:
            stage = load.stage(section.name)
            analyse(stage.table)
            count = load.report.section(section.name)
            count.file, count.read = stage.file, stage.count()
            load.advance(0, Said(gettext_noop("%(section)s: writing"), {"section": section.name}))
            with load.report.timed(section.name):
                section.apply(load)
                if section.name == "categories":
                    _translate_categories()
                if section.name == "order_lines":
                    _tell_times()
        _count(load)


_FILE_OF = {
    "categories": "olist_categories", "products": "olist_products", "customers": "olist_customers",
    "orders": "olist_orders", "order_lines": "olist_items", "payments": "olist_payments",
}  # fmt: skip


def _refuse(load: Load) -> None:
    """Rows that point at nothing."""
    orders, items, payments = (load.stage(name) for name in ("olist_orders", "olist_items", "olist_payments"))
    orders.refuse(
        "NOT EXISTS (SELECT 1 FROM import_olist_customers c WHERE c.id = s.customer)",
        column="customer", value="s.customer", reason=gettext_noop("customer %(value)s is unknown"),
    )  # fmt: skip
    for stage in (items, payments):
        stage.refuse(
            "NOT EXISTS (SELECT 1 FROM import_olist_orders o WHERE o.id = s.order_id)",
            column="order_id", value="s.order_id", reason=gettext_noop("order %(value)s is unknown or was refused"),
        )  # fmt: skip
    items.refuse(
        "NOT EXISTS (SELECT 1 FROM import_olist_products p WHERE p.id = s.product_id)",
        column="product_id", value="s.product_id", reason=gettext_noop("product %(value)s is unknown"),
    )  # fmt: skip


def _stage_categories() -> None:
    """Categories of the translation, and those that only products name, under their Portuguese name."""
    found = stream(
        "SELECT category, english FROM import_olist_categories UNION"
        " SELECT p.category, p.category FROM import_olist_products p WHERE p.category IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM import_olist_categories c WHERE c.category = p.category)"
    )
    nodes = tree((code, english) for code, english in found)
    execute("DROP TABLE IF EXISTS import_olist_tree")
    execute("CREATE TEMPORARY TABLE import_olist_tree (id text, name text, portuguese text) ON COMMIT DROP")
    copy("import_olist_tree", "id, name, portuguese", (_row(n.id, n.name, n.portuguese) for n in nodes))
    copy(
        "import_categories",
        "line, id, parent, name",
        (_row(str(line), node.id, node.parent, node.name) for line, node in enumerate(nodes, 2)),
    )


def _translate_categories() -> None:
    """The Portuguese name stands beside the English one."""
    changes.written(
        "catalog_category",
        """
        UPDATE catalog_category k SET name_translations = k.name_translations || jsonb_build_object('pt', t.portuguese),
               updated_at = now()
        FROM import_olist_tree t WHERE t.id = k.external_id AND t.portuguese <> ''
          AND k.name_translations ->> 'pt' IS DISTINCT FROM t.portuguese
        """,
        id="k.id",
    )


def _stage_products(load: Load) -> None:
    """Products that were sold, at their latest price; the files name no price of others."""
    never_sold = "NOT EXISTS (SELECT 1 FROM import_olist_items i WHERE i.product_id = p.id)"
    count = f"SELECT count(*) FROM import_olist_products p WHERE {never_sold}"  # noqa: S608
    load.report.rule("left_out_never_sold", fetch_one(count)[0])
    execute(
        f"""
        INSERT INTO import_products (line, id, name, category, price, status, attributes, created_at)
        SELECT p.line, p.id, {NAME}, p.category, i.price, 'live',
               jsonb_strip_nulls(jsonb_build_object('photos', p.photos, 'weight_g', p.weight_g,
                   'length_cm', p.length_cm, 'height_cm', p.height_cm, 'width_cm', p.width_cm)),
               i.first_at AT TIME ZONE '{ZONE}'
        FROM import_olist_products p LEFT JOIN import_olist_tree t ON t.id = p.category JOIN (
            SELECT DISTINCT ON (i.product_id) i.product_id, i.price,
                   min(o.placed_at) OVER (PARTITION BY i.product_id) AS first_at
            FROM import_olist_items i JOIN import_olist_orders o ON o.id = i.order_id
            ORDER BY i.product_id, o.placed_at DESC, i.line DESC
        ) i ON i.product_id = p.id
        """  # noqa: S608
    )


def _stage_people_and_orders() -> None:
    cases = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in STATUSES.items())
    execute(
        f"""
        INSERT INTO import_customers (line, id, city, country, created_at)
        SELECT DISTINCT ON (c.person) c.line, c.person, nullif(concat_ws(', ', {CITY}, upper(c.state)), ''),
               '{COUNTRY}', min(o.placed_at) OVER (PARTITION BY c.person) AT TIME ZONE '{ZONE}'
        FROM import_olist_customers c JOIN import_olist_orders o ON o.customer = c.id
        ORDER BY c.person, o.placed_at DESC, c.line DESC;
        INSERT INTO import_orders (line, number, customer, placed_at, status, currency, shipping, discount, country)
        SELECT o.line, o.id, c.person, o.placed_at AT TIME ZONE '{ZONE}', CASE o.status {cases} END, '{CURRENCY}',
               coalesce(i.freight, 0), 0, '{COUNTRY}'
        FROM import_olist_orders o JOIN import_olist_customers c ON c.id = o.customer
        LEFT JOIN (SELECT order_id, sum(freight) AS freight FROM import_olist_items GROUP BY order_id) i
        ON i.order_id = o.id;
        INSERT INTO import_order_lines (line, order_number, line_number, sku, name, quantity, unit_price, discount)
        SELECT i.line, i.order_id, i.item, i.product_id, p.name, 1, i.price, 0
        FROM import_olist_items i JOIN import_products p ON p.id = i.product_id;
        INSERT INTO import_payments (line, order_number, id, kind, amount, currency, paid_at, method)
        SELECT p.line, p.order_id, p.order_id || ':' || p.number, 'payment', p.amount, '{CURRENCY}',
               greatest(coalesce(o.paid_at, o.placed_at), o.placed_at) AT TIME ZONE '{ZONE}', p.method
        FROM import_olist_payments p JOIN import_olist_orders o ON o.id = p.order_id WHERE p.amount > 0;
        """  # noqa: S608
    )


def _tell_times() -> None:
    """Shipped and delivered, at the times that the file knows; what it does not know is added by the payments."""
    changes.written(
        "catalog_orderevent",
        f"""
        INSERT INTO catalog_orderevent (order_id, kind, occurred_at, note, details)
        SELECT e.order_id, e.kind, e.at AT TIME ZONE '{ZONE}', '', '{{}}'::jsonb FROM (
            SELECT o.id AS order_id, 'shipped' AS kind, s.shipped_at AS at
            FROM import_olist_orders s JOIN catalog_order o ON o.number = s.id
            UNION ALL
            SELECT o.id, 'delivered', s.delivered_at
            FROM import_olist_orders s JOIN catalog_order o ON o.number = s.id
        ) e
        WHERE e.at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_orderevent x WHERE x.order_id = e.order_id AND x.kind = e.kind
        )
        ORDER BY e.order_id, e.at
        """,  # noqa: S608
        is_new=True,
        order="order_id",
    )


def _count(load: Load) -> None:
    """What the files come to, against what the shop holds now."""
    report = load.report
    repeated = fetch_one("SELECT count(*) - count(DISTINCT person) FROM import_olist_customers")[0]
    report.rule("orders_of_known_people", int(repeated))
    without = fetch_one(
        "SELECT count(*) FROM import_olist_orders o WHERE NOT EXISTS"
        " (SELECT 1 FROM import_olist_items i WHERE i.order_id = o.id)"
    )[0]
    report.rule("orders_without_lines", without)
    count, goods, freight = fetch_one(
        "SELECT count(*), coalesce(sum(price), 0), coalesce(sum(freight), 0) FROM import_olist_items"
    )
    report.rule("sales", count, goods)
    report.rule("shipping", count, freight)
    zero = fetch_one("SELECT count(*) FROM import_olist_payments WHERE amount = 0")[0]
    report.rule("left_out_zero_payments", zero)
    file = goods + freight
    paid = fetch_one("SELECT coalesce(sum(amount), 0) FROM import_olist_payments")[0]
    orders = fetch_one("SELECT coalesce(sum(o.total), 0) FROM import_orders s JOIN catalog_order o USING (number)")[0]
    payments = fetch_one(
        "SELECT coalesce(sum(p.amount), 0) FROM import_payments s JOIN catalog_payment p ON p.external_id = s.id"
    )[0]
    report.totals.update(
        {
            "file": file, "orders": orders, "difference": Decimal(file - orders),
            "file_payments": paid, "payments": payments, "difference_payments": Decimal(paid - payments),
        }
    )  # fmt: skip


def _row(*cells: str) -> str:
    """A line of COPY text; an empty cell is NULL."""
    clean = (cell.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ") for cell in cells)
    return "\t".join(cell or "\\N" for cell in clean) + "\n"
