"""Content-based ranking: items that are described alike; the only method that knows an item before anybody chose it."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts, tf_idf, words
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting

BLOCK_NUMBERS = 8_000_000


@dataclass(frozen=True)
class ContentParams:
    """How much text, attributes and pictures say (each as a cosine), how many neighbours an item of a history keeps,
    and how r(u,j) is shaped. `popularity` is an exponent: likeness times (1 + customers)^popularity, which lets known
    goods through; what nobody met yet counts as the others do on average, because new is not unpopular."""

    text: float = 1.0
    attributes: float = 1.0
    picture: float = 1.0
    popularity: float = 0.0
    neighbours: int = 100
    history_weighting: HistoryWeighting = "log"
    half_life: float = 10.0

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, history_weighting="log", half_life=10.0)


class Content(ItemToItem):
    """`R(u,i) = Σ_{k∈C(i)} w(i,k)·p(u,k)`: w the weights of an item's attributes (TF-IDF, rows of length one) and
    `p(u,k) = Σ_j r(u,j)·w(j,k)` what the customer's history says about attribute k, newer items more. Summed over k
    that is `Σ_j r(u,j)·cos(j,i)`, the item–item form that ranks here, cut to the nearest. Pazzani & Billsus (2007).
    """

    def __init__(
        self,
        facts: ItemFacts,
        params: ContentParams | None = None,
        *,
        fallback: Popularity | None = None,
        name: str = "content",
    ) -> None:
        super().__init__()
        self.facts = facts
        self.params = params or ContentParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life)
        self.weights: sp.csr_matrix = sp.csr_matrix((0, 0))

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        size = interactions.item_count
        self.weights = self.weights_of(size)
        lift = self._lift(interactions.popularity())
        spoken, alike = Rows(), Rows()
        worded, pictures = self._worded(size), self._pictures()
        others = sp.csr_matrix(worded.T)
        step = max(1, BLOCK_NUMBERS // max(size, 1))
        for start in range(0, size, step):
            block = (worded[start : start + step] @ others).toarray()
            if pictures is not None:  # every picture has all numbers: as a sparse matrix that would take minutes
                block += pictures[start : start + step] @ pictures.T
            for row, likeness in enumerate(block, start):
                likeness[row] = 0.0
                items = np.flatnonzero(likeness > 1e-9)
                alike.add_best(row, items, likeness[items], SIMILAR_ITEMS, self.popularity)
                spoken.add_best(row, items, likeness[items] * lift[items], self.params.neighbours, self.popularity)
        self.spoken, self.alike = spoken.matrix(size), alike.matrix(size)
        self.spoken.sort_indices()
        return self

    def with_params(self, params: ContentParams) -> "Content":
        """The same likeness, answering with another `history_weighting` or `half_life`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = Content(self.facts, params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike, twin.weights = self.popularity, self.spoken, self.alike, self.weights
        return twin

    def _lift(self, popularity: NDArray[np.floating]) -> NDArray[np.float64]:
        lift = np.asarray((1.0 + popularity) ** self.params.popularity, np.float64)
        is_met = popularity > 0
        if is_met.any():
            lift[~is_met] = lift[is_met].mean()
        return lift

    def preferences(self, history: History) -> NDArray[np.float64]:
        """p(u,k): what a history says about every attribute."""
        items = [item for item, _weight in history]
        force = self.attention(np.array([weight for _item, weight in history], np.float64), np.arange(len(items)))
        return np.asarray(force @ self.weights[items]).ravel()

    def by_preferences(self, preferences: NDArray[np.float64]) -> NDArray[np.float64]:
        """R(u,i) of all items from p(u,k), uncut."""
        return np.asarray(self.weights @ preferences).ravel()

    def weights_of(self, size: int) -> sp.csr_matrix:
        """Items × attributes: the known kinds of facts side by side, each scaled so that products add up to the
        weighted cosines."""
        pictures = self._pictures()
        parts = [self._worded(size), *([] if pictures is None else [sp.csr_matrix(pictures.astype(np.float64))])]
        return sp.csr_matrix(sp.hstack(parts, format="csr"))

    def _worded(self, size: int) -> sp.csr_matrix:
        """What texts and attributes say."""
        parts: list[sp.csr_matrix] = []
        if len(self.facts.texts) and self.params.text:
            parts.append(tf_idf([words(text) for text in self.facts.texts]) * np.sqrt(self.params.text))
        if len(self.facts.attributes) and self.params.attributes:
            parts.append(tf_idf(self.facts.attributes, most=1.0) * np.sqrt(self.params.attributes))
        if not parts:
            return sp.csr_matrix((size, 0))
        return sp.csr_matrix(sp.hstack(parts, format="csr") / np.sqrt(sum(self._shares())))

    def _pictures(self) -> NDArray[np.float32] | None:
        """What pictures say, float32 [items, D]; None where nobody knows any. Items without a picture are zero."""
        vectors = self.facts.vectors
        if vectors is None or not vectors.shape[1] or not self.params.picture:
            return None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape, np.float64), where=lengths > 0)
        return np.asarray(unit * np.sqrt(self.params.picture / sum(self._shares())), np.float32)

    def _shares(self) -> list[float]:
        facts, params = self.facts, self.params
        known = (
            (params.text, len(facts.texts) > 0),
            (params.attributes, len(facts.attributes) > 0),
            (params.picture, facts.vectors is not None and facts.vectors.shape[1] > 0),
        )
        return [share for share, is_known in known if is_known and share]
