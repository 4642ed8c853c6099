"""Who gets what: from a secret and the name of the subject alone, so that every process gives the same answer."""

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

WHOLE = 2**64


def share_of(salt: bytes, subject: str) -> float:
    """Where the subject falls in [0, 1): HMAC-SHA-256 under the salt. Under other salts it falls independently."""
    return int.from_bytes(hmac.digest(salt, subject.encode(), hashlib.sha256)[:8]) / WHOLE


class Split:
    """Arms with whole-number weights. The same salt and subject always give the same arm."""

    def __init__(self, salt: bytes, weights: Sequence[int]) -> None:
        """Raises ValueError for weights that are negative or all zero."""
        if not weights or min(weights) < 0 or sum(weights) <= 0:
            raise ValueError("Weights are whole numbers of 0 or more, and one of them is above 0.")
        self._salt = salt
        total = sum(weights)
        self._upper = [part / total for part in accumulate(weights)]

    def arm_of(self, subject: str) -> int:
        """The place of the arm in the list of weights."""
        return bisect_right(self._upper, share_of(self._salt, subject))
