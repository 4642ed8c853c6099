"""`manage.py evaluate privacy`: what it costs to learn churn over several shops, or under ε-differential privacy."""

from argparse import ArgumentParser
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics import transactions
from analytics.ml import churn, logistic
from analytics.ml.churn import Sheet
from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from marketing.ml import federated, private
from marketing.ml.private_churn import COLUMNS, RANGES, columns_of

Array = NDArray[np.float64]


class PrivacyEvaluator:
    """The churn model of recency, purchases and money, learned on all rows together, by shops, and with noise."""

    help = "What federated averaging and differential privacy cost a churn model, in AUC on the days after a date."
    columns = transactions.NAMES

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--transactions", required=True, metavar="F", help="customer, date, amount[, currency].")
        parser.add_argument("--as-of", required=True, metavar="DATE", help="The last day that features know.")
        parser.add_argument("--horizon", type=int, default=90, metavar="DAYS", help="Days to stay away (default 90).")
        parser.add_argument("--shops", type=int, default=5, metavar="N", help="Shops of unlike customers (default 5).")
        parser.add_argument("--draws", type=int, default=200, metavar="N", help="Draws of the noise (default 200).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        horizon, shops, draws = (run.options[name] for name in ("horizon", "shops", "draws"))
        if not 1 <= horizon <= 3650:
            raise UsageError("--horizon must be between 1 and 3650 days.")
        if not 2 <= shops <= 100 or not 10 <= draws <= 10_000:
            raise UsageError("--shops must be between 2 and 100, --draws between 10 and 10000.")
        as_of = transactions.day("--as-of", run.options["as_of"])
        purchases = transactions.read(run, run.options["transactions"])
        if int(purchases.days.max()) < as_of + horizon:
            raise UsageError(f"--as-of: the file ends before the {horizon} days after it.")
        past, later = churn.sheet(purchases, as_of - horizon, horizon), churn.sheet(purchases, as_of, horizon)
        if len(past.customers) < 20 * shops:
            raise UsageError(f"--as-of: {len(past.customers)} customers {horizon} days before it are too few.")
        y, after = _outcomes(past), _outcomes(later)
        if 0 in (y.sum(), len(y) - y.sum(), after.sum(), len(after) - after.sum()):
            raise UsageError("--as-of: all customers ended alike: there is no AUC.")
        rows, asked = columns_of(past), columns_of(later)
        together = _auc(logistic.fit(rows, y, COLUMNS).log_odds(asked), after)
        parties = _parties(rows, y, shops, run.seed)
        averaged = _auc(federated.average(parties, COLUMNS).log_odds(asked), after)
        alone = [_auc(logistic.fit(each.rows, each.outcomes, COLUMNS).log_odds(asked), after) for each in parties]
        table = private.budget_table((rows, y), (asked, after), RANGES, COLUMNS, draws=draws, seed=run.seed)
        return rounded(
            {
                "auc": together,
                "federated_lost": together - averaged,
                "strategies": {
                    name: {"auc": found, "lost": together - found}
                    for name, found in (
                        ("together", together),
                        ("federated", averaged),
                        ("alone_mean", float(np.mean(alone))),
                        ("alone_worst", float(min(alone))),
                    )
                },
                "private": {
                    f"epsilon {cost.epsilon:g}": {
                        "auc": cost.auc,
                        "low": cost.low,
                        "high": cost.high,
                        "lost": together - cost.auc,
                        "lost_to_penalty": together - cost.without_noise,
                    }
                    for cost in table
                },
                "data": {
                    "learned_from": len(y),
                    "judged_on": len(after),
                    "shops": [len(each.rows) for each in parties],
                    "stayed_away_by_shop": [float(each.outcomes.mean()) for each in parties],
                },
                "settings": {"features": list(COLUMNS), "ranges": {name: list(RANGES[name]) for name in COLUMNS}},
            }
        )


def _parties(rows: Array, outcomes: NDArray[np.int64], shops: int, seed: int) -> list[federated.Shop]:
    """Shops of unlike size and customers: drawn by money with noise, sizes in the ratio 1 : 2 : … : N."""
    rng = np.random.default_rng(seed)
    money = rows[:, COLUMNS.index("money_log")]
    order = np.argsort(money + rng.normal(0, money.std() + 1e-9, len(money)), kind="stable")
    cuts = np.cumsum(np.arange(1, shops + 1)) / (shops * (shops + 1) / 2)
    parts = np.split(order, np.round(cuts[:-1] * len(order)).astype(int))
    return [federated.Shop(rows[part], outcomes[part]) for part in parts]


def _auc(scores: Array, outcomes: NDArray[np.int64]) -> float:
    found = logistic.auc(scores, outcomes)
    return 0.5 if found is None else found


def _outcomes(page: Sheet) -> NDArray[np.int64]:
    assert page.outcomes is not None
    return page.outcomes
