"""Every night: what the serving versions foretell of the newest days whose outcome is known, and what happened.

The dates are later than anything the version learned when it is old enough; a version of yesterday has seen most of
them, so the share says how far the level is off and the AUC is an upper bound.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction

from analytics import datasets
from analytics.customers import alerts, choices
from analytics.customers.scoring import MODELS
from analytics.ml import churn, logistic
from analytics.ml.serving import build_scorers
from analytics.models import ScoreCheck, ScoreKind, ScoreRun
from core import model_registry as registry
from core.jobs import guard
from core.ml.stability import stability_index
from core.model_registry import DamagedModel
from core.models import ModelVersion

COLUMN = {ScoreKind.CHURN: "churn_90", ScoreKind.PROPENSITY: "propensity_30"}


def check() -> dict[str, int]:
    """One check of each horizon of each kind. Safe to run again: a day has one."""
    until = datasets.known_until()
    if until is None:
        return {"checked": 0}
    purchases = datasets.sample_of_purchases(until)
    return {"checked": sum(_check_kind(kind, purchases, until) for kind in (ScoreKind.CHURN, ScoreKind.PROPENSITY))}


def _check_kind(kind: ScoreKind, purchases: Any, until: Any) -> int:
    version = ModelVersion.objects.of(MODELS[kind].name).active().first()
    if version is None or not len(purchases):
        return 0
    try:
        model = registry.load_for_serving(version, MODELS[kind])
    except DamagedModel:
        return 0
    act_names = tuple(model.meta["extra"])
    is_order = kind == ScoreKind.PROPENSITY
    stability = _stability(kind, version)
    worst = 0.0
    done = 0
    for horizon, scorer in build_scorers(model).items():
        as_of = datasets.number_of(until) - horizon
        if as_of <= int(purchases.days.min()):
            continue
        since = datasets.day_of(as_of - datasets.LOOK_DAYS)
        looking = datasets.looks(purchases, until, since=since) if act_names else None
        page = churn.sheet(purchases, as_of, horizon, acts=looking, act_names=act_names)
        known = churn.WIDE + page.act_names
        chances = scorer.score(page.rows[:, [known.index(name) for name in scorer.features]])
        assert page.outcomes is not None
        foretold, actual = float(chances.mean()), float(page.outcomes.mean())
        auc = logistic.auc(chances, page.outcomes)
        if is_order:
            foretold, actual = 1 - foretold, 1 - actual
        worst = max(worst, abs(foretold - actual))
        with transaction.atomic():
            guard()
            ScoreCheck.objects.update_or_create(
                kind=kind, horizon=horizon, day=until,
                defaults={
                    "model_version": version, "customers": len(chances), "foretold": round(foretold, 4),
                    "actual": round(actual, 4), "auc": auc, "stability": stability,
                },
            )  # fmt: skip
        done += 1
    alerts.tell(kind, worst, stability)
    return done


def _stability(kind: ScoreKind, version: ModelVersion) -> float | None:
    """The distribution of the newest scores against that of the first ones this version gave; None without two."""
    runs = ScoreRun.objects.filter(kind=kind, model_version=version)
    first, last = runs.order_by("finished_at").first(), runs.order_by("-finished_at").first()
    if first is None or last is None or first.pk == last.pk:
        return None
    before, now = (
        {str(place): float(count) for place, count in enumerate(run.figures.get("bins", {}).get(COLUMN[kind], []))}
        for run in (first, last)
    )
    return round(stability_index(before, now), 4) if before and now else None


KEPT_DAYS = 400


def forget_old() -> int:
    """Scorings and checks that nobody looks at any more; the first of each serving version stays, for comparison."""
    until = datasets.known_until()
    if until is None:
        return 0
    before = until - timedelta(days=KEPT_DAYS)
    serving = ModelVersion.objects.active().filter(kind__in=[kind.name for kind in (choices.CHURN, choices.PROPENSITY)])
    old = ScoreRun.objects.filter(as_of__lt=before).exclude(model_version__in=serving)
    count = old.delete()[0]
    return count + ScoreCheck.objects.filter(day__lt=before).delete()[0]
