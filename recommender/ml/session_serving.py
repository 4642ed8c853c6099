"""A published session strategy: products in, products out. numpy only, arrays mapped read-only.

Arrays are those of `serving_sessions.SessionScorer` and `item_ids` int64 [n], strictly increasing: the products'
database ids. Meta is that of the strategy.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommender.ml.candidate import POPULAR, SESSION, Candidate
from recommender.ml.ranking import NOTHING
from recommender.ml.serving_sessions import SessionScorer
from recommender.ml.session_sources import DEPTH

MATRIX = ("starts", "indices", "weights")
INDEX = (
    "item_starts", "item_sessions", "item_places", "item_force", "session_starts", "session_items", "session_force",
)  # fmt: skip


class SessionServing:
    """Safe to share between threads: nothing changes after it is made."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        _check(arrays, meta)
        self.item_ids = np.asarray(arrays["item_ids"], np.int64)
        self.scorer = SessionScorer(arrays, meta)
        self._popular = np.lexsort((np.arange(len(self.item_ids)), -self.scorer.popularity, -self.scorer.trend))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Raises ValueError when arrays and meta do not fit together."""
        return cls(arrays, meta)

    def recommend(
        self,
        history: Sequence[tuple[int, float]],
        k: int = 10,
        *,
        exclude: Collection[int] = (),
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Up to k products, best first: those that the session speaks for, then what is popular of late.

        `history` is (product id, weight), newest first; weights are not looked at, products that the model does not
        know are passed over. `exclude` and what is not `allowed` (in the order of `item_ids`) never appear; products
        of the session do where the strategy repeats them.
        """
        if k <= 0 or len(self.item_ids) == 0:
            return []
        barred = np.zeros(len(self.item_ids), bool) if allowed is None else ~allowed
        out = self._positions(exclude)
        barred[out[out >= 0]] = True
        rows = self._positions([product for product, _weight in history])
        rows = rows[rows >= 0][:DEPTH]
        candidates = self.spoken(rows, k, barred)
        if len(candidates) < k:
            barred[self._positions([c.product_id for c in candidates])] = True
            if not self.scorer.repeats:
                barred[rows] = True
            items = self._popular[~barred[self._popular]][: k - len(candidates)]
            candidates += [
                Candidate(product, score, POPULAR, None, 0.0)
                for product, score in zip(
                    self.item_ids[items].tolist(), self.scorer.trend[items].tolist(), strict=True
                )
            ]  # fmt: skip
        return candidates

    def spoken(self, rows: NDArray[np.int64], k: int, barred: NDArray[np.bool_]) -> list[Candidate]:
        """Up to k products that the session speaks for; `rows` are positions in `item_ids`, newest first."""
        rows = rows[:DEPTH]
        if len(rows) == 0:
            return []
        context = np.full(DEPTH, NOTHING, np.int64)
        context[: len(rows)] = rows
        found = self.scorer.recommend(context, k, barred)
        reasons = [None if place == NOTHING else int(self.item_ids[context[place]]) for place in found.reasons.tolist()]
        return [
            Candidate(product, score, SESSION, reason, share)
            for product, score, reason, share in zip(
                self.item_ids[found.items].tolist(), found.scores.tolist(), reasons, found.shares.tolist(), strict=True
            )
        ]

    def _positions(self, product_ids: Collection[int]) -> NDArray[np.int64]:
        """Where these products stand in the arrays; -1 for a product that the model does not know."""
        asked = np.fromiter(product_ids, np.int64, len(product_ids))
        at = np.minimum(np.searchsorted(self.item_ids, asked), len(self.item_ids) - 1)
        return np.where(self.item_ids[at] == asked, at, -1)


def _check(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
    wanted = ["item_ids", "popularity", "trend"]
    for told in meta["sources"]:
        wanted += [f"{told['name']}_{name}" for name in (INDEX if told["kind"] == "sessions" else MATRIX)]
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise ValueError(f"The model lacks {', '.join(missing)}.")
    size = len(arrays["item_ids"])
    if bool((np.diff(arrays["item_ids"]) <= 0).any()):
        raise ValueError("The model's item ids are not increasing.")
    if {len(arrays["popularity"]), len(arrays["trend"])} != {size}:
        raise ValueError("The model's popularity does not fit its items.")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not bool(np.isfinite(array).all()):
            raise ValueError(f"The model's {name} are not numbers everywhere.")
    for told in meta["sources"]:
        mine = {name: arrays[f"{told['name']}_{name}"] for name in (INDEX if told["kind"] == "sessions" else MATRIX)}
        if told["kind"] == "sessions":
            count = len(mine["session_force"])
            _check_rows(told["name"], mine["item_starts"], mine["item_sessions"], size, count)
            _check_rows(told["name"], mine["session_starts"], mine["session_items"], count, size)
            fits = len(mine["item_places"]) == len(mine["item_sessions"]) and len(mine["item_force"]) == size
        else:
            _check_rows(told["name"], mine["starts"], mine["indices"], size, size)
            fits = len(mine["weights"]) == len(mine["indices"])
        if not fits:
            raise ValueError(f"The model's {told['name']} do not fit together.")


def _check_rows(name: str, starts: NDArray[Any], indices: NDArray[Any], rows: int, columns: int) -> None:
    if len(starts) != rows + 1 or int(starts[0]) != 0 or int(starts[-1]) != len(indices):
        raise ValueError(f"The model's {name} do not fit its items.")
    if bool((np.diff(starts) < 0).any()):
        raise ValueError(f"The rows of the model's {name} are out of order.")
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < columns:
        raise ValueError(f"The model's {name} name items that it does not have.")
