"""Who did what with which product and when, as arrays that all methods learn from."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

LARGEST_VALUE = 1e6


@dataclass(frozen=True)
class Pairs:
    """One entry per customer and item that met, sorted by customer, newest first.

    `values` are sums over the pair's events; `rank` is 0 for the newest item of the customer, 1 for the one before;
    `last` is the row of the pair's newest event.
    """

    customers: NDArray[np.int32]
    items: NDArray[np.int32]
    values: NDArray[np.float64]
    rank: NDArray[np.int32]
    last: NDArray[np.int64]


@dataclass(frozen=True)
class Interactions:
    """Events in file order. `customers` and `items` index into the id arrays; ids without events are allowed.

    `values` say how much an event speaks for the item (> 0). `times` are seconds since 1970; where the source has no
    times they are row numbers and `has_times` is False. `devices` number the kinds of devices (`context.NO_DEVICE`: not
    known); None where none is known.
    """

    customers: NDArray[np.int32]
    items: NDArray[np.int32]
    values: NDArray[np.float32]
    times: NDArray[np.float64]
    customer_ids: NDArray[Any]
    item_ids: NDArray[Any]
    has_times: bool = True
    devices: NDArray[np.int8] | None = None

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, item_ids: NDArray[Any] | None = None, customer_ids: NDArray[Any] | None = None
    ) -> Self:
        """Columns: customer, item, optional value (default 1), timestamp (seconds; default row number) and device.

        Item ids are sorted, customer ids come in order of appearance. Given id arrays are kept in front and extended
        by what the frame has beyond them. Rows with a value of zero or less say nothing and are left out; values above
        LARGEST_VALUE count as that, so that one absurd number cannot drown all others.
        """
        if "value" in frame:
            frame = frame[frame["value"].to_numpy() > 0]
        customers, customer_ids = _codes(frame["customer"], customer_ids, sort=False)
        items, item_ids = _codes(frame["item"], item_ids, sort=True)
        has_times = "timestamp" in frame
        values = np.ones(len(frame), np.float32)
        if "value" in frame:
            values = np.minimum(frame["value"].to_numpy(np.float64), LARGEST_VALUE).astype(np.float32)
        return cls(
            customers=customers,
            items=items,
            values=values,
            times=frame["timestamp"].to_numpy(np.float64) if has_times else np.arange(len(frame), dtype=np.float64),
            customer_ids=customer_ids,
            item_ids=item_ids,
            has_times=has_times,
            devices=frame["device"].to_numpy(np.int8) if "device" in frame else None,
        )

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def customer_count(self) -> int:
        return len(self.customer_ids)

    @property
    def item_count(self) -> int:
        return len(self.item_ids)

    def of_customers(self, numbers: NDArray[np.integer]) -> Self:
        """Only these customers (increasing), who get new numbers: their place in `numbers`."""
        place = np.full(self.customer_count, -1, np.int32)
        place[numbers] = np.arange(len(numbers), dtype=np.int32)
        part = self.take(np.flatnonzero(place[self.customers] >= 0))
        return replace(part, customers=place[part.customers], customer_ids=self.customer_ids[numbers])

    def take(self, rows: NDArray[Any]) -> Self:
        """Only these rows (mask or positions); customers and items keep their numbers."""
        return replace(
            self, customers=self.customers[rows], items=self.items[rows], values=self.values[rows],
            times=self.times[rows], devices=None if self.devices is None else self.devices[rows],
        )  # fmt: skip

    def newest_per_customer(self, limit: int) -> Self:
        """At most so many of the last events of every customer, so that work per customer is bounded. Kept, because
        every method asks for the same."""
        if len(self) == 0 or int(np.bincount(self.customers).max()) <= limit:
            return self
        if limit not in self._newest:
            self._newest[limit] = self.take(np.flatnonzero(self.rank_from_newest() < limit))
        return self._newest[limit]

    @cached_property
    def _newest(self) -> dict[int, Self]:
        return {}

    def by_time(self) -> NDArray[np.int64]:
        """Rows oldest first, equal times in file order."""
        if len(self) == 0 or bool((self.times[1:] >= self.times[:-1]).all()):
            return np.arange(len(self))
        return np.argsort(self.times, kind="stable")

    def rank_from_newest(self) -> NDArray[np.int64]:
        """For every row its place among the customer's rows: 0 is the newest. Equal times count by file order."""
        newest_first = self.by_time()[::-1]
        order = newest_first[grouped(self.customers[newest_first], self.customer_count)]
        rank = np.empty(len(self), np.int64)
        rank[order] = _place_in_group(self.customers[order])
        return rank

    def pairs(self) -> Pairs:
        """Events of the same customer and item put together. Kept, because every method asks for it."""
        return self._pairs

    @cached_property
    def _pairs(self) -> Pairs:
        """Time grows with the events: rows are put into groups by counting, not by comparing."""
        if len(self) == 0:
            none = np.empty(0, np.int32)
            return Pairs(none, none, np.empty(0), none, np.empty(0, np.int64))
        order = self.by_time()
        moment = np.empty(len(self), np.int32)
        moment[order] = np.arange(len(self), dtype=np.int32)
        order = order[grouped(self.items[order], self.item_count)]
        order = order[grouped(self.customers[order], self.customer_count)]
        customers, items = self.customers[order], self.items[order]
        starts = np.flatnonzero(np.r_[True, (np.diff(customers) != 0) | (np.diff(items) != 0)])
        ends = np.r_[starts[1:], len(order)] - 1
        values = np.add.reduceat(self.values[order].astype(np.float64), starts)
        pair_at = np.full(len(self), -1, np.int32)
        pair_at[moment[order[ends]]] = np.arange(len(ends), dtype=np.int32)
        newest = pair_at[::-1]
        newest = newest[newest >= 0]
        newest = newest[grouped(customers[ends][newest], self.customer_count)]
        of_pair = customers[ends][newest]
        rank = _place_in_group(of_pair).astype(np.int32)
        return Pairs(of_pair, items[ends][newest], values[newest], rank, order[ends][newest])

    def matrix(self) -> sp.csr_matrix:
        """Customers × items, values summed over events; sorted indices."""
        shape = (self.customer_count, self.item_count)
        matrix = sp.csr_matrix((self.values.astype(np.float64), (self.customers, self.items)), shape=shape)
        matrix.sum_duplicates()
        return matrix

    def popularity(self) -> NDArray[np.float64]:
        """How many different customers met each item."""
        return np.bincount(self.pairs().items, minlength=self.item_count).astype(np.float64)


