"""Visits as columns: what people look at before they buy, and instead."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.demo.chance import Calendar, stream
from catalog.demo.columns.choosing import Crowd
from catalog.demo.columns.goods import TASTE_NAMES, Goods, Ints
from catalog.demo.columns.orders import Orders
from catalog.demo.columns.people import Buying, People
from catalog.demo.products import DAY
from catalog.demo.sizes import Size
from catalog.demo.visits import ANONYMOUS, CART, DROP, KEEP
from catalog.demo.world import TASTES

ACTS = ("view", "cart", "favourite", "remove_from_cart")
VIEW, CART_IT, KEEP_IT, DROP_IT = range(4)
LOOKED, CARTED = 0.8, 0.7
"""Shares of what is bought that was looked at and carted on this device just before."""
LOOKED_ROUND = 0.6
"""Mean number of other products that are looked at before an order."""
PER_SESSION = 4.4
"""Mean number of acts of a session without an order; only how many are made at once hangs on it."""
SESSIONS_AT_ONCE = 100_000
COLUMNS = ("kind", "product", "customer", "visitor", "at")
STEP = 6
PAUSE = 45.0


@dataclass
class Visits:
    """Columns over the acts by time. `customer` is -1 while nobody has signed in."""

    kind: NDArray[np.int8]
    product: NDArray[np.int32]
    customer: NDArray[np.int32]
    visitor: NDArray[np.uint64]
    at: NDArray[np.uint32]  # seconds since 1970

    def __len__(self) -> int:
        return len(self.kind)

    def first(self, count: int) -> "Visits":
        return Visits(*(getattr(self, name)[:count] for name in COLUMNS))

    def sorted(self, order: NDArray[np.int32]) -> "Visits":
        """Sorted in place, column by column."""
        for name in COLUMNS:
            setattr(self, name, getattr(self, name)[order])
        return self


def make_visits(
    seed: int, size: Size, calendar: Calendar, goods: Goods, people: People, orders: Orders, buying: Buying
) -> Visits:
    """`size.interactions` acts by time. Every order ends a session of its customer; purchases are not among the acts,
    because the order says them."""
    rng = stream(seed, "visits")
    parts = _before_orders(rng, goods, people, orders)
    missing = size.interactions - sum(map(len, parts))
    while missing > 0:
        sessions = min(int(missing / PER_SESSION * 1.02) + 50, SESSIONS_AT_ONCE)
        for part in _browsing(rng, calendar, goods, people, buying, sessions):
            parts.append(part.first(max(missing, 0)))
            missing -= len(part)
    whole = _joined(parts)
    return whole.sorted(np.argsort(whole.at, kind="stable").astype(np.int32))


def _joined(parts: list[Visits]) -> Visits:
    """Column by column, so that only one of them is there twice."""
    columns = []
    for name in COLUMNS:
        columns.append(np.concatenate([getattr(part, name) for part in parts]))
        for part in parts:
            setattr(part, name, None)
    return Visits(*columns)


def _before_orders(rng: np.random.Generator, goods: Goods, people: People, orders: Orders) -> list[Visits]:
    """Looks at this and that and at most of what is bought; carts it; all before the order is placed."""
    parts = []
    order_by_customer = np.argsort(orders.customer, kind="stable")
    starts = np.searchsorted(orders.customer[order_by_customer], np.arange(len(people) + 1))
    first_lines = np.append(orders.first_lines(), len(orders.order))
    for members, crowd in people.crowds(goods):
        counts = starts[members + 1] - starts[members]
        own = np.repeat(starts[members] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        rows = order_by_customer[own]  # orders of this crowd
        if not len(rows):
            continue
        who = np.repeat(np.arange(len(members)), counts)
        seen = np.repeat(np.arange(len(rows)), rng.poisson(LOOKED_ROUND, len(rows)))
        looked_at = crowd.draw(rng, who[seen], orders.placed_at[rows[seen]])
        lines = first_lines[rows + 1] - first_lines[rows]
        bought = np.repeat(np.arange(len(rows)), lines)
        line = np.repeat(first_lines[rows] - np.cumsum(lines) + lines, lines) + np.arange(lines.sum())
        product = orders.product[line]
        views, carts = rng.random(len(line)) < LOOKED, rng.random(len(line)) < CARTED
        # (order, place within the session, kind, product): others first, then view and cart of each line in turn.
        session = np.concatenate([seen, bought[views], bought[carts]])
        place = np.concatenate([np.zeros(len(seen), np.int64), 2 * line[views] + 1, 2 * line[carts] + 2])
        kind = np.repeat((VIEW, VIEW, CART_IT), (len(seen), views.sum(), carts.sum()))
        what = np.concatenate([looked_at, product[views], product[carts]])
        good = what >= 0
        session, place, kind, what = session[good], place[good], kind[good], what[good]
        sort = np.lexsort((place, session))
        session, kind, what = session[sort], kind[sort], what[sort]
        at = orders.placed_at[rows[session]] - _pauses_until_the_end(rng, session)
        customer = orders.customer[rows[session]]
        known = at >= people.created_at[customer]
        parts.append(_visits(kind, what, np.where(known, customer, -1), people.visitor[customer], at))
    return parts


def _pauses_until_the_end(rng: np.random.Generator, session: Ints) -> Ints:
    """Seconds from each act to the end of its session; acts of a session follow each other."""
    pauses = STEP + rng.exponential(PAUSE, len(session)).astype(np.int64)
    backwards = np.cumsum(pauses[::-1])[::-1]
    ends = np.append(np.flatnonzero(np.diff(session)), len(session) - 1) if len(session) else np.zeros(0, int)
    after = np.append(backwards, 0)[ends + 1]
    lengths = np.diff(np.concatenate([[-1], ends]))
    return backwards - np.repeat(after, lengths)


def _browsing(
    rng: np.random.Generator, calendar: Calendar, goods: Goods, people: People, buying: Buying, sessions: int
) -> list[Visits]:
    """Sessions without an order, of customers who are still around and of guests."""
    guests = int(rng.binomial(sessions, ANONYMOUS))
    parts = [_guests(rng, calendar, goods, guests)]
    engagement, last_seen = _engagement(people, buying, calendar)
    chosen = np.sort(np.searchsorted(np.cumsum(engagement), rng.random(sessions - guests) * engagement.sum()))
    chosen = np.minimum(chosen, len(people) - 1)
    begin, end = calendar.to_busy(people.created_at[chosen]), calendar.to_busy(last_seen[chosen])
    starts_at = calendar.to_time(begin + (end - begin) * rng.random(len(chosen)))
    counts = np.bincount(chosen, minlength=len(people))
    first = np.cumsum(counts) - counts
    for members, crowd in people.crowds(goods):
        own = counts[members]
        rows = np.repeat(first[members] - np.cumsum(own) + own, own) + np.arange(own.sum())
        who = np.repeat(np.arange(len(members)), own)
        customer = chosen[rows]
        parts.append(_sessions(rng, calendar, crowd, who, starts_at[rows], customer, people.visitor[customer]))
    return parts


def _guests(rng: np.random.Generator, calendar: Calendar, goods: Goods, count: int) -> Visits:
    """Guests grow in number with the shop; one in four comes back once or more."""
    fresh = rng.random(count) < 0.75
    fresh[:1] = True
    person = np.cumsum(fresh) - 1
    number = int(fresh.sum())
    keys = rng.integers(1 << 62, size=number).astype(np.uint64)
    shares = np.cumsum([taste.share for taste in TASTES.values()])
    tastes = np.searchsorted(shares / shares[-1], rng.random(number))
    moments = calendar.to_time(calendar.busy[-1] * rng.random(count) ** 0.75)
    nobody = np.full((1, 2), -1), np.full(1, -1)
    parts = []
    for taste, name in enumerate(TASTE_NAMES):
        rows = np.flatnonzero(tastes[person] == taste)
        crowd = Crowd(goods, goods.preferences.of_taste(name), *nobody)
        nobody_known = np.full(len(rows), -1)
        parts.append(
            _sessions(rng, calendar, crowd, np.zeros_like(rows), moments[rows], nobody_known, keys[person[rows]])
        )
    return _joined(parts)


def _sessions(
    rng: np.random.Generator, calendar: Calendar, crowd: Crowd,
    who: Ints, starts_at: Ints, customer: Ints, visitor: NDArray[np.uint64],
) -> Visits:  # fmt: skip
    """Views one after the other; some products go to the cart or the favourites, some come out again."""
    lengths = np.minimum(rng.geometric(0.28, len(who)), 12)
    session = np.repeat(np.arange(len(who)), lengths)
    pauses = STEP + rng.exponential(PAUSE, len(session)).astype(np.int64)
    passed = np.cumsum(pauses)
    before = np.concatenate([[0], passed])[np.cumsum(lengths) - lengths]
    at = starts_at[session] + passed - np.repeat(before, lengths)
    product = crowd.draw(rng, who[session], starts_at[session])
    roll = rng.random(len(session))
    carted = roll < CART
    dropped = roll < CART * DROP
    kept = (roll >= CART) & (roll < CART + (1 - CART) * KEEP)
    rows = np.concatenate([np.arange(len(session)), *(np.flatnonzero(mask) for mask in (carted, dropped, kept))])
    counts = (len(session), carted.sum(), dropped.sum(), kept.sum())
    kind = np.repeat((VIEW, CART_IT, DROP_IT, KEEP_IT), counts)
    moment = at[rows] + np.repeat((0, 8, 40, 5), counts)
    good = (moment < calendar.end) & (product[rows] >= 0)
    rows, kind, moment = rows[good], kind[good], moment[good]
    return _visits(kind, product[rows], customer[session[rows]], visitor[session[rows]], moment)


def _visits(kind: Ints, product: Ints, customer: Ints, visitor: NDArray[np.uint64], at: Ints) -> Visits:
    return Visits(
        kind.astype(np.int8), product.astype(np.int32), customer.astype(np.int32), visitor, at.astype(np.uint32)
    )


def _engagement(people: People, buying: Buying, calendar: Calendar) -> tuple[NDArray[np.float64], Ints]:
    """How often a customer looks without buying, and until when: who is gone stops looking soon after."""
    last = np.where(buying.gone_at > 0, np.minimum(buying.gone_at + 10 * DAY, calendar.end), calendar.end)
    last = np.where(people.buys, last, np.minimum(people.created_at + 30 * DAY, calendar.end))
    days = np.maximum(last - people.created_at, DAY) / DAY
    return days * (buying.rates + 0.004), last
