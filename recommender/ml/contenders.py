"""Which items can be among the best for a customer's vector, without a look at all of them. numpy only, for serving.

A score x·y_i is at most |x|·|y_i|, and at most x₁·y_i₁ + |x₂|·|y_i₂| when the factors are split in two (Cauchy and
Schwarz). The items with the longest vectors are scored first; what the k-th best of them has, nobody below that bound
can reach. As in the search for largest inner products by length of Teflioudi, Gemulla & Mykytiuk (2015), LEMP.
"""

import numpy as np
from numpy.typing import NDArray

HEAD = 1024
"""Items with the longest vectors, which are always scored."""
LEAD = 8
"""Factors with the largest spectrum, which the closer bound looks at one by one."""
ROUNDING = 1e-5
"""Bounds are of 32 bits; so much of the longest product of vectors is allowed for that."""


class Contenders:
    """Items by length of their vectors, made once for a model: about 60 bytes each. Safe to share between threads."""

    def __init__(self, factors: NDArray[np.floating], spectrum: NDArray[np.floating]) -> None:
        squares = np.einsum("if,if->i", factors, factors, dtype=np.float64)
        self.items = np.argsort(-squares, kind="stable")
        self._lengths = np.sqrt(squares[self.items]).astype(np.float32)
        self._falling = -self._lengths
        self._head = np.ascontiguousarray(factors[self.items[:HEAD]], np.float32)
        self._first = np.argsort(-np.asarray(spectrum))[:LEAD]
        lead = np.ascontiguousarray(factors[:, self._first][self.items], np.float32)
        rest = squares[self.items] - np.einsum("if,if->i", lead, lead, dtype=np.float64)
        self._lead, self._rest = lead[HEAD:], np.sqrt(np.maximum(rest, 0.0)).astype(np.float32)[HEAD:]

    def among(
        self,
        vector: NDArray[np.floating],
        k: int,
        barred: NDArray[np.bool_],
        factors_now: NDArray[np.floating] | None = None,
    ) -> NDArray[np.int64]:
        """Items, not barred and rising, that hold the k best scores above 0 and all that equal the last of them.
        `factors_now`: one per item, above 0, by which its score is multiplied."""
        head, x = self.items[:HEAD], np.asarray(vector, np.float32)
        scores = self._head @ x
        highest = 1.0
        if factors_now is not None:
            scores *= factors_now[head]
            highest = float(factors_now.max(initial=0.0))
        scores[barred[head]] = -np.inf
        length = float(np.linalg.norm(vector)) * highest
        slack = ROUNDING * length * (float(self._lengths[0]) if len(self._lengths) else 0.0)
        least = max(float(np.partition(scores, -k)[-k]), 0.0) - slack if 0 < k <= len(scores) else -slack
        near = head[scores >= least]
        end = len(self.items)
        if least > 0 and length > 0:
            end = max(int(np.searchsorted(self._falling, -least / length, side="right")), HEAD)
        if end <= HEAD:
            return np.sort(near)
        others = self.items[HEAD:end]
        lead = x[self._first]
        apart = np.float32(np.sqrt(max(float(x @ x) - float(lead @ lead), 0.0)))
        bound = self._lead[: end - HEAD] @ lead + self._rest[: end - HEAD] * apart
        if factors_now is not None:
            bound *= factors_now[others]
        others = others[bound >= least]
        return np.sort(np.concatenate([near, others[~barred[others]]]))
