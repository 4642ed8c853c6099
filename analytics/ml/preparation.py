"""Columns made fit for learning: missing values, outliers, scale. Learned once from the past, applied to later rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Missing = Literal["mean", "median", "most_frequent"]
OutlierRule = Literal["none", "robust_z", "tukey"]
Treatment = Literal["keep", "clip", "drop"]
Scale = Literal["none", "standard", "min_max"]
Array = NDArray[np.float64]

TO_SIGMA = 1.4826
"""1 / Φ⁻¹(3/4): median absolute deviation to standard deviation of a normal distribution."""
MEAN_TO_SIGMA = 1.2533
"""√(π/2): mean absolute deviation to standard deviation, used where more than half of the values are equal."""
ROBUST_Z = 3.5
"""Iglewicz & Hoaglin (1993)."""
TUKEY = 1.5


@dataclass(frozen=True)
class ColumnPlan:
    """What is to be done with one column. `flag` adds a column that is 1 where the value was missing. `log` takes
    log1p before scaling; values below 0 count as 0 there."""

    missing: Missing = "median"
    flag: bool = False
    outliers: OutlierRule = "none"
    treatment: Treatment = "keep"
    log: bool = False
    scale: Scale = "standard"


@dataclass(frozen=True)
class ColumnReport:
    """What was found in one column of the rows learned from and what is done about it; numbers in the column's unit.

    `low` and `high` are the fences (None without a rule), `outliers` the values beyond them. `constant`: all values
    are equal, so the prepared column is 0 everywhere.
    """

    name: str
    rows: int
    missing: int
    filled_with: float
    outliers: int
    low: float | None
    high: float | None
    treatment: Treatment
    constant: bool

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__}


@dataclass(frozen=True)
class _Fitted:
    plan: ColumnPlan
    fill: float
    low: float
    high: float
    centre: float
    spread: float


class Preparation:
    """Learns from columns what to fill in, where outliers begin and how wide values are, and does the same to any
    later rows. NaN and infinities count as missing."""

    def __init__(self, plans: Mapping[str, ColumnPlan]) -> None:
        self.plans = dict(plans)
        self.reports: list[ColumnReport] = []
        self._fitted: dict[str, _Fitted] = {}

    @property
    def names(self) -> list[str]:
        """Columns of the prepared matrix: those planned, flags last."""
        return [*self.plans, *(f"{name}_missing" for name, plan in self.plans.items() if plan.flag)]

    def fit(self, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Raises KeyError for a planned column that is not there."""
        self.reports, self._fitted = [], {}
        for name, plan in self.plans.items():
            values = _clean(columns[name])
            known = values[~np.isnan(values)]
            fill = filling(known, plan.missing)
            low, high = fences(known, plan.outliers)
            beyond = (known < low) | (known > high)
            used = np.where(np.isnan(values), fill, values)
            if plan.treatment == "clip":
                used = np.clip(used, low, high)
            elif plan.treatment == "drop":
                used = used[(used >= low) & (used <= high)]
            used = _logged(used, plan)
            centre, spread = _measure(used, plan.scale)
            self._fitted[name] = _Fitted(plan, fill, low, high, centre, spread)
            self.reports.append(
                ColumnReport(
                    name=name, rows=len(values), missing=len(values) - len(known), filled_with=fill,
                    outliers=int(beyond.sum()), low=_finite(low), high=_finite(high), treatment=plan.treatment,
                    constant=len(used) == 0 or bool(used.min() == used.max()),
                )
            )  # fmt: skip
        return self

    def apply(self, columns: Mapping[str, NDArray[Any]]) -> tuple[Array, NDArray[np.bool_]]:
        """Prepared rows × `names`, finite everywhere, and a mask of the rows kept (all, unless a plan drops outliers;
        the matrix holds kept rows only)."""
        parts, flags = [], []
        size = len(columns[next(iter(self.plans))]) if self.plans else 0
        kept = np.ones(size, bool)
        for name, fitted in self._fitted.items():
            values = _clean(columns[name])
            missing = np.isnan(values)
            values = np.where(missing, fitted.fill, values)
            if fitted.plan.treatment == "clip":
                values = np.clip(values, fitted.low, fitted.high)
            elif fitted.plan.treatment == "drop":
                kept &= (values >= fitted.low) & (values <= fitted.high)
            parts.append((_logged(values, fitted.plan) - fitted.centre) / fitted.spread)
            if fitted.plan.flag:
                flags.append(missing.astype(np.float64))
        matrix = np.column_stack([*parts, *flags]) if parts else np.empty((0, 0))
        return matrix[kept], kept

    def settings(self) -> list[dict[str, Any]]:
        """What was learned, as JSON; `from_settings` takes it back."""
        return [
            {
                "name": name, "plan": dict(fitted.plan.__dict__), "fill": fitted.fill, "low": _finite(fitted.low),
                "high": _finite(fitted.high), "centre": fitted.centre, "spread": fitted.spread,
            }
            for name, fitted in self._fitted.items()
        ]  # fmt: skip

    @classmethod
    def from_settings(cls, settings: Sequence[Mapping[str, Any]]) -> Self:
        """The preparation that wrote these settings, without its reports. Raises KeyError or TypeError for others."""
        found = cls({one["name"]: ColumnPlan(**one["plan"]) for one in settings})
        for one in settings:
            low, high = one["low"], one["high"]
            found._fitted[one["name"]] = _Fitted(
                found.plans[one["name"]], one["fill"], -np.inf if low is None else low,
                np.inf if high is None else high, one["centre"], one["spread"],
            )  # fmt: skip
        return found

    def fit_apply(self, columns: Mapping[str, NDArray[Any]]) -> tuple[Array, NDArray[np.bool_]]:
        return self.fit(columns).apply(columns)


