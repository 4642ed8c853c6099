"""Fetch, learn, judge, publish."""

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core import model_registry as registry
from core.exceptions import DomainError
from core.jobs import checkpoint, current_job_id, guard, progress, resume_state
from core.models import ModelVersion
from core.said import Said
from core.shop import current_shop
from recommender import counting, datasets
from recommender.choices import HISTORY_LIMIT, RECOMMENDER
from recommender.ml import training
from recommender.ml.bought_together import BoughtTogether, BoughtTogetherParams
from recommender.ml.interactions import Interactions
from recommender.ml.judging import rounded
from recommender.ml.serving import ServingModel
from recommender.ml.sources import Kitchen
from recommender.models import ServedEvaluation, ServedList
from recommender.trials import wanted_alone

SEED = 7
MARGIN = 0.003
"""A candidate may rank this much worse (nDCG@10) than the live version before the gate refuses it."""
MIN_LATER_EVENTS = 500
"""With fewer events since the live version was trained, a comparison on them would be noise."""
DEEP_BUDGET_SECONDS = 900.0
STEPS = 100
STORE_EVERY_SECONDS = 1.0
KEPT_FOR = timedelta(hours=12)
"""A training that is retried later begins anew with newer data."""


def train_recommender(
    *, until: datetime | None = None, time_budget: float | None = None, deep: bool = False, quick: bool = False
) -> ModelVersion:
    """Rows to frame, frame to candidate, candidate to later data, and only then to the registry.

    `time_budget`: processor seconds for the search over parameters, by default RECOMMENDER_SECONDS of the settings;
    `deep`: with a network among the sources; `quick`: see `training.train`. Raises DomainError
    when nobody did anything yet.
    """
    trials = _Trials.of_this_job(until or timezone.now())
    progress(0, STEPS, Said(gettext_noop("Reading what people did")))
    frame = datasets.interactions(until=trials.until)
    items = np.union1d(datasets.live_items(), frame["item"].to_numpy(np.int64))
    interactions = Interactions.from_frame(frame, item_ids=items)
    del frame
    kitchen = Kitchen(datasets.item_facts(items), seed=SEED, deep=deep, zone=current_shop().time_zone)
    progress(10, STEPS, Said(gettext_noop("Choosing how to rank")))
    try:
        trained = training.train(
            interactions, seed=SEED, history_limit=HISTORY_LIMIT, progress=_report, known=trials.known,
            time_budget=settings.RECOMMENDER_SECONDS if time_budget is None else time_budget,
            remember=trials.remember, kitchen=kitchen, quick=quick, alone=wanted_alone(), begins=_begins,
        )  # fmt: skip
    except training.NotEnoughData as error:
        raise DomainError(_("Nobody looked at or bought anything yet."), code="not_enough_data") from error
    progress(90, STEPS, Said(gettext_noop("Comparing with the live version")))
    gate_scores = _scores_on_unseen(interactions, trained)
    return registry.publish_if_better(
        RECOMMENDER,
        trained.arrays,
        meta=trained.meta,
        report=trained.report,
        trained_from=datetime.fromtimestamp(trained.trained_from, UTC),
        trained_until=datetime.fromtimestamp(trained.trained_until, UTC),
        row_count=trained.row_count,
        margin=MARGIN,
        gate_scores=gate_scores,
        job_id=current_job_id(),
    )


def count_lists() -> int:
    """Count the lists for everybody anew, products bought together among them. How many lists there are."""
    frame = datasets.baskets(days=counting.ORDER_DAYS)
    if frame.empty:
        return counting.count_again({}, orders=0)
    held = Interactions.from_frame(frame.rename(columns={"basket": "customer"}))
    params = BoughtTogetherParams(neighbours=counting.PARTNERS)
    found = BoughtTogether(params, baskets=held.customers).fit(held)
    totals, ids = held.popularity(), held.item_ids
    together = {
        (ServedList.Kind.TOGETHER.value, str(ids[row])): counting.Listed(
            ids[found.alike.indices[part]].tolist(), np.round(found.lift.data[part], 3).tolist(), int(totals[row])
        )
        for row, part in enumerate(_slices(found.alike.indptr))
    }
    return counting.count_again(together, orders=held.customer_count)


