"""From what a network says to what is done: calibration, thresholds with a promise, doubts, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import binom

from vision.ml.examples import CATEGORY, Classes, Examples
from vision.ml.serving import Reading, softmax

COOLEST, HOTTEST = 0.2, 8.0
APPLY, SUGGEST = 0.95, 0.70
LEAST_POSITIVES = 20
"""Below so many examples on which a label was told, and right, nothing is ever applied by itself."""
Z90 = 1.2815515655446004
"""One-sided 90 %."""
CURVE_POINTS = 41
TARGETS = tuple(round(0.5 + 0.01 * at, 2) for at in range(50))
"""Precisions that a shop may ask for: a curve has the exact place of each."""
Floats = NDArray[np.float32]


def temperature_of(logits: Floats, right: NDArray[np.int32]) -> float:
    """T of `softmax(logits / T)` under which the labels are likeliest (Guo et al. 2017).

    As if one more picture of unknown class had been seen, so that a few pictures all told right do not make it certain.
    """
    rows, unknown = np.arange(len(right)), 1.0 / (len(right) + 1.0)

    def surprise(log_temperature: float) -> float:
        surprises = -np.log(np.maximum(softmax(logits / np.float32(np.exp(log_temperature))), 1e-9))
        return float((1.0 - unknown) * surprises[rows, right].mean() + unknown * surprises.mean())

    found = minimize_scalar(surprise, bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def platt_of(logits: Floats, said: NDArray[np.int8]) -> tuple[float, float]:
    """Slope and shift of `sigmoid(slope·logit + shift)` (Platt 1999, with his softened targets) from labels 1, 0, -1
    (unknown, left out). As it is where fewer than five of either are known."""
    positive, negative = int((said == 1).sum()), int((said == 0).sum())
    if min(positive, negative) < 5:
        return 1.0, 0.0
    own = logits[said >= 0].astype(np.float64)
    target = np.where(said[said >= 0] == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def surprise(line: NDArray[np.float64]) -> float:
        value = line[0] * own + line[1]
        return float((np.logaddexp(0.0, value) - target * value).mean())

    found = minimize(surprise, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.05, 10.0), (-20.0, 20.0)])
    return float(found.x[0]), float(found.x[1])


def wilson_low(right: NDArray[np.float64] | float, of: NDArray[np.float64] | float, z: float = Z90) -> Any:
    """Lower bound of a share (Wilson 1927); 0 of nothing."""
    of = np.maximum(np.asarray(of, np.float64), 1e-12)
    share = np.asarray(right, np.float64) / of
    middle = share + z * z / (2 * of)
    spread = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return np.maximum(0.0, (middle - spread) / (1 + z * z / of))


@dataclass(frozen=True)
class Threshold:
    """Of one label: from which chance on it is applied by itself and suggested (None: never) at the precisions that
    were asked for (`target_…`); `positives`: how many examples show it; `curve`: at some thresholds, among them the
    exact one of each precision that may be asked for, precision, its lower bound, coverage (share of the positives
    found) and how many were told."""

    apply: float | None
    suggest: float | None
    positives: int
    curve: list[dict[str, float]]
    target_apply: float = APPLY
    target_suggest: float = SUGGEST

    def to_meta(self) -> dict[str, Any]:
        return {
            "apply": self.apply, "suggest": self.suggest, "target_apply": self.target_apply,
            "target_suggest": self.target_suggest, "positives": self.positives, "curve": self.curve,
        }  # fmt: skip


def threshold_of(
    chances: Floats, is_right: NDArray[np.bool_], *, positives: int | None = None, apply: float = APPLY,
    suggest: float = SUGGEST, least: int = LEAST_POSITIVES,
) -> Threshold:  # fmt: skip
    """The smallest thresholds whose lower 90 % bound of precision reaches the targets.

    `chances` [n] of one label where it would be told, `is_right` [n]. With fewer than `least` positives it is never
    applied by itself; it is still suggested from the plain share on, since a person looks.
    """
    order = np.argsort(-chances, kind="stable")
    told, hits = chances[order].astype(np.float64), np.cumsum(is_right[order]).astype(np.float64)
    of = np.arange(1, len(told) + 1, dtype=np.float64)
    positives = int(is_right.sum()) if positives is None else positives
    # A threshold takes all that share its chance: only the last of equals is a place to cut.
    cuts = np.flatnonzero(np.append(told[1:] != told[:-1], True)) if len(told) else np.empty(0, np.int64)
    low, share = wilson_low(hits[cuts], of[cuts]), hits[cuts] / of[cuts]

    def least_where(good: NDArray[np.bool_]) -> float | None:
        return float(told[cuts[np.flatnonzero(good)[-1]]]) if good.any() else None

    enough = positives >= least
    held = low if enough else share
    exact = [least_where(held >= target) for target in (*TARGETS, apply, suggest)]
    return Threshold(
        least_where(low >= apply) if enough else None,
        least_where(held >= suggest),
        positives,
        _curve(told, hits, positives, {one for one in exact if one is not None}),
        apply,
        suggest,
    )


def _curve(
    told: NDArray[np.float64], hits: NDArray[np.float64], positives: int, exact: set[float]
) -> list[dict[str, float]]:
    """Bounds and exact thresholds are not rounded: what reaches a target must still reach it when it is read."""
    found = []
    for threshold in sorted({round(float(one), 4) for one in np.linspace(0.0, 1.0, CURVE_POINTS)} | exact):
        count = int(np.searchsorted(-told, -threshold, side="right"))
        if count:
            right = float(hits[count - 1])
            found.append({
                "threshold": threshold, "precision": right / count, "low": float(wilson_low(right, count)),
                "coverage": round(right / max(positives, 1), 4), "told": count,
            })  # fmt: skip
    return found


def thresholds(
    reading: Reading, examples: Examples, told: Classes, *, targets: Mapping[str, tuple[float, float]] | None = None,
    least: int = LEAST_POSITIVES,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """`"set/label"` to its thresholds, ready for meta, from examples that were not learned from.

    `targets`: key of a set to (precision to apply, precision to suggest). A category is told where it is the likeliest;
    a label of a set of one alike, and any label of a set of several by itself. Labels with fewer than `least` examples
    hold in `together` the places of all such labels of their set, as if they were one.
    """
    wanted = targets or {}
    found: dict[str, dict[str, Any]] = {}

    def add(set_key: str, rows: list[tuple[str, Floats, NDArray[np.bool_], int]]) -> None:
        apply, suggest = wanted.get(set_key, (APPLY, SUGGEST))
        few = [row for row in rows if row[3] < least]
        together = _together([row[1] for row in few], [row[2] for row in few])
        for key, own_chances, is_right, positives in rows:
            row = threshold_of(
                own_chances, is_right, positives=positives, apply=apply, suggest=suggest, least=least
            ).to_meta()  # fmt: skip
            if positives < least:
                row |= {"together": together}
            found[f"{set_key}/{key}"] = row

    known = examples.category >= 0
    best = reading.category.argmax(axis=1) if told.classes else np.empty(0, np.int64)
    categories = []
    for at, key in enumerate(told.classes):
        own = known & (best == at)
        is_it = examples.category == at
        categories.append((key, reading.category[own, at], is_it[own], int(is_it.sum())))
    add(CATEGORY, categories)
    for group in told.groups:
        chances, said = reading.groups[group.key], examples.groups[group.key]
        labels = []
        for at, key in enumerate(group.labels):
            own = said[:, at] >= 0
            if not group.is_multiple:
                own &= chances.argmax(axis=1) == at
            labels.append((key, chances[own, at], said[own, at] == 1, int((said[:, at] == 1).sum())))
        add(group.key, labels)
    return found


def _together(chances: list[Floats], is_right: list[NDArray[np.bool_]]) -> list[dict[str, float]]:
    """The curve of several labels as if they were one, where its lower bound says something."""
    if not chances:
        return []
    curve = threshold_of(np.concatenate(chances), np.concatenate(is_right), least=0).curve
    return [
        {name: point[name] for name in ("threshold", "low", "told")} for point in curve if point["low"] >= TARGETS[0]
    ]  # fmt: skip


def parents_of(told: Classes) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Keys of all parents, ancestors too, and which classes lie below (or are) each: float32 [classes, parents].

    Raises ValueError where a category is its own ancestor.
    """
    above: list[list[str]] = []
    for key in told.classes:
        line: list[str] = []
        parent = told.parents.get(key, "")
        while parent:
            if parent in line or len(line) > 50:
                raise ValueError(f"{parent} is its own ancestor.")
            line.append(parent)
            parent = told.parents.get(parent, "")
        above.append(line)
    keys = tuple(dict.fromkeys(parent for line in above for parent in line))
    below = np.zeros((len(told.classes), len(keys)), np.float32)
    for row, line in enumerate(above):
        for parent in line:
            below[row, keys.index(parent)] = 1.0
    for row, key in enumerate(told.classes):
        if key in keys:
            below[row, keys.index(key)] = 1.0
    return keys, below


