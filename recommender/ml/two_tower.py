"""A two-tower network as a source of candidates: what a history asks for and what an item offers, as vectors.

Only learning needs TensorFlow (`deep`); what is learned are item neighbours, served by numpy like all others.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from recommender.ml.content import Content
from recommender.ml.interactions import Interactions, Pairs
from recommender.ml.item_facts import ItemFacts
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting

BLOCK_NUMBERS = 8_000_000
NO_ITEM = -1


@dataclass(frozen=True)
class TwoTowerParams:
    """`dimensions` of the vectors, `context` items of a history that a training example listens to, `epochs` over at
    most `max_examples` examples, `temperature` of the softmax. When answering: likeness^`sharpness` times
    (1 + customers)^`popularity` of the shown item, cut to `neighbours`; r(u,j) by `history_weighting`, `half_life`."""

    dimensions: int = 64
    context: int = 20
    epochs: int = 10
    temperature: float = 0.1
    max_examples: int = 300_000
    neighbours: int = 200
    sharpness: float = 2.0
    popularity: float = 0.2
    history_weighting: HistoryWeighting = "log"
    half_life: float = 10.0

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one network."""
        plain = TwoTowerParams()
        return replace(
            self, neighbours=plain.neighbours, sharpness=plain.sharpness, popularity=plain.popularity,
            history_weighting=plain.history_weighting, half_life=plain.half_life,
        )  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """What networks learn from: `context` [examples × length] items that came before, newest first (NO_ITEM after the
    end), `target` [examples] the item that followed."""

    context: NDArray[np.int32]
    target: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.target)

    @classmethod
    def of(cls, pairs: Pairs, length: int, limit: int, seed: int) -> Self:
        """Every item of every customer but his first with the `length` items before it; drawn when over `limit`."""
        after = np.flatnonzero(np.r_[pairs.customers[:-1] == pairs.customers[1:], False])
        if len(after) > limit:
            after = np.sort(np.random.default_rng(seed).choice(after, limit, replace=False))
        # pairs stand newest first, so what came before an item stands behind it
        at = after[:, None] + 1 + np.arange(length)
        inside = np.minimum(at, max(len(pairs.items) - 1, 0))
        own = (at < len(pairs.items)) & (pairs.customers[inside] == pairs.customers[after][:, None])
        context = np.where(own, pairs.items[inside], NO_ITEM).astype(np.int32)
        return cls(context, pairs.items[after].astype(np.int32))


class TwoTower(ItemToItem):
    """`R(u,i) = Σ_j r(u,j)·max(0, a_j·o_i)^q·n_i^p`: a_j what item j of a history asks for, o_i what item i offers.

    Both vectors have length one and come from networks over an embedding of the item and its description (TF-IDF cut
    to its main components), so an item that nobody chose yet has them too. The network learns to tell the item that
    followed from those that followed for others (softmax over the batch, corrected by how often an item is drawn);
    Covington et al. (2016), Yi et al. (2019). A customer is the sum of what his items ask for: linear, so the score
    splits exactly into reasons and serves as item neighbours.
    """

    def __init__(
        self,
        facts: ItemFacts,
        params: TwoTowerParams | None = None,
        *,
        fallback: Popularity | None = None,
        name: str = "two_tower",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.facts = facts
        self.params = params or TwoTowerParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.seed = seed
        self.attention = Attention(self.params.history_weighting, self.params.half_life)
        self.asking: NDArray[np.float32] = np.empty((0, self.params.dimensions), np.float32)
        self.offering: NDArray[np.float32] = np.empty((0, self.params.dimensions), np.float32)
        self.customers: NDArray[np.float64] = np.empty(0)

    def fit(self, interactions: Interactions) -> Self:
        from recommender.ml import deep

        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        pairs = interactions.pairs()
        self.customers = np.bincount(pairs.items, minlength=interactions.item_count).astype(np.float64)
        examples = Examples.of(pairs, self.params.context, self.params.max_examples, self.seed)
        described = described_by(self.facts, interactions, self.params.dimensions, seed=self.seed)
        self.asking, self.offering = deep.learn_towers(examples, described, self.params, seed=self.seed)
        return self._cut()

    def with_params(self, params: TwoTowerParams) -> "TwoTower":
        """The same network, answering in another way."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = TwoTower(self.facts, params, fallback=self.fallback, name=self.name, seed=self.seed)
        twin.popularity, twin.customers = self.popularity, self.customers
        twin.asking, twin.offering = self.asking, self.offering
        return twin._cut()

    def _cut(self) -> Self:
        """Neighbours from the vectors, in blocks."""
        size = len(self.asking)
        lift = (1.0 + self.customers) ** self.params.popularity
        spoken, alike = Rows(), Rows()
        step = max(1, BLOCK_NUMBERS // max(size, 1))
        for start in range(0, size, step):
            rows = slice(start, start + step)
            asked = np.maximum(self.asking[rows] @ self.offering.T, 0.0).astype(np.float64)
            near = np.maximum(self.offering[rows] @ self.offering.T, 0.0)
            asked[np.arange(len(asked)), np.arange(start, start + len(asked))] = 0.0
            near[np.arange(len(near)), np.arange(start, start + len(near))] = 0.0
            asked = asked**self.params.sharpness * lift
            for row, (values, likeness) in enumerate(zip(asked, near, strict=True), start):
                head = _head(values, self.params.neighbours)
                spoken.add_best(row, head, values[head], self.params.neighbours, self.popularity)
                head = _head(likeness, SIMILAR_ITEMS)
                alike.add_best(row, head, likeness[head], SIMILAR_ITEMS, self.popularity)
        self.spoken, self.alike = spoken.matrix(size), alike.matrix(size)
        self.spoken.sort_indices()
        return self


def described_by(facts: ItemFacts, interactions: Interactions, dimensions: int, *, seed: int) -> NDArray[np.float32]:
    """Items × at most `dimensions`: the main components of how items are described (truncated SVD), rows of length one
    or zero. No columns where nothing is known."""
    weights = Content(facts).weights_of(interactions.item_count)
    wanted = min(dimensions, min(weights.shape) - 1)
    if wanted < 1 or weights.nnz == 0:
        return np.zeros((interactions.item_count, 0), np.float32)
    start = np.random.default_rng(seed).normal(size=min(weights.shape))
    with threadpool_limits(1):
        left, spread, _right = svds(sp.csr_matrix(weights, dtype=np.float64), k=wanted, v0=start)
    found = left * spread
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 1e-9).astype(np.float32)


def _head(values: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Where the highest positive values stand, at least as many as asked for where there are; ties beyond stay out."""
    positive = np.flatnonzero(values > 0)
    if len(positive) <= count:
        return positive
    return positive[np.argpartition(-values[positive], count - 1)[:count]]
