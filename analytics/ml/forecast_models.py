"""Methods that carry a series on. Each takes the past (oldest first, evenly spaced), how many steps, and the season.

`season` is the number of steps after which things repeat: 7 for days, 1 for weeks. All need two seasons of past at
least and answer with one finite number per step.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Method = Callable[[Array, int, int], Array]

PROFILE_SEASONS = 16
LINE_SEASONS = 52
CLOSED = 0.1
"""A place in the season below this share of the average is one on which nothing is sold, such as closed Saturdays."""
SELDOM = 0.1
"""What lies below the band of 8 in 10 on one side."""
_LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
_TRENDS = (0.02, 0.05, 0.1, 0.2, 0.3)
_DAMPING = (0.8, 0.9, 0.95, 0.98)
_FLAT = np.array([(level, 0.0, 0.9) for level in _LEVELS])
_DAMPED = np.array([(level, trend * level, phi) for level in _LEVELS for trend in _TRENDS for phi in _DAMPING])


def seasonal_naive(past: Array, steps: int, season: int) -> Array:
    """What was one season ago."""
    return _repeated(past[-season:], steps)


def season_mean_4(past: Array, steps: int, season: int) -> Array:
    """Mean of the same place in the last four seasons: for days, of the same weekday."""
    return _repeated(_seasons(past, season, 4).mean(axis=0), steps)


def season_mean_8(past: Array, steps: int, season: int) -> Array:
    """The same over eight seasons."""
    return _repeated(_seasons(past, season, 8).mean(axis=0), steps)


def damped_trend(past: Array, steps: int, season: int) -> Array:
    """Season averages with a trend that wears off (Gardner & McKenzie 1985), spread by the usual profile."""
    averages = _seasons(past, season, len(past) // season).mean(axis=1)
    ahead = smoothed(averages, -(-steps // season), _DAMPED)[0]
    return np.repeat(ahead, season)[:steps] * _repeated(profile(past, season), steps)


def decomposition_ets(past: Array, steps: int, season: int) -> Array:
    """Season taken out by its profile, what is left smoothed exponentially in logarithms, and the season put back.

    Without trend or with a damped one, whichever has the lower AIC (Hyndman, Koehler, Snyder & Grose 2002). Values
    below 0 have no logarithm: such series are smoothed as they are.
    """
    shape = profile(past, season)
    whole = past[len(past) % season :]
    factors = np.tile(shape, len(whole) // season)
    is_open = factors > CLOSED
    ahead = _repeated(shape, steps)
    opens = ahead > CLOSED
    if not is_open.any() or not opens.any():
        return np.zeros(steps)
    level = whole[is_open] / factors[is_open]
    has_logs = bool((past >= 0).all())
    rows = np.log1p(level) if has_logs else level
    found = []
    for grid, parameters in ((_FLAT, 2), (_DAMPED, 5)):
        future, error = smoothed(rows, int(opens.sum()), grid)
        found.append((len(rows) * np.log(max(error, 1e-12)) + 2 * parameters, future))
    best = min(found, key=lambda pair: pair[0])[1]
    result = np.zeros(steps)
    result[opens] = (np.expm1(np.minimum(best, 700.0)) if has_logs else best) * ahead[opens]
    return result


def trend_line(past: Array, steps: int, season: int) -> Array:
    """A straight line through the season averages of the last 52 seasons, spread by the usual profile."""
    averages = _seasons(past, season, LINE_SEASONS).mean(axis=1)
    at = np.arange(len(averages), dtype=np.float64)
    slope = float(np.polyfit(at, averages, 1)[0]) if len(averages) > 1 else 0.0
    ahead = averages.mean() + slope * (len(averages) + np.arange(-(-steps // season)) - at.mean())
    return np.repeat(ahead, season)[:steps] * _repeated(profile(past, season), steps)


COMBINED: tuple[Method, ...] = (season_mean_4, season_mean_8, damped_trend, decomposition_ets, trend_line)
METHODS: dict[str, Method] = {method.__name__: method for method in (seasonal_naive, *COMBINED)}
COMBINATION = "combination"


def forecasts(past: Array, steps: int, season: int) -> dict[str, Array]:
    """Every method and `combination`, the mean of all but the naive one (Bates & Granger 1969). None of them says less
    than `floor`."""
    least = floor(past)
    found = {name: np.maximum(method(past, steps, season), least) for name, method in METHODS.items()}
    return found | {COMBINATION: np.mean([found[method.__name__] for method in COMBINED], axis=0)}


def floor(past: Array, steps: int = 1) -> float:
    """What `steps` values in a row are not expected to fall below: 0 when fewer than one in ten of such sums were below
    it, as the revenue of a day on which more was given back than sold; otherwise the least there ever was."""
    sums = past if steps == 1 else np.convolve(past, np.ones(steps), "valid")
    if not len(sums) or float((sums < 0).mean()) < SELDOM:
        return 0.0
    return float(sums.min())


def profile(past: Array, season: int) -> Array:
    """Each place in the season over the season's average: mean of the last 16 seasons that sold anything. Its mean is
    1."""
    if season == 1:
        return np.ones(1)
    rows = _seasons(past, season, PROFILE_SEASONS)
    averages = rows.mean(axis=1)
    rows = rows[averages > 0] / averages[averages > 0][:, None]
    return rows.mean(axis=0) if len(rows) else np.ones(season)


def smoothed(values: Array, steps: int, grid: Array) -> tuple[Array, float]:
    """Damped exponential smoothing with the row of `grid` [level, trend, damping] that foretold one step best, and that
    mean squared error. All rows run side by side; the first eight values warm up."""
    level_weight, trend_weight, damping = grid.T
    warm = min(len(values) // 2, 8)
    level = np.full(len(grid), float(np.median(values[: max(warm, 1)])))
    trend = np.zeros(len(grid))
    squares = np.zeros(len(grid))
    for at, value in enumerate(values):
        expected = level + damping * trend
        error = value - expected
        if at >= warm:
            squares += error * error
        level = expected + level_weight * error
        trend = damping * trend + trend_weight * error
    best = int(squares.argmin())
    ahead = level[best] + trend[best] * np.cumsum(damping[best] ** np.arange(1, steps + 1))
    return ahead, float(squares[best] / max(len(values) - warm, 1))


def _seasons(past: Array, season: int, most: int) -> Array:
    """The last whole seasons, at most so many: seasons × places."""
    count = max(1, min(most, len(past) // season))
    return past[-season * count :].reshape(count, season)


def _repeated(one: Array, steps: int) -> Array:
    return np.tile(one, -(-steps // len(one)))[:steps]
