"""`manage.py evaluate forecast`: a series carried on, judged on its last windows."""

import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.ml import anomalies
from analytics.ml.forecast import INSIDE, Forecast, Rolling, TooShort
from analytics.ml.forecast_models import COMBINATION, METHODS
from analytics.ml.purchases import SECONDS_A_DAY, day_name
from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column, TableError, line_of

COLUMNS = [Column("date", "time"), Column("value", "number")]
FEWEST_DAYS = 56
MOST_VALUES = 20_000
LARGEST_VALUE = 1e15
Array = NDArray[np.float64]


class ForecastEvaluator:
    """Every method on the last windows of a series, and the one chosen for each window by earlier windows alone."""

    help = "Forecast a series of days or weeks; the method is chosen on earlier windows, with a band and its coverage."
    columns = [column.name for column in COLUMNS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--series", required=True, metavar="F", help="date, value; one row per day or week.")
        parser.add_argument("--horizon", type=int, default=14, help="Values to forecast (default 14).")
        parser.add_argument("--season", type=int, default=7, help="Values after which things repeat (default 7).")
        parser.add_argument("--windows", type=int, default=8, help="Windows to judge on (default 8).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        horizon, season, windows = (run.options[name] for name in ("horizon", "season", "windows"))
        for name, value in (("horizon", horizon), ("season", season), ("windows", windows)):
            if not 1 <= value <= 1000:
                raise UsageError(f"--{name} must be between 1 and 1000.")
        path = run.options["series"]
        days, values = self._series(run, path)
        started = time.process_time()
        try:
            rolling = Rolling(values, horizon, season)
        except TooShort as error:
            raise UsageError(f"{path}: {error}") from None
        origins = rolling.origins(len(values), windows)
        if not origins:
            raise UsageError(
                f"{path}: no window of {horizon} values is left to judge on: a forecast needs {rolling.shortest} "
                f"before it, and there are {len(values)}."
            )
        if len(origins) < windows:
            run.note(f"The series is long enough for {len(origins)} of {windows} windows.")
        names = [rolling.choose(origin) for origin in origins]
        made = [rolling.forecast(origin) for origin in origins]
        future = rolling.forecast(len(values))
        cost = time.process_time() - started
        served = rolling.score(origins, names)
        per_model = {name: rolling.score(origins, [name] * len(origins)) for name in (*METHODS, COMBINATION)}
        if served.mase is None:
            run.note("The past of a window is constant: there is no MASE.")
        step = int(days[1] - days[0])
        return rounded(
            {
                "chosen": future.method,
                "mase": served.mase,
                "wape": served.wape,
                "seasonal_naive_mase": per_model["seasonal_naive"].mase,
                "coverage": _coverage(values, origins, made, horizon),
                "coverage_wanted": INSIDE,
                "per_model": {
                    "served": {"mase": served.mase, "wape": served.wape, "windows": len(origins)},
                    **{
                        name: {"mase": score.mase, "wape": score.wape, "windows": Counter(names)[name]}
                        for name, score in per_model.items()
                    },
                },
                "chosen_by_window": [
                    {"first": day_name(int(days[origin])), "method": name}
                    for origin, name in zip(origins, names, strict=True)
                ],
                "forecast": _rows(future, int(days[-1]), step),
                "anomalies": [
                    {
                        "date": day_name(int(days[found.at])),
                        "value": found.value,
                        "expected": found.expected,
                        "score": found.score,
                    }
                    for found in anomalies.find(values, season=season)
                ],
                "model_cpu_seconds": cost,
                "data": {"values": len(values), "step_days": step, "first": day_name(int(days[0]))},
            }
        )

    def _series(self, run: Run, path: str) -> tuple[NDArray[np.int64], Array]:
        """Days and values, evenly spaced; gaps are filled with 0 and noted. Raises TableError."""
        frame = run.read(path, COLUMNS)
        for name, limit in (("value", LARGEST_VALUE), ("date", 253_402_300_800.0)):
            beyond = (frame[name].abs() >= limit).to_numpy()
            if beyond.any():
                reason = f"the {name} is out of range"
                raise TableError(path, line_of(path, int(beyond.argmax())), name, reason)
        given = np.floor(frame["date"].to_numpy(np.float64) / SECONDS_A_DAY).astype(np.int64)
        order = np.argsort(given, kind="stable")
        days, values = given[order], frame["value"].to_numpy(np.float64)[order]
        twice = np.flatnonzero(np.diff(days) == 0)
        if len(twice):
            at = int(order[twice[0] + 1])
            raise TableError(path, line_of(path, at), "date", f"{day_name(int(given[at]))} is there twice")
        step = int(np.gcd.reduce(np.diff(days))) if len(days) > 1 else 1
        if int(days[-1]) - int(days[0]) + step < FEWEST_DAYS:
            raise UsageError(f"{path}: a forecast needs eight weeks; the series has {days[-1] - days[0] + step} days.")
        whole = np.arange(int(days[0]), int(days[-1]) + 1, step)
        if len(whole) > MOST_VALUES:
            raise UsageError(f"{path}: from the first to the last date there are more than {MOST_VALUES} steps.")
        filled = np.zeros(len(whole))
        filled[(days - days[0]) // step] = values
        if gaps := len(whole) - len(days):
            run.note(f"{path}: {gaps} dates without a row count as 0.")
        return whole, filled


def _coverage(values: Array, origins: list[int], made: list[Forecast], horizon: int) -> float | None:
    """Share of the judged values within the band of their window; None without bands."""
    inside = []
    for origin, forecast in zip(origins, made, strict=True):
        if forecast.low is not None and forecast.high is not None:
            actual = values[origin : origin + horizon]
            inside.append((actual >= forecast.low) & (actual <= forecast.high))
    return float(np.mean(inside)) if inside else None


def _rows(future: Forecast, last: int, step: int) -> list[dict[str, Any]]:
    low = [None] * len(future.values) if future.low is None else future.low.tolist()
    high = [None] * len(future.values) if future.high is None else future.high.tolist()
    return [
        {"date": day_name(last + step * (at + 1)), "value": float(value), "low": low[at], "high": high[at]}
        for at, value in enumerate(future.values)
    ]
