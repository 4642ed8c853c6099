"""What the jobs do: train where it is due, score, check. A kind that cannot be learned says why and stops no other."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from analytics.customers import checking, scoring, training
from analytics.customers.refusals import Refused
from analytics.customers.scoring import MODELS
from analytics.models import ScoreKind
from core.models import ModelVersion

RETRAIN_AFTER = timedelta(days=6, hours=12)
"""Weights of a model of some fifteen features do not change by the day."""
TRAIN = {
    ScoreKind.VALUE: training.train_value,
    ScoreKind.CHURN: training.train_churn,
    ScoreKind.PROPENSITY: training.train_propensity,
}


def train(kind: ScoreKind) -> dict[str, Any]:
    """A new version, and everybody scored by the one that serves then."""
    try:
        version = TRAIN[kind]()
    except Refused as refused:
        scoring.refuse(kind, refused)
        return {"refused": refused.reason}
    run = scoring.score(kind)
    return {
        "version": version.name,
        "passed": version.gate["passed"],
        "customers": run.customers if run is not None else 0,
    }


def nightly() -> dict[str, Any]:
    """Train what is due, score everything, check. Safe to run at any time."""
    found: dict[str, Any] = {}
    for kind in ScoreKind:
        newest = ModelVersion.objects.of(MODELS[kind].name).order_by("-number").first()
        if newest is None or timezone.now() - newest.created_at > RETRAIN_AFTER:
            found[kind.value] = train(kind)
            continue
        try:
            run = scoring.score(kind)
        except Refused as refused:
            scoring.refuse(kind, refused)
            found[kind.value] = {"refused": refused.reason}
        else:
            found[kind.value] = {"customers": run.customers if run is not None else 0}
    found["checked"] = checking.check()["checked"]
    found["forgotten"] = checking.forget_old()
    return found