def filling(known: Array, how: Missing) -> float:
    """The value that stands for missing ones; 0 when nothing is known. The lowest of equally frequent values."""
    if len(known) == 0:
        return 0.0
    if how == "mean":
        return float(known.mean())
    if how == "median":
        return float(np.median(known))
    values, counts = np.unique(known, return_counts=True)
    return float(values[counts.argmax()])


def fences(known: Array, rule: OutlierRule) -> tuple[float, float]:
    """Lowest and highest value that is no outlier; infinite when the rule says nothing.

    `robust_z`: median ± 3.5 · 1.4826 · MAD (Iglewicz & Hoaglin 1993; with a MAD of 0 the mean absolute deviation takes
    its place). `tukey`: quartiles ± 1.5 · interquartile range (Tukey 1977). Columns without spread have no outliers.
    """
    if rule == "none" or len(known) == 0:
        return -np.inf, np.inf
    if rule == "robust_z":
        middle = float(np.median(known))
        spread = robust_spread(known - middle)
        return (middle - ROBUST_Z * spread, middle + ROBUST_Z * spread) if spread > 0 else (-np.inf, np.inf)
    low, high = np.percentile(known, [25, 75])
    reach = TUKEY * (high - low)
    return (float(low - reach), float(high + reach)) if reach > 0 else (-np.inf, np.inf)


def robust_spread(residuals: Array) -> float:
    """Standard deviation told by the median absolute residual, or by the mean where more than half are 0."""
    if len(residuals) == 0:
        return 0.0
    sizes = np.abs(residuals)
    middle = float(np.median(sizes))
    return TO_SIGMA * middle if middle > 0 else MEAN_TO_SIGMA * float(sizes.mean())


def _clean(values: NDArray[Any]) -> Array:
    numbers = np.asarray(values, np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _logged(values: Array, plan: ColumnPlan) -> Array:
    return np.log1p(np.maximum(values, 0.0)) if plan.log else values


def _measure(values: Array, scale: Scale) -> tuple[float, float]:
    """What is taken off and what is divided by; never 0."""
    if scale == "none" or len(values) == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low, 1.0
    if scale == "min_max":
        return low, high - low
    return float(values.mean()), float(values.std()) or 1.0


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
