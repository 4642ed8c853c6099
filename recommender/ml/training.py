"""From interactions to a model that may serve, with a report on later data than it learned from."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml import context_choice, session_voice
from recommender.ml.base import Recommender
from recommender.ml.blend import Blend, Source
from recommender.ml.context import own_groups
from recommender.ml.context_choice import Weighing
from recommender.ml.ease import Ease, UnorderedEase
from recommender.ml.ials import Ials
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import PLAIN, ItemKnn
from recommender.ml.item_to_item import ItemToItem, csr_arrays
from recommender.ml.judging import PRIMARY, Exam, rounded
from recommender.ml.near import Near
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Neighbours
from recommender.ml.serving import FORMAT, POPULAR, ServingModel
from recommender.ml.session_voice import Verdict
from recommender.ml.sources import RECIPES, Kitchen
from recommender.ml.splits import Protocol, Split, split
from recommender.ml.tuning import Choice, choose, fallback_for

HISTORY_LIMIT = 50
MAX_JUDGED = 20_000
QUICK = frozenset({"item_knn", "ease", "sequence_rules"})
"""Sources of a quick model: what learns in a second or two and is good as it starts."""
QUICK_SECONDS = 5.0
JUDGING, PUBLISHING = "judging", "publishing"
"""What a training does after its search."""


class NotEnoughData(ValueError):
    """There is nothing to learn from."""


@dataclass(frozen=True)
class TrainedRecommender:
    """What to publish. `arrays` and `meta` make a `serving.ServingModel`; `report["metrics"]` are the chosen strategy's
    on later data (`ndcg@10` always there). `trained_from` and `trained_until` are seconds since 1970."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    report: dict[str, Any]
    chosen: str
    choice: Choice
    verdict: Verdict
    weighing: Weighing
    trained_from: float
    trained_until: float
    row_count: int

    def serving(self) -> ServingModel:
        return ServingModel.from_arrays(self.arrays, self.meta)

    def refit(self, interactions: Interactions) -> ServingModel:
        """The same recipe on other events, for instance only on those that a rival had seen too."""
        return ServingModel.from_arrays(*_published(self.choice, interactions, self.verdict, self.weighing))


def train(
    interactions: Interactions,
    *,
    seed: int = 0,
    time_budget: float | None = None,
    history_limit: int = HISTORY_LIMIT,
    progress: Callable[[int, int], None] | None = None,
    known: Mapping[str, Sequence[float]] | None = None,
    remember: Callable[[str, float, float], None] | None = None,
    kitchen: Kitchen | None = None,
    quick: bool = False,
    alone: Collection[str] = (),
    begins: Callable[[str], None] | None = None,
) -> TrainedRecommender:
    """Choose on the past, judge on the last fifth of the time-ordered events, then learn from everything.

    `quick` is for the first model of an installation, which people wait for: only the sources in QUICK, at most
    QUICK_SECONDS of search, nothing about running visits and moments. It is judged like any other, on the same
    customers.

    Parameters and strategy are chosen on a validation part of the earlier events alone; the later events are looked
    at once, for the report. With too few events to hold anything back the defaults stand and the report says so
    (`measured` False, metrics 0). Item ids must be integers. `known` and `remember` let a training that was cut off go
    on, see `tuning.choose`. `alone` names methods that are asked by themselves: those of them that the search tried are
    published even where they have no say in what serves. `progress` is told how far the search is, `begins` when
    JUDGING and PUBLISHING begin, which with a network take longer than the search. Raises NotEnoughData without events.
    """
    if len(interactions) == 0:
        raise NotEnoughData("There are no interactions to learn from.")
    if quick:
        time_budget = min(QUICK_SECONDS, QUICK_SECONDS if time_budget is None else time_budget)
    began = time.process_time()
    cut = split(interactions, "by-time", seed=seed)
    most = Exam.affordable(MAX_JUDGED, interactions.item_count)
    exam = Exam(cut, max_customers=most, seed=seed, history_limit=history_limit)
    choice = choose(
        cut.train, protocol="by-time", seed=seed, time_budget=time_budget, history_limit=history_limit,
        progress=progress, known=known, remember=remember, kitchen=kitchen, only=QUICK if quick else None,
    )  # fmt: skip
    chosen = time.process_time()
    begins = begins or _nobody
    begins(JUDGING)
    found = _judged(choice, exam, None if quick else interactions)
    of_moments = {
        "sessions": rounded(found.verdict.report),
        "context": rounded(found.weighing.report),
        "device": rounded(found.weighing.device_report),
    }
    facts = {
        "rows": {"earlier": len(cut.train), "later": len(cut.test)},
        "judged_from": float(cut.test.times.min()) if len(cut.test) else None,
        "repeats_left_out": exam.repeats,
    }
    del cut, exam  # publishing needs the memory
    judged = time.process_time()
    begins(PUBLISHING)
    arrays, meta = _published(
        choice, interactions, found.verdict, found.weighing, start=found.factors, seed=seed, alone=alone
    )
    costs = {"search": chosen - began, "judging": judged - chosen, "publishing": time.process_time() - judged}
    return TrainedRecommender(
        arrays=arrays,
        meta=meta,
        report={
            "metrics": found.strategies.get(choice.strategy, {PRIMARY: 0.0}),
            "measured": bool(found.strategies),
            "quick": quick,
            "strategies": found.strategies,
            "groups": found.groups,
            "chosen": choice.strategy,
            "validation": rounded(dict(choice.validation)),
            "parameters": choice.parameters(),
            "weights": rounded(dict(choice.weights)),
            "voices": [
                told["name"] for told in (*(meta["voices"] if choice.strategy != POPULAR else ()), *meta["solo"])
            ],
            "parameter_sets_tried": choice.tried,
            "trials": [rounded(trial) for trial in choice.told_trials()],
            "cpu_seconds": rounded(costs | found.costs, 3),
            "tuned_on_sample": choice.sampled,
            "customers": len(np.unique(interactions.customers)),
            "items": len(np.unique(interactions.items)),
            "seed": seed,
            **facts,
            **({} if quick else of_moments),
        },
        chosen=choice.strategy,
        choice=choice,
        verdict=found.verdict,
        weighing=found.weighing,
        trained_from=float(interactions.times.min()),
        trained_until=float(interactions.times.max()),
        row_count=len(interactions),
    )


