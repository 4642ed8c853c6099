"""From scored candidates to the list that a placement shows: boosts, pins, caps, diversity and exploration.

numpy only, because the web process runs it. Everything here permutes or drops candidates; nothing can add one, so what
was kept out before stays out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RANKED, PINNED, EXPLORED = "ranked", "pinned", "explored"
NO_GROUP = -1


@dataclass(frozen=True)
class Plan:
    """What a placement wants. `diversity` in [0, 1]: 0 keeps the ranking, 1 looks at difference alone.

    `cap` items of one group at the most (None: any number; items of no group are never capped). `exploration` in
    [0, 1]: the share of slots for new items. `pins`: slot (from 0) to item.
    """

    slots: int
    diversity: float = 0.0
    cap: int | None = None
    exploration: float = 0.0
    pins: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """n items with what steering looks at, in the same order.

    `scores` float [n], higher is better; `factors` float [n] > 0, from boosts (above 1) and burials (below);
    `groups` int [n], the category, NO_GROUP for none; `is_new` bool [n], items that too few people have seen to rank.
    """

    items: NDArray[np.int64]
    scores: NDArray[np.float64]
    factors: NDArray[np.float64]
    groups: NDArray[np.int64]
    is_new: NDArray[np.bool_]


@dataclass(frozen=True)
class Steered:
    """Positions in the candidates, in the order of the slots, and why each stands there (RANKED, PINNED, EXPLORED)."""

    chosen: NDArray[np.int64]
    why: list[str]


def relevance(scores: NDArray[np.floating], factors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores of any scale as (0, 1] by their place in the ranking, times the factor of each.

    The place p of n counts 1/log2(p + 2), the discount of nDCG (Järvelin & Kekäläinen, 2002): a factor of 2 moves an
    item about as far as the difference of these discounts says, whatever the model's scores look like.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(1.0 / np.log2(place + 2.0) * factors, np.float64)


def steer(
    candidates: Candidates, plan: Plan, *, similarity: NDArray[np.floating] | None = None, seed: int = 0
) -> Steered:
    """Fill the slots of `plan` by maximal marginal relevance (Carbonell & Goldstein, 1998): each slot takes the item
    with the highest `λ·relevance − (1 − λ)·largest similarity to what is shown already`, λ = 1 − diversity.

    `similarity` [n, n] in [0, 1] is needed for diversity; without it groups stand in for
    it: items of one group count as alike by a half.

    The same candidates, plan and seed give the same list. Shorter than `slots` when candidates or caps run out.
    """
    if not len(candidates.items):
        return Steered(np.empty(0, np.int64), [])
    value = relevance(candidates.scores, candidates.factors)
    fixed = _pins(candidates.items, plan)
    chance = _explored_slots(plan, fixed, candidates.is_new, seed)
    shown = _Shown(candidates.groups, plan, similarity)
    for position in fixed.values():
        shown.take(position)
    chosen: list[int] = []
    why: list[str] = []
    for slot in range(plan.slots):
        if slot in fixed:
            chosen.append(fixed[slot])
            why.append(PINNED)
            continue
        worth = np.where(shown.closed, -np.inf, shown.mixed(value))
        explores = slot in chance and bool((candidates.is_new & ~shown.closed).any())
        position = int(np.argmax(np.where(candidates.is_new, worth, -np.inf) if explores else worth))
        if shown.closed[position]:  # all of them
            continue
        shown.take(position)
        chosen.append(position)
        why.append(EXPLORED if explores else RANKED)
    return Steered(np.asarray(chosen, np.int64), why)


class _Shown:
    """What is shown already: which positions it closes (itself, and groups that are full), and what is like it."""

    def __init__(self, groups: NDArray[np.int64], plan: Plan, similarity: NDArray[np.floating] | None) -> None:
        self.closed = np.zeros(len(groups), bool)
        self._groups, self._plan = groups, plan
        self._used: dict[int, int] = {}
        # Without diversity nobody asks what is alike, so that is not worked out.
        self._alike = None if plan.diversity <= 0 else _by_group(groups) if similarity is None else similarity
        self._nearest = np.zeros(len(groups))

    def take(self, position: int) -> None:
        self.closed[position] = True
        group = int(self._groups[position])
        count = self._used[group] = self._used.get(group, 0) + 1
        if self._plan.cap is not None and count >= self._plan.cap and group != NO_GROUP:
            self.closed |= self._groups == group
        if self._alike is not None:
            np.maximum(self._nearest, self._alike[position], out=self._nearest)

    def mixed(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Relevance and difference as the plan weighs them."""
        if self._alike is None:
            return value
        return (1 - self._plan.diversity) * value - self._plan.diversity * self._nearest


def similarity_of(
    indptr: NDArray[np.integer], indices: NDArray[np.integer], weights: NDArray[np.floating], rows: NDArray[np.integer]
) -> NDArray[np.float64]:
    """How alike the items at these rows of a neighbour matrix are: [n, n] in [0, 1], 1 on the diagonal.

    Symmetric: the larger of both directions, scaled by the largest weight among these rows. Rows of -1 are like nobody.
    """
    n = len(rows)
    alike = np.zeros((n, n))
    known = np.flatnonzero(rows >= 0)
    if len(known):
        asked = np.asarray(rows, np.int64)[known]
        starts = np.asarray(indptr[asked], np.int64)
        lengths = np.asarray(indptr[asked + 1], np.int64) - starts
        flat = np.arange(int(lengths.sum())) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        others, found = np.asarray(indices[flat], np.int64), np.asarray(weights[flat], np.float64)
        order = np.argsort(asked, kind="stable")
        at = np.minimum(np.searchsorted(asked[order], others), len(asked) - 1)
        there = known[order][at]
        meets = rows[there] == others
        alike[np.repeat(known, lengths)[meets], there[meets]] = found[meets]
        top = float(found.max(initial=0.0))
        alike = np.clip(np.maximum(alike, alike.T) / top, 0.0, 1.0) if top > 0 else alike
    np.fill_diagonal(alike, 1.0)
    return alike


def _pins(items: NDArray[np.int64], plan: Plan) -> dict[int, int]:
    """Slot to position, for pinned items that are among the candidates; each item once, at its first slot."""
    place = {int(item): position for position, item in enumerate(items)}
    found: dict[int, int] = {}
    for slot, item in sorted(plan.pins.items()):
        position = place.get(item)
        if 0 <= slot < plan.slots and position is not None and position not in found.values():
            found[slot] = position
    return found


def _explored_slots(plan: Plan, fixed: Mapping[int, int], is_new: NDArray[np.bool_], seed: int) -> set[int]:
    """Which slots try new items: a share of the free ones, drawn anew for each seed, so that every place is tried.

    The share is kept on average: 0.05 of 10 slots is one slot in every second list.
    """
    free = [slot for slot in range(plan.slots) if slot not in fixed]
    if not free or plan.exploration <= 0 or not is_new.any():
        return set()
    chance = np.random.default_rng(seed)
    wanted = plan.exploration * len(free)
    count = int(wanted) + int(chance.random() < wanted - int(wanted))
    return {int(slot) for slot in chance.choice(free, size=min(count, len(free)), replace=False)}


def _by_group(groups: NDArray[np.int64]) -> NDArray[np.float64]:
    same = (groups[:, None] == groups[None, :]) & (groups != NO_GROUP)[:, None]
    return np.where(np.eye(len(groups), dtype=bool), 1.0, 0.5 * same)
