"""What people do before they buy, or instead: sessions of views, favourites and carts."""

from dataclasses import dataclass

import numpy as np

from catalog.demo.chance import Calendar, stream
from catalog.demo.customers import Customer, Preferences
from catalog.demo.orders import NOWHERE, Buying, Order, Shelf
from catalog.demo.products import DAY, Product
from catalog.demo.sizes import Size
from catalog.demo.world import TASTES

ANONYMOUS = 0.45  # share of sessions without an order in which nobody signs in
CART, KEEP, DROP = 0.13, 0.07, 0.3  # of views: to the cart, to the favourites; of carts: taken out again


@dataclass(slots=True)
class Act:
    kind: str
    product: Product
    customer: Customer | None
    visitor: str
    at: int
    event_id: str = ""


def make_visits(
    seed: int,
    size: Size,
    calendar: Calendar,
    products: list[Product],
    customers: list[Customer],
    orders: list[Order],
    buying: Buying,
) -> list[Act]:
    """`size.interactions` acts by time, and the rest of the last session; more only if the orders alone need more.
    Every order ends a session of its customer; purchases are not among the acts, because the order says them."""
    rng = stream(seed, "visits")
    preferences, shelf = Preferences(products), Shelf(products, calendar)
    place = {product.id: index for index, product in enumerate(products)}
    likings: dict[str, np.ndarray] = {}

    def liking(customer: Customer) -> np.ndarray:
        if customer.id not in likings:
            likings[customer.id] = preferences.of(customer)
        return likings[customer.id]

    acts: list[Act] = []
    for order in orders:
        acts += _before_order(rng, order, liking(order.customer) + shelf.at(order.placed_at), place, products)
    strangers = {name: preferences.of_taste(name) for name in TASTES}
    engagement, last_seen = _engagement(customers, buying, calendar)
    reached = np.cumsum(engagement)
    visitor, guest_taste = "", ""
    while len(acts) < size.interactions:
        if rng.random() < ANONYMOUS:
            if not visitor or rng.random() < 0.75:
                visitor = f"v{int(rng.integers(1 << 62)):016x}"
                guest_taste = str(rng.choice(list(TASTES), p=[taste.share for taste in TASTES.values()]))
            # Guests grow in number with the shop.
            moment = int(calendar.to_time(calendar.busy[-1] * rng.random() ** 0.75))
            weights = strangers[guest_taste] + shelf.at(moment)
            acts += _within(calendar, _browse(rng, weights, products, None, visitor, moment))
            continue
        index = int(np.searchsorted(reached, rng.random() * reached[-1]))
        customer = customers[index]
        begin, end = calendar.to_busy(np.array([customer.created_at, last_seen[index]]))
        moment = int(calendar.to_time(begin + (end - begin) * rng.random()))
        weights = liking(customer) + shelf.at(moment)
        acts += _within(calendar, _browse(rng, weights, products, customer, customer.visitor, moment))
    acts.sort(key=lambda act: (act.at, act.visitor, act.product.id, act.kind))
    for act in acts:
        act.event_id = _uuid(rng)
    return acts


def _within(calendar: Calendar, acts: list[Act]) -> list[Act]:
    return [act for act in acts if act.at < calendar.end]


def _engagement(customers: list[Customer], buying: Buying, calendar: Calendar) -> tuple[np.ndarray, list[int]]:
    """How often a customer looks without buying, and until when: who is gone stops looking soon after."""
    last = [min(gone + 10 * DAY, calendar.end) if gone else calendar.end for gone in buying.gone_at]
    last = [
        end if customer.buys else min(customer.created_at + 30 * DAY, calendar.end)
        for end, customer in zip(last, customers, strict=True)
    ]
    days = np.array([max(end - customer.created_at, DAY) / DAY for end, customer in zip(last, customers, strict=True)])
    return days * (np.array(buying.rates) + 0.004), last


def _before_order(
    rng: np.random.Generator, order: Order, weights: np.ndarray, place: dict[str, int], products: list[Product]
) -> list[Act]:
    """Looks at this and that, and at most of what is bought; carts it; all before the order is placed."""
    bought = [place[line.product.id] for line in order.lines]
    seen = _some(rng, weights, 1 + int(rng.poisson(1.2)))
    path = [index for index in seen if index not in bought] + [index for index in bought if rng.random() < 0.9]
    rng.shuffle(path)
    steps: list[tuple[str, int]] = []
    for index in path:
        steps.append(("view", index))
        if index in bought:
            steps.append(("cart", index))
        elif rng.random() < 0.06:
            steps += [("cart", index), ("remove_from_cart", index)]
        elif rng.random() < KEEP:
            steps.append(("favourite", index))
    pauses = 6 + rng.exponential(45.0, len(steps) + 1).astype(np.int64)
    moment = order.placed_at - int(pauses.sum())
    acts = []
    for (kind, index), pause in zip(steps, pauses, strict=False):
        moment += int(pause)
        known = moment >= order.customer.created_at
        acts.append(Act(kind, products[index], order.customer if known else None, order.customer.visitor, moment))
    return acts


def _browse(
    rng: np.random.Generator,
    weights: np.ndarray,
    products: list[Product],
    customer: Customer | None,
    visitor: str,
    moment: int,
) -> list[Act]:
    acts = []
    for index in _some(rng, weights, int(rng.geometric(0.28))):
        moment += 6 + int(rng.exponential(45.0))
        acts.append(Act("view", products[index], customer, visitor, moment))
        if rng.random() < CART:
            acts.append(Act("cart", products[index], customer, visitor, moment + 8))
            if rng.random() < DROP:
                acts.append(Act("remove_from_cart", products[index], customer, visitor, moment + 40))
        elif rng.random() < KEEP:
            acts.append(Act("favourite", products[index], customer, visitor, moment + 5))
    return acts


def _some(rng: np.random.Generator, weights: np.ndarray, count: int) -> list[int]:
    """Up to `count` different products that can be bought, by the softmax of log weights."""
    total = np.cumsum(np.exp(weights - weights.max()))
    picks = np.searchsorted(total, rng.random(min(count, 12)) * total[-1], side="right")
    return [index for index in dict.fromkeys(picks.tolist()) if weights[index] > NOWHERE / 2]


def _uuid(rng: np.random.Generator) -> str:
    """A version 4 UUID from the seeded stream."""
    raw = bytearray(rng.bytes(16))
    raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