def _nobody(stage: str) -> None:
    """Nobody wants to know."""


@dataclass
class _Judged:
    """Measures by strategy and by group, processor seconds of each fit, and the item factors if there are some."""

    strategies: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    factors: NDArray[np.floating] | None = None
    verdict: Verdict = session_voice.NOBODY
    weighing: Weighing = context_choice.NOT_MEASURED


def _judged(choice: Choice, exam: Exam, everything: Interactions | None) -> _Judged:
    """Every contestant, learned from the earlier events, on the later ones. With `everything`, the earlier and later
    events, the chosen one is asked at moments of later visits, too."""
    found = _Judged()
    if len(exam.customers) == 0:
        return found
    for model in contestants(choice, references=False):
        if isinstance(model, Blend):
            model.fitted()
        else:
            found.costs[model.name] = fit_timed(model, exam.split.train)["train_cpu_seconds"]
        if isinstance(model, Ials):
            found.factors = model.item_factors
        ranked = exam.ranked(model)
        found.strategies[model.name] = rounded(exam.measures(ranked))
        found.groups[model.name] = {name: rounded(row) for name, row in exam.judge_groups(ranked).items()}
        if model.name == choice.strategy and everything is not None:
            cpu = time.process_time()
            found.verdict = _who_is_served_by_session(model, exam, everything)
            found.costs["sessions"] = time.process_time() - cpu
            cpu = time.process_time()
            found.weighing = _what_moments_say(model, choice, exam, everything)
            found.costs["context"] = time.process_time() - cpu
    return found


def judge_serving(
    serving: ServingModel,
    interactions: Interactions,
    *,
    since: float,
    history_limit: int = HISTORY_LIMIT,
    seed: int = 0,
) -> dict[str, float]:
    """How a published model does on events later than `since`, given what customers did until then.

    Compares an active version with a candidate on the same data. Empty when nobody chose anything new since.
    """
    later = interactions.times > since
    exam = Exam(
        Split(interactions.take(~later), interactions.take(later), "by-time"),
        max_customers=MAX_JUDGED, seed=seed, history_limit=history_limit,
    )  # fmt: skip
    if len(exam.customers) == 0:
        return {}
    place = {int(product): number for number, product in enumerate(interactions.item_ids)}
    pairs, seen = exam.visible.pairs(), exam.split.train.matrix()
    starts = np.searchsorted(pairs.customers, np.arange(interactions.customer_count + 1))
    ranked = np.full((len(exam.customers), 2 * exam.k), -1, np.int64)
    for row, customer in enumerate(exam.customers):
        part = slice(starts[customer], starts[customer + 1])
        history = list(zip(interactions.item_ids[pairs.items[part]].tolist(), pairs.values[part].tolist(), strict=True))
        exclude = interactions.item_ids[seen.indices[seen.indptr[customer] : seen.indptr[customer + 1]]].tolist()
        found = [place.get(c.product_id, -1) for c in serving.recommend(history, 2 * exam.k, exclude=exclude)]
        ranked[row, : len(found)] = found
    return exam.measures(ranked)


