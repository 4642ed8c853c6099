"""`manage.py evaluate offer-strategy`: which offer suits which group of customers, from a file of what they took up."""

from argparse import ArgumentParser
from typing import Any

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from marketing.ml.strategy import OFFERS, propose

COLUMNS = [Column(name, "number") for name in OFFERS]
MOST_CLUSTERS = 8


class OfferStrategyEvaluator:
    """Nothing is changed in the shop: proposals are printed with their evidence."""

    help = "Propose discount, free shipping and points for groups of customers, with evidence and its uncertainty."
    columns = [column.name for column in COLUMNS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", metavar="F", required=True, help="One row per customer: " + ", ".join(OFFERS))
        parser.add_argument("-k", "--clusters", type=int, default=3, metavar="K", help="Groups (default 3).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        clusters = run.options["clusters"]
        if not 1 <= clusters <= MOST_CLUSTERS:
            raise UsageError(f"--clusters lies between 1 and {MOST_CLUSTERS}.")
        frame = run.read(run.options["data"], COLUMNS)
        try:
            found = propose({name: frame[name].to_numpy() for name in OFFERS}, k=clusters, seed=run.seed)
        except ValueError as error:
            raise UsageError(f"--data: {error}") from None
        if found.stability is None:
            run.note("Too few customers to say whether the groups would be found again.")
        return {
            "stability": rounded(found.stability),
            "groups": [
                {
                    "size": one.size, "share": rounded(one.size / len(frame)), "discount": rounded(one.discount),
                    "free_shipping": one.free_shipping, "bonus_points": rounded(one.bonus_points),
                    "answers": {name: rounded(vars(answer)) for name, answer in one.answers.items()},
                }
                for one in found.proposals
            ],
        }  # fmt: skip
