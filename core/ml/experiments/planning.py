"""How many people an experiment takes, and how long it will run."""

import math
from statistics import NormalDist

from core.ml.experiments.sequences import always_valid_multiplier

NORMAL = NormalDist()
LONGEST_SEARCH = 60
"""Doublings: beyond 2^60 people no shop grows."""


def sample_size(
    *, base: float, lift: float, spread: float | None = None, alpha: float = 0.05, power: float = 0.8
) -> int:
    """People per arm so that a true relative `lift` on `base` is found with `power` by one look at the end.

    The normal approximation (Fleiss, Levin and Paik 2003, chapter 4). `spread` is the standard deviation of an amount;
    without it `base` is a share and brings its own. Raises ValueError for numbers that cannot be.
    """
    if base <= 0 or lift == 0 or (spread is None and (base >= 1 or base * (1 + lift) >= 1 or lift <= -1)):
        raise ValueError("A share lies between 0 and 1, before and after the lift, and the lift is not 0.")
    other = base * (1 + lift)
    variances = base * (1 - base) + other * (1 - other) if spread is None else 2 * spread**2
    z = NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(power)
    return math.ceil(z**2 * variances / (base * lift) ** 2)


def people_needed_always_valid(
    *, base: float, lift: float, spread: float | None = None, alpha: float = 0.05, power: float = 0.8
) -> int:
    """The same when one looks as often as one likes: all arms of one comparison, tuned for the number that comes out.

    At its own tuning point the boundary is a fixed number of standard errors wide, so only that number changes.
    """
    single = sample_size(base=base, lift=lift, spread=spread, alpha=alpha, power=power)
    one_look = NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(power)
    any_look = always_valid_multiplier(1000, tuned_for=1000, alpha=alpha) + NORMAL.inv_cdf(power)
    return 2 * math.ceil(single * (any_look / one_look) ** 2)


def days_needed(
    *, error: float, n: int, target: float, tuned_for: int, per_day: float, alpha: float = 0.05
) -> int | None:
    """Days until the range that holds at every look is at most ±`target`, at the present pace; 0 when it is already.

    `error` is the present standard error after n people. None when nobody comes or the target is not above 0.
    """
    if per_day <= 0 or target <= 0 or n <= 0:
        return None

    def width(people: float) -> float:
        return always_valid_multiplier(people, tuned_for=tuned_for, alpha=alpha) * error * math.sqrt(n / people)

    low, high = float(n), float(n)
    for _ in range(LONGEST_SEARCH):
        if width(high) <= target:
            break
        low, high = high, high * 2
    else:
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if width(middle) <= target else (middle, high)
    return math.ceil((high - n) / per_day) if high > n else 0
