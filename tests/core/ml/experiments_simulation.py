"""Experiments made up by the thousand: how often a range that is watched leaves the truth out."""

from dataclasses import dataclass

import numpy as np

from core.ml import experiments as ml


@dataclass(frozen=True)
class Trial:
    """`lift` is absolute. `looks` are spread evenly over `per_arm` people of each arm."""

    base: float
    lift: float
    runs: int = 2_000
    looks: int = 20
    per_arm: int = 12_000
    tuned_for: int = 10_000
    seed: int = 0
    spread: float = 0.0
    """Above 0: amounts that buyers spend (log-normal with this sigma) instead of shares."""


@dataclass(frozen=True)
class Alarms:
    """Share of runs in which at least one look left zero out."""

    always_valid: float
    one_look_at_a_time: float


def looks_that_alarm(trial: Trial) -> Alarms:
    """All runs and looks at once."""
    difference, error, n = _watched(trial)
    multiplier = np.array([ml.always_valid_multiplier(2 * int(k), tuned_for=trial.tuned_for) for k in n])
    return Alarms(
        float((difference > multiplier * error).any(axis=1).mean()),
        float((difference > 1.959964 * error).any(axis=1).mean()),
    )


def claimed_among(trial: Trial, questions: int) -> float:
    """Share of runs in which the effect is claimed at some look when so many questions are corrected together and
    nothing comes of the others: then Holm asks of it a p at any look of at most a part of 0.05."""
    difference, error, n = _watched(trial)
    limits = np.array([_edge(2 * int(k), trial.tuned_for, 0.05 / questions) for k in n])
    return float((difference > limits * error).any(axis=1).mean())


def _edge(n: int, tuned_for: int, p: float) -> float:
    """The z whose p at any look is this."""
    low, high = 0.0, 20.0
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if ml.always_valid_p(middle, n, tuned_for=tuned_for) < p else (middle, high)
    return high


def _watched(trial: Trial) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Difference and its error at each look that is open to all, from sums of the people who came between two looks,
    and the people of an arm at each."""
    draw = np.random.default_rng(trial.seed)
    step = trial.per_arm // trial.looks
    n = step * np.arange(1, trial.looks + 1)
    means, variances = [], []
    for share in (trial.base, trial.base + trial.lift):
        y, yy = _between_looks(draw, trial, share, step)
        y, yy = y.cumsum(axis=1), yy.cumsum(axis=1)
        mean = y / n
        means.append(mean)
        variances.append((yy - n * mean**2) / (n - 1) / n)
    difference = np.abs(means[1] - means[0])
    error = np.sqrt(variances[0] + variances[1])
    open_to_all = n >= ml.MINIMUM_PER_ARM
    return difference[:, open_to_all], error[:, open_to_all], n[open_to_all]


def _between_looks(draw: np.random.Generator, trial: Trial, share: float, step: int) -> tuple[np.ndarray, np.ndarray]:
    buyers = draw.binomial(step, share, (trial.runs, trial.looks))
    if not trial.spread:
        return buyers.astype(float), buyers.astype(float)
    amounts = draw.lognormal(3.0, trial.spread, int(buyers.sum()))
    starts = np.concatenate([[0], buyers.ravel().cumsum()])
    y, yy = np.concatenate([[0.0], amounts.cumsum()]), np.concatenate([[0.0], (amounts**2).cumsum()])
    return np.diff(y[starts]).reshape(buyers.shape), np.diff(yy[starts]).reshape(buyers.shape)
