"""What people choose more at some parts of the day, in some seasons and on some devices than otherwise: lifts of
categories, learned from when and where acts happened, and their use when an answer is made. numpy only: the web process
loads it.

A part of the day is a quarter of it (0–6, 6–12, 12–18, 18–24 o'clock in the shop's time zone), on a working day or at a
weekend; a season is three months beginning with December, March, June, September. Contextual pre-weighting of a ranked
list after Adomavicius & Tuzhilin (2011), "contextual post-filtering".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

PARTS, SEASONS, DEVICES = 8, 4, 3
PRIOR = 50.0
"""Visits at a lift of 1 that are added to every count, so that few visits say little."""
YEAR_SECONDS = 365 * 86_400.0
"""With less than a year every season was seen once at most: what looks like a season may be growth."""
QUARTER_HOUR = 900.0
"""Offsets of time zones are whole numbers of these."""
NO_GROUP = -1
NO_DEVICE = -1


@dataclass(frozen=True)
class Moments:
    """For each of some times: its part of the day, its season, and `quarter`, which numbers quarters of days."""

    parts: NDArray[np.int64]
    seasons: NDArray[np.int64]
    quarters: NDArray[np.int64]


def moments_of(times: NDArray[np.floating], zone: str) -> Moments:
    """Where these times (seconds since 1970) lie in the shop's day and year."""
    clock = ZoneInfo(zone)
    stamps, at = np.unique(np.floor(np.asarray(times, np.float64) / QUARTER_HOUR), return_inverse=True)
    told = [_told(datetime.fromtimestamp(stamp * QUARTER_HOUR, clock)) for stamp in stamps.tolist()]
    table = np.array(told, np.int64).reshape(-1, 3)[at.ravel()]
    return Moments(table[:, 0], table[:, 1], table[:, 2])


def _told(moment: datetime) -> tuple[int, int, int]:
    quarter = moment.hour // 6
    return (
        quarter + 4 * (moment.weekday() >= 5),
        moment.month % 12 // 3,
        moment.toordinal() * 4 + quarter,
    )


@dataclass(frozen=True)
class Lifts:
    """Categories × contexts, 1: as often as ever. The last row, all 1, is for products without a category. `seasons` is
    all 1 where less than a year was seen, `devices` where nobody knows on which acts happened."""

    parts: NDArray[np.float32]
    seasons: NDArray[np.float32]
    devices: NDArray[np.float32]

    def of(self, part: int, season: int) -> NDArray[np.float32]:
        """One factor per category at this time."""
        return np.asarray(self.parts[:, part] * self.seasons[:, season], np.float32)

    def on(self, device: int) -> NDArray[np.float32]:
        """One factor per category on this device, 1 for NO_DEVICE."""
        return self.devices[:, device] if device != NO_DEVICE else np.ones(len(self.devices), np.float32)


def learn(
    customers: NDArray[np.integer],
    groups: NDArray[np.integer],
    times: NDArray[np.floating],
    count: int,
    zone: str,
    devices: NDArray[np.integer] | None = None,
) -> Lifts:
    """Lifts of `count` categories from acts: who, the category of the product (NO_GROUP: none), when, and on which
    device (NO_DEVICE: not known).

    Acts of one person on one category within a quarter of a day count once. Lift of category g in context c:
    (n_gc + m) / (n_g·n_c / n + m), m = PRIOR.
    """
    known = groups >= 0
    devices = np.full(len(groups), NO_DEVICE) if devices is None else devices
    customers, groups, times, devices = customers[known], groups[known].astype(np.int64), times[known], devices[known]
    if len(times) == 0:
        return Lifts(*(np.ones((count + 1, width), np.float32) for width in (PARTS, SEASONS, DEVICES)))
    when = moments_of(times, zone)
    quarters = when.quarters - when.quarters.min()
    keys = (customers.astype(np.int64) * count + groups) * (int(quarters.max()) + 1) + quarters
    _keys, once = np.unique(keys, return_index=True)
    groups, devices = groups[once], devices[once]
    told = devices != NO_DEVICE
    has_seasons = float(times.max() - times.min()) >= YEAR_SECONDS
    return Lifts(
        _lift(groups, when.parts[once], count, PARTS),
        _lift(groups, when.seasons[once], count, SEASONS) if has_seasons else np.ones((count + 1, SEASONS), np.float32),
        _lift(groups[told], devices[told].astype(np.int64), count, DEVICES),
    )


