"""Whom a message moves: T-, X- and DR-learner over linear models, and the response model they have to beat.

All learn from a randomised campaign: rows of features, who was treated (1) and who was not (0), and whether the outcome
came (1). A score is the difference that the message makes to the chance of the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analytics.ml import logistic
from analytics.ml.serving import LinearScorer

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
LEARNERS = ("t", "x", "dr")
RIDGES = (1.0, 10.0, 100.0, 1000.0)
"""Penalties that outcome models choose from, by the likelihood of rows that they did not see."""
EFFECT_RIDGES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Penalties of the second stage of X and DR, chosen by generalised cross-validation."""
FOLDS = 5
FEWEST = 30
"""Each arm needs so many with the outcome and so many without it: below, no effect can be told apart by customer."""


class TooFew(ValueError):
    """An arm has too few with or without the outcome. The message is one line for people."""


@dataclass(frozen=True)
class EffectModel:
    """Scores of the learners and of the response model for rows of the same features.

    `treated` and `untreated` are the outcome models of both arms, `x_weights` and `dr_weights` linear in the features
    standardised by `centre` and `spread`, the first entry the intercept.
    """

    response: LinearScorer
    treated: LinearScorer
    untreated: LinearScorer
    centre: Array
    spread: Array
    x_weights: Array
    dr_weights: Array

    def score(self, learner: str, rows: Array) -> Array:
        """Of `t`, `x`, `dr`, `mean` (of the three) or `response` [n]. Raises KeyError for another name."""
        if learner == "mean":
            return np.asarray(np.mean([self.score(name, rows) for name in LEARNERS], axis=0))
        if learner == "response":
            return self.response.score(rows)
        if learner == "t":
            return np.asarray(self.treated.score(rows) - self.untreated.score(rows))
        weights = {"x": self.x_weights, "dr": self.dr_weights}[learner]
        return np.asarray(weights[0] + ((rows - self.centre) / self.spread) @ weights[1:])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` takes back; no array holds objects."""
        scorers = {"response": self.response, "treated": self.treated, "untreated": self.untreated}
        arrays = {
            f"{which}.{name}": part for which, scorer in scorers.items() for name, part in scorer.to_arrays().items()
        }
        own = {"centre": self.centre, "spread": self.spread, "x_weights": self.x_weights, "dr_weights": self.dr_weights}
        return arrays | own

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises KeyError for a missing array and ValueError for lengths that do not fit."""

        def scorer(which: str) -> LinearScorer:
            names = ("features", "weights", "centre", "spread", "intercept", "knots", "levels")
            return LinearScorer.from_arrays({name: arrays[f"{which}.{name}"] for name in names})

        return cls(
            scorer("response"), scorer("treated"), scorer("untreated"), arrays["centre"], arrays["spread"],
            arrays["x_weights"], arrays["dr_weights"],
        )  # fmt: skip


def fit(rows: Array, outcome: Flags, treated: Flags, features: Sequence[str], *, seed: int = 0) -> EffectModel:
    """All learners on the same rows [n × features].

    T: an outcome model for each arm, their difference. X (Künzel, Sekhon, Bickel & Yu 2019): effects imputed by the
    other arm's model, regressed in each arm and weighed by the share treated. DR (Kennedy 2023): the doubly robust
    pseudo-outcome `m1 − m0 + t(y − m1)/e − (1 − t)(y − m0)/(1 − e)`, regressed. What X and DR take from the outcome
    models is cross-fitted: each row's values come from models that did not see it. `e` is the share treated, as arms
    were drawn by chance. Raises TooFew.
    """
    check_enough(outcome, treated)
    is_treated = treated.astype(bool)
    y = outcome.astype(np.float64)
    share = float(is_treated.mean())
    folds = folds_of(outcome, treated, seed)
    ridge = _chosen_ridge(rows, outcome, is_treated, folds, features)
    one, zero = np.empty(len(y)), np.empty(len(y))
    for fold in range(FOLDS):
        inside = folds == fold
        for arm, found in ((is_treated, one), (~is_treated, zero)):
            learn = arm & ~inside
            found[inside] = logistic.fit(rows[learn], outcome[learn], features, ridge=ridge).score(rows[inside])
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1.0), spread, 1.0)
    z = (rows - centre) / spread
    pseudo = one - zero + np.where(is_treated, (y - one) / share, -(y - zero) / (1 - share))
    from_treated = _ridge(z[is_treated], (y - zero)[is_treated])
    from_controls = _ridge(z[~is_treated], (one - y)[~is_treated])
    return EffectModel(
        response=logistic.fit(rows, outcome, features, ridge=ridge),
        treated=logistic.fit(rows[is_treated], outcome[is_treated], features, ridge=ridge),
        untreated=logistic.fit(rows[~is_treated], outcome[~is_treated], features, ridge=ridge),
        centre=centre,
        spread=spread,
        x_weights=(1 - share) * from_treated + share * from_controls,
        dr_weights=_ridge(z, pseudo),
    )


def check_enough(outcome: Flags, treated: Flags) -> None:
    """Raises TooFew unless each arm has FEWEST with the outcome and as many without it."""
    for arm, name in ((1, "treated"), (0, "control")):
        inside = outcome[treated == arm]
        came = int(inside.sum())
        if min(came, len(inside) - came) < FEWEST:
            raise TooFew(
                f"The {name} arm has {came} with the outcome and {len(inside) - came} without it; "
                f"{FEWEST} of each are needed."
            )


def folds_of(outcome: Flags, treated: Flags, seed: int, folds: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each row, drawn so that every fold has the same mix of arms and outcomes [n]."""
    rng = np.random.default_rng(seed)
    found = np.empty(len(outcome), np.int64)
    kinds = 2 * treated + outcome
    for kind in range(4):
        places = rng.permutation(np.flatnonzero(kinds == kind))
        found[places] = np.arange(len(places)) % folds
    return found


def _chosen_ridge(
    rows: Array, outcome: Flags, is_treated: NDArray[np.bool_], folds: NDArray[np.int64], features: Sequence[str]
) -> float:
    """The penalty under which models of both arms foretell the first fold best, learned on the others."""
    held = folds == 0
    y = outcome.astype(np.float64)
    losses = []
    for ridge in RIDGES:
        loss = 0.0
        for arm in (is_treated, ~is_treated):
            model = logistic.fit(rows[arm & ~held], outcome[arm & ~held], features, ridge=ridge)
            odds = model.log_odds(rows[arm & held])
            loss += float((np.logaddexp(0.0, odds) - y[arm & held] * odds).sum())
        losses.append(loss)
    return RIDGES[int(np.argmin(losses))]


def _ridge(z: Array, values: Array) -> Array:
    """Intercept and weights of the ridge regression of `values` on centred features, its penalty by generalised
    cross-validation (Golub, Heath & Wahba 1979)."""
    n = len(values)
    with threadpool_limits(1):
        middle = z.mean(axis=0)
        mean = float(values.mean())
        centred, left = z - middle, values - mean
        eigen, axes = np.linalg.eigh(centred.T @ centred)
        eigen = np.maximum(eigen, 0.0)
        along = axes.T @ (centred.T @ left)
        total = float(left @ left)
        best: tuple[float, Array] | None = None
        for penalty in EFFECT_RIDGES:
            shrunk = along / (eigen + penalty)
            error = total - 2 * float(shrunk @ along) + float((shrunk**2) @ eigen)
            freedom = 1 + float((eigen / (eigen + penalty)).sum())
            judged = error / max(n - freedom, 1.0) ** 2
            if best is None or judged < best[0]:
                best = judged, axes @ shrunk
    assert best is not None
    return np.append(mean - float(middle @ best[1]), best[1])
