"""Writes a large demo shop as a folder in the native import format, table by table, each column only once in memory."""

import contextlib
import csv
import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.demo.chance import Calendar, stream
from catalog.demo.columns.goods import Goods
from catalog.demo.columns.orders import FIRST_NUMBER, METHODS, STATUS, Orders, make_orders
from catalog.demo.columns.people import People, buying_times, make_people
from catalog.demo.columns.truth import write_truth
from catalog.demo.columns.visits import ACTS, Visits, make_visits
from catalog.demo.customers import Customer
from catalog.demo.pictures import draw_product
from catalog.demo.products import Product, each_product
from catalog.demo.reviews import Bought, write_reviews
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
    brand_rows,
    category_rows,
    customer_row,
    money,
    product_row,
    review_row,
    variant_rows,
)  # fmt: skip
from catalog.demo.sizes import Size

CHUNK = 50_000
M_MMAP_THRESHOLD = -3  # of malloc.h
Tell = Callable[[str, int, int], None]
"""Gets (what, done, total); `what` is the name of a table, or `pictures`."""


def write_tables(seed: int, size: Size, until: date, folder: Path, tell: Tell) -> dict[str, int]:
    """All tables and `truth.json` into a folder that is there and empty. Rows per file.

    The same arguments write the same bytes.
    """
    _give_memory_back()
    calendar = Calendar.build(until, size.months)
    work = _Folder(folder, tell)
    work.table("categories", CATEGORIES, category_rows())
    work.table("brands", BRANDS, brand_rows())
    goods = Goods(_products(seed, size, calendar, work), calendar)
    people = _people(seed, size, calendar, work)
    tell("orders", 0, size.orders)
    buying = buying_times(seed, size, calendar, people)
    orders = make_orders(seed, calendar, goods, people, buying)
    _write_orders(goods, people, orders, work)
    aspects = _write_reviews(seed, size, calendar, goods, people, orders, work)
    write_truth(folder / "truth.json", seed, size, until, goods, people, buying, aspects)
    orders.forget_details()
    goods.forget_words()
    del aspects
    tell("interactions", 0, size.interactions)
    visits = make_visits(seed, size, calendar, goods, people, orders, buying)
    del orders, buying  # the visits need the room
    work.pieces("interactions", INTERACTIONS, _visit_rows(seed, goods, people, visits), len(visits))
    del visits
    _pictures(goods, work)
    return work.counts


