"""`manage.py evaluate service-strategy`: how groups of customers should be served, from a file of how they were."""

from argparse import ArgumentParser
from typing import Any

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from crm.ml.service_strategy import FEATURES, propose

COLUMNS = [Column(name, "number") for name in FEATURES]
MOST_CLUSTERS = 8


class ServiceStrategyEvaluator:
    """Nothing is changed in the shop: proposals are printed with their evidence."""

    help = "Propose priority, target and programme for groups of customers, with their evidence and its uncertainty."
    columns = [column.name for column in COLUMNS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", metavar="F", required=True, help="One row per customer: " + ", ".join(FEATURES))
        parser.add_argument("-k", "--clusters", type=int, default=3, metavar="K", help="Groups (default 3).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        clusters = run.options["clusters"]
        if not 1 <= clusters <= MOST_CLUSTERS:
            raise UsageError(f"--clusters lies between 1 and {MOST_CLUSTERS}.")
        frame = run.read(run.options["data"], COLUMNS)
        found = propose(*(frame[name].to_numpy() for name in FEATURES), k=clusters)
        for place, one in enumerate(found.proposals):
            if not one.is_sure:
                run.note(f"Group {place + 1}: its ranges hold the mean of all, so nothing special is proposed.")
        return {
            "overall": dict(zip(FEATURES, map(rounded, found.overall), strict=True)),
            "groups": [
                {
                    "size": one.size, "share": rounded(one.share),
                    **{
                        name: {"mean": rounded(mean.value), "low": rounded(mean.low), "high": rounded(mean.high)}
                        for name, mean in zip(FEATURES, (one.response, one.satisfaction, one.complaints), strict=True)
                    },
                    "priority": one.priority, "target_minutes": rounded(one.target_minutes),
                    "programme": one.programme, "reasons": one.reasons,
                }
                for one in found.proposals
            ],
        }  # fmt: skip