def grouped(keys: NDArray[np.integer], count: int) -> NDArray[np.int32]:
    """Positions of `keys` (whole numbers below `count`) sorted by key, equal keys in the order they came: a counting
    sort, whose time grows with their number alone."""
    size = len(keys)
    table = sp.coo_array((np.ones(size, np.int8), (keys, np.arange(size, dtype=np.int32))), shape=(count, size))
    return np.asarray(table.tocsr().indices, np.int32)


def _codes(
    column: "pd.Series[Any]", known: NDArray[Any] | None, *, sort: bool
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    codes, found = pd.factorize(column, sort=sort)
    ids = np.asarray(found)
    if known is None:
        return codes.astype(np.int32), ids
    index = pd.Index(known)
    positions = index.get_indexer(pd.Index(ids))
    new = positions < 0
    positions[new] = len(index) + np.arange(int(new.sum()))
    return positions[codes].astype(np.int32), np.concatenate([np.asarray(known), ids[new]])


def _place_in_group(sorted_keys: NDArray[Any]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of equal keys."""
    if len(sorted_keys) == 0:
        return np.empty(0, np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_keys) != 0])
    lengths = np.diff(np.r_[starts, len(sorted_keys)])
    return np.arange(len(sorted_keys)) - np.repeat(starts, lengths)
