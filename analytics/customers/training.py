"""Learn, judge on later days, publish. One function for each kind of model."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from analytics import datasets
from analytics.customers.choices import CHURN, MARGIN, ORDER_DAYS, PROPENSITY, VALUE
from analytics.customers.refusals import Refused
from analytics.ml import churn, lifetime, logistic
from analytics.ml.bgnbd import CannotFit
from analytics.ml.churn import ChurnModel, TooShort
from analytics.ml.lifetime import BackTest, Lifetime
from analytics.ml.purchases import Purchases
from analytics.ml.serving import named
from core import model_registry as registry
from core.jobs import current_job_id, progress
from core.ml.numbers import rounded
from core.model_registry import ModelKind
from core.models import ModelVersion
from core.said import Said

SEED = 0
LEAST_HISTORY = 60
"""Days that a back-test of value needs: two thirds to learn from, one to judge."""
LONGEST_BACK_TEST = 182
MOST_TRIALS = 3
"""Stretches of days, one before the other, on which the money foretold is held against what came."""
UNKNOWN_AUC = 0.5
"""What a version counts as that could not be held against any later date: it tells nobody apart."""


def train_value() -> ModelVersion:
    """BG/NBD and Gamma-Gamma learned twice: up to a date, to judge by the days after it, and up to yesterday, to serve.

    Raises Refused when the history is too short or nobody came twice.
    """
    until = _until()
    first = datasets.first_day() or until
    known = (until - first).days + 1
    if known < LEAST_HISTORY:
        raise Refused("days", needed=LEAST_HISTORY, known=known)
    ahead = min(LONGEST_BACK_TEST, known // 3)
    progress(0, 3, Said(gettext_noop("Judging by the last days")))
    try:
        before = datasets.summaries(until - timedelta(days=ahead), until)
        _enough(len(before.summary))
        earlier = lifetime.fit(before.summary, before.spending, seed=SEED)
        test = lifetime.judge(earlier, ahead, before.later_days, before.later_money)
        del before, earlier
        trials = [_off(test), *_earlier_trials(first, until, ahead)]
        progress(1, 3, Said(gettext_noop("Learning from everything")))
        now = datasets.summaries(until, until)
        model = lifetime.fit(now.summary, now.spending, seed=SEED)
    except CannotFit:
        raise Refused("repeats") from None
    report = rounded(_value_report(model, test) | {"money_off": [one for one in trials if one is not None]})
    return registry.publish_if_better(
        VALUE, {"none": np.zeros(1)}, meta={"parameters": _parameters(model)}, report=report,
        trained_from=end_of(first), trained_until=end_of(until), margin=MARGIN, row_count=len(now.summary),
        job_id=current_job_id(),
    )  # fmt: skip


def _earlier_trials(first: date, until: date, ahead: int) -> Iterator[float | None]:
    """How far the money foretold was off in the days before those of the back-test, as many and as long, while as many
    days to learn from lie before them."""
    for back in range(2, MOST_TRIALS + 1):
        known, end = until - timedelta(days=back * ahead), until - timedelta(days=(back - 1) * ahead)
        if (known - first).days + 1 < max(ahead, LEAST_HISTORY - ahead):
            return
        before = datasets.summaries(known, end)
        if len(before.summary) < datasets.FEWEST:
            return
        try:
            model = lifetime.fit(before.summary, before.spending, seed=SEED)
        except CannotFit:
            return
        yield _off(lifetime.judge(model, ahead, before.later_days, before.later_money))


def _off(test: BackTest) -> float | None:
    """How much more money came than was foretold, as a share of that; None where none was foretold."""
    foretold = float(test.predicted_money.sum())
    return float(test.actual_money.sum()) / foretold - 1 if foretold > 0 else None


def train_churn() -> ModelVersion:
    """Who will buy nothing within 30, 60 and 90 days. Horizons that the history is too short for are left out.

    Raises Refused when it is too short for all of them.
    """
    return _train_linear(CHURN, churn.HORIZONS, lambda purchases, until: None)


def train_propensity() -> ModelVersion:
    """Who will order within 30 days: the same mathematics, with what the person looked at and put into the basket
    lately where the shop sends events. Raises Refused."""
    return _train_linear(PROPENSITY, (ORDER_DAYS,), datasets.looks)


Looking = Callable[[Purchases, date], "churn.Acts | None"]


def _train_linear(kind: ModelKind, horizons: Sequence[int], looking: Looking) -> ModelVersion:
    until = _until()
    progress(0, len(horizons) + 1, Said(gettext_noop("Reading what customers bought")))
    purchases = datasets.sample_of_purchases(until)
    _enough(len(np.unique(purchases.customers)))
    acts = looking(purchases, until)
    names = datasets.LOOKS if acts is not None else ()
    models: dict[int, ChurnModel] = {}
    short: TooShort | None = None
    for place, horizon in enumerate(horizons):
        progress(place + 1, len(horizons) + 1, Said(gettext_noop("Learning at earlier dates")))
        try:
            models[horizon] = churn.learn(purchases, datasets.number_of(until), horizon, acts=acts, act_names=names)
        except TooShort as error:
            short = short or error
    if not models:
        assert short is not None
        raise Refused("days", needed=short.needed, known=short.known)
    arrays = {
        named(horizon, name): array
        for horizon, model in models.items()
        for name, array in model.scorer.to_arrays().items()
    }
    return registry.publish_if_better(
        kind, arrays, meta={"horizons": sorted(models), "extra": list(names)},
        report=rounded(_linear_report(models, len(np.unique(purchases.customers)))),
        trained_from=end_of(datasets.day_of(int(purchases.days.min()))), trained_until=end_of(until), margin=MARGIN,
        row_count=len(purchases), job_id=current_job_id(),
    )  # fmt: skip


# --- what a version says about itself -----------------------------------------------------------------------------


def _value_report(model: Lifetime, test: BackTest) -> dict[str, Any]:
    actual, money = float(test.actual.sum()), float(test.actual_money.sum())
    mae = float(np.abs(test.predicted - test.actual).mean())
    naive = float(np.abs(test.naive - test.actual).mean())
    return {
        "metrics": {
            "gain": 1 - mae / naive if naive else 0.0,
            "mae": mae,
            "naive_mae": naive,
            "total_error": float(test.predicted.sum()) / actual - 1 if actual else 0.0,
            "money_total_error": float(test.predicted_money.sum()) / money - 1 if money else 0.0,
        },
        "customers": len(model.summary),
        "back_test": {
            "days": test.days,
            "customers": len(test.predicted),
            "predicted": float(test.predicted.sum()),
            "actual": actual,
            "naive": float(test.naive.sum()),
            "predicted_money": float(test.predicted_money.sum()),
            "actual_money": money,
            "naive_money": float(test.naive_money.sum()),
            "deciles": test.deciles(),
            "by_repeats": test.groups(),
        },
        "params": model.visits.parameters,
        "log_likelihood": model.visits.log_likelihood,
        "at_bounds": list(model.visits.at_bounds),
        "money_used": "gamma_gamma" if model.money.is_trusted else "shrunken_mean",
        "money_at_bounds": list(model.money.at_bounds),
        "money_why": model.money.why,
    }


def _parameters(model: Lifetime) -> dict[str, float | None]:
    money = model.money
    used = money.is_trusted
    return {
        **model.visits.parameters,
        "p": money.p if used else None,
        "q": money.q if used else None,
        "v": money.v if used else None,
        "centre": money.fallback.centre,
        "k": money.fallback.k if np.isfinite(money.fallback.k) else None,
    }


def _linear_report(models: dict[int, ChurnModel], customers: int) -> dict[str, Any]:
    aucs = {horizon: model.trial_auc.get(model.form) for horizon, model in models.items()}
    measured = [auc for auc in aucs.values() if auc is not None]
    metrics: dict[str, float] = {"auc": float(np.mean(measured)) if measured else UNKNOWN_AUC}
    for horizon, model in models.items():
        auc = aucs[horizon]
        if auc is not None:
            metrics[f"auc_{horizon}"] = auc
            metrics[f"brier_{horizon}"] = model.trial_brier[model.calibration]
        if model.level_error is not None:
            metrics[f"level_error_{horizon}"] = model.level_error
    return {
        "metrics": metrics,
        "customers": customers,
        "horizons": {
            str(horizon): {
                "form": model.form,
                "shape": model.calibration,
                "level": model.level,
                "learned_at": [datasets.day_of(day).isoformat() for day in model.dates],
                "held_back_at": [datasets.day_of(day).isoformat() for day in model.trial_dates],
                "auc": model.trial_auc,
                "gaps": model.trial_gaps,
                "calibration": calibration(model),
                "weights": dict(zip(model.scorer.features, model.scorer.weights.tolist(), strict=True)),
            }
            for horizon, model in models.items()
        },
    }


def calibration(model: ChurnModel) -> list[dict[str, float]]:
    """Tenths of the customers by chance, over all held-back dates: the mean chance, the share with the outcome, and its
    likely range as one date has it (the same customers stand at each date)."""
    rows = []
    for bins in zip(*(table for table in model.trial_tables if len(table) == 10), strict=True):
        customers = sum(one.customers for one in bins)
        predicted = sum(one.predicted * one.customers for one in bins) / customers
        observed = sum(one.observed * one.customers for one in bins) / customers
        low, high = logistic.share_range(observed, customers / len(bins))
        rows.append({"customers": customers, "predicted": predicted, "observed": observed, "low": low, "high": high})
    return rows


# --- the days ------------------------------------------------------------------------------------------------------


def _until() -> date:
    until = datasets.known_until()
    if until is None:
        raise Refused("orders")
    return until


def _enough(customers: int) -> None:
    if customers < datasets.FEWEST:
        raise Refused("customers", needed=datasets.FEWEST, known=customers)


def end_of(day: date) -> datetime:
    """The end of a day of the shop."""
    return datasets.midnight_after(day) - timedelta(microseconds=1)
