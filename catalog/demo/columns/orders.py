"""Orders and their lines as columns: baskets, money, and what becomes of each order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.demo.chance import HOUR, Calendar, stream
from catalog.demo.columns.choosing import Crowd
from catalog.demo.columns.goods import CLOTHES, KIND_NAMES, SHOES, SOCKS, Bools, Floats, Goods, Ints, Narrow
from catalog.demo.columns.people import GROUP_NAMES, Buying, People
from catalog.demo.kinds import COMPLEMENTS, SHOE_SIZES
from catalog.demo.orders import MORE_LINES, SALE_DAYS, TOGETHER, WANDER
from catalog.demo.products import DAY

COMPANION = 0.35
"""Share of completing lines that are one of the two planted companions."""
MOST_LINES = 7
PART = 100_000
STATUS = ("placed", "paid", "shipped", "delivered", "cancelled")
PLACED, PAID, SHIPPED, DELIVERED, CANCELLED = range(5)
METHODS = ("wechat_pay", "alipay", "card", "paypal")
FIRST_NUMBER = 100_001
DETAILS = (
    "variant", "quantity", "price", "line_discount", "discount", "shipping", "total", "in_app", "method", "status",
    "paid_at", "delivered_at", "refunded_at", "refunded",
)  # fmt: skip


@dataclass
class Orders:
    """Columns over the orders by time, and over their lines (`order` points into the orders). Money in fen.

    Columns that are kept for long are as narrow as their values allow.

    `paid_at`, `delivered_at` and `refunded_at` are 0 for what has not happened.
    """

    customer: Narrow
    placed_at: Ints
    order: Narrow
    product: Narrow
    variant: Narrow
    quantity: NDArray[np.int16]
    price: Narrow
    line_discount: Narrow
    discount: Narrow
    shipping: Narrow
    total: Narrow
    in_app: Bools
    status: NDArray[np.int8]
    method: NDArray[np.int8]
    paid_at: Ints
    delivered_at: Ints
    refunded_at: Ints
    refunded: Narrow

    def __len__(self) -> int:
        return len(self.customer)

    def forget_details(self) -> None:
        """Keep who bought what and when."""
        for name in DETAILS:
            setattr(self, name, np.zeros(0, getattr(self, name).dtype))

    def first_lines(self) -> Ints:
        return np.searchsorted(self.order, np.arange(len(self)), side="left")


def make_orders(seed: int, calendar: Calendar, goods: Goods, people: People, buying: Buying) -> Orders:
    """All orders by time, numbered in that order."""
    rng = stream(seed, "orders")
    order, product = _baskets(rng, goods, people, buying)
    by_time = np.lexsort((buying.customer, buying.placed_at))
    rank = np.empty(len(by_time), np.int32)
    rank[by_time] = np.arange(len(by_time))
    order = rank[order]
    by_order = np.argsort(order, kind="stable")
    order, product = order[by_order], product[by_order]
    del rank, by_order
    customer, placed_at = buying.customer[by_time].astype(np.int32), buying.placed_at[by_time]
    return _with_money(rng, calendar, goods, people, customer, placed_at, order, product)


def _baskets(rng: np.random.Generator, goods: Goods, people: People, buying: Buying) -> tuple[Narrow, Narrow]:
    """Lines as (row of `buying`, product). Rows that belong to a basket follow each other."""
    nobody = np.full((1, 2), -1), np.full(1, -1)
    common = Crowd(goods, goods.preferences.common, *nobody)
    starts = np.searchsorted(buying.customer, np.arange(len(people) + 1))
    orders, products = [], []
    for members, crowd in people.crowds(goods):
        counts = starts[members + 1] - starts[members]
        who = np.repeat(np.arange(len(members)), counts)
        rows = np.repeat(starts[members] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        if not len(rows):
            continue
        table = _fill(rng, goods, crowd, common, who, buying.placed_at[rows])
        at, column = np.nonzero(table >= 0)
        orders.append(rows[at].astype(np.int32))
        products.append(table[at, column].astype(np.int32))
    return np.concatenate(orders), np.concatenate(products)


def _fill(rng: np.random.Generator, goods: Goods, crowd: Crowd, common: Crowd, who: Ints, moments: Ints) -> Ints:
    """One basket a row, -1 where it ends; the first product is the reason to come, the others often complete it."""
    count = np.minimum(rng.geometric(1 - MORE_LINES, len(who)), MOST_LINES)
    table = np.full((len(who), MOST_LINES), -1)
    wanders = rng.random(len(who)) < WANDER
    first = crowd.draw(rng, who, moments)
    table[:, 0] = np.where(wanders, common.draw(rng, np.zeros_like(who), moments), first)
    _buy_other_things(rng, goods, crowd, table[:, 0], who, moments)
    if (table[:, 0] < 0).any():
        raise ValueError("An order found nothing on the shelf.")
    for column in range(1, MOST_LINES):
        rows = np.flatnonzero(count > column)
        together = rng.random(len(rows)) < TOGETHER
        beside, alone = rows[together], rows[~together]
        table[beside, column] = _completing(rng, goods, crowd, table[beside, 0], who[beside], moments[beside])
        table[alone, column] = crowd.draw(rng, who[alone], moments[alone])
        again = (table[:, :column] == table[:, [column]]).any(axis=1)
        table[again, column] = -1
    return table


def _buy_other_things(
    rng: np.random.Generator, goods: Goods, crowd: Crowd, first: Ints, who: Ints, moments: Ints
) -> None:
    """What a customer has at home is seldom the reason to come again: such draws are made once more."""
    _keys, fresh = np.unique(who * len(goods.products) + first, return_index=True)
    again = np.ones(len(first), bool)
    again[fresh] = False
    rows = np.flatnonzero(again)
    rows = rows[rng.random(len(rows)) >= np.exp(goods.rebuy[first[rows]])]
    first[rows] = crowd.draw(rng, who[rows], moments[rows])


def _completing(rng: np.random.Generator, goods: Goods, crowd: Crowd, anchor: Ints, who: Ints, moments: Ints) -> Ints:
    kinds = _COMPLEMENTS[goods.kind[anchor]]
    reached = np.cumsum(0.6 ** np.arange(kinds.shape[1]) * (kinds >= 0), axis=1)
    place = (reached <= (rng.random(len(anchor)) * reached[:, -1])[:, None]).sum(axis=1)
    kind = kinds[np.arange(len(anchor)), place]
    found = crowd.draw_beside(rng, who, kind, goods.colour[anchor], moments)
    pair = goods.pairs[anchor, rng.integers(0, 2, len(anchor))]
    there = (pair >= 0) & (goods.chance(np.maximum(pair, 0), moments) > 0)
    return np.where(there & (rng.random(len(anchor)) < COMPANION), pair, found)


def _table_of_complements() -> Ints:
    widest = max(len(kinds) for kinds in COMPLEMENTS.values())
    table = np.full((len(KIND_NAMES), widest), -1)
    for kind, others in COMPLEMENTS.items():
        table[KIND_NAMES.index(kind), : len(others)] = [KIND_NAMES.index(other) for other in others]
    return table


_COMPLEMENTS = _table_of_complements()


def _with_money(
    rng: np.random.Generator, calendar: Calendar, goods: Goods, people: People,
    customer: Narrow, placed_at: Ints, order: Narrow, product: Narrow,
) -> Orders:  # fmt: skip
    count = len(customer)
    lines = _Lines(order, product)
    lines.price_up(rng, goods, people, customer, placed_at)
    lines_total = np.bincount(order, lines.amounts(), minlength=count).astype(np.int32)
    careful = people.price_group == GROUP_NAMES.index("careful")
    coupon = rng.random(count) < np.where(careful[customer], 0.24, 0.05)
    discount = np.where(coupon, lines_total // 1_000 * 100, 0).astype(np.int32)
    home = (np.array(people.country) == "CN")[customer]
    shipping = np.where(home, np.where(lines_total >= 19_900, 0, 1_200), np.where(lines_total >= 80_000, 0, 6_000))
    shipping = shipping.astype(np.int32)
    in_app = rng.random(count) < np.where(people.is_chinese[customer], 0.6, 0.3)
    method = np.searchsorted((0.5, 0.9), rng.random(count), side="right").astype(np.int8)
    method = np.where(home, method, np.array([2, 3, 1], np.int8)[method])
    orders = Orders(
        customer=customer, placed_at=placed_at, order=order, product=product, variant=lines.variant,
        quantity=lines.quantity, price=lines.price, line_discount=lines.discount, discount=discount, shipping=shipping,
        total=lines_total + shipping - discount, in_app=in_app, method=method,
        **_lives(rng, calendar.end, placed_at, ~home),
    )  # fmt: skip
    _bring_back(rng, goods, orders, lines_total, lines.amounts(), calendar.end)
    return orders


class _Lines:
    """The columns of the lines, filled part by part, so that what is computed on the way stays small."""

    def __init__(self, order: Narrow, product: Narrow) -> None:
        self._order, self._product = order, product
        self.variant = np.zeros(len(order), np.int32)
        self.price = np.zeros(len(order), np.int32)
        self.discount = np.zeros(len(order), np.int32)
        self.quantity = np.zeros(len(order), np.int16)

    def price_up(
        self, rng: np.random.Generator, goods: Goods, people: People, customer: Narrow, placed_at: Ints
    ) -> None:
        for first in range(0, len(self._order), PART):
            part = slice(first, first + PART)
            order, product = self._order[part], self._product[part]
            variant = _variants(rng, goods, people, customer[order], product)
            price, quantity = goods.variant_price[variant], 1 + rng.poisson(goods.extra[product])
            on_sale = _on_sale_day(placed_at[order]) & (rng.random(len(order)) < 0.5)
            self.variant[part], self.price[part], self.quantity[part] = variant, price, quantity
            self.discount[part] = np.where(on_sale, quantity * price * 15 // 10_000 * 100, 0)

    def amounts(self) -> Narrow:
        return self.quantity * self.price - self.discount


def _variants(rng: np.random.Generator, goods: Goods, people: People, who: Narrow, product: Narrow) -> Ints:
    """People keep to their size; now and then they take the next one, mostly as a present."""
    counts, fit = goods.variant_count[product], goods.fit[product]
    shoe = people.shoe[who]
    socks = np.searchsorted((SHOE_SIZES.index("38") + 0.5, SHOE_SIZES.index("42") + 0.5), shoe)
    own = np.select([fit == CLOTHES, fit == SHOES, fit == SOCKS], [people.cloth[who], shoe, socks])
    step = np.where(rng.random(len(who)) < 0.08, np.where(rng.random(len(who)) < 0.5, 1, -1), 0)
    own = np.where(fit > 0, own + step, (rng.random(len(who)) * counts).astype(np.int64))
    return goods.first_variant[product] + np.clip(own, 0, counts - 1)


def _on_sale_day(moments: Ints) -> Bools:
    day = ((moments + 8 * HOUR) // DAY).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    month_of_year = month.astype(np.int64) % 12 + 1
    day_of_month = (day - month).astype(np.int64) + 1
    return np.isin(month_of_year * 100 + day_of_month, [m * 100 + d for m, d in SALE_DAYS])


def _lives(rng: np.random.Generator, end: int, placed_at: Ints, abroad: Bools) -> dict[str, Any]:
    """What has happened by `end`: payment, parcel, arrival; as `orders._live_on`."""
    count = len(placed_at)
    fate, wait = rng.random(count), rng.random((4, count))
    paid_at = placed_at + 20 + (-np.log(1 - wait[0] * 0.999) * 300).astype(np.int64)
    shipped_at = paid_at + ((6 + 36 * wait[1]) * HOUR).astype(np.int64)
    slow = np.where(wait[2] > 0.93, 4.0, 0.0)
    days = np.where(abroad, 5 + 6 * wait[2], 1 + 2 * wait[2] + slow)
    delivered_at = shipped_at + (days * DAY).astype(np.int64)
    left = (fate < 0.022) & (placed_at < end - DAY)
    unpaid = ~left & (paid_at >= end)
    called_off = ~left & ~unpaid & (fate < 0.030) & (shipped_at < end)
    status = np.select(
        [left | called_off, unpaid, delivered_at < end, shipped_at < end], [CANCELLED, PLACED, DELIVERED, SHIPPED], PAID
    )
    return {
        "status": status.astype(np.int8),
        "paid_at": np.where(left | unpaid, 0, paid_at),
        "delivered_at": np.where(status == DELIVERED, delivered_at, 0),
        "refunded_at": np.where(called_off, shipped_at, 0),
        "refunded": np.zeros(count, np.int32),
    }


def _bring_back(
    rng: np.random.Generator, goods: Goods, orders: Orders, lines_total: Narrow, amount: Narrow, end: int
) -> None:
    """Cancelled parcels are refunded whole; of those that came, the line of the poorest quality now and then."""
    orders.refunded = np.where(orders.refunded_at > 0, orders.total, 0)
    quality: Floats = goods.quality[orders.product]
    lines = np.bincount(orders.order, minlength=len(orders))
    poor = 1 - np.bincount(orders.order, quality, minlength=len(orders)) / np.maximum(lines, 1)
    returned_at = orders.delivered_at + ((1 + 12 * rng.random(len(orders))) * DAY).astype(np.int64)
    back = (orders.status == DELIVERED) & (rng.random(len(orders)) < 0.03 * np.exp(0.5 * poor - 0.2))
    back &= returned_at < end
    worst = np.lexsort((quality, orders.order))[orders.first_lines()]
    share = amount[worst] / np.maximum(lines_total, 1)
    value = np.minimum(amount[worst] - (orders.discount * share).astype(np.int64), orders.total)
    orders.refunded = np.where(back, value, orders.refunded).astype(np.int32)
    orders.refunded_at = np.where(back, returned_at, orders.refunded_at)
