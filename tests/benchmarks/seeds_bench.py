"""The blend beside EASE^R on ml-100k over several random splits: `python -m tests.benchmarks.seeds_bench [SEED …]`.

Each seed cuts the set anew (random-by-item-75); parameters and weights come from a split inside its training part, as
`manage.py evaluate recommender` does. The same customers are judged on every split, so their differences are not
independent: the interval of all seeds together draws customers, each with all their splits (cluster bootstrap, Davison
& Hinkley 1997), and the p-value flips the signs of whole customers. Exit status 1 when that interval reaches 0 or the
mean of the blend is below its floor.
"""

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.ml import metrics
from recommender.ml.blend import Blend
from recommender.ml.interactions import Interactions
from recommender.ml.judging import Exam
from recommender.ml.splits import split
from recommender.ml.training import contestants
from recommender.ml.tuning import choose
from tests.benchmarks.places import BENCH

SEEDS = (1, 2, 3, 4, 5)
REFERENCE = "ease_01"
FLOOR = 0.488
RESAMPLES = 5_000


def main(seeds: list[int]) -> int:
    file = BENCH / "ml-100k" / "interactions.csv"
    if not file.is_file():
        print(f"Skipped: {file} is not there. `make bench-data` converts the sets in BENCH_DATA.")
        return 0
    events = Interactions.from_frame(pd.read_csv(file))
    rows: dict[str, Any] = {}
    asked, gaps = [], []
    for seed in seeds or list(SEEDS):
        started = time.process_time()
        exam = Exam(split(events, "random-by-item-75", seed=seed), seed=seed)
        of_each = measured(exam, seed)
        gap = of_each["blend"] - of_each[REFERENCE]
        low, high = metrics.interval(gap, seed=seed)
        rows[str(seed)] = {
            "ndcg@10": {name: round(float(values.mean()), 4) for name, values in of_each.items()},
            "difference": round(float(gap.mean()), 4), "low": round(low, 4), "high": round(high, 4),
            "cpu_seconds": round(time.process_time() - started, 1),
        }  # fmt: skip
        print(json.dumps({seed: rows[str(seed)]}), flush=True)
        asked.append(exam.customers)
        gaps.append(gap)
    rows["all"] = pooled(np.concatenate(asked), np.concatenate(gaps))
    rows["all"]["blend"] = float(np.mean([row["ndcg@10"]["blend"] for row in rows.values() if "ndcg@10" in row]))
    print(json.dumps({"all": rows["all"]}))
    (BENCH / "seeds.json").write_text(json.dumps(rows, indent=2) + "\n")
    missed = rows["all"]["low"] <= 0 or rows["all"]["blend"] < FLOOR
    if missed:
        print(f"OUT OF RANGE: the blend has to be above {REFERENCE} for certain and reach {FLOOR}")
    return 1 if missed else 0


def measured(exam: Exam, seed: int) -> dict[str, NDArray[np.float64]]:
    """nDCG@10 of every asked customer by method."""
    choice = choose(exam.split.train, protocol="random-by-item-75", seed=seed)
    lists = {}
    for model in contestants(choice, references=True):
        if isinstance(model, Blend):
            model.fitted()
        elif model.name in choice.params or model.name == REFERENCE:
            model.fit(exam.split.train)
        else:
            continue
        lists[model.name] = exam.ndcg_of_each(exam.ranked(model))
    return lists


def pooled(
    customers: NDArray[np.integer], gaps: NDArray[np.floating], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """The mean of all `gaps` with its 95 % interval and p-value; rows of one number in `customers` belong together."""
    _ids, place = np.unique(customers, return_inverse=True)
    sums = np.bincount(place, gaps).astype(np.float64)
    counts = np.bincount(place).astype(np.float64)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    for at in range(resamples):
        drawn = rng.integers(len(sums), size=len(sums))
        means[at] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "difference": round(float(gaps.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4),
        "p_value": round(metrics.paired_p(sums, seed=seed), 4), "customers": len(sums), "rows": len(gaps),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))
