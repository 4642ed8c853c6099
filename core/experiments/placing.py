"""Which arm somebody is in: a look into memory and one or two HMACs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import structlog
from django.db import DatabaseError, InterfaceError

from core.experiments import kinds
from core.ml.experiments.assignment import Split, share_of
from core.models import Experiment
from core.shop import current_shop

log = structlog.get_logger(__name__)
REMEMBER_SECONDS = 1.0
LONGEST_SUBJECT = 64
EVERYTHING = "everything"
"""The kind of the holdout's experiment (core.experiments.holdout)."""


class Subject(NamedTuple):
    """Who asks: the visitor ID of the storefront, the public ID of the customer, or both."""

    visitor: str | None = None
    customer: str | None = None


class Placed(NamedTuple):
    """Somebody's place in a running experiment. Keys and settings are what answers carry and follow."""

    experiment_id: int
    experiment: str
    arm_id: int
    arm: str
    settings: Mapping[str, Any]
    is_control: bool
    subject: str
    is_held_out: bool = False
    """In the shop's holdout: `settings` are those of the kind's control, whether an experiment runs there or not."""


@dataclass(frozen=True)
class _Running:
    """A running experiment as requests need it."""

    pk: int
    key: str
    unit: str
    holdout: float
    split: Split
    arms: list[tuple[Any, ...]]
    """Id, key, settings, whether it is the control."""


_known: tuple[float, dict[tuple[str, str], _Running], bytes] | None = None


def arm_for(*, kind: str, target: str = "", subject: Subject) -> Placed | None:
    """The arm of this person in what runs there. None: nothing runs, or they take no part.

    The same person always gets the same arm of an experiment, whatever process answers. People in the shop's holdout
    get the control of the kind everywhere; people without the kind of ID that the experiment divides by take no part.
    Nothing is written: see `expose`. While the database is away the experiments last seen go on.
    """
    running, holdout_salt = _running()
    held = _in_everything(running, subject)
    if held is not None and held.is_control:
        return held._replace(settings=_settings_of_control(kind), is_held_out=True)
    one = running.get((kind, target))
    if one is None:
        return None
    name = subject.visitor if one.unit == Experiment.Unit.VISITOR else subject.customer
    if not name or len(name) > LONGEST_SUBJECT:
        return None
    if share_of(holdout_salt, name) < one.holdout:
        return None
    arm_id, arm, settings, is_control = one.arms[one.split.arm_of(name)]
    return Placed(one.pk, one.key, arm_id, arm, settings, is_control, name)


def place_in_everything(subject: Subject) -> Placed | None:
    """Whether this person is in the holdout or in the rest of the shop, which are compared with each other. None while
    there is no holdout, and for people without a visitor ID."""
    return _in_everything(_running()[0], subject)


def _in_everything(running: Mapping[tuple[str, str], "_Running"], subject: Subject) -> Placed | None:
    one, name = running.get((EVERYTHING, "")), subject.visitor
    if one is None or not name or len(name) > LONGEST_SUBJECT:
        return None
    arm_id, arm, settings, is_control = one.arms[one.split.arm_of(name)]
    return Placed(one.pk, one.key, arm_id, arm, settings, is_control, name, is_held_out=is_control)


def _settings_of_control(kind: str) -> Mapping[str, Any]:
    known = kinds.known(kind)
    if known is None:
        return {}
    return next((choice.settings for choice in known.choices if choice.key == known.control), {})


def forget() -> None:
    """For those who started or stopped one, and for tests."""
    global _known
    _known = None


def _running() -> tuple[dict[tuple[str, str], _Running], bytes]:
    """Running experiments, at most a second old. While one thread reads them anew, the others use what they have."""
    global _known
    now = time.monotonic()
    if _known is not None and now < _known[0]:
        return _known[1], _known[2]
    before = _known
    if before is not None:
        _known = (now + REMEMBER_SECONDS, before[1], before[2])
    try:
        found, salt = _read(), current_shop().holdout_salt.encode()
    except (DatabaseError, InterfaceError):
        log.warning("experiments.not_read")
        found, salt = (before[1], before[2]) if before is not None else ({}, b"")
    _known = (time.monotonic() + REMEMBER_SECONDS, found, salt)
    return found, salt


def _read() -> dict[tuple[str, str], _Running]:
    rows = Experiment.objects.running().order_by("pk", "arms__pk").values_list(
        "pk", "key", "kind", "target", "unit", "holdout_percent", "salt",
        "arms__pk", "arms__key", "arms__settings", "arms__is_control", "arms__weight",
    )  # fmt: skip
    found = {}
    for (pk, key, kind, target, unit, holdout, salt), group in groupby(rows, key=lambda row: row[:7]):
        arms = [row[7:] for row in group]
        split = Split(salt.encode(), [arm[4] for arm in arms])
        found[kind, target] = _Running(pk, key, unit, holdout / 100, split, [arm[:4] for arm in arms])
    return found
