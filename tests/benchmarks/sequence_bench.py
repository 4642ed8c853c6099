"""What customers of Amazon Beauty choose next, by order and without: `python -m tests.benchmarks.sequence_bench`.

Leave-last-out over all items; everything is learned and chosen on the training part. nDCG@10 and hit rate@10, and the
difference to sequence rules on the same customers with a bootstrap interval. Exit status 1 below the floors.
"""

import json
import resource
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from recommender.ml.base import Recommender
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.item_knn import ItemKnn
from recommender.ml.judging import Exam
from recommender.ml.sequence_blend import CUSTOMER, Sequential, customers_blend
from recommender.ml.session_models import SessionBlend, SessionStrategy, sequence_rules
from recommender.ml.splits import split
from tests.benchmarks.places import BENCH

FLOORS = {"sequence_rules": (0.058, 0.092), "sequence_blend": (0.070, 0.113)}
RESAMPLES = 1000


def main() -> int:
    folder = BENCH / "amazon-beauty"
    if not folder.is_dir():
        print(f"Skipped: {folder} is not there. `make bench-data` converts the sets in BENCH_DATA.")
        return 0
    events = Interactions.from_frame(pd.read_csv(folder / "interactions.csv"))
    words = pd.read_csv(folder / "items.csv").set_index("item")["category"].fillna("").astype(str)
    facts = ItemFacts(attributes=[words.get(item, "").split() for item in events.item_ids])
    exam = Exam(split(events, "leave-last-out"))
    rules = Sequential(SessionStrategy("sequence_rules", [sequence_rules(CUSTOMER, decay=0.5)], repeats=False))
    found = judged(exam, [ItemKnn(), rules, customers_blend(facts)])
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(found, indent=2))
    (BENCH / "sequence.json").write_text(json.dumps(found, indent=2) + "\n")
    below = [
        name
        for name, (ndcg, hit_rate) in FLOORS.items()
        if found[name]["ndcg@10"] < ndcg or found[name]["hit_rate@10"] < hit_rate
    ]
    for name in below:
        print(f"OUT OF RANGE {name}")
    return 1 if below else 0


def judged(exam: Exam, models: list[Recommender]) -> dict[str, Any]:
    """Figures, cost and, for all but sequence rules themselves, the paired difference to them."""
    rows: dict[str, Any] = {}
    gains = {}
    targets = np.full(exam.split.train.customer_count, -2)
    targets[exam.split.test.customers] = exam.split.test.items
    for model in models:
        started = time.process_time()
        model.fit(exam.split.train)
        trained = time.process_time()
        ranked = exam.ranked(model, depth=10)
        right = ranked == targets[exam.customers][:, None]
        gains[model.name] = np.where(right.any(axis=1), 1 / np.log2(right.argmax(axis=1) + 2), 0.0)
        rows[model.name] = {
            "ndcg@10": round(float(gains[model.name].mean()), 4),
            "hit_rate@10": round(float((gains[model.name] > 0).mean()), 4),
            "train_cpu_seconds": round(trained - started, 1),
            "answer_cpu_seconds": round(time.process_time() - trained, 1),
        }
        if isinstance(model, Sequential) and isinstance(model.strategy, SessionBlend):
            rows[model.name]["ranker"] = model.strategy.lesson.mrr
    for name, gain in gains.items():
        if name != "sequence_rules":
            rows[name]["ndcg@10 - sequence_rules"] = interval(gain - gains["sequence_rules"])
    return rows


def interval(difference: np.ndarray) -> list[float]:
    """Mean and 95 % bootstrap interval over customers."""
    rng = np.random.default_rng(0)
    means = [difference[rng.integers(len(difference), size=len(difference))].mean() for _ in range(RESAMPLES)]
    return [round(float(value), 4) for value in (difference.mean(), *np.quantile(means, [0.025, 0.975]))]


if __name__ == "__main__":
    sys.exit(main())