def _give_memory_back() -> None:
    """With glibc: what is freed goes back to the machine at once and does not wait for columns of the same size."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 16)


class _Folder:
    def __init__(self, path: Path, tell: Tell) -> None:
        self.path, self.tell = path, tell
        self.counts: dict[str, int] = {}

    def table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]], total: int = 0) -> None:
        """Rows that need the care of a CSV writer."""
        with (self.path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head)
            count = 0
            for row in rows:
                writer.writerow(row)
                count += 1
                if total and not count % 1_000:
                    self.tell(name, count, total)
        self.counts[f"{name}.csv"] = count

    def pieces(self, name: str, head: Sequence[str], pieces: Iterable[list[str]], total: int) -> None:
        """Lines that are ready: nothing in them needs quotes."""
        with (self.path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(head) + "\n")
            count = 0
            for lines in pieces:
                file.write("\n".join(lines) + "\n" if lines else "")
                count += len(lines)
                self.tell(name, count, total)
        self.counts[f"{name}.csv"] = count


def _products(seed: int, size: Size, calendar: Calendar, work: _Folder) -> list[Product]:
    """Written as they are made; what only the files need is forgotten."""
    kept: list[Product] = []

    def rows() -> Iterator[Sequence[object]]:
        for product in each_product(seed, size, calendar):
            yield product_row(product)
            product.description_en = product.description_zh = ""
            kept.append(product)

    work.table("products", PRODUCTS, rows(), size.products)
    work.table("variants", VARIANTS, variant_rows(kept))
    return kept


def _pictures(goods: Goods, work: _Folder) -> None:
    """One drawing for each form and colour, of the first product that has both; the others show it too."""
    (work.path / "images").mkdir()
    first: dict[tuple[str, str], Product] = {}
    for product in goods.products:
        first.setdefault((product.form.key, product.colour), product)
    for done, ((form, colour), product) in enumerate(first.items(), start=1):
        (work.path / "images" / f"{form}-{colour}.webp").write_bytes(draw_product(product.look))
        work.tell("pictures", done, len(first))
    rows = ((p.id, f"images/{p.form.key}-{p.colour}.webp", 0, p.name_en) for p in goods.products)
    work.table("images", IMAGES, rows)


def _people(seed: int, size: Size, calendar: Calendar, work: _Folder) -> People:
    with (work.path / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CUSTOMERS)
        count = 0

        def write(customer: Customer) -> None:
            nonlocal count
            writer.writerow(customer_row(customer))
            count += 1
            if not count % 1_000:
                work.tell("customers", count, size.customers)

        people = make_people(seed, size, calendar, write)
    work.counts["customers.csv"] = count
    return people


def _times(moments: NDArray[Any]) -> list[str]:
    return np.datetime_as_string(moments.astype("datetime64[s]"), timezone="UTC").tolist()  # type: ignore[no-any-return]


def _amounts(fen: NDArray[Any]) -> list[str]:
    return [money(value) for value in fen.tolist()]


def _chunks(count: int) -> Iterator[slice]:
    for first in range(0, count, CHUNK):
        yield slice(first, min(first + CHUNK, count))


def _write_orders(goods: Goods, people: People, orders: Orders, work: _Folder) -> None:
    work.pieces("orders", ORDERS, _order_rows(people, orders), len(orders))
    work.table("order_lines", ORDER_LINES, _line_rows(goods, people, orders), len(orders.order))
    paid = int(np.count_nonzero(orders.paid_at) + np.count_nonzero(orders.refunded_at))
    work.pieces("payments", PAYMENTS, _payment_rows(orders), paid)


def _order_rows(people: People, orders: Orders) -> Iterator[list[str]]:
    for part in _chunks(len(orders)):
        columns = zip(
            range(part.start, part.stop), orders.customer[part].tolist(), _times(orders.placed_at[part]),
            orders.status[part].tolist(), _amounts(orders.shipping[part]), _amounts(orders.discount[part]),
            orders.in_app[part].tolist(), strict=True,
        )  # fmt: skip
        yield [
            f"D{FIRST_NUMBER + number},{people.id[who]},{at},{STATUS[status]},{CURRENCY},{shipping},{discount},"
            f"{'app' if in_app else 'web'},{people.country[who]}"
            for number, who, at, status, shipping, discount, in_app in columns
        ]


def _line_rows(goods: Goods, people: People, orders: Orders) -> Iterator[Sequence[object]]:
    names = [(product.name_en, product.name_zh) for product in goods.products]
    before, number = -1, 0
    for part in _chunks(len(orders.order)):
        chinese = people.is_chinese[orders.customer[orders.order[part]]].astype(int)
        columns = zip(
            orders.order[part].tolist(), orders.product[part].tolist(), orders.variant[part].tolist(),
            orders.quantity[part].tolist(), _amounts(orders.price[part]), _amounts(orders.line_discount[part]),
            chinese.tolist(), strict=True,
        )  # fmt: skip
        for order, product, variant, quantity, price, discount, language in columns:
            number = number + 1 if order == before else 1
            before = order
            name = names[product][language] + goods.labels[variant][language]
            yield f"D{FIRST_NUMBER + order}", number, goods.skus[variant], name, quantity, price, discount


def _payment_rows(orders: Orders) -> Iterator[list[str]]:
    for part in _chunks(len(orders)):
        columns = zip(
            range(part.start + FIRST_NUMBER, part.stop + FIRST_NUMBER), orders.paid_at[part].tolist(),
            _times(orders.paid_at[part]), _amounts(orders.total[part]), orders.refunded_at[part].tolist(),
            _times(orders.refunded_at[part]), _amounts(orders.refunded[part]), orders.method[part].tolist(),
            strict=True,
        )  # fmt: skip
        lines = []
        for number, paid, paid_at, total, returned, returned_at, refunded, method in columns:
            if paid:
                lines.append(f"D{number},PAY{number},payment,{total},{CURRENCY},{paid_at},{METHODS[method]}")
            if returned:
                lines.append(f"D{number},REF{number},refund,{refunded},{CURRENCY},{returned_at},{METHODS[method]}")
        yield lines


def _visit_rows(seed: int, goods: Goods, people: People, visits: Visits) -> Iterator[list[str]]:
    rng = stream(seed, "event ids")
    ids = [product.id for product in goods.products]
    for part in _chunks(len(visits)):
        columns = zip(
            _uuids(rng, part.stop - part.start), visits.kind[part].tolist(), visits.product[part].tolist(),
            visits.customer[part].tolist(), visits.visitor[part].tolist(), _times(visits.at[part]), strict=True,
        )  # fmt: skip
        yield [
            f"{key},{ACTS[kind]},{ids[product]},{people.id[who] if who >= 0 else ''},v{visitor:016x},{at},"
            for key, kind, product, who, visitor, at in columns
        ]


def _uuids(rng: np.random.Generator, count: int) -> list[str]:
    """Version 4 UUIDs from the seeded stream."""
    raw = np.frombuffer(rng.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6], raw[:, 8] = raw[:, 6] & 0x0F | 0x40, raw[:, 8] & 0x3F | 0x80
    text, cuts = raw.tobytes().hex(), ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return ["-".join([text[i + a : i + b] for a, b in cuts]) for i in range(0, 32 * count, 32)]


def _write_reviews(
    seed: int, size: Size, calendar: Calendar, goods: Goods, people: People, orders: Orders, work: _Folder
) -> dict[str, dict[str, int]]:
    """Of parcels that came; one per customer and product."""
    rng = stream(seed, "reviews")
    delivered = orders.delivered_at[orders.order]
    there = np.flatnonzero((delivered > 0) & (delivered < calendar.end - 86_400))
    pair = orders.customer[orders.order[there]].astype(np.int64) * len(goods.products) + orders.product[there]
    there = there[np.sort(np.unique(pair, return_index=True)[1])]
    chosen = np.sort(rng.choice(there, min(size.reviews, len(there)), replace=False))

    def bought() -> Iterator[Bought]:
        for line in chosen.tolist():
            order = orders.order[line]
            who = int(orders.customer[order])
            buyer = _Buyer(people.id[who], "zh" if people.is_chinese[who] else "en", people.country[who])
            placed_at, delivered_at = int(orders.placed_at[order]), int(orders.delivered_at[order])
            yield Bought(buyer, goods.products[orders.product[line]], placed_at, delivered_at)

    reviews = write_reviews(rng, bought(), calendar.end)
    work.table("reviews", REVIEWS, map(review_row, reviews), len(reviews))
    return {review.id: review.aspects for review in reviews}


@dataclass(frozen=True, slots=True)
class _Buyer:
    id: str
    language: str
    country: str