def _slices(indptr: NDArray[np.integer]) -> list[slice]:
    return [slice(start, end) for start, end in itertools.pairwise(indptr.tolist())]


@dataclass
class _Trials:
    """Parameter sets that were measured, kept with the job: a start after a cut goes on with the same data."""

    until: datetime
    known: dict[str, list[float]]
    stored_at: float = 0.0

    @classmethod
    def of_this_job(cls, until: datetime) -> "_Trials":
        state = resume_state()
        if not state or until - datetime.fromisoformat(state["until"]) > KEPT_FOR:
            return cls(until, {})
        known = {name: told for name, told in state["trials"].items() if isinstance(told, list)}
        return cls(datetime.fromisoformat(state["until"]), known)

    def remember(self, name: str, score: float, cpu_seconds: float) -> None:
        self.known[name] = [score, cpu_seconds]
        if time.monotonic() - self.stored_at > STORE_EVERY_SECONDS:
            self.stored_at = time.monotonic()
            checkpoint(until=self.until.isoformat(), trials=self.known)


def _scores_on_unseen(interactions: Interactions, trained: training.TrainedRecommender) -> tuple[float, float] | None:
    """Candidate and live version on what happened after the live version's data end, which neither then has seen.

    The candidate's recipe is learned again from the events up to that moment, so that both know the same. None when
    there is no readable live version or too few events since; the gate then compares the two reports.
    """
    active = ModelVersion.objects.of(RECOMMENDER.name).active().first()
    if active is None or active.trained_until is None:
        return None
    since = active.trained_until.timestamp()
    if int((interactions.times > since).sum()) < MIN_LATER_EVENTS:
        return None
    try:
        loaded = registry.load(active)
        live = ServingModel.from_arrays(loaded.arrays, loaded.meta)
    except (registry.DamagedModel, ValueError):
        return None
    candidate = trained.refit(interactions.take(interactions.times <= since))
    measured = [
        training.judge_serving(model, interactions, since=since, history_limit=HISTORY_LIMIT, seed=SEED)
        for model in (candidate, live)
    ]
    if not all(measured):
        return None
    return measured[0][RECOMMENDER.primary_metric], measured[1][RECOMMENDER.primary_metric]


def _report(done: int, total: int) -> None:
    progress(10 + 35 * done // max(total, 1), STEPS, Said(gettext_noop("Choosing how to rank")))


STAGES = {
    training.JUDGING: (45, Said(gettext_noop("Judging it on later data"))),
    training.PUBLISHING: (75, Said(gettext_noop("Learning from everything"))),
}


def _begins(stage: str) -> None:
    done, said = STAGES[stage]
    progress(done, STEPS, said)


def evaluate_served() -> dict[str, Any]:
    """How the live model does on what customers chose after its data end, given what they did until then.

    Stored once a day beside the online figures. Runs before the nightly training, while the model has a day of acts
    that it has not seen. Nothing is stored while nobody chose anything new.
    """
    active = ModelVersion.objects.of(RECOMMENDER.name).active().first()
    if active is None or active.trained_until is None:
        return {"skipped": "no model"}
    try:
        loaded = registry.load(active)
        live = ServingModel.from_arrays(loaded.arrays, loaded.meta)
    except (registry.DamagedModel, ValueError):
        return {"skipped": "unreadable"}
    frame = datasets.interactions(until=timezone.now())
    items = np.union1d(datasets.live_items(), frame["item"].to_numpy(np.int64))
    interactions = Interactions.from_frame(frame, item_ids=items)
    since = active.trained_until
    measures = training.judge_serving(
        live, interactions, since=since.timestamp(), history_limit=HISTORY_LIMIT, seed=SEED
    )
    if not measures:
        return {"skipped": "nothing new"}
    customers = int(measures.pop("customers", 0))
    with transaction.atomic():
        guard()
        ServedEvaluation.objects.update_or_create(
            day=timezone.localdate(), version=active,
            defaults={"since": since, "customers": customers, "measures": rounded(measures)},
        )  # fmt: skip
    return {"version": active.name, "customers": customers}
