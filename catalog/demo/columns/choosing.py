"""Draws of products for whole crowds: exact samples of the softmax of the log weights, without ever building it.

A customer's weights are those of a taste and a sensitivity to price, raised in the cells (kind and colour) of the own
favourites. So a draw is one in the customer's row of 364 cells and one within the cell. Season, newness and whether
the product is on the shelf are then met by rejection: the draw is taken with the chance they leave it.
"""

import numpy as np

from catalog.demo.columns.goods import CELLS, COLOUR_NAMES, Bools, Floats, Goods, Ints
from catalog.demo.customers import FAVOURITE_COLOUR, FAVOURITE_KIND

SAME_COLOUR = 0.8
MOST_ROUNDS = 400


class Crowd:
    """Customers of one taste and price slope. `log_weights` are over the products, without favourites and season.

    Rows of `kinds` (two favourites each) and `colours` are the customers; -1 stands for none.
    """

    def __init__(self, goods: Goods, log_weights: Floats, kinds: Ints, colours: Ints) -> None:
        self._goods = goods
        weights = np.exp((log_weights + goods.pull - (log_weights + goods.pull).max())[goods.by_cell])
        self._reached = np.concatenate([[0.0], np.cumsum(weights)])
        cells = np.maximum(self._reached[goods.ends] - self._reached[goods.starts], 0.0)
        of_kind, of_colour = np.divmod(np.arange(CELLS), len(COLOUR_NAMES))
        liked = FAVOURITE_KIND * (of_kind[None, :, None] == kinds[:, None, :]).any(axis=2)
        liked = liked + FAVOURITE_COLOUR * (of_colour[None, :] == colours[:, None])
        self._cells: Floats = cells[None, :] * np.exp(liked)
        totals = np.cumsum(self._cells, axis=1)
        self._flat: Floats = (totals / totals[:, -1:] + np.arange(len(kinds))[:, None]).ravel()

    def draw(self, rng: np.random.Generator, who: Ints, moments: Ints) -> Ints:
        """One product for each of these rows at its moment; -1 where nothing is on the shelf."""

        def once(pending: Ints) -> Ints:
            at = np.searchsorted(self._flat, who[pending] + rng.random(len(pending)), side="right")
            return self._within(rng, np.minimum(at - who[pending] * CELLS, CELLS - 1))

        return self._rejected(rng, once, moments)

    def draw_beside(self, rng: np.random.Generator, who: Ints, kinds: Ints, colours: Ints, moments: Ints) -> Ints:
        """The same among one kind, leaning to the colour of what is in the basket already."""
        width = len(COLOUR_NAMES)
        cells = kinds[:, None] * width + np.arange(width)
        mass = self._cells[who[:, None], cells] * np.exp(SAME_COLOUR * (np.arange(width) == colours[:, None]))
        reached = np.cumsum(mass, axis=1)

        def once(pending: Ints) -> Ints:
            wanted = rng.random(len(pending)) * reached[pending, -1]
            place = np.minimum((reached[pending] <= wanted[:, None]).sum(axis=1), width - 1)
            return self._within(rng, cells[pending, place])

        return self._rejected(rng, once, moments)

    def _within(self, rng: np.random.Generator, cell: Ints) -> Ints:
        goods = self._goods
        low, high = self._reached[goods.starts[cell]], self._reached[goods.ends[cell]]
        at = np.searchsorted(self._reached, low + rng.random(len(cell)) * (high - low), side="right") - 1
        empty = goods.starts[cell] == goods.ends[cell]
        at = np.clip(at, goods.starts[cell], np.maximum(goods.ends[cell] - 1, goods.starts[cell]))
        return np.where(empty, -1, goods.by_cell[np.minimum(at, len(goods.by_cell) - 1)])

    def _rejected(self, rng: np.random.Generator, once: object, moments: Ints) -> Ints:
        found = np.full(len(moments), -1)
        pending = np.arange(len(moments))
        for _round in range(MOST_ROUNDS):
            if not len(pending):
                break
            drawn: Ints = once(pending)  # type: ignore[operator]
            chance = np.where(drawn >= 0, self._goods.chance(np.maximum(drawn, 0), moments[pending]), 0.0)
            taken: Bools = rng.random(len(pending)) < chance
            found[pending[taken]] = drawn[taken]
            pending = pending[~taken]
        return found
