"""What may be sold, and what the rules of a shelf look at in it, in columns. numpy only.

An answer looks at a hundred products of many thousands: columns give their facts in one go, where rows of their own
would each be fetched from another corner of the memory. Nothing here is ever changed but `Kinds`, which grows; a new
state is a new object.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from core.ml.places import Places

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NO_GROUP = -1
"""Number of the category or brand of a product without."""


class Facts(NamedTuple):
    """What the rules of a shelf look at. `published`: seconds since 1970, infinite when nobody knows; `price` is in the
    shop's currency."""

    published: float
    category_id: int | None
    brand_id: int | None
    price: float


class Kinds:
    """Pairs of a category and a brand, numbered as they are met: most rules speak of these, and a shop has few."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int | None, int | None], int] = {}
        self._columns = np.empty((2, 0), np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, category_id: int | None, brand_id: int | None) -> int:
        """By one thread at a time."""
        return self._numbers.setdefault((category_id, brand_id), len(self._numbers))

    @property
    def columns(self) -> NDArray[np.int64]:
        """Categories and brands by number, 2 × n, NO_GROUP for none. Safe beside `number`."""
        found = self._columns
        if found.shape[1] < len(self._numbers):
            pairs = list(self._numbers)
            found = np.array([[NO_GROUP if one is None else one for one in side] for side in zip(*pairs, strict=True)])
            self._columns = found
        return found


class Wares:
    """n products, in the order of their `ids` int64, which rise. `published` and `price` float64 as in Facts, `kinds`
    int32: the number of category and brand in `told`."""

    def __init__(
        self,
        ids: Ints,
        published: NDArray[np.float64],
        price: NDArray[np.float64],
        kinds: NDArray[np.int32],
        told: Kinds,
    ) -> None:
        self.ids, self.published, self.price, self.kinds, self.told = ids, published, price, kinds, told

    @classmethod
    def of(cls, rows: Iterable[tuple[int, float, int | None, int | None, float]], told: Kinds | None = None) -> Self:
        """From (id, published, category, brand, price), in any order, each product once."""
        told = Kinds() if told is None else told
        number = told.number
        flat = [
            (pk, published, price, number(category, brand)) for pk, published, category, brand, price in rows
        ]  # fmt: skip
        ids, published, price, kinds = zip(*flat, strict=True) if flat else ((), (), (), ())
        own = np.array(ids, np.int64)
        order = own.argsort()
        return cls(
            own[order], np.array(published, np.float64)[order], np.array(price, np.float64)[order],
            np.array(kinds, np.int32)[order], told,
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Self], told: Kinds) -> Self:
        """Several that share no product, all numbered by `told`, as one."""
        if not parts:
            return cls.of((), told)
        ids = np.concatenate([one.ids for one in parts])
        order = ids.argsort()
        return cls(
            ids[order], np.concatenate([one.published for one in parts])[order],
            np.concatenate([one.price for one in parts])[order],
            np.concatenate([one.kinds for one in parts])[order], told,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _places(self) -> Places:
        return Places(self.ids)

    @cached_property
    def categories(self) -> Ints:
        """NO_GROUP for none."""
        return self.told.columns[0].take(self.kinds)

    # --- questions

    def rows(self, product_ids: Ints) -> Ints:
        """Where these products stand in the columns; -1 for those that are not for sale."""
        return self._places.of(product_ids)

    def among(self, product_ids: Collection[int]) -> list[int]:
        """Those of these products that are here, in their order."""
        asked = np.fromiter(product_ids, np.int64, len(product_ids))
        is_here = self.rows(asked) >= 0
        found: list[int] = (asked if is_here.all() else asked[is_here]).tolist()
        return found

    def facts(self, product_ids: Collection[int]) -> dict[int, Facts]:
        """Of those of these products that are here."""
        asked = np.fromiter(product_ids, np.int64, len(product_ids))
        rows = self.rows(asked)
        asked, rows = asked[rows >= 0], rows[rows >= 0]
        columns = self.told.columns.take(self.kinds[rows], axis=1)
        categories, brands = ([None if one == NO_GROUP else one for one in side] for side in columns.tolist())
        told = map(Facts, self.published[rows].tolist(), categories, brands, self.price[rows].tolist())
        return dict(zip(asked.tolist(), told, strict=True))

    def newest(self, limit: int) -> list[int]:
        """Latest published first; those of one moment by falling id."""
        found: list[int] = self.ids[np.lexsort((self.ids, self.published))[::-1][:limit]].tolist()
        return found

    # --- other states

    def only(self, product_ids: Collection[int]) -> Self:
        """Of these products those that are here."""
        rows = self.rows(np.fromiter(product_ids, np.int64, len(product_ids)))
        return self.at(np.unique(rows[rows >= 0]))

    def at(self, rows: Flags | Ints) -> Self:
        """These of them; places must rise."""
        return type(self)(self.ids[rows], self.published[rows], self.price[rows], self.kinds[rows], self.told)

    def changed(self, product_ids: Collection[int], now: "Wares") -> Self:
        """The next state: of these products only what `now` holds, whose kinds must be numbered alike."""
        gone = self.rows(np.fromiter(product_ids, np.int64, len(product_ids)))
        stays = np.ones(len(self), np.bool_)
        stays[gone[gone >= 0]] = False
        kept = self.at(stays)
        at = np.searchsorted(kept.ids, now.ids)
        return type(self)(
            np.insert(kept.ids, at, now.ids), np.insert(kept.published, at, now.published),
            np.insert(kept.price, at, now.price), np.insert(kept.kinds, at, now.kinds), self.told,
        )  # fmt: skip


NOTHING = Wares.of(())
