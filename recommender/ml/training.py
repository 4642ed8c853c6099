"""From interactions to a model that may serve, with a report on later data than it learned from."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.base import Recommender
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import PLAIN, ItemKnn, ItemKnnParams
from recommender.ml.judging import PRIMARY, Exam, rounded
from recommender.ml.popularity import Popularity
from recommender.ml.serving import ServingModel
from recommender.ml.splits import Protocol, Split, split
from recommender.ml.tuning import Choice, choose, fallback_for

HISTORY_LIMIT = 50
MAX_JUDGED = 20_000


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
    trained_from: float
    trained_until: float
    row_count: int

    def serving(self) -> ServingModel:
        return ServingModel.from_arrays(self.arrays, self.meta)

    def refit(self, interactions: Interactions) -> ServingModel:
        """The same recipe on other events, for instance only on those that a rival had seen too."""
        return ServingModel.from_arrays(_serving_arrays(self.choice, interactions), self.meta)


def train(
    interactions: Interactions,
    *,
    seed: int = 0,
    time_budget: float | None = None,
    history_limit: int = HISTORY_LIMIT,
    progress: Callable[[int, int], None] | None = None,
    known: Mapping[str, float] | None = None,
    remember: Callable[[str, float], None] | None = None,
) -> TrainedRecommender:
    """Choose on the past, judge on the last fifth of the time-ordered events, then learn from everything.

    Parameters and strategy are chosen on a validation part of the earlier events alone; the later events are looked
    at once, for the report. With too few events to hold anything back the defaults stand and the report says so
    (`measured` False, metrics 0). Item ids must be integers. `known` and `remember` let a
    training that was cut off go on, see `tuning.choose`. Raises NotEnoughData without events.
    """
    if len(interactions) == 0:
        raise NotEnoughData("There are no interactions to learn from.")
    cut = split(interactions, "by-time", seed=seed)
    exam = Exam(cut, max_customers=MAX_JUDGED, seed=seed, history_limit=history_limit)
    choice = choose(
        cut.train, protocol="by-time", seed=seed, time_budget=time_budget, history_limit=history_limit,
        progress=progress, known=known, remember=remember,
    )  # fmt: skip
    strategies, groups = {}, {}
    if len(exam.customers):
        for model in contestants(choice, references=False):
            model.fit(cut.train)
            ranked = exam.ranked(model)
            strategies[model.name] = rounded(exam.measures(ranked))
            groups[model.name] = {name: rounded(found) for name, found in exam.judge_groups(ranked).items()}
    return TrainedRecommender(
        arrays=_serving_arrays(choice, interactions),
        meta=serving_meta(choice),
        report={
            "metrics": strategies.get(choice.strategy, {PRIMARY: 0.0}),
            "measured": bool(strategies),
            "strategies": strategies,
            "groups": groups,
            "chosen": choice.strategy,
            "validation": rounded(dict(choice.validation)),
            "parameters": asdict(choice.params),
            "parameter_sets_tried": choice.tried,
            "tuned_on_sample": choice.sampled,
            "rows": {"earlier": len(cut.train), "later": len(cut.test)},
            "customers": len(np.unique(interactions.customers)),
            "items": len(np.unique(interactions.items)),
            "judged_from": float(cut.test.times.min()) if len(cut.test) else None,
            "repeats_left_out": exam.repeats,
            "seed": seed,
        },
        chosen=choice.strategy,
        choice=choice,
        trained_from=float(interactions.times.min()),
        trained_until=float(interactions.times.max()),
        row_count=len(interactions),
    )


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
    """Unfitted methods to put side by side: popularity, recent popularity where there are times, the tuned item
    neighbours and, as `references`, the textbook item-based form."""
    models: list[Recommender] = [Popularity()]
    if choice.half_life_days is not None:
        models.append(Popularity(half_life_days=choice.half_life_days))
    models.append(ItemKnn(choice.params, fallback=_fallback(choice)))
    if references:
        models.append(ItemKnn(PLAIN, name="item_cf"))
    return models


def fit_timed(model: Recommender, interactions: Interactions) -> dict[str, float]:
    """Learn, and say how many seconds of wall clock and of processor that took."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(interactions)
    return {"train_seconds": time.perf_counter() - wall, "train_cpu_seconds": time.process_time() - cpu}


def serving_meta(choice: Choice) -> dict[str, Any]:
    """What `ServingModel` needs beside the arrays."""
    params: ItemKnnParams = choice.params
    return {
        "strategy": choice.strategy,
        "normalise": params.normalise,
        "history_weighting": params.history_weighting,
        "half_life": params.half_life,
        "popularity_half_life_days": choice.half_life_days,
        "parameters": asdict(params),
    }


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


def _serving_arrays(choice: Choice, interactions: Interactions) -> dict[str, NDArray[Any]]:
    """What `ServingModel` maps: neighbours and popularity learned from all these events."""
    model = ItemKnn(choice.params, fallback=_fallback(choice)).fit(interactions)
    return {"item_ids": _increasing(interactions.item_ids), **model.to_arrays()}


def _increasing(item_ids: NDArray[Any]) -> NDArray[np.int64]:
    ids = np.asarray(item_ids, np.int64)
    if bool((np.diff(ids) <= 0).any()):
        raise ValueError("Item ids must be increasing; make the interactions with from_frame.")
    return ids
