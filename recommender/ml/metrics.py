"""How good ranked lists are. All on arrays over many customers at once, each customer counting the same.

`hits` is boolean, customers × places, True where the item at that place is relevant; `relevant` counts each customer's
relevant items (≥ 1: customers without any are left out before). All results lie in [0, 1] unless said otherwise.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.ranking import NOTHING

Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]


def hits(ranked: NDArray[np.integer], relevant: sp.csr_matrix) -> Hits:
    """Where the ranked items (customers × places; -1 where a list ended) are among the customer's relevant ones."""
    items = relevant.shape[1]
    matrix = sp.csr_matrix(relevant)
    matrix.sort_indices()
    owners = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys = owners * items + matrix.indices
    asked = np.arange(len(ranked), dtype=np.int64)[:, None] * items + ranked
    if len(keys) == 0:
        return np.zeros(ranked.shape, bool)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return (keys[at] == asked) & (ranked != NOTHING)


def ndcg_at_k(hits: Hits, relevant: Counts, k: int) -> float:
    """Binary nDCG: Σ hit/log2(place + 1), places from 1, divided by its value when the first min(relevant, k) all hit.

    Järvelin & Kekäläinen (2002).
    """
    return _mean(ndcg_of_each(hits, relevant, k))


def ndcg_of_each(hits: Hits, relevant: Counts, k: int) -> NDArray[np.float64]:
    """nDCG@k of every customer."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.r_[0.0, np.cumsum(discount)][np.minimum(relevant, k)]
    return np.asarray(hits[:, :k] @ discount[: hits.shape[1]] / ideal, np.float64)


def map_at_k(hits: Hits, relevant: Counts, k: int) -> float:
    """Mean average precision: precision at every hit's place, summed and divided by min(relevant, k)."""
    cut = hits[:, :k]
    precision = np.cumsum(cut, axis=1) / np.arange(1, cut.shape[1] + 1)
    return _mean((precision * cut).sum(axis=1) / np.minimum(relevant, k))


def precision_at_k(hits: Hits, k: int) -> float:
    """Share of the k places that hit; a list shorter than k is not excused."""
    return _mean(hits[:, :k].sum(axis=1) / k)


def recall_at_k(hits: Hits, relevant: Counts, k: int) -> float:
    """Share of the customer's relevant items that the first k places hold."""
    return _mean(hits[:, :k].sum(axis=1) / relevant)


def hit_rate_at_k(hits: Hits, k: int) -> float:
    """Share of customers with at least one hit in the first k places."""
    return _mean(np.any(hits[:, :k], axis=1).astype(np.float64))


def mrr_at_k(hits: Hits, k: int) -> float:
    """Mean of 1 / place of the first hit, 0 when the first k places have none."""
    cut = hits[:, :k]
    if cut.shape[1] == 0:
        return 0.0
    return _mean(np.where(cut.any(axis=1), 1.0 / (cut.argmax(axis=1) + 1), 0.0))


def coverage(ranked: NDArray[np.integer], item_count: int) -> float:
    """Share of the catalogue's items that at least one customer is shown."""
    shown = np.unique(ranked[ranked != NOTHING])
    return len(shown) / item_count if item_count else 0.0


def novelty(ranked: NDArray[np.integer], popularity: NDArray[np.floating], customer_count: int) -> float:
    """Mean self-information −log2(share of customers who already met the item) over all places, in bits, ≥ 0.

    An item that nobody met counts as met by one. Zhou et al. (2010).
    """
    shown = ranked[ranked != NOTHING]
    if len(shown) == 0 or customer_count == 0:
        return 0.0
    return float(-np.log2(np.clip(popularity[shown], 1, customer_count) / customer_count).mean())


def gini(ranked: NDArray[np.integer], item_count: int) -> float:
    """How unevenly the places go to the catalogue's items: 0 all alike, towards 1 a few take everything."""
    counts = np.sort(np.bincount(ranked[ranked != NOTHING], minlength=item_count).astype(np.float64))
    if item_count == 0 or counts.sum() == 0:
        return 0.0
    places = np.arange(1, item_count + 1)
    return float((2 * places - item_count - 1) @ counts / (item_count * counts.sum()))


def popularity_lift(ranked: NDArray[np.integer], histories: sp.csr_matrix, popularity: NDArray[np.floating]) -> float:
    """How much more popular what is shown is than what the same customers chose, on average: 0 as popular, 1 twice as
    popular. Customers without history are left out. Abdollahpouri et al. (2019)."""
    counts = np.diff(histories.indptr)
    known = (counts > 0) & (ranked != NOTHING).any(axis=1)
    if not known.any():
        return 0.0
    own = np.bincount(np.repeat(np.arange(len(counts)), counts), popularity[histories.indices], minlength=len(counts))
    shown = np.where(ranked != NOTHING, popularity[ranked], 0.0).sum(axis=1) / np.maximum(
        (ranked != NOTHING).sum(axis=1), 1
    )
    return float(shown[known].mean() / (own[known] / counts[known]).mean() - 1.0)


def diversity_in_lists(ranked: NDArray[np.integer], vectors: sp.csr_matrix) -> float:
    """1 − mean cosine of two items of the same list, `vectors` with a row of length one (or zero) per item.
    Ziegler et al. (2005)."""
    found = []
    for row in ranked:
        items = row[row != NOTHING]
        if len(items) > 1:
            own = vectors[items]
            alike = (own @ own.T).toarray()
            found.append(1.0 - (alike.sum() - np.trace(alike)) / (len(items) * (len(items) - 1)))
    return float(np.mean(found)) if found else 0.0


def interval(values: NDArray[np.floating], *, seed: int = 0, resamples: int = 1000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over customers (percentiles). Efron (1979)."""
    if len(values) == 0:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def paired_p(differences: NDArray[np.floating], *, seed: int = 0, flips: int = 2000) -> float:
    """Two-sided p-value that paired differences have a mean of zero: how often random signs give a mean as far from
    zero. At least 1 / (flips + 1). Fisher (1935); for ranking measures Smucker, Allan & Carterette (2007)."""
    moved = np.asarray(differences, np.float64)
    moved = moved[moved != 0]
    if len(moved) == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    reached, most = 0, abs(moved.sum()) * (1 - 1e-12)
    step = max(1, 4_000_000 // len(moved))
    for start in range(0, flips, step):
        signs = 2 * rng.integers(2, size=(min(step, flips - start), len(moved)), dtype=np.int8) - 1
        reached += int((np.abs(signs @ moved) >= most).sum())
    return (reached + 1) / (flips + 1)


def _mean(values: NDArray[np.floating]) -> float:
    return float(values.mean()) if len(values) else 0.0
