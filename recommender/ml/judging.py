"""How well a method ranks what customers went on to choose."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml import metrics
from recommender.ml.base import Recommender, fill_rows, order_by
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import unit_rows
from recommender.ml.splits import Split

BLOCK = 4096
PRIMARY = "ndcg@10"
DIVERSITY_LISTS = 500
"""So many lists say how diverse lists are."""
MOST_SCORES = 1e9
FEW_ITEMS = 5
"""Customers below this many items in training count as customers with few."""


@dataclass(frozen=True)
class Exam:
    """Customers with at least one new item in the test part, what they may be shown and what was right.

    An item that the customer met in training is never shown, so it cannot be relevant; `repeats` counts such pairs.
    Lists that a method cannot fill are completed by what it holds for popular, as in the shop. At most `max_customers`
    are asked, drawn with `seed`. `history_limit` cuts what a method may look at to the newest items of a customer.
    """

    split: Split
    k: int = 10
    max_customers: int | None = None
    seed: int = 0
    history_limit: int | None = None

    @cached_property
    def _facts(self) -> tuple[NDArray[np.int64], sp.csr_matrix, sp.csr_matrix, int]:
        seen = _ones(self.split.train.matrix())
        chosen = _ones(self.split.test.matrix())
        fresh = sp.csr_matrix(chosen - chosen.multiply(seen))
        fresh.eliminate_zeros()
        asked = np.flatnonzero(np.diff(fresh.indptr))
        if self.max_customers is not None and len(asked) > self.max_customers:
            asked = np.sort(np.random.default_rng(self.seed).choice(asked, self.max_customers, replace=False))
        return asked, fresh[asked], seen[asked], int(chosen.nnz - fresh.nnz)

    @property
    def customers(self) -> NDArray[np.int64]:
        """Numbers of the customers who are asked."""
        return self._facts[0]

    def sheet(self) -> tuple[NDArray[np.int64], sp.csr_matrix, sp.csr_matrix]:
        """Customers who are asked, and for each (customers × items) what was right and what he met in training."""
        asked, relevant, seen, _repeats = self._facts
        return asked, relevant, seen

    @property
    def repeats(self) -> int:
        """Test pairs that training already held."""
        return self._facts[3]

    @cached_property
    def known_items(self) -> NDArray[np.int64]:
        """How many different items each asked customer met in training."""
        return np.diff(self._facts[2].indptr).astype(np.int64)

    @cached_property
    def visible(self) -> Interactions:
        """The training part that histories of asked customers are taken from; others have none here."""
        train = self.split.train
        is_asked = np.zeros(train.customer_count, bool)
        is_asked[self.customers] = True
        if not is_asked.all():
            train = train.take(np.flatnonzero(is_asked[train.customers]))
        if self.history_limit is None:
            return train
        pairs = train.pairs()
        old = pairs.rank >= self.history_limit
        if not old.any():
            return train
        hidden = pairs.customers[old].astype(np.int64) * train.item_count + pairs.items[old]
        keys = train.customers.astype(np.int64) * train.item_count + train.items
        return train.take(~np.isin(keys, hidden))

    @cached_property
    def _directions(self) -> sp.csr_matrix:
        """Items × customers, rows of length one: items are alike when the same customers met them."""
        return unit_rows(_ones(self.split.train.matrix()).T.tocsr())

    @cached_property
    def _popularity(self) -> NDArray[np.float64]:
        return self.split.train.popularity()

    @staticmethod
    def affordable(customers: int, items: int, *, scores: float = MOST_SCORES) -> int:
        """So many of at most `customers` can be asked when each list chooses among `items`; at least 1,000."""
        return min(customers, max(int(scores / max(items, 1)), 1000))

    def ranked(self, model: Recommender, *, depth: int | None = None) -> NDArray[np.int64]:
        """Lists of every asked customer: customers × depth (default 2k) item numbers."""
        asked, _relevant, seen, _repeats = self._facts
        depth = depth or 2 * self.k
        histories = sp.csr_matrix(model.histories(self.visible)[asked])
        popular = order_by(model.popularity, model.popularity)
        parts = []
        for start in range(0, len(asked), BLOCK):
            rows = slice(start, start + BLOCK)
            short = model.rank(histories[rows], depth, exclude=seen[rows], customers=asked[rows])
            parts.append(fill_rows(short, exclude=seen[rows], order=popular))
        return np.concatenate(parts) if parts else np.empty((0, depth), np.int64)

    def judge(self, model: Recommender) -> dict[str, float]:
        """Measures of accuracy at k, and recall at 2k. Empty when nobody can be asked."""
        return self.measures(self.ranked(model), beyond=False)

    def judge_groups(self, ranked: NDArray[np.int64]) -> dict[str, dict[str, float]]:
        """The same by how much a customer did before: new (nothing), few (1–4 items), many (5 and more)."""
        known = self.known_items
        groups = {
            "new": known == 0,
            "few": (known > 0) & (known < FEW_ITEMS),
            "many": known >= FEW_ITEMS,
        }
        return {name: self.measures(ranked, mask) for name, mask in groups.items() if bool(mask.any())}

    def measures(
        self, ranked: NDArray[np.int64], mask: NDArray[np.bool_] | None = None, *, beyond: bool = True
    ) -> dict[str, float]:
        """Measures of given lists, of all asked customers or of those in `mask`; `beyond` accuracy too."""
        _asked, relevant, seen, _repeats = self._facts
        if mask is not None:
            ranked, relevant = ranked[mask], relevant[mask]
        if len(ranked) == 0:
            return {}
        train, k = self.split.train, self.k
        counts = np.diff(relevant.indptr).astype(np.int64)
        hits = metrics.hits(ranked, relevant)
        head = ranked[:, :k]
        present = int((np.bincount(train.customers, minlength=train.customer_count) > 0).sum())
        found = {
            f"ndcg@{k}": metrics.ndcg_at_k(hits, counts, k),
            f"map@{k}": metrics.map_at_k(hits, counts, k),
            f"precision@{k}": metrics.precision_at_k(hits, k),
            f"recall@{k}": metrics.recall_at_k(hits, counts, k),
            f"recall@{2 * k}": metrics.recall_at_k(hits, counts, 2 * k),
            f"hit_rate@{k}": metrics.hit_rate_at_k(hits, k),
            f"mrr@{k}": metrics.mrr_at_k(hits, k),
        }
        if beyond:
            found |= {
                "coverage": metrics.coverage(head, train.item_count),
                "novelty": metrics.novelty(head, self._popularity, present),
                "gini": metrics.gini(head, train.item_count),
                "diversity": metrics.diversity_in_lists(
                    head[:: max(1, len(head) // DIVERSITY_LISTS)], self._directions
                ),
                "popularity_lift": metrics.popularity_lift(
                    head, seen if mask is None else seen[mask], self._popularity
                ),
            }
        return found | {"customers": float(len(ranked))}

    def ndcg_of_each(self, ranked: NDArray[np.int64]) -> NDArray[np.float64]:
        """nDCG@k of every asked customer, in their order: what intervals and paired comparisons are made of."""
        _asked, relevant, _seen, _repeats = self._facts
        counts = np.diff(relevant.indptr).astype(np.int64)
        return metrics.ndcg_of_each(metrics.hits(ranked, relevant), counts, self.k)

    def compare(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> dict[str, float]:
        """Difference in nDCG@k (`one` minus `other`) on the same customers, with its 95 % bootstrap interval, the
        p-value of a sign-flip test and the share of customers that each serves better."""
        gap = self.ndcg_of_each(one) - self.ndcg_of_each(other)
        low, high = metrics.interval(gap, seed=self.seed)
        return {
            "difference": float(gap.mean()), "low": low, "high": high,
            "p_value": metrics.paired_p(gap, seed=self.seed),
            "better_for": float((gap > 0).mean()), "worse_for": float((gap < 0).mean()),
        }  # fmt: skip

    def latency(self, model: Recommender, *, requests: int = 500) -> dict[str, float]:
        """Milliseconds for one list with reasons, one customer after the other: median and 99th percentile."""
        asked, _relevant, seen, _repeats = self._facts
        if len(asked) == 0:
            return {}
        rng = np.random.default_rng(self.seed)
        pairs = self.visible.pairs()
        starts = np.searchsorted(pairs.customers, np.arange(self.split.train.customer_count + 1))
        taken = []
        for row in rng.integers(len(asked), size=requests):
            part = slice(starts[asked[row]], starts[asked[row] + 1])
            history = list(zip(pairs.items[part].tolist(), pairs.values[part].tolist(), strict=True))
            exclude = seen[row].indices.tolist()
            before = time.perf_counter()
            model.recommend(history, self.k, exclude)
            taken.append((time.perf_counter() - before) * 1000.0)
        middle, slow = np.percentile(taken, [50, 99])
        return {"recommend_ms_p50": float(middle), "recommend_ms_p99": float(slow)}


def rounded(measures: dict[str, Any], digits: int = 6) -> dict[str, Any]:
    """The same numbers, short enough to read and store."""
    return {name: round(value, digits) if isinstance(value, float) else value for name, value in measures.items()}


def _ones(matrix: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
