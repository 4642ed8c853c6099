"""A whole metric at one look: every arm against the control, by one look and by any."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.ml.experiments.differences import Difference, Interval, difference, relative_interval
from core.ml.experiments.moments import Estimate, Sums, adjusted
from core.ml.experiments.sequences import always_valid_multiplier, is_long_enough


@dataclass(frozen=True)
class Comparison:
    """One arm against the control. The always-valid ranges are None while there are too few people or events."""

    arm: str
    n: int
    n_control: int
    mean: float
    mean_control: float
    difference: Difference
    always_valid: Interval | None
    always_valid_relative: Interval | None
    alpha: float
    """Of the always-valid range: shared between the arms (Bonferroni), so that all of them hold together."""


@dataclass(frozen=True)
class Compared:
    """`removed` is the share of variance that CUPED took away."""

    comparisons: list[Comparison]
    removed: float


def compare(
    sums: Mapping[str, Sums], *, control: str, tuned_for: int, alpha: float = 0.05, is_ratio: bool = False
) -> Compared:
    """Every other arm against `control`, adjusted by the covariate where it says something."""
    names = list(sums)
    estimates, removed = adjusted([sums[name] for name in names], is_ratio=is_ratio)
    by_name: dict[str, Estimate] = dict(zip(names, estimates, strict=True))
    others = [name for name in names if name != control]
    shared = alpha / max(1, len(others))
    found = []
    for name in others:
        arm, base = by_name[name], by_name[control]
        told = difference(arm, base, alpha=alpha)
        always = relative = None
        if all(is_long_enough(sums[one].n, sums[one].nonzero) for one in (name, control)):
            multiplier = always_valid_multiplier(arm.n + base.n, tuned_for=tuned_for, alpha=shared)
            always = (told.value - multiplier * told.error, told.value + multiplier * told.error)
            relative = relative_interval(arm, base, multiplier)
        found.append(Comparison(name, arm.n, base.n, arm.value, base.value, told, always, relative, shared))
    return Compared(found, removed)
