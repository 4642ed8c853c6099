"""The facts of all shown products as columns: which of them fit, how many of each kind there are, which come first.

Numbers are copies of what the table holds, so counts are exact however many products fit. Prices are in
ten-thousandths of the shop's currency, moments in microseconds. Pure (numpy); nothing here is ever changed, a new state
is a new object.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).min
"""When a product was published of which nobody knows."""
NOTHING = 0
"""Number of the category or brand of a product without."""
MONEY = 10_000
_MOST_MONEY = Decimal(2**62)


class Facts(NamedTuple):
    """One row for each product in every column."""

    products: Ints
    category: Ints
    brand: Ints
    price: Ints
    published: Ints
    popularity: NDArray[np.float64]
    in_stock: Flags

    def of(self, rows: Any) -> "Facts":
        return Facts(*(column[rows] for column in self))


class Tagged(NamedTuple):
    """One row for each tag of a product: which product, and the place of the tag among `names`."""

    names: Sequence[tuple[str, str]]
    products: Ints
    codes: Ints


@dataclass(frozen=True)
class Columns:
    """`facts` in the order of the products, and `tagged` of these products."""

    facts: Facts
    tagged: Tagged

    @classmethod
    def of(cls, facts: Facts, tagged: Tagged) -> Self:
        """From rows in any order; tags of other products are left out."""
        ordered = facts.of(np.argsort(facts.products))
        is_there = _places(ordered.products, tagged.products)[1]
        return cls(ordered, Tagged(tagged.names, tagged.products[is_there], tagged.codes[is_there]))

    def changed(self, products: Collection[int], facts: Facts, tagged: Tagged) -> Self:
        """The next state: of these products only what is given here."""
        gone = np.fromiter(products, np.int64, len(products))
        kept = self.facts.of(~np.isin(self.facts.products, gone))
        number = {name: code for code, name in enumerate(self.tagged.names)}
        codes = [number.setdefault(name, len(number)) for name in tagged.names]
        stays = ~np.isin(self.tagged.products, gone)
        return self.of(
            Facts(*(np.concatenate(pair) for pair in zip(kept, facts, strict=True))),
            Tagged(
                list(number),
                np.concatenate([self.tagged.products[stays], tagged.products]),
                np.concatenate([self.tagged.codes[stays], np.asarray(codes, np.int64)[tagged.codes]]),
            ),
        )

    def __len__(self) -> int:
        return len(self.facts.products)

    # --- which

    @cached_property
    def everything(self) -> Flags:
        return np.ones(len(self), np.bool_)

    def holding(self, products: Ints) -> Flags:
        """Whether each of ours is among these."""
        places, is_there = _places(self.facts.products, products)
        found = np.zeros(len(self), np.bool_)
        found[places[is_there]] = True
        return found

    def between(self, low: Decimal | None, high: Decimal | None) -> Flags:
        """By price, both ends included."""
        price = self.facts.price
        fits = np.ones(len(self), np.bool_)
        if low is not None:
            fits &= price >= int(min(low * MONEY, _MOST_MONEY).to_integral_value(ROUND_CEILING))
        if high is not None:
            fits &= price <= int(min(high * MONEY, _MOST_MONEY).to_integral_value(ROUND_FLOOR))
        return fits

    def having(self, kind: str, values: Collection[str]) -> Flags:
        """With one of these tags."""
        wanted = [code for code, (own, value) in enumerate(self.tagged.names) if own == kind and value in values]
        found = np.zeros(len(self), np.bool_)
        found[self._tagged_places[np.isin(self.tagged.codes, wanted)]] = True
        return found

    # --- how many

    def categories(self, among: Flags) -> dict[int, int]:
        return _counted(*self._categories, among)

    def brands(self, among: Flags) -> dict[int, int]:
        return _counted(*self._brands, among)

    def stock(self, among: Flags) -> dict[bool, int]:
        yes = int(np.count_nonzero(self.facts.in_stock & among))
        counts = {True: yes, False: int(np.count_nonzero(among)) - yes}
        return {is_there: count for is_there, count in counts.items() if count}

    def bands(self, among: Flags, starts: Sequence[Decimal]) -> dict[int, int]:
        """By the number of starts that the price has reached."""
        edges = np.array([int(start * MONEY) for start in starts], np.int64)
        counts = np.bincount(np.searchsorted(edges, self.facts.price[among], side="right"))
        return {at: int(count) for at, count in enumerate(counts) if count}

    def tags(self, among: Flags) -> dict[tuple[str, str], int]:
        counts = np.bincount(self.tagged.codes[among[self._tagged_places]], minlength=len(self.tagged.names))
        return {name: int(count) for name, count in zip(self.tagged.names, counts, strict=True) if count}

    # --- in which order

    def first(self, among: Flags, sort: str, most: int, *, before: Flags | None = None) -> Ints:
        """Places of the first `most` of them in this order; those of `before` come before all others."""
        order = self._order(sort)
        found = order[among[order]]
        if before is not None:
            is_before = before[found]
            found = np.concatenate([found[is_before][:most], found[~is_before][:most]])
        return found[:most]

    def _order(self, sort: str) -> Ints:
        match sort:
            case "price":
                return self._cheapest
            case "-price":
                return self._dearest
            case "newest":
                return self._newest
        return self._likeliest

    @cached_property
    def _likeliest(self) -> Ints:
        facts = self.facts
        return np.lexsort((-facts.products, -facts.popularity, ~facts.in_stock))

    @cached_property
    def _cheapest(self) -> Ints:
        return np.lexsort((-self.facts.products, self.facts.price))

    @cached_property
    def _dearest(self) -> Ints:
        return np.lexsort((-self.facts.products, -self.facts.price))

    @cached_property
    def _newest(self) -> Ints:
        # The order backwards of the oldest first: NEVER has no number of the other sign.
        return np.lexsort((self.facts.products, self.facts.published))[::-1]

    # --- numbers for counting, made once for a state

    @cached_property
    def _tagged_places(self) -> Ints:
        return np.searchsorted(self.facts.products, self.tagged.products)

    @cached_property
    def _categories(self) -> tuple[Ints, Ints]:
        return _coded(self.facts.category)

    @cached_property
    def _brands(self) -> tuple[Ints, Ints]:
        return _coded(self.facts.brand)


_NONE = np.zeros(0, np.int64)
NO_TAGS = Tagged((), _NONE, _NONE)
EMPTY = Columns(Facts(_NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0), np.zeros(0, np.bool_)), NO_TAGS)


def _places(known: Ints, wanted: Ints) -> tuple[Ints, Flags]:
    """Where each wanted one stands among the known ones, which are in order, and whether it is there at all."""
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return places, known[places] == wanted


def _coded(column: Ints) -> tuple[Ints, Ints]:
    """The values there are, and for each row the place of its own."""
    values, codes = np.unique(column, return_inverse=True)
    return values, codes


def _counted(values: Ints, codes: Ints, among: Flags) -> dict[int, int]:
    counts = np.bincount(codes[among], minlength=len(values))
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    return {value: count for value, count in pairs if count and value != NOTHING}
