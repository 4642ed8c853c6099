"""`manage.py evaluate segments`: named RFM segments and clusters with what sets them apart."""

from argparse import ArgumentParser
from typing import Any

import numpy as np

from analytics import transactions
from analytics.ml import choosing_k, kmeans, rfm
from analytics.ml.preparation import ColumnPlan, Preparation
from analytics.ml.purchases import day_name
from core.evaluation import Run, UsageError
from core.ml.numbers import rounded

PLANS = {
    "recency": ColumnPlan(log=True),
    "frequency": ColumnPlan(log=True),
    "money": ColumnPlan(log=True, outliers="robust_z"),
}
FEWEST = 2


class SegmentEvaluator:
    """Recency, frequency and money of every customer at a date: quintiles with names, and k-means with k by
    stability."""

    help = "Group customers: named RFM segments, and clusters whose number comes again when customers are redrawn."
    columns = transactions.NAMES

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--transactions", required=True, metavar="F", help="customer, date, amount[, currency].")
        parser.add_argument("--as-of", required=True, metavar="DATE", help="The last day that is looked at.")
        parser.add_argument("--max-k", type=int, default=8, help="Most clusters to try (default 8).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        if run.options["max_k"] < FEWEST:
            raise UsageError("--max-k must be 2 or more.")
        as_of = transactions.day("--as-of", run.options["as_of"])
        purchases = transactions.read(run, run.options["transactions"])
        transactions.note_later(run, purchases, as_of, "--as-of")
        summary = purchases.summary(as_of)
        if len(summary) == 0:
            first = day_name(int(purchases.days.min()))
            raise UsageError(f"--as-of: nobody bought anything until that day; the first purchase is of {first}.")
        columns = {
            "recency": summary.recency.astype(np.float64),
            "frequency": summary.frequency.astype(np.float64),
            "money": summary.money,
        }
        preparation = Preparation(PLANS)
        prepared, _kept = preparation.fit_apply(columns)
        for report in preparation.reports:
            if report.constant:
                run.note(f"{report.name} is the same for every customer and tells nobody apart.")
        chosen = choosing_k.choose(prepared, most=run.options["max_k"], seed=run.seed)
        if not chosen.is_stable:
            run.note("No number of clusters is stable: read the clusters as a description, not as groups that last.")
        named = rfm.score(summary).sizes()
        found = kmeans.profiles(chosen.clustering, columns, prepared)
        return rounded(
            {
                "k": chosen.clustering.k,
                "bootstrap_ari": chosen.trial.ari,
                "silhouette": chosen.trial.silhouette,
                "is_stable": chosen.is_stable,
                "smallest_share": chosen.trial.smallest,
                "sizes": chosen.clustering.sizes.tolist(),
                "profiles": [profile.as_dict() for profile in found],
                "clusters": {
                    f"cluster {number}": {
                        "customers": profile.size,
                        "share": profile.share,
                        **{f"median {name}": value for name, value in profile.medians.items()},
                    }
                    for number, profile in enumerate(found, 1)
                },
                "by_k": {
                    str(trial.k): {
                        "bootstrap_ari": trial.ari,
                        "silhouette": trial.silhouette,
                        "inertia": trial.inertia,
                        "explained_by_last": trial.gain,
                        "smallest_share": trial.smallest,
                    }
                    for trial in chosen.trials
                },
                "rfm": {"customers": named},
                "preparation": [report.as_dict() for report in preparation.reports],
                "data": {"customers": len(summary), "purchase_days": int(summary.frequency.sum())},
            }
        )
