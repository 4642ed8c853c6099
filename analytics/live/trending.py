"""What rises: people of the sliding window against as many minutes before it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LEAST = 2
"""One person makes no trend."""


@dataclass(frozen=True)
class Rising:
    """`now` and `before`: different people in either window."""

    key: Any
    now: int
    before: int
    score: float


def rising(counts: Iterable[tuple[Any, int, int]], *, most: int) -> list[Rising]:
    """Those that more people came to than before, the surest first.

    The score is how many standard deviations `now` lies above half of all people of both windows, with one more person
    on either side so that two people out of nothing are no sensation: (now − before) / √(now + before + 2), the normal
    limit of the sign test of two Poisson counts (Przyborowski and Wilenski 1940). Ties: more people, then the key.
    """
    found = [
        Rising(key, int(now), int(before), round((now - before) / math.sqrt(now + before + 2), 6))
        for key, now, before in counts
        if now >= LEAST and now > before
    ]
    return sorted(found, key=lambda one: (-one.score, -one.now, str(one.key)))[:most]
