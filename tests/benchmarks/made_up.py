"""A made-up shop of any size with planted tastes, fashions and habits of order, drawn in seconds and little memory."""

import numpy as np
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions

ITEMS = 100_000
PER_CUSTOMER = 20
GROUPS = 500
LIKED_GROUPS = 4
LONGEST = 1_000
DAY = 86_400.0


def shop(events: int, *, items: int = ITEMS, seed: int = 0) -> Interactions:
    """`events` acts of `events` / 20 customers on `items` products over a year, oldest first.

    Every product belongs to one of GROUPS groups and is chosen within it by Zipf's law; every customer likes
    LIKED_GROUPS of them, the first most, and takes one act in ten anywhere. After one act in five comes the product
    that belongs to the one before (a fixed successor in the same group). Acts per customer are log-normal (mean 20,
    at least 2, at most LONGEST); one act in fourteen is a purchase, which weighs 4, the others are looks.
    """
    rng = np.random.default_rng(seed)
    customers = max(events // PER_CUSTOMER, 2)
    lengths = np.clip(rng.lognormal(np.log(PER_CUSTOMER) - 0.5, 1.0, customers), 2, LONGEST).astype(np.int64)
    while (lacking := events - int(lengths.sum())) != 0:
        moved = rng.choice(customers, min(abs(lacking), customers), replace=False)
        lengths[moved] = np.maximum(lengths[moved] + np.sign(lacking), 2)
    owners = np.repeat(np.arange(customers, dtype=np.int32), lengths)
    count = len(owners)
    chosen = _products(_groups(owners, customers, rng), items, rng)
    followed = np.flatnonzero((rng.random(count, dtype=np.float32) < 0.2)[1:] & (owners[1:] == owners[:-1])) + 1
    chosen[followed] = (chosen[followed - 1] + GROUPS) % items
    times = 1_700_000_000.0 + 365 * DAY * _within_customers(owners, lengths, rng)
    values = np.where(rng.random(count, dtype=np.float32) < 1 / 14, 4.0, 1.0).astype(np.float32)
    order = np.argsort(times, kind="stable")
    return Interactions(
        customers=owners[order],
        items=chosen[order],
        values=values[order],
        times=times[order],
        customer_ids=np.arange(customers),
        item_ids=np.arange(items),
    )


def _groups(owners: NDArray[np.int32], customers: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """The group of every act."""
    liked = rng.integers(GROUPS, size=(customers, LIKED_GROUPS), dtype=np.int32)
    place = np.searchsorted([0.5, 0.75, 0.9], rng.random(len(owners), dtype=np.float32)).astype(np.int8)
    group = liked[owners, place]
    anywhere = rng.random(len(owners), dtype=np.float32) < 0.1
    group[anywhere] = rng.integers(GROUPS, size=int(anywhere.sum()), dtype=np.int32)
    return group


def _products(groups: NDArray[np.int32], items: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """A product of each group: number = place in the group × GROUPS + group, places by Zipf's law."""
    places = items // GROUPS
    weights = np.cumsum(1.0 / (np.arange(places) + 2.0))
    drawn = np.searchsorted(weights / weights[-1], rng.random(len(groups)))
    return (np.minimum(drawn, places - 1) * GROUPS + groups).astype(np.int32)


def _within_customers(
    owners: NDArray[np.int32], lengths: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Moments in [0, 1], increasing within each customer, who comes at any time and stays for a while."""
    first = rng.random(len(lengths)) * 0.9
    gaps = rng.exponential(1.0, len(owners))
    run = np.cumsum(gaps)
    ends = np.cumsum(lengths)
    own = run - np.repeat(np.r_[0.0, run[ends[:-1] - 1]], lengths)
    last = own[ends - 1]
    return first[owners] + own / last[owners] * (1.0 - first[owners])
