"""Randomised experiments: who gets what, what differed, how sure that is, and how many people it takes.

Everything works on sums per arm (`Sums`), which a database adds up in one statement, and is numpy and the standard
library where a page needs it. Only `difference` (the t distribution) and `sample_ratio` (χ²) load scipy.special, when
called: they run in jobs.
"""

from core.ml.experiments.analysis import Compared, Comparison, compare
from core.ml.experiments.assignment import Split, share_of
from core.ml.experiments.checks import MISMATCH_BELOW, holm, sample_ratio
from core.ml.experiments.differences import Difference, Interval, difference, relative_interval
from core.ml.experiments.moments import Estimate, Sums, adjusted, mean_of, ratio_of, winsorised
from core.ml.experiments.planning import days_needed, people_needed_always_valid, sample_size
from core.ml.experiments.sequences import (
    MINIMUM_PER_ARM,
    always_valid_multiplier,
    always_valid_p,
    is_long_enough,
    rho_squared,
)

__all__ = [
    "MINIMUM_PER_ARM",
    "MISMATCH_BELOW",
    "Compared",
    "Comparison",
    "Difference",
    "Estimate",
    "Interval",
    "Split",
    "Sums",
    "adjusted",
    "always_valid_multiplier",
    "always_valid_p",
    "compare",
    "days_needed",
    "difference",
    "holm",
    "is_long_enough",
    "mean_of",
    "people_needed_always_valid",
    "ratio_of",
    "relative_interval",
    "rho_squared",
    "sample_ratio",
    "sample_size",
    "share_of",
    "winsorised",
]
