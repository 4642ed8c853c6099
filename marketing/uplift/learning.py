"""Learn from a campaign that is over, let the guard judge, keep the version, score everybody where it may be used."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from analytics import datasets as facts
from core import model_registry as registry
from core.jobs import current_job_id, guard, progress
from core.ml.numbers import rounded
from core.models import ModelVersion
from core.said import Said
from core.shop import shop_zone
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.ml import guard as judging
from marketing.ml import learners, qini
from marketing.ml.encoding import Encoder
from marketing.ml.guard import Verdict
from marketing.models import Campaign, UpliftScore
from marketing.uplift import datasets
from marketing.uplift.asking import versions
from marketing.uplift.datasets import FEATURES, Drawn
from marketing.uplift.kinds import ARM, MARGIN, UPLIFT

SEED = 0
BATCH = 5_000
STEPS = 3
CURVE_POINTS = 20


def learn(campaign_id: int) -> dict[str, Any]:
    """A version for this campaign, and scores of everybody where the guard lets it be used.

    Nothing is learned while orders that count may still come, or where nobody was left out. Safe to run twice: a
    campaign that has its version is not learned again, only scored.
    """
    campaign = Campaign.objects.get(pk=campaign_id)
    if campaign.state != Campaign.State.DONE:
        return {"skipped": campaign.state}
    version = versions().filter(report__campaign=campaign.public_id).first()
    if version is None:
        progress(0, STEPS, Said(gettext_noop("Reading what customers bought")))
        drawn = datasets.drawn(campaign_id)
        if drawn is None or not 0 < drawn.treated.sum() < len(drawn.ids):
            return {"skipped": "nobody_left_out"}
        if drawn.last + timedelta(days=OUTCOME_DAYS) > timezone.now():
            return {"skipped": "orders_may_come"}
        version = _learned(campaign, drawn)
    scored = score(version) if version.state == ModelVersion.State.ACTIVE else 0
    return {"version": version.name, "guard": version.report["guard"], "customers": scored}


def _learned(campaign: Campaign, drawn: Drawn) -> ModelVersion:
    columns = datasets.features_of(drawn.ids, drawn.known)
    progress(1, STEPS, Said(gettext_noop("Judging whether the ranking holds")))
    verdict, scores = judging.judge(columns, drawn.outcome, drawn.treated, seed=SEED)
    arrays: dict[str, Any] = {"none": np.zeros(1)}
    meta: dict[str, Any] = {}
    if verdict.may_be_used:
        encoder = Encoder.learn(columns)
        model = learners.fit(encoder.matrix(columns), drawn.outcome, drawn.treated, encoder.names, seed=SEED)
        arrays, meta = model.to_arrays(), {"encoder": encoder.to_json()}
    return registry.publish_if_better(
        UPLIFT, arrays, meta=meta, report=rounded(_report(campaign, drawn, verdict, scores)),
        trained_from=drawn.first, trained_until=drawn.last + timedelta(days=OUTCOME_DAYS), margin=MARGIN,
        row_count=len(drawn.ids), may_serve=verdict.may_be_used, job_id=current_job_id(),
    )  # fmt: skip


def _report(campaign: Campaign, drawn: Drawn, verdict: Verdict, scores: dict[str, Any]) -> dict[str, Any]:
    y, t = drawn.outcome, drawn.treated
    metrics: dict[str, float] = {"qini": 0.0}
    curve: list[list[float]] = []
    if verdict.qini is not None and verdict.response is not None:
        served = scores[judging.SERVED]
        metrics = {
            "qini": verdict.qini.value,
            "qini_low": verdict.qini.low,
            "response_qini": verdict.response.value,
            "uplift_30": qini.uplift_at(served, y, t) or 0.0,
        }
        line, at = qini.curve(served, y, t), np.linspace(0, 1, CURVE_POINTS + 1)
        curve = [[float(x), float(h)] for x, h in zip(at, np.interp(at, line.share, line.incremental), strict=True)]
    return {
        "metrics": metrics,
        "campaign": campaign.public_id,
        "guard": verdict.decision,
        "reason": verdict.reason,
        "intervals": {
            name: [part.value, part.low, part.high]
            for name, part in (
                ("qini", verdict.qini), ("response", verdict.response), ("above_response", verdict.above_response)
            )
            if part is not None
        },
        "arms_auc": verdict.arms_auc,
        "people": {"message": int(t.sum()), "left_out": int((1 - t).sum())},
        "ordered": {"message": int(y[t == 1].sum()), "left_out": int(y[t == 0].sum())},
        "curve": curve,
        "outcome_days": OUTCOME_DAYS,
    }  # fmt: skip


def score(version: ModelVersion) -> int:
    """Expected difference of the message for everybody who ever bought, as of the last whole day. Scores of versions
    that serve no more go. Returns how many have one."""
    until = facts.known_until()
    if until is None:
        return 0
    loaded = registry.load_for_serving(version)
    encoder, model = Encoder.from_json(loaded.meta["encoder"]), learners.EffectModel.from_arrays(loaded.arrays)
    as_of, done = _end_of(until), 0
    progress(2, STEPS, Said(gettext_noop("Scoring customers")))
    for people, rows in datasets.blocks(until):
        columns = {name: rows[:, at] for at, name in enumerate(FEATURES)}
        values = model.score(judging.SERVED, encoder.matrix(columns))
        for first in range(0, len(people), BATCH):
            part = slice(first, first + BATCH)
            with transaction.atomic():
                guard()
                _write(version, people[part].tolist(), values[part].tolist(), as_of)
        done += len(people)
    UpliftScore.objects.exclude(model_version=version).delete()
    UpliftScore.objects.filter(model_version=version, as_of__lt=as_of).delete()
    return done


def _write(version: ModelVersion, people: list[int], values: list[float], as_of: datetime) -> None:
    UpliftScore.objects.bulk_create(
        [
            UpliftScore(customer_id=person, model_version=version, arm=ARM, value=value, as_of=as_of)
            for person, value in zip(people, values, strict=True)
        ],
        update_conflicts=True, unique_fields=["customer", "model_version", "arm"], update_fields=["value", "as_of"],
    )  # fmt: skip


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), shop_zone())
