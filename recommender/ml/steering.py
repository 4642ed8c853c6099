"""From scored candidates to the list that a placement shows: boosts, pins, caps, diversity and exploration.

numpy only, because the web process runs it. Everything here permutes or drops candidates; nothing can add one, so what
was kept out before stays out.
"""

from collections.abc import Collection, Mapping, Sequence
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
    """n items, best first, with what steering looks at, in the same order.

    `factors` float [n] > 0, from boosts (above 1) and burials (below); `groups` int [n], the category, NO_GROUP for
    none; `is_new` bool [n], items that too few people have seen to rank.
    """

    items: NDArray[np.int64]
    factors: NDArray[np.float64]
    groups: NDArray[np.int64]
    is_new: NDArray[np.bool_]


@dataclass(frozen=True)
class Steered:
    """Positions in the candidates, in the order of the slots, and why each stands there (RANKED, PINNED, EXPLORED)."""

    chosen: NDArray[np.int64]
    why: list[str]


def relevance(factors: NDArray[np.floating]) -> NDArray[np.float64]:
    """What items that come best first are worth, in (0, 1] by their place, times the factor of each.

    The place p of n counts 1/log2(p + 2), the discount of nDCG (Järvelin & Kekäläinen, 2002): a factor of 2 moves an
    item about as far as the difference of these discounts says, whatever the model's scores look like.
    """
    size = len(factors)
    discounts = DISCOUNTS[:size] if size <= len(DISCOUNTS) else _discounts(size)
    return np.asarray(discounts * factors, np.float64)


def _discounts(size: int) -> NDArray[np.float64]:
    """Of the places 0 to size − 1."""
    return np.asarray(1.0 / np.log2(np.arange(size) + 2.0), np.float64)


DISCOUNTS = _discounts(512)
"""More than answers rank."""


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
    value = relevance(candidates.factors)
    fixed = _pins(candidates.items.tolist(), plan)
    chance = _explored_slots(plan, fixed, candidates.is_new, seed)
    shown = _by_rank(candidates, plan, value) if plan.diversity <= 0 else _Varied(candidates, plan, value, similarity)
    chosen, why = _fill(shown, plan, fixed, chance)
    return Steered(np.asarray(chosen, np.int64), why)


def _fill(
    shown: "_Ranked | _Varied", plan: Plan, fixed: Mapping[int, int], chance: Collection[int]
) -> tuple[list[int], list[str]]:
    """Positions in the order of the slots, and why: pins in theirs, new items in those of `chance`, else the best."""
    for position in fixed.values():
        shown.take(position)
    chosen: list[int] = []
    why: list[str] = []
    for slot in range(plan.slots):
        if slot in fixed:
            chosen.append(fixed[slot])
            why.append(PINNED)
            continue
        new = shown.best_new() if slot in chance else None
        found = shown.best() if new is None else new
        if found is None:
            continue
        shown.take(found)
        chosen.append(found)
        why.append(RANKED if new is None else EXPLORED)
    return chosen, why


class _Caps:
    """How many of each group are shown, and which groups are full."""

    def __init__(self, plan: Plan) -> None:
        self._cap = plan.cap
        self._used: dict[int, int] = {}

    def fills(self, group: int) -> bool:
        """One more of this group is shown; whether no further one may be."""
        if self._cap is None or group == NO_GROUP:
            return False
        count = self._used[group] = self._used.get(group, 0) + 1
        return count >= self._cap


class _Ranked:
    """Free positions where nothing but their value counts: two walks down the ranking, one past new items alone."""

    def __init__(self, order: Sequence[int], groups: Sequence[int], is_new: NDArray[np.bool_], plan: Plan) -> None:
        self._order, self._groups, self._is_new = order, groups, is_new
        self._caps, self._taken, self._full = _Caps(plan), set[int](), set[int]()
        self._at = self._new_at = 0

    def take(self, position: int) -> None:
        self._taken.add(position)
        group = self._groups[position]
        if self._caps.fills(group):
            self._full.add(group)

    def best(self) -> int | None:
        while self._at < len(self._order):
            position = self._order[self._at]
            if self._is_free(position):
                return position
            self._at += 1  # what is closed stays closed
        return None

    def best_new(self) -> int | None:
        while self._new_at < len(self._order):
            position = self._order[self._new_at]
            if self._is_new[position] and self._is_free(position):
                return position
            self._new_at += 1
        return None

    def _is_free(self, position: int) -> bool:
        return position not in self._taken and self._groups[position] not in self._full


def _by_rank(candidates: Candidates, plan: Plan, value: NDArray[np.float64]) -> _Ranked:
    order = np.argsort(-value, kind="stable")  # stays as it is where values are equal
    return _Ranked(order.tolist(), candidates.groups.tolist(), candidates.is_new, plan)


class _Varied:
    """Free positions where it counts, too, how like they are to what is shown already."""

    def __init__(
        self,
        candidates: Candidates,
        plan: Plan,
        value: NDArray[np.float64],
        similarity: NDArray[np.floating] | None,
    ) -> None:
        self._groups, self._is_new, self._caps = candidates.groups, candidates.is_new, _Caps(plan)
        self._alike = _by_group(candidates.groups) if similarity is None else similarity
        self._nearest = np.zeros(len(value))
        self._difference = plan.diversity
        self._value = (1 - plan.diversity) * value
        """Of what is closed: −∞."""

    def take(self, position: int) -> None:
        self._value[position] = -np.inf
        group = int(self._groups[position])
        if self._caps.fills(group):
            self._value[self._groups == group] = -np.inf
        np.maximum(self._nearest, self._alike[position], out=self._nearest)

    def best(self) -> int | None:
        return self._highest(self._value - self._difference * self._nearest)

    def best_new(self) -> int | None:
        return self._highest(np.where(self._is_new, self._value - self._difference * self._nearest, -np.inf))

    @staticmethod
    def _highest(worth: NDArray[np.float64]) -> int | None:
        position = int(worth.argmax())
        return position if worth[position] > -np.inf else None


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


def _pins(items: Sequence[int], plan: Plan) -> dict[int, int]:
    """Slot to position, for pinned items that are among the candidates; each item once, at its first slot."""
    found: dict[int, int] = {}
    if not plan.pins:
        return found
    for slot, item in sorted(plan.pins.items()):
        if 0 <= slot < plan.slots and item in items and (position := items.index(item)) not in found.values():
            found[slot] = position
    return found


def _explored_slots(plan: Plan, fixed: Mapping[int, int], is_new: NDArray[np.bool_], seed: int) -> set[int]:
    """Which slots try new items: a share of the free ones, drawn anew for each seed, so that every place is tried.

    The share is kept on average: 0.05 of 10 slots is one slot in every second list.
    """
    if plan.exploration <= 0 or not is_new.any():
        return set()
    free = [slot for slot in range(plan.slots) if slot not in fixed]
    if not free:
        return set()
    chance = np.random.default_rng(seed)
    wanted = plan.exploration * len(free)
    count = int(wanted) + int(chance.random() < wanted - int(wanted))
    return {int(slot) for slot in chance.choice(free, size=min(count, len(free)), replace=False)}


def _by_group(groups: NDArray[np.int64]) -> NDArray[np.float64]:
    same = (groups[:, None] == groups[None, :]) & (groups != NO_GROUP)[:, None]
    return np.where(np.eye(len(groups), dtype=bool), 1.0, 0.5 * same)
