"""Writes a demo shop as a folder in the native import format, with `truth.json` beside the tables."""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from catalog.demo.chance import iso, stream
from catalog.demo.columns.writer import write_tables
from catalog.demo.pictures import draw_product
from catalog.demo.rows import (
    BRANDS,
    CATEGORIES,
    CURRENCY,
    CUSTOMERS,
    IMAGES,
    INTERACTIONS,
    ORDER_LINES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    REVIEWS,
    VARIANTS,
    Row,
    brand_rows,
    category_rows,
    customer_row,
    money,
    product_row,
    review_row,
    variant_rows,
)  # fmt: skip
from catalog.demo.shop import Shop, make_shop
from catalog.demo.sizes import Size
from catalog.extensions import demo_sections

TRUTH = "truth.json"
Progress = Callable[[str, int, int], None]
"""Gets (what, done, total); `what` is `pictures` or the name of a table."""


def write_demo(seed: int, size: Size, until: date, folder: Path, progress: Progress | None = None) -> dict[str, int]:
    """Make a shop and write it. Rows per file. The same arguments write the same bytes.

    The folder appears complete or not at all; an older demo shop in its place is replaced. Raises FileExistsError when
    `folder` holds anything that is not a demo shop.
    """
    if not size.in_columns:
        return write_shop(make_shop(seed=seed, size=size, until=until), folder, progress)
    with _appearing(folder) as work:
        return write_tables(seed, size, until, work, progress or _silent)


def write_shop(shop: Shop, folder: Path, progress: Progress | None = None) -> dict[str, int]:
    """Write a shop that is in memory, under the rules of `write_demo`."""
    with _appearing(folder) as work:
        counts = {f"{name}.csv": _write(work / f"{name}.csv", head, rows) for name, head, rows in _tables(shop)}
        counts["images.csv"] = _write(work / "images.csv", IMAGES, _draw(shop, work, progress or _silent))
        (work / TRUTH).write_text(json.dumps(shop.truth(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return counts


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to work in that takes the name of `folder` once all is written."""
    if folder.exists() and any(folder.iterdir()) and not (folder / TRUTH).is_file():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield work
        work.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _silent(what: str, done: int, total: int) -> None:
    return


def _write(path: Path, head: Sequence[str], rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _draw(shop: Shop, work: Path, progress: Progress) -> Iterator[Row]:
    """Draws each picture and tells its row of images.csv."""
    rng = stream(shop.seed, "pictures")
    (work / "images").mkdir()
    for done, product in enumerate(shop.products, start=1):
        views = 2 if rng.random() < shop.size.second_pictures else 1
        for view in range(views):
            name = f"images/{product.id}{'-detail' if view else ''}.webp"
            (work / name).write_bytes(draw_product(product.look, close=bool(view)))
            yield product.id, name, view, product.name_en + (", close-up" if view else "")
        progress("pictures", done, len(shop.products))


def _tables(shop: Shop) -> Iterator[tuple[str, tuple[str, ...], Iterable[Row]]]:
    yield "categories", CATEGORIES, category_rows()
    yield "brands", BRANDS, brand_rows()
    yield "products", PRODUCTS, map(product_row, shop.products)
    yield "variants", VARIANTS, variant_rows(shop.products)
    yield "customers", CUSTOMERS, map(customer_row, shop.customers)
    yield "orders", ORDERS, _orders(shop)
    yield "order_lines", ORDER_LINES, _lines(shop)
    yield "payments", PAYMENTS, _payments(shop)
    yield "interactions", INTERACTIONS, _visits(shop)
    yield "reviews", REVIEWS, map(review_row, shop.reviews)
    for entry in demo_sections:
        yield from entry.resolve()(shop)


def _orders(shop: Shop) -> Iterator[Row]:
    for order in shop.orders:
        amounts = (CURRENCY, money(order.shipping), money(order.discount))
        when = (order.number, order.customer.id, iso(order.placed_at), order.status)
        yield *when, *amounts, order.channel, order.customer.country


def _lines(shop: Shop) -> Iterator[Row]:
    for order in shop.orders:
        for number, line in enumerate(order.lines, start=1):
            price, discount = money(line.unit_price), money(line.discount)
            yield order.number, number, line.variant.sku, line.name, line.quantity, price, discount


def _payments(shop: Shop) -> Iterator[Row]:
    for order in shop.orders:
        for payment in order.payments:
            amount = money(payment.amount)
            yield order.number, payment.id, payment.kind, amount, CURRENCY, iso(payment.at), payment.method


def _visits(shop: Shop) -> Iterator[Row]:
    for act in shop.visits:
        who = act.customer.id if act.customer else ""
        yield act.event_id, act.kind, act.product.id, who, act.visitor, iso(act.at), ""
