"""Writes a demo shop as a folder in the native import format, with `truth.json` beside the tables."""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from catalog.demo.chance import iso, stream
from catalog.demo.kinds import DEPARTMENTS, KINDS
from catalog.demo.pictures import draw_product
from catalog.demo.products import Product
from catalog.demo.shop import Shop

CURRENCY = "CNY"
TRUTH = "truth.json"
Rows = Iterable[Sequence[object]]
Progress = Callable[[int, int], None]


def write_shop(shop: Shop, folder: Path, progress: Progress | None = None) -> dict[str, int]:
    """Rows per file. The folder appears complete or not at all; an older demo shop in its place is replaced.

    Raises FileExistsError when `folder` holds anything that is not a demo shop. `progress` gets (done, total) pictures.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / TRUTH).is_file():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        counts = {f"{name}.csv": _write(work / f"{name}.csv", head, rows) for name, head, rows in _tables(shop)}
        pictures = _draw(shop, work, progress or (lambda done, total: None))
        counts["images.csv"] = _write(work / "images.csv", ("product", "file", "position", "alt"), pictures)
        (work / TRUTH).write_text(json.dumps(shop.truth(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        work.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return counts


def _write(path: Path, head: Sequence[str], rows: Rows) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _money(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _draw(shop: Shop, work: Path, progress: Progress) -> Iterator[tuple[str, str, int, str]]:
    """Draws each picture and tells its row of images.csv."""
    rng = stream(shop.seed, "pictures")
    (work / "images").mkdir()
    for done, product in enumerate(shop.products, start=1):
        views = 2 if rng.random() < shop.size.second_pictures else 1
        for view in range(views):
            name = f"images/{product.id}{'-detail' if view else ''}.webp"
            (work / name).write_bytes(draw_product(product.look, close=bool(view)))
            yield product.id, name, view, product.name_en + (", close-up" if view else "")
        progress(done, len(shop.products))


def _tables(shop: Shop) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    yield "categories", ("id", "parent", "name", "name_en", "name_zh", "position"), _categories()
    head: tuple[str, ...] = ("id", "name", "name_en", "name_zh", "description", "description_en", "description_zh")
    head += ("category", "brand", "price", "status", "attributes", "created_at")
    yield "products", head, map(_product, shop.products)
    head = ("sku", "product", "options", "price", "stock", "barcode")
    yield "variants", head, _variants(shop)
    head = ("id", "email", "phone", "name", "locale", "country", "city", "created_at", "birthday", "personalisation")
    yield "customers", head, _customers(shop)
    head = ("number", "customer", "placed_at", "status", "currency", "shipping", "discount", "channel", "country")
    yield "orders", head, _orders(shop)
    yield "order_lines", ("order", "line", "sku", "name", "quantity", "unit_price", "discount"), _lines(shop)
    yield "payments", ("order", "id", "kind", "amount", "currency", "paid_at", "method"), _payments(shop)
    yield "interactions", ("event_id", "kind", "product", "customer", "visitor", "occurred_at", "value"), _visits(shop)
    head = ("id", "product", "customer", "rating", "title", "text", "language", "created_at")
    yield "reviews", head, _reviews(shop)


def _categories() -> Rows:
    for place, (key, (en, zh)) in enumerate(DEPARTMENTS.items()):
        yield key, "", en, en, zh, place
    for place, (key, kind) in enumerate(KINDS.items()):
        yield key, kind.parent, kind.en, kind.en, kind.zh, place


def _product(product: Product) -> Sequence[object]:
    names = (product.name_en, product.name_en, product.name_zh)
    texts = (product.description_en, product.description_en, product.description_zh)
    end = (product.status, _json(product.attributes), iso(product.created_at))
    return (product.id, *names, *texts, product.kind, product.brand.name, _money(product.price), *end)


def _variants(shop: Shop) -> Rows:
    for product in shop.products:
        for variant in product.variants:
            price, stock = _money(variant.price), variant.stock
            yield variant.sku, product.id, _json(variant.options), price, stock, variant.barcode


def _customers(shop: Shop) -> Rows:
    for one in shop.customers:
        personal = "true" if one.personalisation else "false"
        where = (one.locale, one.country, one.city)
        yield one.id, one.email, one.phone, one.name, *where, iso(one.created_at), one.birthday, personal


def _orders(shop: Shop) -> Rows:
    for order in shop.orders:
        money = (CURRENCY, _money(order.shipping), _money(order.discount))
        when = (order.number, order.customer.id, iso(order.placed_at), order.status)
        yield *when, *money, order.channel, order.customer.country


def _lines(shop: Shop) -> Rows:
    for order in shop.orders:
        for number, line in enumerate(order.lines, start=1):
            price, discount = _money(line.unit_price), _money(line.discount)
            yield order.number, number, line.variant.sku, line.name, line.quantity, price, discount


def _payments(shop: Shop) -> Rows:
    for order in shop.orders:
        for payment in order.payments:
            amount = _money(payment.amount)
            yield order.number, payment.id, payment.kind, amount, CURRENCY, iso(payment.at), payment.method


def _visits(shop: Shop) -> Rows:
    for act in shop.visits:
        who = act.customer.id if act.customer else ""
        yield act.event_id, act.kind, act.product.id, who, act.visitor, iso(act.at), ""


def _reviews(shop: Shop) -> Rows:
    for review in shop.reviews:
        about = (review.id, review.product.id, review.customer.id, review.rating)
        yield *about, review.title, review.text, review.language, iso(review.created_at)
