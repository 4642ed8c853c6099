"""A default strategy for each group of customers, from how they answered offers before.

It is a proposal: what people took up says what suits them, not what an offer brought. That is measured by a campaign
with a holdout; the evidence beside each figure is there for the person who accepts or changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from analytics.ml import kmeans

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Kind = Literal["mean", "share"]
Strength = Literal["clear", "like_everybody", "thin"]
OFFERS: dict[str, Kind] = {"discount": "mean", "free_shipping": "share", "bonus_points": "mean"}
"""Percent of discount taken, orders with free shipping (0 or 1, or a share), bonus points used."""
FEWEST = 30
"""Below so many customers an answer is thin, whatever it is."""
WORTH_GIVING = 0.5
REDRAWS = 20
MIDDLE = 0.90
Z = 1.6448536269514722


@dataclass(frozen=True)
class Answer:
    """How a group answered one kind of offer.

    `value` is the mean (`mean` kind) or the share; `low` and `high` its 90 % interval, None with fewer than two who
    ever met such an offer (`customers`). `everybody` is the same of all customers. `clear` says that the interval does
    not hold that; `thin` that fewer than thirty customers stand behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    customers: int
    everybody: float | None
    strength: Strength


@dataclass(frozen=True)
class Proposal:
    """One group: its size, the answers by offer, and what they propose: percent, yes or no, points; None where nobody
    of the group ever met the offer."""

    cluster: int
    size: int
    answers: dict[str, Answer]
    discount: float | None
    free_shipping: bool | None
    bonus_points: float | None


@dataclass(frozen=True)
class Strategies:
    """Proposals for the groups, the largest first; the group of each customer; and `stability`, the mean agreement
    (adjusted Rand index) with groups found on bootstrap samples: near 1 the groups are in the customers, near 0 in the
    method. None with fewer than thirty customers."""

    proposals: list[Proposal]
    labels: Labels
    stability: float | None


def propose(responses: Mapping[str, Array], *, k: int = 3, seed: int = 0) -> Strategies:
    """Groups by k-means over how customers answered, each measure standardised so that percent and points weigh alike.

    `responses` has the three OFFERS [n], NaN for a customer who never met one (he is grouped as if he answered like the
    mean, and does not count in the answers). Raises KeyError for a missing offer, ValueError without customers or for a
    share outside 0 … 1.
    """
    table = np.column_stack([np.asarray(responses[name], np.float64) for name in OFFERS])
    if not len(table):
        raise ValueError("There is no customer to propose for.")
    for place, kind in enumerate(OFFERS.values()):
        known = table[np.isfinite(table[:, place]), place]
        if kind == "share" and ((known < 0) | (known > 1)).any():
            raise ValueError("A share must be between 0 and 1.")
    rows = _standardised(table)
    labels = kmeans.fit(rows, k, seed=seed).labels
    return Strategies(for_groups(responses, labels), labels, _stability(rows, labels, k, seed))


def for_groups(responses: Mapping[str, Array], labels: Labels) -> list[Proposal]:
    """The proposals for groups that are known already, such as the shop's segments (0 … k − 1, none empty)."""
    everybody = {name: _mean(np.asarray(responses[name], np.float64)) for name in OFFERS}
    found = []
    for cluster in range(int(labels.max()) + 1):
        inside = labels == cluster
        answers = {
            name: _answer(np.asarray(responses[name], np.float64)[inside], kind, everybody[name])
            for name, kind in OFFERS.items()
        }
        share = answers["free_shipping"].value
        found.append(
            Proposal(
                cluster, int(inside.sum()), answers,
                discount=answers["discount"].value,
                free_shipping=None if share is None else share >= WORTH_GIVING,
                bonus_points=answers["bonus_points"].value,
            )
        )  # fmt: skip
    return found


def _standardised(table: Array) -> Array:
    known = np.isfinite(table)
    counts = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, table, 0.0)
    mean = filled.sum(axis=0) / counts
    spread = np.sqrt((np.where(known, table - mean, 0.0) ** 2).sum(axis=0) / counts)
    return np.where(known, (table - mean) / np.where(spread > 0, spread, 1.0), 0.0)


def _mean(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _answer(values: Array, kind: Kind, everybody: float | None) -> Answer:
    known = values[np.isfinite(values)]
    n = len(known)
    if not n or everybody is None:
        return Answer(None, None, None, 0, everybody, "thin")
    value = float(known.mean())
    low, high = _interval(known, kind)
    is_apart = low is not None and high is not None and not low <= everybody <= high
    strength: Strength = "thin" if n < FEWEST else "clear" if is_apart else "like_everybody"
    return Answer(value, low, high, n, everybody, strength)


def _interval(known: Array, kind: Kind) -> tuple[float | None, float | None]:
    """90 %: of a share after Wilson (1927), which customers with shares between 0 and 1 make no wider; of a mean by
    Student's t (1908)."""
    n, value = len(known), float(known.mean())
    if n < 2:
        return None, None
    if kind == "share":
        middle = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
        reach = Z * float(np.sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))) / (1 + Z * Z / n)
        return max(0.0, middle - reach), min(1.0, middle + reach)
    reach = float(student.ppf((1 + MIDDLE) / 2, n - 1) * known.std(ddof=1) / np.sqrt(n))
    return value - reach, value + reach


def _stability(rows: Array, labels: Labels, k: int, seed: int) -> float | None:
    if len(rows) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    found = []
    for draw in range(REDRAWS):
        again = kmeans.fit(rows[rng.integers(len(rows), size=len(rows))], k, seed=seed + draw, starts=4)
        found.append(kmeans.adjusted_rand(labels, kmeans.assign(rows, again.centres)))
    return float(np.mean(found))
