"""One arm against the control: difference and relative lift, each with the range that one look allows."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from core.ml.experiments.moments import Estimate

Interval = tuple[float, float]
NORMAL = NormalDist()


@dataclass(frozen=True)
class Difference:
    """`interval` and `p_value` hold for one look that was planned beforehand; see `sequences` for looking at any time.

    `relative` is None when the control's mean is 0 and `relative_interval` when it cannot be told from 0.
    """

    value: float
    error: float
    interval: Interval
    p_value: float
    method: str
    relative: float | None
    relative_interval: Interval | None


def difference(arm: Estimate, control: Estimate, *, alpha: float = 0.05) -> Difference:
    """Shares: Newcombe's interval (1998, method 10) and the score test. All else: Welch (1947).

    The relative lift has Fieller's interval (see `relative_interval`).
    """
    value = arm.value - control.value
    error = math.sqrt(arm.variance + control.variance)
    relative = value / control.value if control.value else None
    if arm.successes is not None and control.successes is not None and arm.n and control.n:
        interval, p_value, method = _newcombe(arm, control, alpha), _score_p(arm, control), "newcombe"
    else:
        interval, p_value = _welch(value, error, arm, control, alpha)
        method = "welch"
    lift = relative_interval(arm, control, NORMAL.inv_cdf(1 - alpha / 2))
    return Difference(value, error, interval, p_value, method, relative, lift)


def relative_interval(arm: Estimate, control: Estimate, multiplier: float) -> Interval | None:
    """Range of arm / control − 1, by Fieller (1954): all lifts that the difference arm − (1 + lift)·control allows.

    `multiplier` is how many standard errors the difference may lie off. Unlike the plain delta method this range lies
    above (below) zero exactly when that of the difference does. None when the control cannot be told from zero.
    """
    slack = multiplier**2
    a = control.value**2 - slack * control.variance
    if a <= 0:
        return None
    b = arm.value * control.value
    root = math.sqrt(max(0.0, b**2 - a * (arm.value**2 - slack * arm.variance)))
    return (b - root) / a - 1, (b + root) / a - 1


def _welch(value: float, error: float, arm: Estimate, control: Estimate, alpha: float) -> tuple[Interval, float]:
    """Welch (1947), "The generalization of Student's problem": unequal variances, Satterthwaite's degrees."""
    if min(arm.n, control.n) < 2:
        return (-math.inf, math.inf), 1.0
    if error == 0:
        return (value, value), 0.0 if value else 1.0
    from scipy.special import stdtr, stdtrit

    degrees = error**4 / (arm.variance**2 / (arm.n - 1) + control.variance**2 / (control.n - 1))
    width = float(stdtrit(degrees, 1 - alpha / 2)) * error
    return (value - width, value + width), float(2 * stdtr(degrees, -abs(value) / error))


def _newcombe(arm: Estimate, control: Estimate, alpha: float) -> Interval:
    """Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10."""
    z = NORMAL.inv_cdf(1 - alpha / 2)
    low_a, high_a = _wilson(arm, z)
    low_c, high_c = _wilson(control, z)
    value = arm.value - control.value
    below = math.hypot(arm.value - low_a, high_c - control.value)
    above = math.hypot(high_a - arm.value, control.value - low_c)
    return value - below, value + above


def _wilson(one: Estimate, z: float) -> Interval:
    """Wilson (1927)."""
    n, p = one.n, one.value
    centre = p + z * z / (2 * n)
    width = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (centre - width) / (1 + z * z / n)), min(1.0, (centre + width) / (1 + z * z / n))


def _score_p(arm: Estimate, control: Estimate) -> float:
    """Two shares with the variance pooled under "no difference": the square root of Pearson's χ² (1900)."""
    pooled = ((arm.successes or 0) + (control.successes or 0)) / (arm.n + control.n)
    error = math.sqrt(pooled * (1 - pooled) * (1 / arm.n + 1 / control.n))
    return math.erfc(abs(arm.value - control.value) / error / math.sqrt(2)) if error else 1.0
