"""Ways to hold back interactions that a method is then judged on. Every split is a pair of row masks."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions

Protocol = Literal["random-by-item-75", "leave-last-out", "leave-two-out", "by-time"]
PROTOCOLS: tuple[str, ...] = get_args(Protocol)


@dataclass(frozen=True)
class Split:
    """`train` and `test` are the same interactions cut in two; customers and items keep their numbers."""

    train: Interactions
    test: Interactions
    protocol: str


def split(interactions: Interactions, protocol: Protocol, *, seed: int = 0, later_share: float = 0.2) -> Split:
    """Cut by one of the protocols. Raises ValueError for an unknown one."""
    match protocol:
        case "random-by-item-75":
            held = ~random_by_item(interactions.items, share=0.75, seed=seed)
        case "leave-last-out":
            held = last_of_each_customer(interactions, count=1)
        case "leave-two-out":
            held = last_of_each_customer(interactions, count=2)
        case "by-time":
            held = later_part(interactions.times, share=later_share)
        case _:
            raise ValueError(f"No such protocol: {protocol}. Known: {', '.join(PROTOCOLS)}.")
    return Split(interactions.take(~held), interactions.take(held), protocol)


def random_by_item(items: NDArray[np.integer], *, share: float, seed: int) -> NDArray[np.bool_]:
    """True for training rows: a share of every item's rows, drawn at random and rounded half to even.

    One number per row in file order from numpy's legacy generator `RandomState(seed)`; rows sorted by item and number;
    the first round(share · n) of an item's n rows train. The stratified split of Microsoft's Recommenders (2019).
    """
    numbers = np.random.RandomState(seed).random_sample(len(items))
    order = np.lexsort((numbers, items))
    counts = np.bincount(items, minlength=int(items.max(initial=-1)) + 1)
    starts = np.cumsum(counts) - counts
    rank = np.empty(len(items), np.int64)
    rank[order] = np.arange(len(items)) - starts[items[order]] + 1
    return rank <= np.round(share * counts[items])


def last_of_each_customer(interactions: Interactions, *, count: int) -> NDArray[np.bool_]:
    """True for the last `count` rows of every customer who has more than that; others keep all rows for training.

    Last by time, equal times by file order.
    """
    rows = np.bincount(interactions.customers, minlength=interactions.customer_count)
    enough = rows[interactions.customers] > count
    return (interactions.rank_from_newest() < count) & enough


def later_part(times: NDArray[np.floating], *, share: float) -> NDArray[np.bool_]:
    """True for rows later than the moment that at least 1 − share of the rows have reached. Equal times stay together;
    nothing is later when all are equal."""
    if len(times) == 0:
        return np.zeros(0, bool)
    return times > np.quantile(times, 1.0 - share, method="lower")
