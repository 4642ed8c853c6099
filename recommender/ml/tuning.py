"""Choosing parameters, weights and strategy on a validation part of the training data, never on what is judged."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any

import numpy as np

from recommender.ml.blend import Evidence, Source, gather, learn_weights
from recommender.ml.ease import EaseParams
from recommender.ml.interactions import Interactions
from recommender.ml.judging import PRIMARY, Exam
from recommender.ml.popularity import Popularity
from recommender.ml.sources import Kitchen, Recipe, Size, recipes_for
from recommender.ml.splits import Protocol, split

SAMPLE = 200_000
"""Interactions that tuning looks at; a larger shop is tuned on a sample of its customers, so the cost is bounded."""
ASKED, ASKED_SCORES = 5000, 2e8
"""Customers that a parameter set is tried on, fewer where there are many items."""
HALF_LIVES = (7.0, 30.0, 90.0, 365.0)
PLAIN_IN = ("weighting", "damping", "history_weighting", "half_life")
"""What of EASE's parameters the published form fixes."""
TUNED_ITEMS = 4_000
"""EASE is tuned on so many of the most chosen items: its cost grows with the cube of their number."""
LEANING = 1.02
"""The blend may look this much worse than the best single method and is still chosen: theirs is the best of many looks
at the same customers, its own is cross-fitted."""
BLEND_SHARE = 0.7
"""Part of the time budget that the search over parameters may use; the rest is for the weights."""
REPEATS = 3
"""Where the validation part is drawn at random, weights are learned on so many draws together."""
REPEAT_EVENTS = 150_000


@dataclass(frozen=True)
class Trial:
    """One parameter set that was measured: nDCG@10 on the validation part, and processor seconds of learning (what an
    earlier trial had learned already is not learned again) and ranking."""

    source: str
    parameters: dict[str, Any]
    score: float
    cpu_seconds: float


@dataclass(frozen=True)
class Choice:
    """What validation decided. `validation` has nDCG@10 by strategy (the blend's is cross-fitted), `params` those of
    every source that was made, `weights` the blend's by source (empty without a blend); `trials` are all parameter sets
    that were measured, in their order; `ease_items` counts the items that EASE would have to hold."""

    strategy: str
    params: dict[str, Any]
    weights: dict[str, float]
    half_life_days: float | None
    validation: dict[str, float]
    protocol: str
    sampled: bool
    kitchen: Kitchen = field(default_factory=Kitchen, repr=False)
    trials: tuple[Trial, ...] = field(default=(), repr=False)
    ease_items: int = 0

    @property
    def tried(self) -> int:
        """How many parameter sets of sources were measured."""
        return sum(trial.source in self.params for trial in self.trials)

    def parameters(self) -> dict[str, Any]:
        """Plain data: parameters by source."""
        return {name: asdict(params) for name, params in self.params.items()}

    @property
    def plain_ease(self) -> EaseParams | None:
        """The published form of EASE, 0/1 and uncut, with the λ that was best for it; None where it is too large to be
        made as a mere reference."""
        plain = EaseParams(neighbours=TUNED_ITEMS)
        asked = asdict(plain)
        found = [
            trial
            for trial in self.trials
            if trial.source == "ease" and all(trial.parameters[name] == asked[name] for name in PLAIN_IN)
        ]
        if not found or self.ease_items > TUNED_ITEMS:
            return None
        best = max(found, key=lambda trial: trial.score)
        return replace(plain, regularisation=best.parameters["regularisation"])

    def told_trials(self) -> list[dict[str, Any]]:
        """Plain data: every trial, and whether its parameters are those that were chosen."""
        chosen = self.parameters() | {"popularity_recent": {"half_life_days": self.half_life_days}}
        return [asdict(trial) | {"chosen": chosen.get(trial.source) == trial.parameters} for trial in self.trials]


