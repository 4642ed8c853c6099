"""Choosing parameters and strategy on a validation part of the training data, never on what is judged."""

import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.judging import PRIMARY, Exam
from recommender.ml.popularity import Popularity
from recommender.ml.splits import Protocol, split

SAMPLE = 200_000
"""Interactions that tuning looks at; a larger shop is tuned on a sample of its customers, so the cost is bounded."""
HALF_LIVES = (7.0, 30.0, 90.0, 365.0)
STEPS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("damping", (0.0, 0.25, 0.5, 0.75)),
    ("weighting", ("log", "binary", "value", "bm25", "idf")),
    ("alpha", (0.2, 0.3, 0.4, 0.5)),
    ("neighbours", (20, 50, 100, 200)),
    ("sharpness", (0.7, 1.0, 1.5, 2.0)),
    ("shrinkage", (0.0, 5.0, 20.0)),
    ("history_weighting", ("log", "value")),
    ("half_life", (10.0, 30.0, 100.0)),
    ("alpha", (0.2, 0.3, 0.4, 0.5)),
    ("neighbours", (20, 50, 100, 200)),
)
"""One parameter after the other, each from the best values so far. `half_life` has no 0: the newest act of a visitor
always speaks loudest."""


@dataclass(frozen=True)
class Choice:
    """What validation decided. `validation` has nDCG@10 by strategy, `tried` the parameter sets that were measured."""

    strategy: str
    params: ItemKnnParams
    half_life_days: float | None
    validation: dict[str, float]
    tried: int
    protocol: str
    sampled: bool


def choose(
    train: Interactions,
    *,
    protocol: Protocol,
    seed: int = 0,
    time_budget: float | None = None,
    history_limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    known: Mapping[str, float] | None = None,
    remember: Callable[[str, float], None] | None = None,
) -> Choice:
    """Hold back a part of `train` by `protocol`, tune item neighbours and popularity on it, name the better strategy.

    `remember` is told the name and score of every parameter set that was measured; given back as `known` with the same
    `train` and `seed`, none of them is measured again. Stops early after `time_budget` seconds with the best so far.
    Where validation has nobody to ask, the default parameters stand and the strategy is item_knn.
    """
    started = time.monotonic()
    part = sample_customers(train, limit=SAMPLE, seed=seed)
    exam = Exam(split(part, protocol, seed=seed), max_customers=5000, seed=seed, history_limit=history_limit)
    sampled = len(part) < len(train)
    if len(exam.customers) == 0:
        return Choice("item_knn", ItemKnnParams(), None, {}, 0, protocol, sampled)

    past = exam.split.train
    plain = Popularity()
    validation = {"popularity": exam.judge(plain.fit(past))[PRIMARY]}
    half_life_days = None
    if train.has_times:
        recent = {days: exam.judge(Popularity(half_life_days=days).fit(past))[PRIMARY] for days in HALF_LIVES}
        half_life_days = max(recent, key=lambda days: recent[days])
        validation["popularity_recent"] = recent[half_life_days]

    search = _Search(exam, fallback_for(validation, half_life_days), known or {}, remember)
    best = ItemKnnParams()
    best_score = search.score(best)
    for done, (name, values) in enumerate(STEPS):
        for value in values:
            if time_budget is not None and time.monotonic() - started > time_budget:
                break
            params = replace(best, **{name: value})
            score = search.score(params)
            if score > best_score:
                best, best_score = params, score
        if progress:
            progress(done + 1, len(STEPS))
    validation["item_knn"] = best_score
    strategy = max(validation, key=lambda name: validation[name])
    return Choice(strategy, best, half_life_days, validation, len(search.scores), protocol, sampled)


def fallback_for(validation: dict[str, float], half_life_days: float | None) -> Popularity:
    """What completes short lists: recent popularity where validation found it better than that of all time."""
    recent = validation.get("popularity_recent", 0.0) > validation.get("popularity", 0.0)
    return Popularity(half_life_days=half_life_days if recent else None)


def sample_customers(interactions: Interactions, *, limit: int, seed: int) -> Interactions:
    """All rows of randomly drawn customers, about `limit` rows in all; everything when there are no more."""
    if len(interactions) <= limit:
        return interactions
    drawn = np.random.default_rng(seed).permutation(interactions.customer_count)
    rows = np.bincount(interactions.customers, minlength=interactions.customer_count)
    kept = drawn[: int(np.searchsorted(np.cumsum(rows[drawn]), limit)) + 1]
    member = np.zeros(interactions.customer_count, bool)
    member[kept] = True
    return interactions.take(member[interactions.customers])


class _Search:
    """Scores of parameter sets; what was learned last serves all sets that differ in answering only."""

    def __init__(
        self,
        exam: Exam,
        fallback: Popularity,
        known: Mapping[str, float],
        remember: Callable[[str, float], None] | None,
    ) -> None:
        self.exam, self.fallback, self.known, self.remember = exam, fallback, known, remember
        self.scores: dict[ItemKnnParams, float] = {}
        self._model: ItemKnn | None = None

    def score(self, params: ItemKnnParams) -> float:
        name = "|".join(str(value) for value in astuple(params))
        if params not in self.scores and name in self.known:
            self.scores[params] = self.known[name]
        if params not in self.scores:
            if self._model is not None and self._model.params.learned() == params.learned():
                model = self._model.with_params(params)
            else:
                model = self._model = ItemKnn(params, fallback=self.fallback).fit(self.exam.split.train)
            self.scores[params] = self.exam.judge(model)[PRIMARY]
            if self.remember:
                self.remember(name, self.scores[params])
        return self.scores[params]