def _lift(groups: NDArray[np.integer], contexts: NDArray[np.int64], count: int, width: int) -> NDArray[np.float32]:
    both = np.bincount(groups * width + contexts, minlength=count * width).reshape(count, width)
    expected = both.sum(axis=1, keepdims=True) * (both.sum(axis=0, keepdims=True) / max(len(groups), 1))
    lift = (both + PRIOR) / (expected + PRIOR)
    return np.vstack([lift, np.ones(width)]).astype(np.float32)


@dataclass(frozen=True)
class Context:
    """How much more a product counts at a moment and on a device, as answers use it. `groups` is the category of each
    item, NO_GROUP for none; factors are lifts of the time to the power of `exponent` times those of the device to the
    power of `device_exponent`."""

    groups: NDArray[np.integer]
    lifts: Lifts
    exponent: float
    zone: str
    device_exponent: float = 0.0
    _last: dict[tuple[int, int], dict[int, NDArray[np.float32]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any], size: int) -> "Context":
        """From `context_groups`, `context_parts`, `context_seasons` and, in models that learned about devices,
        `context_devices`. Raises ValueError when they do not fit."""
        names = ["context_groups", "context_parts", "context_seasons"]
        if any(name not in arrays for name in names):
            raise ValueError("The model lacks arrays of its contexts.")
        groups, parts, seasons = (np.asarray(arrays[name]).view(np.ndarray) for name in names)
        count = len(parts) - 1
        plain = np.ones((count + 1, DEVICES), np.float32)
        devices = np.asarray(arrays.get("context_devices", plain)).view(np.ndarray)
        tables, widths = (parts, seasons, devices), (PARTS, SEASONS, DEVICES)
        if len(groups) != size or [table.shape for table in tables] != [(count + 1, width) for width in widths]:
            raise ValueError("The model's contexts do not fit its items.")
        if len(groups) and not NO_GROUP <= int(groups.min()) <= int(groups.max()) < count:
            raise ValueError("The model's contexts name categories that it does not have.")
        exponents = float(told["exponent"]), float(told.get("device_exponent", 0.0))
        if not (all(bool(np.isfinite(table).all()) for table in tables) and bool(np.isfinite(exponents).all())):
            raise ValueError("The model's contexts are not numbers everywhere.")
        if any(bool((table <= 0).any()) for table in tables):
            raise ValueError("The model's contexts are not above 0 everywhere.")
        return cls(groups, Lifts(*tables), exponents[0], str(ZoneInfo(str(told["zone"]))), exponents[1])

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and meta that join those of a `serving.ServingModel`."""
        arrays = {
            "groups": self.groups.astype(np.int32), "parts": self.lifts.parts, "seasons": self.lifts.seasons,
            "devices": self.lifts.devices,
        }  # fmt: skip
        told = {"exponent": self.exponent, "device_exponent": self.device_exponent, "zone": self.zone}
        return {f"context_{name}": array for name, array in arrays.items()}, {"context": told}

    def factors(self, at: float, device: int = NO_DEVICE) -> NDArray[np.float32]:
        """One factor per item at this moment (seconds since 1970) on this device. Worked out once for each part of the
        day and device."""
        part, season, _quarter = _told(datetime.fromtimestamp(at, ZoneInfo(self.zone)))
        now = self._last.get((part, season))
        if now is None:
            self._last.clear()  # one part of the day lasts for hours
            now = self._last[part, season] = {}
        device = device if self.device_exponent and 0 <= device < DEVICES else NO_DEVICE
        found = now.get(device)
        if found is None:
            known = self.lifts.of(part, season) ** np.float32(self.exponent)
            known = known * self.lifts.on(device) ** np.float32(self.device_exponent)
            found = now[device] = known[self.groups]
        return found


def own_groups(attributes: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """The category of each item by its facts (`category=…` of its ancestors first, its own last); NO_GROUP for none."""
    numbers: dict[str, int] = {}
    found = np.full(len(attributes), NO_GROUP, np.int64)
    for at, words in enumerate(attributes):
        own = [word for word in words if word.startswith("category=")]
        if own:
            found[at] = numbers.setdefault(own[-1], len(numbers))
    return found
