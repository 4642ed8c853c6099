"""Who gets which offer, so that a budget brings the most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NOTHING = -1
ROUNDING = 1e-9


@dataclass(frozen=True)
class Allocation:
    """The offer of each customer (-1: none) [n], what they cost and bring together, and `at_most`: no allocation
    within the budget can bring more."""

    offers: NDArray[np.int64]
    cost: float
    gain: float
    at_most: float


def allocate(gain: Array, cost: Array, budget: float) -> Allocation:
    """At most one offer for each customer, `Σ cost ≤ budget`, the expected gain as large as a greedy choice makes it.

    `gain` and `cost` are [customers × offers]: expected incremental margin after the offer's own cost, and what it
    takes from the budget, in the same money. An offer that gains nothing is never given. The linear programme of this
    multiple-choice knapsack is solved exactly by taking upgrades along each customer's convex hull in the order of gain
    per cost (Sinha & Zoltners 1979); where the budget ends inside an upgrade, others that fit fill what is left. The
    result misses the optimum by less than that one upgrade, and `at_most` is the programme's value. Ties go to the
    customer who comes first. Raises ValueError for a number that is not finite and for a cost or budget below 0.
    """
    if gain.shape != cost.shape or gain.ndim != 2:
        raise ValueError("Gain and cost must both be of customers × offers.")
    if not (np.isfinite(gain).all() and np.isfinite(cost).all() and np.isfinite(budget)):
        raise ValueError("Gains, costs and budget must be finite numbers.")
    if budget < 0 or (cost < 0).any():
        raise ValueError("Costs and budget must not be below 0.")
    free, upgrades = _free(gain, cost), _upgrades(gain, cost)
    offers = free.copy()
    customer, offer, more_cost, more_gain = upgrades
    order = np.lexsort((customer, -more_gain / more_cost))
    spent = np.cumsum(more_cost[order])
    whole = int(np.searchsorted(spent, budget + ROUNDING * max(budget, 1.0), side="right"))
    left = budget - (float(spent[whole - 1]) if whole else 0.0)
    sure = _total(free, gain) + float(more_gain[order[:whole]].sum())
    at_most = sure
    if whole < len(order):
        at_most += float(more_gain[order[whole]] * max(left, 0.0) / more_cost[order[whole]])
    taken = order[:whole]
    # The last upgrade of a customer in this order is his dearest: later writes win.
    offers[customer[taken]] = offer[taken]
    _fill(offers, gain, cost, left, order[whole:], upgrades)
    _one_instead(offers, free, gain, cost, budget)
    return Allocation(offers, _total(offers, cost), _total(offers, gain), max(at_most, _total(offers, gain)))


def frontier(gain: Array, cost: Array, points: int = 40) -> tuple[Array, Array]:
    """Budgets at even distances, from nothing to where more brings nothing more, and the most that each can bring: the
    value of the linear programme, which rises ever more slowly."""
    free, (customer, _offer, more_cost, more_gain) = _free(gain, cost), _upgrades(gain, cost)
    order = np.lexsort((customer, -more_gain / more_cost)) if len(more_cost) else np.empty(0, np.int64)
    spent = np.concatenate([[0.0], np.cumsum(more_cost[order])])
    brought = _total(free, gain) + np.concatenate([[0.0], np.cumsum(more_gain[order])])
    budgets = np.linspace(0.0, float(spent[-1]), points + 1)
    return budgets, np.interp(budgets, spent, brought)


def _free(gain: Array, cost: Array) -> NDArray[np.int64]:
    """The best offer that costs nothing, if it gains anything."""
    found = np.full(len(gain), NOTHING, np.int64)
    if not gain.size:
        return found
    worth = np.where(cost == 0, gain, -np.inf)
    best = worth.argmax(axis=1)
    has = worth[np.arange(len(gain)), best] > 0
    found[has] = best[has]
    return found


def _upgrades(gain: Array, cost: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """Steps along the upper hull of each customer's offers: customer, offer arrived at, further cost, further gain. The
    gain per cost falls from step to step."""
    n, width = gain.shape
    at_cost, at_gain = np.zeros(n), np.maximum(np.where(cost == 0, gain, 0.0).max(axis=1, initial=0.0), 0.0)
    active = np.arange(n)
    parts = []
    for _step in range(width):
        further, better = cost[active] - at_cost[active, None], gain[active] - at_gain[active, None]
        possible = (further > 0) & (better > 0)
        slope = np.where(possible, better / np.where(possible, further, 1.0), -np.inf)
        steepest = slope.max(axis=1, initial=-np.inf)
        moves = np.isfinite(steepest)
        active, further, better, slope, steepest = (part[moves] for part in (active, further, better, slope, steepest))
        if not len(active):
            break
        # Of equally steep ones the dearest, so that slopes fall strictly.
        chosen = np.where(slope >= steepest[:, None], further, -1.0).argmax(axis=1)
        row = np.arange(len(active))
        parts.append((active, chosen.astype(np.int64), further[row, chosen], better[row, chosen]))
        at_cost[active], at_gain[active] = cost[active, chosen], gain[active, chosen]
    if not parts:
        none = np.empty(0, np.int64)
        return none, none, np.empty(0), np.empty(0)
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def _fill(
    offers: NDArray[np.int64],
    gain: Array,
    cost: Array,
    left: float,
    later: NDArray[np.int64],
    upgrades: tuple[NDArray[np.int64], NDArray[np.int64], Array, Array],
) -> None:
    """Gives what is left to those upgrades that still fit, the best first, whatever step their customer stands on."""
    customer, offer = upgrades[:2]
    cheapest = float(upgrades[2][later].min(initial=np.inf))
    for step in later.tolist():
        if left < cheapest:
            return
        person, new = int(customer[step]), int(offer[step])
        old = int(offers[person])
        had_cost, had_gain = (cost[person, old], gain[person, old]) if old != NOTHING else (0.0, 0.0)
        further = float(cost[person, new] - had_cost)
        if further <= left and gain[person, new] > had_gain:
            offers[person] = new
            left -= further


def _one_instead(offers: NDArray[np.int64], free: NDArray[np.int64], gain: Array, cost: Array, budget: float) -> None:
    """Puts the one paid offer that alone brings more in the place of all others, which keeps at least half of the
    optimum when one upgrade is worth as much as the rest."""
    worth = np.where(cost <= budget, gain, -np.inf)
    if worth.max(initial=-np.inf) <= 0:
        return
    person, best = np.unravel_index(int(worth.argmax()), worth.shape)
    alone = free.copy()
    alone[person] = best
    if _total(alone, gain) > _total(offers, gain):
        offers[:] = alone


def _total(offers: NDArray[np.int64], values: Array) -> float:
    row = np.flatnonzero(offers != NOTHING)
    return float(values[row, offers[row]].sum())


def by_fit(offers: NDArray[np.int64], fit: Array, same: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of offers that cost and bring the same, which `same` says by one number [offers], each customer the one that fits
    best by `fit` [customers × offers]; where none fits better the offer stays, and nobody gets one who had none."""
    found = offers.copy()
    for group in np.unique(same):
        columns = np.flatnonzero(same == group)
        rows = np.flatnonzero(np.isin(offers, columns))
        if len(columns) < 2 or not len(rows):
            continue
        best = columns[fit[np.ix_(rows, columns)].argmax(axis=1)]
        better = fit[rows, best] > fit[rows, offers[rows]]
        found[rows[better]] = best[better]
    return found


def by_chance(drawn: NDArray[np.int64], cost: Array, budget: float) -> NDArray[np.int64]:
    """Where nothing is known of what offers bring: each customer, in this order, the offer `drawn` for him [n] as long
    as the budget pays for it at `cost` [offers]; the others nothing. The first who does not fit ends it, so that nobody
    is preferred for being cheap."""
    spent = np.cumsum(cost[drawn]) if len(drawn) else np.empty(0)
    return np.where(spent <= budget + ROUNDING * max(budget, 1.0), drawn, NOTHING)
