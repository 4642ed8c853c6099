"""From sums per arm to an estimate with its variance: means, ratios, and both adjusted by what was known before."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Sums:
    """What an arm adds up to, one entry for each subject: outcome y, denominator d of a ratio, covariate x from before.

    A metric that is no ratio has d = 1 for everyone.
    """

    n: int
    y: float
    yy: float
    d: float = 0.0
    dd: float = 0.0
    yd: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    xd: float = 0.0
    nonzero: int = 0

    @classmethod
    def of(cls, y: ArrayLike, *, d: ArrayLike | None = None, x: ArrayLike | None = None) -> Self:
        """The sums of arrays with one entry for each subject."""
        outcome = np.asarray(y, np.float64)
        below = np.ones_like(outcome) if d is None else np.asarray(d, np.float64)
        before = np.zeros_like(outcome) if x is None else np.asarray(x, np.float64)
        return cls(
            len(outcome), float(outcome.sum()), float(outcome @ outcome),
            float(below.sum()), float(below @ below), float(outcome @ below),
            float(before.sum()), float(before @ before), float(before @ outcome), float(before @ below),
            int(np.count_nonzero(outcome)),
        )  # fmt: skip

    def __add__(self, other: "Sums") -> "Sums":
        """Both groups of people as one."""
        return Sums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def is_binary(self) -> bool:
        """Every outcome is 0 or 1 (then and only then Σy = Σy² = number of non-zero ones)."""
        return self.y == self.yy == self.nonzero

    def covariance(self, a: str, b: str) -> float:
        """Sample covariance of two of y, d, x."""
        names = {"y": self.y, "d": self.d, "x": self.x}
        product = {"yy": self.yy, "dd": self.dd, "xx": self.xx, "dy": self.yd, "xy": self.xy, "dx": self.xd}
        if self.n < 2:
            return 0.0
        return (product["".join(sorted(a + b))] - names[a] * names[b] / self.n) / (self.n - 1)


@dataclass(frozen=True)
class Estimate:
    """A mean (or ratio) of one arm. `variance` is that of the estimate itself, the square of its standard error."""

    value: float
    variance: float
    n: int
    successes: int | None = None
    """Only for plain shares: how many of n."""


def mean_of(arm: Sums) -> Estimate:
    """The plain mean."""
    if arm.n == 0:
        return Estimate(0.0, 0.0, 0, 0)
    spread = max(0.0, arm.covariance("y", "y"))
    return Estimate(arm.y / arm.n, spread / arm.n, arm.n, int(arm.y) if arm.is_binary else None)


def ratio_of(arm: Sums) -> Estimate:
    """Σy / Σd with the variance of the delta method: subjects were randomised, not the units they are counted in.

    Deng, Knoblich and Lu (2018), "Applying the delta method in metric analytics".
    """
    if arm.n == 0 or arm.d == 0:
        return Estimate(0.0, 0.0, arm.n)
    ratio = arm.y / arm.d
    spread = arm.covariance("y", "y") - 2 * ratio * arm.covariance("d", "y") + ratio**2 * arm.covariance("d", "d")
    return Estimate(ratio, max(0.0, spread) / (arm.n * (arm.d / arm.n) ** 2), arm.n)


def adjusted(arms: Sequence[Sums], *, is_ratio: bool = False) -> tuple[list[Estimate], float]:
    """Estimates after CUPED, and the share of variance that it took away, 0 to 1.

    Deng, Xu, Kohavi and Walker (2013): y − θ(x − x̄) with θ = cov(x, y) / var(x), pooled within arms. x is from before
    the first exposure, so the arms cannot have moved it, and the difference keeps its meaning. Of a ratio the linear
    form y − R·d is adjusted. When x says nothing the plain estimates come back.
    """
    plain = [ratio_of(arm) if is_ratio else mean_of(arm) for arm in arms]
    rows = [arm for arm in arms if arm.n > 1]
    degrees = sum(arm.n - 1 for arm in rows)
    everyone = sum(arm.n for arm in arms)
    if not degrees:
        return plain, 0.0
    below = sum(arm.d for arm in arms)
    ratio = sum(arm.y for arm in arms) / below if is_ratio and below else 0.0

    def with_x(arm: Sums) -> float:
        return arm.covariance("x", "y") - (ratio * arm.covariance("d", "x") if is_ratio else 0.0)

    spread_x = sum((arm.n - 1) * arm.covariance("x", "x") for arm in rows) / degrees
    if spread_x <= 0:
        return plain, 0.0
    theta = sum((arm.n - 1) * with_x(arm) for arm in rows) / degrees / spread_x
    mean_x = sum(arm.x for arm in arms) / everyone
    found = []
    for arm, before in zip(arms, plain, strict=True):
        if arm.n < 2:
            found.append(before)
            continue
        own = arm.covariance("x", "y") - (before.value * arm.covariance("d", "x") if is_ratio else 0.0)
        scale = arm.d / arm.n if is_ratio else 1.0
        change = theta * (arm.x / arm.n - mean_x) / scale if scale else 0.0
        less = (theta**2 * arm.covariance("x", "x") - 2 * theta * own) / (arm.n * scale**2) if scale else 0.0
        found.append(Estimate(before.value - change, max(0.0, before.variance + less), arm.n))
    before_all, after_all = sum(e.variance for e in plain), sum(e.variance for e in found)
    if before_all <= 0 or after_all >= before_all:
        return plain, 0.0
    return found, 1 - after_all / before_all


def winsorised(values: ArrayLike, share: float) -> tuple[NDArray[np.float64], float, int]:
    """Values cut off at the `share` quantile of all of them, that quantile, and how many were cut.

    One cap for all arms (Kohavi, Tang and Xu 2020, chapter 22), so it is found before the arms are told apart.
    """
    given = np.asarray(values, np.float64)
    cap = float(np.quantile(given, share))
    return np.minimum(given, cap), cap, int((given > cap).sum())
