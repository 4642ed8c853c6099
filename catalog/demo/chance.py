"""Random streams and the shop's calendar: when people come, by month, weekday and hour."""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

SHOP_ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3600
WEEKDAY = (0.94, 0.90, 0.92, 0.96, 1.02, 1.16, 1.10)
MONTH = (0.98, 0.84, 0.96, 0.98, 1.03, 1.10, 0.95, 0.94, 1.01, 1.03, 1.18, 1.10)
# Shop hours in local time: a lunch peak, a long evening, little before seven.
BY_HOUR = (
    (0.35, 0.15, 0.08, 0.05, 0.05, 0.08, 0.2, 0.45, 0.75, 1.0, 1.15, 1.25)
    + (1.45, 1.35, 1.15, 1.1, 1.1, 1.15, 1.25, 1.5, 1.9, 2.1, 1.75, 0.95)
)  # fmt: skip
FESTIVALS = {(6, 17): 1.7, (6, 18): 2.3, (11, 10): 1.7, (11, 11): 2.9, (12, 12): 1.7, (1, 1): 0.7}


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that a change in one part leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(purpose.encode())])))


def day_of_year(moment: np.ndarray | float) -> np.ndarray | float:
    """Approximate day of the year of seconds since 1970; exact enough for a season."""
    return (np.asarray(moment) / 86_400 % 365.2425) + 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """The time the shop has been open, in whole hours of UTC seconds, with the pull of each hour.

    `clock` maps seconds to busy time, in which customers come evenly: one unit is an average day.
    """

    start: int
    end: int
    edges: np.ndarray
    busy: np.ndarray  # busy time passed at each edge

    @classmethod
    def build(cls, until: date, months: int) -> Self:
        """Whole months before `until`; the last moment is the local midnight at which that day begins."""
        first = _months_back(until, months)
        start, end = (int(datetime(d.year, d.month, d.day, tzinfo=SHOP_ZONE).timestamp()) for d in (first, until))
        edges = np.arange(start, end + 1, HOUR, dtype=np.int64)
        pull = np.array([_pull(datetime.fromtimestamp(int(edge), SHOP_ZONE)) for edge in edges[:-1]])
        days = (end - start) / 86_400
        return cls(start, end, edges, np.concatenate([[0.0], np.cumsum(pull / pull.sum() * days)]))

    def to_busy(self, moment: np.ndarray | float) -> np.ndarray:
        return np.interp(moment, self.edges, self.busy)

    def to_time(self, busy: np.ndarray | float) -> np.ndarray:
        """Seconds since 1970; busy times beyond the end come back as the end."""
        return np.interp(busy, self.busy, self.edges).astype(np.int64)


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    # The 28th exists in every month.
    return date(year, month + 1, min(day.day, 28))


def _pull(local: datetime) -> float:
    festival = FESTIVALS.get((local.month, local.day), 1.0)
    return WEEKDAY[local.weekday()] * MONTH[local.month - 1] * BY_HOUR[local.hour] * festival


def iso(moment: int) -> str:
    """UTC time as the files carry it."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(moment))).strftime("%Y-%m-%dT%H:%M:%SZ")
