"""`manage.py evaluate clv`: purchases and money to come, judged on the days after those learned from."""

import time
from argparse import ArgumentParser
from typing import Any

import numpy as np

from analytics import transactions
from analytics.ml.bgnbd import CannotFit
from analytics.ml.lifetime import BackTest, Lifetime, back_test, learn
from analytics.ml.purchases import day_name
from core.evaluation import Run, UsageError
from core.ml.numbers import rounded


class LifetimeEvaluator:
    """BG/NBD and Gamma-Gamma learned up to a day, judged on every later day of the file."""

    help = "Foretell purchases and value of customers (BG/NBD, Gamma-Gamma) and judge on the days after."
    columns = transactions.NAMES

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--transactions", required=True, metavar="F", help="customer, date, amount[, currency].")
        parser.add_argument(
            "--calibration-end", required=True, metavar="DATE", help="The last day learned from; later days judge."
        )

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        end = transactions.day("--calibration-end", run.options["calibration_end"])
        purchases = transactions.read(run, run.options["transactions"])
        first, last = int(purchases.days.min()), int(purchases.days.max())
        if not first <= end < last:
            raise UsageError(
                f"--calibration-end must lie between the first purchase ({day_name(first)}) and before the last "
                f"({day_name(last)})."
            )
        started = time.process_time()
        try:
            model = learn(purchases, end, seed=run.seed)
        except CannotFit as error:
            raise UsageError(f"{run.options['transactions']}: {error}") from None
        test = back_test(model, purchases, last)
        cost = time.process_time() - started
        strangers = len(np.unique(purchases.customers)) - len(model.summary)
        if strangers:
            run.note(f"{strangers} customers bought first after --calibration-end; nothing was foretold of them.")
        if model.visits.at_bounds:
            run.note(f"BG/NBD ended at the edge of its range: {', '.join(model.visits.at_bounds)}.")
        if not model.money.is_trusted:
            run.note(f"Gamma-Gamma is not used ({model.money.why}); value is a shrunken mean.")
        return rounded(
            {
                "params": model.visits.parameters,
                "log_likelihood": model.visits.log_likelihood,
                **_judged(test),
                "gamma_gamma": _money(model),
                "money": _judged_money(test),
                "by_repeats": test.groups(),
                "probability_alive": float(model.probability_alive().mean()),
                "model_cpu_seconds": cost,
                "data": {
                    "customers": len(model.summary),
                    "different_histories": len(model.histories.x),
                    "calibration_days": end - first + 1,
                    "hold_out_days": test.days,
                },
            }
        )


def _judged(test: BackTest) -> dict[str, Any]:
    actual = float(test.actual.sum())
    return {
        "predicted": float(test.predicted.sum()),
        "actual": actual,
        "total_error": float(test.predicted.sum()) / actual - 1 if actual else None,
        "mae": float(np.abs(test.predicted - test.actual).mean()),
        "naive": float(test.naive.sum()),
        "naive_total_error": float(test.naive.sum()) / actual - 1 if actual else None,
        "naive_mae": float(np.abs(test.naive - test.actual).mean()),
    }


def _judged_money(test: BackTest) -> dict[str, Any]:
    actual = float(test.actual_money.sum())
    return {
        "predicted": float(test.predicted_money.sum()),
        "actual": actual,
        "total_error": float(test.predicted_money.sum()) / actual - 1 if actual else None,
        "mae": float(np.abs(test.predicted_money - test.actual_money).mean()),
        "naive_mae": float(np.abs(test.naive_money - test.actual_money).mean()),
    }


def _money(model: Lifetime) -> dict[str, Any]:
    money = model.money
    return {
        "p": money.p,
        "q": money.q,
        "v": money.v,
        "log_likelihood": money.log_likelihood,
        "customers": money.customers,
        "used": "gamma_gamma" if money.is_trusted else "shrunken_mean",
        "at_bounds": list(money.at_bounds),
        "shrunken_mean": {"centre": money.fallback.centre, "k": money.fallback.k},
    }
