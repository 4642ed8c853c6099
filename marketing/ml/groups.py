"""What a message did to each group of people, without letting twenty groups invent a winner.

Two questions are asked of each group: did it work there, and did it work otherwise than among everybody else. Both have
p values that hold at any look (`core.ml.experiments.sequences`); each kind is corrected after Holm (1979) over all
groups and measures, so the chance of even one false claim of it stays below 5 %, however many groups there are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.ml.experiments import Comparison, Sums, always_valid_multiplier, always_valid_p, compare, holm, is_long_enough

MESSAGE, NOTHING = "message", "nothing"
ALPHA = 0.05
Pair = Mapping[str, Sums]
"""Sums of those who were to get it (`MESSAGE`) and of those who were left out by chance (`NOTHING`)."""


@dataclass(frozen=True)
class GroupEffect:
    """One measure in one group. p values are None while there are too few people, in it or outside it."""

    group: str
    measure: str
    told: Comparison
    p: float | None = None
    p_holm: float | None = None
    apart: float | None = None
    """How much larger the difference is than among everybody else of the same division."""
    p_apart: float | None = None
    p_apart_holm: float | None = None


def two(pair: Pair, *, tuned_for: int) -> Comparison:
    """The message against nothing."""
    return compare({NOTHING: pair[NOTHING], MESSAGE: pair[MESSAGE]}, control=NOTHING, tuned_for=tuned_for).comparisons[
        0
    ]


def chance(told: Comparison, *, tuned_for: int) -> float | None:
    """p of "no difference", at any look; None while there are too few people."""
    if told.always_valid is None or not told.difference.error:
        return None
    z = told.difference.value / told.difference.error
    return always_valid_p(z, told.n + told.n_control, tuned_for=tuned_for, alpha=ALPHA)


def judge(found: Mapping[tuple[str, str], Mapping[str, Pair]], *, tuned_for: int) -> list[GroupEffect]:
    """`found` has for each division and measure the groups that people are divided into. In the given order."""
    raw: list[GroupEffect] = []
    for (_division, measure), groups in found.items():
        for group, pair in groups.items():
            told = two(pair, tuned_for=tuned_for)
            others = [one for key, one in groups.items() if key != group]
            apart, p_apart = _apart(told, others, tuned_for)
            raw.append(
                GroupEffect(
                    group, measure, told, p=chance(told, tuned_for=tuned_for), apart=apart, p_apart=p_apart
                )
            )  # fmt: skip
    works = holm([1.0 if one.p is None else one.p for one in raw])
    differs = holm([1.0 if one.p_apart is None else one.p_apart for one in raw])
    return [
        GroupEffect(
            one.group, one.measure, one.told, one.p, None if one.p is None else works[at], one.apart, one.p_apart,
            None if one.p_apart is None else differs[at],
        )
        for at, one in enumerate(raw)
    ]  # fmt: skip


def _apart(told: Comparison, others: list[Pair], tuned_for: int) -> tuple[float | None, float | None]:
    """The difference here less the difference among all others, and p that they are the same."""
    if not others or told.always_valid is None:
        return None, None
    rest = {arm: sum((one[arm] for one in others[1:]), others[0][arm]) for arm in (MESSAGE, NOTHING)}
    if not all(is_long_enough(one.n, one.nonzero) for one in rest.values()):
        return None, None
    elsewhere = two(rest, tuned_for=tuned_for)
    error = math.hypot(told.difference.error, elsewhere.difference.error)
    apart = told.difference.value - elsewhere.difference.value
    if not error:
        return apart, None
    people = told.n + told.n_control + elsewhere.n + elsewhere.n_control
    return apart, always_valid_p(apart / error, people, tuned_for=tuned_for, alpha=ALPHA)


@dataclass(frozen=True)
class Total:
    """What several campaigns brought together: estimate and range at any look. None while there are too few people."""

    value: float
    error: float
    people: int
    interval: tuple[float, float] | None


def total(parts: list[Comparison], *, tuned_for: int, is_enough: bool) -> Total:
    """The differences of one person times those who were to get the message, added up over campaigns.

    Chance divides people anew in each campaign (every campaign has its salt), so estimates of two campaigns are
    uncorrelated also where they wrote to the same customers, and variances add up. What is added up is an average over
    all subjects of their influence, which the sequence of `core.ml.experiments.sequences` allows to differ in spread.
    """
    value = sum(one.difference.value * one.n for one in parts)
    error = math.sqrt(sum((one.difference.error * one.n) ** 2 for one in parts))
    people = sum(one.n + one.n_control for one in parts)
    if not is_enough or not people:
        return Total(value, error, people, None)
    width = always_valid_multiplier(people, tuned_for=tuned_for, alpha=ALPHA) * error
    return Total(value, error, people, (value - width, value + width))