def contestants(choice: Choice, *, references: bool) -> list[Recommender]:
    """Unfitted methods to put side by side: popularity, recent popularity where there are times, every tuned source,
    last their blend (which takes over what the sources before it learn) and, as `references`, the textbook item-based
    form with its three ways to divide, the published form of EASE, 0/1 and uncut, and EASE without a look at order
    where the tuned one looks at it."""
    models: list[Recommender] = [Popularity()]
    if choice.half_life_days is not None:
        models.append(Popularity(half_life_days=choice.half_life_days))
    if references:
        models.append(ItemKnn(PLAIN, name="item_cf"))
        models.append(ItemKnn(replace(PLAIN, normalise="ratings"), name="item_cf_ratings"))
        models.append(ItemKnn(replace(PLAIN, normalise="none"), name="item_cf_sum"))
        if "ease" in choice.params and choice.plain_ease is not None:
            models.append(Ease(choice.plain_ease, name="ease_01"))
    sources = made(choice, list(choice.params))
    models += sources
    if references:
        models += [UnorderedEase(one) for one in sources if isinstance(one, Ease) and one.params.half_life]
    if choice.weights:
        models.append(Blend(sources, [choice.weights[source.name] for source in sources]))
    return models


def made(choice: Choice, names: Sequence[str]) -> list[Source]:
    """Unfitted sources with the chosen parameters."""
    recipes = {recipe.name: recipe for recipe in RECIPES}
    return [recipes[name].make(choice.params[name], _fallback(choice), choice.kitchen) for name in names]


