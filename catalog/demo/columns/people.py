"""All customers as columns, and the times at which they buy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.demo.chance import Calendar, stream
from catalog.demo.columns.choosing import Crowd
from catalog.demo.columns.goods import COLOUR_NAMES, KIND_NAMES, TASTE_NAMES, Bools, Floats, Goods, Ints, Narrow
from catalog.demo.customers import PRICE_GROUPS, Customer, each_customer
from catalog.demo.kinds import CLOTH_SIZES, SHOE_SIZES
from catalog.demo.sizes import Size

SLOPE_STEP = 0.15
"""Sensitivity to price is rounded to this, so that customers can be drawn for in crowds."""
GROUP_NAMES = list(PRICE_GROUPS)
MOST_ORDERS = 160
CHUNK = 2_000
SAMPLE = 8_000


@dataclass(frozen=True)
class People:
    """Columns over the customers in order of registration."""

    id: list[str]
    country: list[str]
    created_at: Ints
    taste: Ints
    slope: Ints  # in steps
    kinds: Ints  # two columns
    colour: Ints
    cloth: Ints
    shoe: Ints
    price_group: Ints
    is_chinese: Bools
    raw_rate: Floats
    leaves_after: Ints
    buys: Bools
    visitor: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.id)

    def crowds(self, goods: Goods) -> Iterator[tuple[Ints, Crowd]]:
        """Customers with the same taste and slope, and what draws for them; rows of the crowd follow the customers."""
        groups = self.taste * 1_000 + self.slope
        order = np.argsort(groups, kind="stable")
        edges = np.flatnonzero(np.diff(groups[order])) + 1
        for members in np.split(order, edges):
            taste, slope = TASTE_NAMES[self.taste[members[0]]], self.slope[members[0]] * SLOPE_STEP
            weights = goods.preferences.of_taste(taste) - slope * goods.dearness
            yield members, Crowd(goods, weights, self.kinds[members], self.colour[members])


def make_people(seed: int, size: Size, calendar: Calendar, write: Callable[[Customer], None]) -> People:
    """Everybody who registers; each goes through `write` once, whole."""
    count = size.customers
    numbers = {
        name: np.zeros(count, np.int64)
        for name in ("created_at", "taste", "slope", "colour", "cloth", "shoe", "price_group")
    }
    numbers["leaves_after"] = np.zeros(count, np.int64)
    kinds, raw = np.zeros((count, 2), np.int64), np.zeros(count)
    chinese, buys = np.zeros(count, bool), np.zeros(count, bool)
    visitor = np.zeros(count, np.uint64)
    ids, countries = [], []
    for place, one in enumerate(each_customer(seed, size, calendar)):
        write(one)
        ids.append(one.id)
        countries.append(one.country)
        numbers["created_at"][place] = one.created_at
        numbers["taste"][place] = TASTE_NAMES.index(one.taste)
        numbers["slope"][place] = round(one.price_slope / SLOPE_STEP)
        numbers["colour"][place] = COLOUR_NAMES.index(one.favourite_colour)
        numbers["cloth"][place] = CLOTH_SIZES.index(one.cloth_size)
        numbers["shoe"][place] = SHOE_SIZES.index(one.shoe_size)
        numbers["leaves_after"][place] = min(one.leaves_after, 10**6)
        kinds[place] = [KIND_NAMES.index(kind) for kind in one.favourite_kinds]
        raw[place], visitor[place] = one.raw_rate, int(one.visitor[1:], 16)
        numbers["price_group"][place] = GROUP_NAMES.index(one.price_group)
        chinese[place], buys[place] = one.language == "zh", one.buys
    return People(
        id=ids, country=countries, kinds=kinds, is_chinese=chinese, raw_rate=raw, buys=buys,
        visitor=visitor, **numbers,
    )  # fmt: skip


@dataclass(frozen=True)
class Buying:
    """When everybody buys: rows are orders by customer and time. `gone_at` is 0 for who still comes."""

    customer: Narrow
    placed_at: Ints
    rates: Floats
    gone_at: Ints


def buying_times(seed: int, size: Size, calendar: Calendar, people: People) -> Buying:
    """As `orders.buying_times` (BG/NBD in busy time); the scale of the rates is found on a sample of the customers."""
    end = calendar.busy[-1]
    every = max(len(people) // SAMPLE, 1)
    sample = _Times(stream(seed, "buying sample"), calendar, people, np.arange(0, len(people), every))
    low, high = 1e-4, 10.0
    for _step in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if (sample.at(middle) < end).sum() * every < size.orders else (low, middle)
    rng = stream(seed, "buying")
    who, when, gone = [], [], np.zeros(len(people), np.int64)
    for first in range(0, len(people), CHUNK):
        members = np.arange(first, min(first + CHUNK, len(people)))
        busy = _Times(rng, calendar, people, members).at(high)
        moments = calendar.to_time(np.minimum(busy, end))
        # Two orders of one customer are at least some minutes apart, and none precedes the registration.
        moments = np.maximum.accumulate(moments + 240 * np.arange(MOST_ORDERS + 1), axis=1)
        moments = np.maximum(moments, people.created_at[members, None] + 90)
        happens = (busy < end) & (moments < calendar.end)
        rows, columns = np.nonzero(happens)
        who.append(members[rows].astype(np.int32))
        when.append(moments[rows, columns])
        counts = happens.sum(axis=1)
        last = moments[np.arange(len(members)), np.maximum(counts - 1, 0)]
        gone[members] = np.where(counts == people.leaves_after[members] + 1, last, 0)
    return Buying(np.concatenate(who), np.concatenate(when), people.raw_rate * high, gone)


class _Times:
    """Busy times of the orders of some customers, for any scale of their rates; infinite when there is none."""

    def __init__(self, rng: np.random.Generator, calendar: Calendar, people: People, members: Ints) -> None:
        count = len(members)
        joined = calendar.to_busy(people.created_at[members])
        at_once = rng.random(count) < 0.65
        first = joined + np.where(at_once, rng.uniform(0.002, 0.02, count), rng.exponential(9.0, count) + 0.02)
        self._first = np.where(people.buys[members], first, np.inf)
        self._waits = np.cumsum(rng.exponential(1.0, (count, MOST_ORDERS)), axis=1)
        self._allowed = np.arange(1, MOST_ORDERS + 1)[None, :] <= people.leaves_after[members, None]
        self._raw = people.raw_rate[members]

    def at(self, scale: float) -> Floats:
        later = self._first[:, None] + self._waits / np.maximum(self._raw * scale, 1e-9)[:, None]
        return np.concatenate([self._first[:, None], np.where(self._allowed, later, np.inf)], axis=1)