def rolled_up(reading: Reading, told: Classes) -> tuple[tuple[str, ...], Floats]:
    """Keys of the parents and the chance of each, float32 [n, parents]: the sum of what lies below."""
    keys, below = parents_of(told)
    return keys, np.asarray(reading.category @ below, np.float32)


def label_errors(
    out_of_fold: Floats, said: NDArray[np.int32], *, most: int | None = None
) -> list[tuple[int, int, float]]:
    """Examples whose category is probably wrong: (number, the class it looks like, margin), surest first.

    Confident learning (Northcutt, Jiang & Chuang 2021): each class's threshold is the mean chance that examples with
    this label get for it; an example that passes the threshold of another class, likeliest of all, and not that of its
    own, is doubted. `out_of_fold` [n, classes] comes from networks that had not seen the example.
    """
    count = out_of_fold.shape[1]
    known = said >= 0
    usual = np.array(
        [out_of_fold[known & (said == at), at].mean() if (said == at).any() else np.inf for at in range(count)]
    )
    passed = np.where(out_of_fold >= usual, out_of_fold, -1.0)
    likely = passed.argmax(axis=1)
    own = out_of_fold[np.arange(len(said)), np.maximum(said, 0)]
    margin = passed.max(axis=1) - own
    doubted = np.flatnonzero(known & (likely != said) & (passed.max(axis=1) > 0.0) & (margin > 0.0))
    order = doubted[np.argsort(-margin[doubted], kind="stable")][:most]
    return [(int(at), int(likely[at]), float(margin[at])) for at in order]


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same pictures: how many only one, only the other had right; two-sided `p` that they are
    alike; `difference` in accuracy with its 95 % range."""

    only_one: int
    only_other: int
    p: float
    difference: float
    low: float
    high: float


def mcnemar(one: NDArray[np.bool_] | Sequence[bool], other: NDArray[np.bool_] | Sequence[bool]) -> Comparison:
    """Exact test of McNemar (1947) on hits of two versions on the same pictures; range of the paired difference."""
    first, second = np.asarray(one, bool), np.asarray(other, bool)
    if first.shape != second.shape:
        raise ValueError("Both versions are asked about the same pictures.")
    left, right = int((first & ~second).sum()), int((~first & second).sum())
    apart, count = left + right, max(len(first), 1)
    p = min(1.0, 2.0 * float(binom.cdf(min(left, right), apart, 0.5))) if apart else 1.0
    gap = (left - right) / count
    spread = 1.959964 * np.sqrt(max(apart / count - gap * gap, 0.0) / count)
    return Comparison(left, right, p, gap, gap - float(spread), gap + float(spread))
