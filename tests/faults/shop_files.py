"""A shop of moderate size as files, the same for the same seed, and its rows without what differs between two runs."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from tests.faults.harness import Shop

START = datetime(2025, 1, 1, tzinfo=UTC)


def write_shop(folder: Path, *, products: int = 1_500, customers: int = 800, orders: int = 2_500) -> Path:
    """Every section of the native format, with some rows that are refused in each."""
    chance = random.Random(20)
    folder.mkdir(parents=True)
    moments = iter(START + timedelta(minutes=7 * n) for n in range(10_000_000))

    def table(name: str, header: str, rows: list[tuple[object, ...]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(header.split())
        writer.writerows(rows)
        (folder / f"{name}.csv").write_text(text.getvalue())

    table(
        "categories", "id parent name position",
        [(f"c{n}", f"c{n // 5}" if n >= 5 else "", f"Category {n}", n % 7) for n in range(120)]
        + [("bad", "no", "x", 1)],
    )  # fmt: skip
    table(
        "products", "id name category brand price status created_at",
        [
            (f"p{n}", f"Product {n}", f"c{n % 120}", f"Brand {n % 9}", f"{n % 90 + 0.5:.2f}", "live", START.isoformat())
            for n in range(products)
        ] + [("px", "Without price", "", "", "free", "live", "")],
    )  # fmt: skip
    table("variants", "sku product stock", [(f"p{n}-1", f"p{n}", n % 50 + 1) for n in range(products)])
    for n in range(25):
        Image.new("RGB", (60, 60), (n * 9, 90, 200)).save(folder / f"{n}.png")
    table(
        "images", "product file alt",
        [(f"p{n}", f"{n}.png", f"Picture {n}") for n in range(25)] + [("p1", "gone.png", "")],
    )  # fmt: skip
    table(
        "customers", "id email name city created_at",
        [(f"k{n}", f"k{n}@example.com", f"Customer {n}", "Leeds", START.isoformat()) for n in range(customers)]
        + [("kx", "no address", "", "", "")],
    )  # fmt: skip
    lines, payments, heads = [], [], []
    for n in range(orders):
        at = next(moments).isoformat()
        heads.append((f"o{n}", f"k{chance.randrange(customers)}", at, "delivered", "2.00"))
        total = 2.0
        for line in range(1, chance.randrange(1, 4) + 1):
            product, quantity = chance.randrange(products), chance.randrange(1, 4)
            price = product % 90 + 0.5
            total += quantity * price
            lines.append((f"o{n}", line, f"p{product}-1", quantity, f"{price:.2f}"))
        payments.append((f"o{n}", f"t{n}", "payment", f"{total:.2f}", at))
        if n % 40 == 0:
            payments.append((f"o{n}", f"r{n}", "refund", "1.00", at))
    table(
        "orders", "number customer placed_at status shipping", [*heads, ("ox", "nobody", START.isoformat(), "paid", 0)]
    )
    table("order_lines", "order line sku quantity unit_price", [*lines, ("ox", 1, "p1-1", 1, 1)])
    table("payments", "order id kind amount paid_at", [*payments, ("o1", "rx", "refund", "100000", START.isoformat())])
    table(
        "interactions", "event_id kind product customer visitor occurred_at",
        [
            (f"e{n}", chance.choice(["view", "cart"]), f"p{chance.randrange(products)}", "", f"v{n % 800}",
             (START + timedelta(minutes=n)).isoformat())
            for n in range(4 * orders)
        ] + [("ex", "purchase", "p1", "", "v1", START.isoformat())],
    )  # fmt: skip
    return folder


PRODUCT = "(SELECT external_id FROM catalog_product p WHERE p.id = t.product_id)"
CUSTOMER = "(SELECT external_id FROM catalog_customer c WHERE c.id = t.customer_id)"
ORDER = "(SELECT number FROM catalog_order o WHERE o.id = t.order_id)"
ROWS = {
    "catalog_category": "external_id, name, position, path, depth, numchild",
    "catalog_brand": "name",
    "catalog_product": "external_id, name, price, status, is_in_stock, published_at, created_at,"
    " (SELECT external_id FROM catalog_category k WHERE k.id = t.category_id),"
    " (SELECT name FROM catalog_brand b WHERE b.id = t.brand_id)",
    "catalog_variant": f"sku, {PRODUCT}, stock, track_stock",
    "catalog_stockmovement": "(SELECT sku FROM catalog_variant v WHERE v.id = t.variant_id), delta, balance, reason",
    "catalog_productimage": f"{PRODUCT}, source_name, content_sha256, width, height, position, alt",
    "catalog_customer": "external_id, email, name, city, joined_at",
    "catalog_order": f"number, {CUSTOMER}, status, lines_total, shipping, total, paid_total, refunded_total, paid_at",
    "catalog_orderline": f"{ORDER}, line, {PRODUCT}, sku, name, quantity, unit_price, refunded_quantity",
    "catalog_orderevent": f"{ORDER}, kind, occurred_at, details",
    "catalog_payment": f"{ORDER}, external_id, amount, paid_at",
    "catalog_refund": f"{ORDER}, external_id, amount, refunded_at",
    "catalog_visitor": "key, first_seen_at",
    "catalog_interaction": f"event_id, occurred_at, kind, {PRODUCT}, {CUSTOMER}, value",
    "core_shopprofile": "base_currency, time_zone",
}
"""What the rows say, without numbers and times that the database gives."""


def rows_of(shop: Shop) -> dict[str, tuple[int, str]]:
    """Number of rows and a hash of them, per table."""
    return {
        table: shop.ask(
            f"SELECT count(*), md5(coalesce(string_agg(r, '|' ORDER BY r), ''))"
            f" FROM (SELECT ROW({columns})::text AS r FROM {table} t) x"
        )[0]
        for table, columns in ROWS.items()
    }


def report_of(shop: Shop, batch: int) -> dict[str, tuple[object, ...]]:
    """Counts per section, as the report of a batch tells them."""
    stored = shop.ask("SELECT report FROM catalog_importbatch WHERE id = %s", [batch])[0][0]
    names = ("read", "new", "changed", "same", "refused")
    return {section: tuple(row[name] for name in names) for section, row in stored["sections"].items()}