def choose(
    train: Interactions,
    *,
    protocol: Protocol,
    seed: int = 0,
    time_budget: float | None = None,
    history_limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    known: Mapping[str, Sequence[float]] | None = None,
    remember: Callable[[str, float, float], None] | None = None,
    kitchen: Kitchen | None = None,
    only: Collection[str] | None = None,
) -> Choice:
    """Hold back a part of `train` by `protocol`, tune each method that the shop can pay for and popularity on it, learn
    how to blend them, name the best strategy.

    `remember` is told the name, score and processor seconds of every parameter set that was measured; given back as
    `known` (name to both) with the same `train` and `seed`, none of them is measured again. Stops early after
    `time_budget` processor seconds with the best so far. `only` these sources are looked at, all by default. Where
    validation has nobody to ask, the default parameters stand and the strategy is item_knn.
    """
    clock = _Clock(time_budget)
    kitchen = kitchen or Kitchen(seed=seed)
    part = sample_customers(train, limit=SAMPLE, seed=seed)
    most = Exam.affordable(ASKED, part.item_count, scores=ASKED_SCORES)
    exam = Exam(split(part, protocol, seed=seed), max_customers=most, seed=seed, history_limit=history_limit)
    sampled = len(part) < len(train)
    recipes = [r for r in recipes_for(Size.of(train, time_budget), kitchen) if only is None or r.name in only]
    if len(exam.customers) == 0:
        params = {recipe.name: recipe.start for recipe in recipes if recipe.name == "item_knn"}
        return Choice("item_knn", params, {}, None, {}, protocol, sampled, kitchen)

    past = exam.split.train
    validation = {"popularity": exam.judge(Popularity().fit(past))[PRIMARY]}
    half_life_days = None
    tried: list[Trial] = []
    if train.has_times:
        tried = [_recent(exam, days) for days in HALF_LIVES]
        best_recent = max(tried, key=lambda trial: trial.score)
        half_life_days = best_recent.parameters["half_life_days"]
        validation["popularity_recent"] = best_recent.score
    fallback = fallback_for(validation, half_life_days)

    search = _Search(exam, fallback, kitchen, known or {}, remember)
    params = {}
    total, done = sum(len(recipe.steps) for recipe in recipes), 0
    for recipe in recipes:
        until = clock.share(sum(r.share for r in recipes[: len(params) + 1]) / sum(r.share for r in recipes))
        best, best_score = recipe.start, search.score(recipe, recipe.start)
        for name, values in recipe.steps:
            for value in values:
                if clock.past(until):
                    break
                trial = replace(best, **{name: value})
                score = search.score(recipe, trial)
                if score > best_score:
                    best, best_score = trial, score
            done += 1
            if progress:
                progress(done, total)
        params[recipe.name], validation[recipe.name] = best, best_score

    weights: dict[str, float] = {}
    if len(recipes) > 1:
        learned, gains, ease = _weigh(part, exam, recipes, params, fallback, kitchen, clock)
        if ease is not None:
            validation["ease"] = ease
        strongest = max(gains, key=lambda name: validation[name])
        validation["blend"] = validation[strongest] + gains[strongest]
        weights = {recipe.name: weight for recipe, weight in zip(recipes, learned, strict=True)}
    strategy = max(validation, key=lambda name: validation[name] * (LEANING if name == "blend" else 1.0))
    return Choice(
        strategy, params, weights, half_life_days, validation, protocol, sampled, kitchen,
        (*tried, *search.trials.values()), train.item_count,
    )  # fmt: skip


def fallback_for(validation: dict[str, float], half_life_days: float | None) -> Popularity:
    """What completes short lists: recent popularity where validation found it better than that of all time."""
    recent = validation.get("popularity_recent", 0.0) > validation.get("popularity", 0.0)
    return Popularity(half_life_days=half_life_days if recent else None)


def _recent(exam: Exam, half_life_days: float) -> Trial:
    started = time.process_time()
    score = exam.judge(Popularity(half_life_days=half_life_days).fit(exam.split.train))[PRIMARY]
    return Trial("popularity_recent", {"half_life_days": half_life_days}, score, time.process_time() - started)


def sample_customers(interactions: Interactions, *, limit: int, seed: int) -> Interactions:
    """All rows of randomly drawn customers, about `limit` rows in all; everything when there are no more. The drawn
    ones are numbered anew: methods that look at the number of customers see that of the sample."""
    if len(interactions) <= limit:
        return interactions
    drawn = np.random.default_rng(seed).permutation(interactions.customer_count)
    rows = np.bincount(interactions.customers, minlength=interactions.customer_count)
    kept = drawn[: int(np.searchsorted(np.cumsum(rows[drawn]), limit)) + 1]
    return interactions.of_customers(np.sort(kept))