def fit_timed(model: Recommender, interactions: Interactions) -> dict[str, float]:
    """Learn, and say how many seconds of wall clock and of processor that took."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(interactions)
    return {"train_seconds": time.perf_counter() - wall, "train_cpu_seconds": time.process_time() - cpu}


def inner_protocol(outer: Split) -> Protocol:
    """The protocol for holding back validation data that is most like how the test data were held back."""
    match outer.protocol:
        case "random-by-item-75" | "leave-last-out" | "leave-two-out" | "by-time":
            return outer.protocol  # type: ignore[return-value]
    if len(outer.test) and int(np.bincount(outer.test.customers).max()) <= 2:
        return "leave-last-out"
    if outer.train.has_times and len(outer.test) and outer.test.times.min() >= np.quantile(outer.train.times, 0.5):
        return "by-time"
    return "random-by-item-75"


def _fallback(choice: Choice) -> Popularity:
    return fallback_for(choice.validation, choice.half_life_days)


def _who_is_served_by_session(chosen: Recommender, exam: Exam, interactions: Interactions) -> Verdict:
    """Asked at moments of the later part, after both learned from the earlier one."""
    session = session_voice.learn(exam.split.train, seed=exam.seed)
    if session is None:
        return session_voice.NOBODY
    since, limit = float(exam.split.train.times.max()), exam.history_limit or HISTORY_LIMIT
    asked = session_voice.moments(interactions, since=since, history_limit=limit, seed=exam.seed)
    return session_voice.judge(chosen, session, asked, seed=exam.seed)


def _what_moments_say(chosen: Recommender, choice: Choice, exam: Exam, interactions: Interactions) -> Weighing:
    """Whether hour, season and device count, asked at moments of the later part."""
    groups = own_groups(choice.kitchen.facts.attributes)
    if not interactions.has_times or len(groups) != interactions.item_count or chosen.name == POPULAR:
        return context_choice.NOT_MEASURED
    since, limit = float(exam.split.train.times.max()), exam.history_limit or HISTORY_LIMIT
    asked = session_voice.moments(interactions, since=since, history_limit=limit, first_too=True, seed=exam.seed)
    return context_choice.weigh(chosen, exam.split.train, asked, groups, zone=choice.kitchen.zone, seed=exam.seed)


def _published(
    choice: Choice,
    interactions: Interactions,
    verdict: Verdict = session_voice.NOBODY,
    weighing: Weighing = context_choice.NOT_MEASURED,
    *,
    start: NDArray[np.floating] | None = None,
    seed: int = 0,
    alone: Collection[str] = (),
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and meta of a `ServingModel`: what the chosen strategy needs, learned from all these events, and the
    neighbours for product pages. A model for popularity keeps item neighbours for those. `start`: item factors that
    were learned from a part of these events, to go on from. `alone`: methods to keep beside those that serve."""
    weights = choice.weights if choice.strategy == "blend" else {choice.strategy: 1.0}
    weights = {name: weight for name, weight in weights.items() if weight > 0 and name in choice.params}
    sources = made(choice, list(weights) or ["item_knn"])
    others = made(choice, [name for name in choice.params if name in alone and name not in weights])
    arrays: dict[str, NDArray[Any]] = {"item_ids": _increasing(interactions.item_ids)}
    voices: list[dict[str, Any]] = []
    near: list[Neighbours] = []
    for source in sources:
        told = _learned(source, interactions, start) | {"weight": weights.get(source.name, 1.0)}
        if isinstance(source, Ials):
            arrays |= {f"{source.name}_{name}": array for name, array in source.to_arrays().items()}
        else:
            near.append(source.neighbours())
        voices.append(told)
    solo: list[dict[str, Any]] = []
    for source in others:
        solo.append(_learned(source, interactions, start))
        own = source.to_arrays() if isinstance(source, Ials) else csr_arrays(source.spoken)
        arrays |= {f"{source.name}_{name}": array for name, array in own.items()}
    if near:
        arrays |= Near.of([one.rows for one in near], [one.normalise for one in near]).to_arrays()
    arrays["popularity"] = sources[0].popularity.astype(np.float32)
    arrays |= {f"similar_{name}": array for name, array in csr_arrays(_alike(choice, sources, interactions)).items()}
    of_sessions: dict[str, Any] = {}
    session = session_voice.learn(interactions, seed=seed) if verdict.longest else None
    if session is not None:
        more, of_sessions = session_voice.published(session, verdict)
        arrays |= more
    of_moments: dict[str, Any] = {}
    if weighing:
        groups = own_groups(choice.kitchen.facts.attributes)
        more, of_moments = context_choice.published(interactions, groups, weighing, choice.kitchen.zone)
        arrays |= more
    return arrays, of_sessions | of_moments | {
        "format": FORMAT,
        "strategy": choice.strategy,
        "voices": voices,
        "solo": solo,
        "popularity_half_life_days": choice.half_life_days,
        "parameters": choice.parameters(),
    }


def _learned(source: Source, interactions: Interactions, start: NDArray[np.floating] | None) -> dict[str, Any]:
    """What a model says of a voice, once it has learned from these events."""
    told: dict[str, Any] = {"name": source.name}
    if isinstance(source, Ials):
        source.start = start
        source.fit(interactions)
        params = asdict(source.params)
        told |= {key: params[key] for key in ("alpha", "regularisation", "exponent")} | {"scale": source.scale}
    else:
        told["normalise"] = source.fit(interactions).normalise
    return told | {"attention": source.attention.to_meta()}


def _alike(choice: Choice, sources: Sequence[Source], interactions: Interactions) -> sp.csr_matrix:
    """The items most like each: by who chose them, and by description for items that nobody chose yet."""
    by_name = {source.name: source for source in sources}
    near = by_name.get("item_knn") or made(choice, ["item_knn"])[0].fit(interactions)
    assert isinstance(near, ItemToItem)
    described = by_name.get("content")
    if described is None and "content" in choice.params:
        described = made(choice, ["content"])[0].fit(interactions)
    if not isinstance(described, ItemToItem):
        return near.alike
    alone = np.diff(near.alike.indptr) == 0
    rows = [(described if alone[row] else near).alike[row] for row in range(len(alone))]
    return sp.csr_matrix(sp.vstack(rows, format="csr")) if rows else near.alike


def _increasing(item_ids: NDArray[Any]) -> NDArray[np.int64]:
    ids = np.asarray(item_ids, np.int64)
    if bool((np.diff(ids) <= 0).any()):
        raise ValueError("Item ids must be increasing; make the interactions with from_frame.")
    return ids
