"""`manage.py evaluate churn`: who stays away, foretold at a date and judged by the days after it."""

import time
from argparse import ArgumentParser
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics import transactions
from analytics.ml import churn, logistic
from analytics.ml.churn import ChurnModel, Sheet, TooShort
from analytics.ml.purchases import Purchases, day_name
from core.evaluation import Run, UsageError
from core.ml.numbers import rounded

REDRAWS = 1_000
Array = NDArray[np.float64]


class ChurnEvaluator:
    """The served model beside recency alone and both logistic forms without choice and calibration."""

    help = "Foretell who buys nothing within the next days, with calibration, and judge by those days."
    columns = transactions.NAMES

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--transactions", required=True, metavar="F", help="customer, date, amount[, currency].")
        parser.add_argument("--as-of", required=True, metavar="DATE", help="The last day that features know.")
        parser.add_argument("--horizon", type=int, default=90, metavar="DAYS", help="Days to stay away (default 90).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. The form and its calibration are chosen at earlier dates alone."""
        horizon = run.options["horizon"]
        if not 1 <= horizon <= 3650:
            raise UsageError("--horizon must be between 1 and 3650 days.")
        as_of = transactions.day("--as-of", run.options["as_of"])
        purchases = transactions.read(run, run.options["transactions"])
        first, last = int(purchases.days.min()), int(purchases.days.max())
        if last < as_of + horizon:
            raise UsageError(
                f"--as-of: {horizon} days after {day_name(as_of)} end on {day_name(as_of + horizon)}, and the last "
                f"purchase of the file is of {day_name(last)}: who stays away is not known yet."
            )
        started = time.process_time()
        try:
            model = churn.learn(purchases, as_of, horizon)
        except TooShort as error:
            raise UsageError(f"--as-of: {error} The first purchase is of {day_name(first)}.") from None
        cost = time.process_time() - started
        page = churn.sheet(purchases, as_of, horizon)
        return rounded(_judged(run, purchases, model, page, as_of) | {"model_cpu_seconds": cost})


def _judged(run: Run, purchases: Purchases, model: ChurnModel, page: Sheet, as_of: int) -> dict[str, Any]:
    outcomes = page.outcomes
    assert outcomes is not None
    chances, recency = model.score(page), page.rows[:, churn.WIDE.index("recency")]
    others = {form: churn.fit_form(purchases, as_of, model.horizon, form).score(page) for form in churn.FORMS}
    gap = _auc_gap(chances, recency, outcomes, run.seed)
    if gap is None:
        run.note("All customers ended alike: there is no AUC.")
    if not model.trial_dates:
        run.note("The history is too short for held-back dates: form and calibration are the plain ones.")
    table = logistic.calibration_table(chances, outcomes)
    rows = page.of(model.form)
    moves = np.abs(model.scorer.contributions(rows)).mean(axis=0)
    return {
        "auc": logistic.auc(chances, outcomes),
        "brier": logistic.brier(chances, outcomes),
        "recency_auc": logistic.auc(recency, outcomes),
        "auc_above_recency_low": gap[0] if gap else None,
        "auc_above_recency_high": gap[1] if gap else None,
        "accuracy": float(((chances >= 0.5) == outcomes.astype(bool)).mean()),
        "share": float(outcomes.mean()),
        "predicted_share": float(chances.mean()),
        "calibration_error": logistic.calibration_error(table),
        "calibration_slope": logistic.calibration_slope(chances, outcomes),
        "calibration": [row.__dict__ for row in table],
        "confusion": logistic.confusion(chances, outcomes),
        "strategies": {
            "served": {"auc": logistic.auc(chances, outcomes), "brier": logistic.brier(chances, outcomes)},
            "recency": {"auc": logistic.auc(recency, outcomes), "brier": None},
            **{
                form: {"auc": logistic.auc(found, outcomes), "brier": logistic.brier(found, outcomes)}
                for form, found in others.items()
            },
        },
        "form": model.form,
        "calibrated_by": model.calibration,
        "level": {"of": model.level, "mean_error_at_held_back_dates": model.level_error},
        "features": {
            name: {"weight": float(weight), "mean_contribution": float(move)}
            for name, weight, move in zip(model.scorer.features, model.scorer.weights, moves, strict=True)
        },
        "reasons": _examples(model, page, chances),
        "data": {
            "customers": len(outcomes),
            "stayed_away": int(outcomes.sum()),
            "dates_learned_at": [day_name(date) for date in model.dates],
        },
        "settings": {
            "held_back_dates": [day_name(date) for date in model.trial_dates],
            "held_back_auc": model.trial_auc,
            "held_back_brier": model.trial_brier,
            "held_back_level": model.trial_level,
            "held_back_gaps": model.trial_gaps,
        },
    }


def _auc_gap(one: Array, other: Array, outcomes: NDArray[np.int64], seed: int) -> tuple[float, float] | None:
    """95 % bootstrap range over customers of the difference in AUC on the same customers. None when all ended alike."""
    if outcomes.min() == outcomes.max():
        return None
    rng = np.random.default_rng(seed)
    gaps = []
    for _again in range(REDRAWS):
        drawn = rng.integers(len(outcomes), size=len(outcomes))
        first, second = (logistic.auc(scores[drawn], outcomes[drawn]) for scores in (one, other))
        if first is not None and second is not None:
            gaps.append(first - second)
    low, high = np.percentile(gaps, [2.5, 97.5])
    return float(low), float(high)


def _examples(model: ChurnModel, page: Sheet, chances: Array) -> list[dict[str, Any]]:
    """The customers most, middling and least likely to stay away, with what moves them."""
    order = np.argsort(-chances, kind="stable")
    chosen = order[[0, len(order) // 2, len(order) - 1]]
    reasons = model.scorer.reasons(page.of(model.form)[chosen])
    return [
        {"chance": float(chances[at]), "reasons": [{"feature": name, "log_odds": part} for name, part in why]}
        for at, why in zip(chosen.tolist(), reasons, strict=True)
    ]