def _weigh(
    part: Interactions,
    exam: Exam,
    recipes: list[Recipe],
    params: dict[str, Any],
    fallback: Popularity,
    kitchen: Kitchen,
    clock: "_Clock",
) -> tuple[list[float], dict[str, float], float | None]:
    """Weights of the sources in the order of `recipes`, how much the blend honestly ranks better than each of them, and
    the score of EASE with all items where it was tuned on some. Gains and no scores, because what sources say about
    candidates has no lists completed by popularity, which make up the scores of customers without a history. Small
    shops whose validation part is drawn at random are asked several times, so that the draw does not decide."""
    whole: float | None = None
    exams = [exam]
    if exam.split.protocol == "random-by-item-75" and len(part) <= REPEAT_EVENTS:
        exams += [
            replace(exam, split=split(part, "random-by-item-75", seed=exam.seed + 1000 + more))
            for more in range(1, REPEATS)
        ]
    found: list[Evidence] = []
    for one in exams:
        if found and clock.past(clock.seconds):
            break
        sources: list[Source] = [recipe.make(params[recipe.name], fallback, kitchen) for recipe in recipes]
        for source in sources:
            source.fit(one.split.train)
            if source.name == "ease" and one is exam and len(part.item_ids) > TUNED_ITEMS:
                whole = exam.judge(source)[PRIMARY]
        found.append(gather(sources, one))
    evidence = Evidence.joined(found)
    weights, estimate = learn_weights(evidence)
    alone = [evidence.ndcg(one) for one in np.eye(len(recipes))]
    gains = {recipe.name: estimate - score for recipe, score in zip(recipes, alone, strict=True)}
    return weights, gains, whole


@dataclass
class _Clock:
    """Processor seconds of this process, so that a busy machine costs time and not quality."""

    seconds: float | None
    started: float = field(default_factory=time.process_time)

    def share(self, part: float) -> float | None:
        """The moment (in processor seconds since the start) until which this part of the search may go on."""
        return None if self.seconds is None else self.seconds * BLEND_SHARE * part

    def past(self, moment: float | None) -> bool:
        return moment is not None and time.process_time() - self.started > moment


class _Search:
    """Scores of parameter sets; what was learned last serves all sets that differ in answering only."""

    def __init__(
        self,
        exam: Exam,
        fallback: Popularity,
        kitchen: Kitchen,
        known: Mapping[str, Sequence[float]],
        remember: Callable[[str, float, float], None] | None,
    ) -> None:
        self.exam, self.fallback, self.kitchen = exam, fallback, kitchen
        self.known, self.remember = known, remember
        self.trials: dict[str, Trial] = {}
        self._learned: tuple[Any, Any] = (None, None)

    def score(self, recipe: Recipe, params: Any) -> float:
        name = "|".join([recipe.name, *(str(value) for value in astuple(params))])
        if name not in self.trials:
            if name in self.known:
                score, seconds = self.known[name]
            else:
                score, seconds = self._measured(recipe, params)
                if self.remember:
                    self.remember(name, score, seconds)
            self.trials[name] = Trial(recipe.name, asdict(params), score, seconds)
        return self.trials[name].score

    def _measured(self, recipe: Recipe, params: Any) -> tuple[float, float]:
        started = time.process_time()
        kind, model = self._learned
        if kind == (recipe.name, params.learned()):
            model = model.with_params(params)
        else:
            model = recipe.make(params, self.fallback, self.kitchen).fit(self._past(recipe))
            self._learned = (recipe.name, params.learned()), model
        score = self.exam.judge(model)[PRIMARY]
        return score, time.process_time() - started

    def _past(self, recipe: Recipe) -> Interactions:
        past = self.exam.split.train
        if recipe.name != "ease" or past.item_count <= TUNED_ITEMS:
            return past
        border = np.sort(past.popularity())[-TUNED_ITEMS]
        return past.take(past.popularity()[past.items] >= max(border, 2.0))
