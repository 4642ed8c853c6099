"""How the mathematics of customers grows: BG/NBD and k-means up to a million, in processor seconds.

`python -m tests.benchmarks.customers_bench`; exit status 1 when a bound is broken.
"""

import sys
import time

import numpy as np

from analytics.ml import bgnbd, kmeans
from analytics.ml.bgnbd import Histories

SIZES = (10_000, 100_000, 1_000_000)
MOST_SECONDS = 3.0
MOST_GROWTH = 16.0
TRUTH = {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.4}


def histories(size: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers who live by BG/NBD, seen for 30 to 364 days; times in weeks, to the day."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], size) / 7, rng.beta(TRUTH["a"], TRUTH["b"], size)
    seen = rng.integers(30, 365, size)
    x, last, now, there = np.zeros(size, np.int64), np.zeros(size), np.zeros(size), np.ones(size, bool)
    while there.any():
        now = now + rng.exponential(1, size) / np.maximum(rate, 1e-12)
        there &= now < seen
        x[there] += 1
        last[there] = np.minimum(np.ceil(now[there]), seen[there])
        there &= rng.random(size) > leave
    return x, last / 7, seen / 7


def fit_and_score(size: int) -> float:
    """Processor seconds from raw histories to expected purchases and the chance to be there."""
    rows = histories(size)
    started = time.process_time()
    counted = Histories.of(*rows)
    model = bgnbd.fit(counted)
    model.expected_purchases(counted, 13.0)
    model.probability_alive(counted)
    return time.process_time() - started


def cluster(size: int) -> float:
    """Processor seconds of four clusters of customers × recency, frequency, money."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(size, 3)) + rng.integers(4, size=size)[:, None] * np.array([2.0, -1.0, 1.5])
    started = time.process_time()
    kmeans.fit(rows, 4)
    return time.process_time() - started


def main() -> int:
    print(f"{'':<28} {'CPU s, best of 3':>18} {'10 times as many':>17}")
    broken = 0
    for name, work in (("BG/NBD fit and score", fit_and_score), ("k-means, k = 4, 3 features", cluster)):
        before = 0.0
        for size in SIZES:
            seconds = min(work(size) for _again in range(3))
            growth = seconds / before if before else 0.0
            is_kept = growth <= MOST_GROWTH and (size < SIZES[-1] or seconds <= MOST_SECONDS)
            broken += not is_kept
            shown = f"{growth:.1f}×" if growth else ""
            print(f"{name:<28} {size:>9,} {seconds:>8.3f} {shown:>17}{'' if is_kept else '  OUT OF RANGE'}", flush=True)
            before = seconds
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
