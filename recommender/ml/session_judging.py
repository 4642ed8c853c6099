"""How well a strategy foretells the next act of a session, and how sure one can be of the difference to another."""

import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml import metrics
from recommender.ml.item_facts import unit_rows
from recommender.ml.judging import DIVERSITY_LISTS, FEW_ITEMS
from recommender.ml.ranking import NOTHING
from recommender.ml.session_models import SessionStrategy, complete
from recommender.ml.sessions import Prefixes, Sessions

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Answers:
    """Lists of one strategy for every test moment and, per moment, the reciprocal place of what came next (0: not in
    the list)."""

    ranked: NDArray[np.int64]
    reciprocal: NDArray[np.float64]

    @property
    def hits(self) -> NDArray[np.float64]:
        """1 where the list held what came next."""
        return (self.reciprocal > 0).astype(np.float64)


@dataclass(frozen=True)
class SessionExam:
    """Test moments. Lists that a strategy cannot fill are completed by what is popular of late. `popularity` counts
    the acts of training per item."""

    prefixes: Prefixes
    popularity: NDArray[np.float64]
    k: int = 20
    seed: int = 0

    def ask(self, strategy: SessionStrategy) -> Answers:
        """Lists of length k for all moments."""
        context = self.prefixes.context
        short = strategy.rank(context, self.k)
        ranked = complete(short, strategy.popularity, context, repeats=strategy.repeats)
        right = ranked == self.prefixes.targets[:, None]
        return Answers(ranked, np.where(right.any(axis=1), 1.0 / (right.argmax(axis=1) + 1), 0.0))

    def measures(self, answers: Answers, mask: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """Hit rate (of one relevant item: precision@k as session papers call it), MRR, share of the items that
        anybody is shown, and popularity bias: mean popularity of shown items, the most popular item being 1. Of all
        moments or of those in `mask`."""
        if mask is not None:
            answers = Answers(answers.ranked[mask], answers.reciprocal[mask])
        shown = answers.ranked[answers.ranked != NOTHING]
        highest = float(self.popularity.max(initial=0.0))
        return {
            f"precision@{self.k}": float(answers.hits.mean()),
            f"mrr@{self.k}": float(answers.reciprocal.mean()),
            "coverage": metrics.coverage(answers.ranked, len(self.popularity)),
            "popularity_bias": float(self.popularity[shown].mean() / highest) if len(shown) and highest else 0.0,
        }

    def measures_beyond(self, answers: Answers, sessions: Sessions) -> dict[str, float]:
        """Gini, novelty and diversity within lists, as `judging.Exam` has them for customers. `sessions` are those of
        training: who met an item, and which items are alike because the same sessions hold them."""
        ones = np.ones(len(sessions.items))
        met = sp.csr_matrix((ones, (sessions.items, sessions.owners())), shape=(sessions.item_count, len(sessions)))
        met.data[:] = 1.0  # twice in one session is met once
        some = answers.ranked[:: max(1, len(answers.ranked) // DIVERSITY_LISTS)]
        return {
            "gini": metrics.gini(answers.ranked, sessions.item_count),
            "novelty": metrics.novelty(answers.ranked, np.diff(met.indptr), len(sessions)),
            "diversity": metrics.diversity_in_lists(some, unit_rows(met)),
        }

    def measures_by_group(self, answers: Answers) -> dict[str, dict[str, float]]:
        """The measures of moments by how many items the session held by then that training knows: new (none), few (1
        to 4) and many (5 and more); groups that somebody is in."""
        known = (self.prefixes.context != NOTHING).sum(axis=1)
        groups = {"new": known == 0, "few": (known > 0) & (known < FEW_ITEMS), "many": known >= FEW_ITEMS}
        return {
            name: self.measures(answers, mask) | {"moments": float(mask.sum())}
            for name, mask in groups.items()
            if bool(mask.any())
        }

    def interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Bootstrap interval of a mean over moments. Moments of one session are drawn together, because they are
        alike: with single ones the interval would be too narrow. Efron (1979); cluster form of Field & Welsh (2007)."""
        _sessions, group = np.unique(self.prefixes.sessions, return_inverse=True)
        sums, counts = np.bincount(group, values), np.bincount(group)
        rng = np.random.default_rng(self.seed)
        drawn = rng.integers(len(sums), size=(RESAMPLES, len(sums)), dtype=np.int32)
        means = np.array([sums[rows].sum() / counts[rows].sum() for rows in drawn])
        low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return float(low), float(high)

    def compared(self, answers: Answers, reference: Answers) -> dict[str, float]:
        """Difference to the reference on the same moments, with intervals: certain where both ends have one sign. The
        p-value is that of a sign-flip test; moments of one session keep one sign, as they are drawn together."""
        found: dict[str, float] = {}
        _sessions, group = np.unique(self.prefixes.sessions, return_inverse=True)
        pairs = (
            (f"precision@{self.k}", answers.hits - reference.hits),
            (f"mrr@{self.k}", answers.reciprocal - reference.reciprocal),
        )
        for name, difference in pairs:
            low, high = self.interval(difference)
            found |= {name: float(difference.mean()), f"{name} low": low, f"{name} high": high}
            found[f"{name} p_value"] = metrics.paired_p(
                np.bincount(group, difference).astype(np.float64), seed=self.seed
            )
        return found

    def latency(self, strategy: SessionStrategy, *, requests: int = 300) -> dict[str, float]:
        """Milliseconds for one list with reasons, one visitor after the other: median and 99th percentile."""
        rng = np.random.default_rng(self.seed)
        barred = np.zeros(len(self.popularity), bool)
        taken = []
        for row in rng.integers(len(self.prefixes), size=requests):
            before = time.perf_counter()
            strategy.recommend(self.prefixes.context[row], self.k, barred)
            taken.append((time.perf_counter() - before) * 1000.0)
        middle, slow = np.percentile(taken, [50, 99])
        return {"recommend_ms_p50": float(middle), "recommend_ms_p99": float(slow)}
