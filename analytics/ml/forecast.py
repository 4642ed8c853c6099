"""Forecasts: the method is chosen by how it did on earlier windows, the band is made of its errors there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analytics.ml.forecast_models import COMBINATION, METHODS, floor, forecasts

Array = NDArray[np.float64]
FEWEST_SEASONS = 8
TRIALS = 12
"""Windows before a forecast that its choice and its band look at, each half a horizon earlier than the next."""
FEWEST_TRIALS = 4
ROUNDING = 1e-9
INSIDE = 0.8
"""Share of the days that the band shall hold."""


class TooShort(ValueError):
    """The series is too short to say anything. The message is one line for people."""


@dataclass(frozen=True)
class Forecast:
    """Values of the next steps with the band that held 80 % of earlier errors (None without enough windows)."""

    method: str
    values: Array
    low: Array | None
    high: Array | None
    trials: int


@dataclass(frozen=True)
class Score:
    """Errors over test windows. MASE (Hyndman & Koehler 2006): mean error over that of the seasonal naive method within
    the past of each window; None when a constant past was left. WAPE: sum of errors over sum of values; None when all
    are 0."""

    mase: float | None
    wape: float | None


class Rolling:
    """One series walked through; each origin is forecast once by every method.

    `values` evenly spaced, oldest first, finite. An origin o knows values[:o] alone.
    """

    def __init__(self, values: Array, horizon: int, season: int) -> None:
        """Raises TooShort below eight seasons and ValueError for a horizon or season below 1."""
        if horizon < 1 or season < 1:
            raise ValueError("Horizon and season must be 1 or more.")
        self.values = np.asarray(values, np.float64)
        self.horizon, self.season = horizon, season
        self.shortest = max(FEWEST_SEASONS * season, FEWEST_SEASONS)
        if len(self.values) < self.shortest:
            raise TooShort(
                f"{self.shortest} values are needed for a forecast (eight seasons of {season}); there are "
                f"{len(self.values)}."
            )
        self._made: dict[int, dict[str, Array]] = {}

    @cached_property
    def step(self) -> int:
        """Windows follow each other by half a horizon."""
        return max(1, self.horizon // 2)

    def at(self, origin: int) -> dict[str, Array]:
        """Forecasts of all methods from an origin."""
        if origin not in self._made:
            self._made[origin] = forecasts(self.values[:origin], self.horizon, self.season)
        return self._made[origin]

    def origins(self, last: int, count: int) -> list[int]:
        """Up to `count` origins whose window ends at `last` or half horizons before it, oldest first."""
        first = max(self.shortest, self.season + 1)
        found = [last - self.horizon - back * self.step for back in range(count)]
        return [origin for origin in reversed(found) if origin >= first]

    def error(self, origin: int, name: str) -> float:
        """Mean absolute error of a method's window."""
        return float(np.abs(self.at(origin)[name] - self._actual(origin)).mean())

    def scale(self, origin: int) -> float:
        """Mean absolute error of the seasonal naive method within the past of an origin."""
        past = self.values[:origin]
        return float(np.abs(past[self.season :] - past[: -self.season]).mean())

    def choose(self, origin: int) -> str:
        """The method for an origin by the windows that ended before it: the combination, unless a single method was
        better there by more than the standard error of the difference. Fewer than four windows leave the combination.

        Single methods win back-tests by luck; a mean of methods seldom loses by much (Clemen 1989).
        """
        trials = self.origins(origin, TRIALS)
        if len(trials) < FEWEST_TRIALS:
            return COMBINATION
        scales = np.array([self.scale(trial) or 1.0 for trial in trials])
        errors = {
            name: np.array([self.error(trial, name) for trial in trials]) / scales for name in (*METHODS, COMBINATION)
        }
        best = min(METHODS, key=lambda name: float(errors[name].mean()))
        gain = errors[COMBINATION] - errors[best]
        is_better = gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) + ROUNDING
        return best if is_better else COMBINATION

    def forecast(self, origin: int) -> Forecast:
        """Chosen method and band from what was known at `origin`."""
        name = self.choose(origin)
        values = self.at(origin)[name]
        trials = self._told(origin)
        if len(trials) < FEWEST_TRIALS:
            return Forecast(name, values, None, None, len(trials))
        reach = self._reach(trials, name) * self._level(origin)
        low = np.maximum(values - reach, floor(self.values[:origin]))
        return Forecast(name, values, low, values + reach, len(trials))

    def total(self, origin: int, steps: int) -> tuple[float, float | None, float | None]:
        """Sum of the next `steps` values and the range that held 80 % of such sums on earlier windows: narrower than
        those of its parts added up. None for its ends without enough windows."""
        name = self.choose(origin)
        least = floor(self.values[:origin], steps)
        value = max(float(self.at(origin)[name][:steps].sum()), least)
        trials = self._told(origin)
        if len(trials) < FEWEST_TRIALS:
            return value, None, None
        gaps = sorted(
            abs(float((self.at(trial)[name] - self._actual(trial))[:steps].sum())) / (self._level(trial) or 1.0)
            for trial in trials
        )
        reach = gaps[min(len(gaps), int(np.ceil(INSIDE * (len(gaps) + 1)))) - 1] * self._level(origin)
        return value, max(value - reach, least), value + reach

    def score(self, origins: Sequence[int], names: Sequence[str]) -> Score:
        """Errors of the windows from `origins`, each by the method named for it."""
        errors = np.array([self.error(origin, name) for origin, name in zip(origins, names, strict=True)])
        scales = np.array([self.scale(origin) for origin in origins])
        total = float(sum(np.abs(self._actual(origin)).mean() for origin in origins))
        scaled = np.divide(errors, scales, out=np.zeros_like(errors), where=scales > 0)
        is_known = bool(((scales > 0) | (errors <= 1e-9 * max(total, 1.0))).all())
        return Score(float(scaled.mean()) if is_known else None, float(errors.sum()) / total if total > 0 else None)

    def _actual(self, origin: int) -> Array:
        return self.values[origin : origin + self.horizon]

    def _told(self, origin: int) -> list[int]:
        """Windows that the range rests on. Those before the first sale foretold nothing and were right: they do
        not say how far off a forecast is of what sells by now."""
        trials = self.origins(origin, TRIALS)
        return [trial for trial in trials if self._level(trial) > 0] if self._level(origin) > 0 else trials

    def _level(self, origin: int) -> float:
        """Mean size of the last four seasons: errors grow with the shop. At least half of the mean of all that is
        known: what sells seldom may rest for four weeks, and its errors do not become infinite or nothing by that."""
        past = np.abs(self.values[:origin])
        return float(max(past[-4 * self.season :].mean(), past.mean() / 2))

    def _reach(self, trials: Sequence[int], name: str) -> Array:
        """Half the width of the band in units of the level, for each step: the 80 % quantile of the errors of that
        step's season over all trials, as in split conformal prediction (Lei et al. 2018); it never narrows."""
        levels = [self._level(trial) or 1.0 for trial in trials]
        gaps = np.array([np.abs(self.at(t)[name] - self._actual(t)) / x for t, x in zip(trials, levels, strict=True)])
        reach = np.empty(self.horizon)
        for start in range(0, self.horizon, self.season):
            block = np.sort(gaps[:, start : start + self.season].ravel())
            place = min(len(block), int(np.ceil(INSIDE * (len(block) + 1)))) - 1
            reach[start : start + self.season] = block[place]
        return np.maximum.accumulate(reach)
