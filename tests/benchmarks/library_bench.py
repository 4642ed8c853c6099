"""The library `implicit` beside our methods, tuned alike: `python -m tests.benchmarks.library_bench [SET …]`.

ml-100k (random-by-item-75, seed 42) and amazon-beauty (leave-last-out); nobody looks at order. Every method, ours and
theirs, is searched alike on one validation split drawn inside the training part like the test part: one parameter after
the other, twice, from the middle of its grid, and beyond the end of the grid as long as that is better. It then learns
from all of the training part. nDCG@10, processor seconds of the chosen fit with one thread, and the
difference to their best method on the same customers with its interval. Exit status 1 when ours is certainly worse.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.ml.base import Recommender
from recommender.ml.ease import Ease, EaseParams
from recommender.ml.ials import Ials, IalsParams
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.judging import Exam
from recommender.ml.rp3beta import Rp3Beta, Rp3BetaParams
from recommender.ml.splits import split
from tests.benchmarks.places import BENCH

SETS = {"ml-100k": ("random-by-item-75", 42), "amazon-beauty": ("leave-last-out", 0)}
VALIDATED_ON = 5000
EASE_ITEMS = 4000
"""EASE is not searched over a grid where one inverse takes a minute."""


ROUNDS = 2
MOST = {"factors": 128, "B": 1.0, "damping": 1.0}
"""Where a grid may not be left: by the cost, and by what the parameter means."""


@dataclass(frozen=True)
class Contest:
    """One method: how to make it with parameters, and the grid of them, rising where they are numbers."""

    name: str
    theirs: bool
    make: Callable[..., Any]
    grid: dict[str, tuple[Any, ...]]

    def searched(self, score_of: Callable[[dict[str, Any]], float]) -> tuple[float, dict[str, Any], int]:
        """The best score, its parameters and how many sets were measured."""
        scores: dict[tuple[Any, ...], float] = {}

        def measured(params: dict[str, Any]) -> float:
            key = tuple(params.values())
            if key not in scores:
                scores[key] = score_of(params)
            return scores[key]

        best = {name: values[len(values) // 2] for name, values in self.grid.items()}
        for _round in range(ROUNDS):
            for name, values in self.grid.items():
                best = max(({**best, name: value} for value in values), key=measured)
                while (further := beyond(name, best[name], values)) is not None:
                    values = tuple(sorted((*values, further)))
                    if measured({**best, name: further}) <= measured(best):
                        break
                    best = {**best, name: further}
        return measured(best), best, len(scores)


def beyond(name: str, value: Any, values: tuple[Any, ...]) -> Any | None:
    """The next number outwards, as far off as the one inwards, for a value at an end of the grid; None elsewhere."""
    if isinstance(value, str) or value not in (values[0], values[-1]):
        return None
    inwards = values[1] if value == values[0] else values[-2]
    if not value or not inwards:
        return None
    further = type(value)(value * value / inwards)
    return further if further not in values and 0 < further <= MOST.get(name, float("inf")) else None


CONTESTS = (
    Contest(
        "implicit ALS", True,
        lambda **p: AlternatingLeastSquares(iterations=15, random_state=0, num_threads=1, **p),
        {"factors": (16, 32, 64), "regularization": (1.0, 3.0, 10.0, 30.0, 100.0), "alpha": (0.5, 1.0, 5.0, 20.0)},
    ),
    Contest(
        "implicit BM25", True, lambda **p: BM25Recommender(num_threads=1, **p),
        {"K": (50, 100, 200, 500, 1000), "K1": (0.2, 1.2, 5.0), "B": (0.2, 0.5, 0.75, 1.0)},
    ),
    Contest(
        "implicit cosine", True, lambda **p: CosineRecommender(num_threads=1, **p),
        {"K": (20, 50, 100, 200, 500, 1000)},
    ),
    Contest(
        "ials", False, lambda **p: Ials(IalsParams(**p)),
        {"factors": (16, 32, 64), "regularisation": (0.003, 0.01, 0.03, 0.1), "alpha": (1.0, 3.0, 10.0, 30.0)},
    ),
    Contest(
        "item_knn", False, lambda **p: ItemKnn(ItemKnnParams(half_life=0.0, **p)),
        {"weighting": ("log", "bm25"), "neighbours": (50, 100, 200), "alpha": (0.3, 0.4, 0.5), "damping": (0.0, 0.5)},
    ),
    Contest(
        "rp3beta", False, lambda **p: Rp3Beta(Rp3BetaParams(**p)),
        {"beta": (0.0, 0.2, 0.4, 0.6), "alpha": (0.8, 1.0, 1.3), "neighbours": (100, 200)},
    ),
    Contest(
        "ease", False, lambda **p: Ease(EaseParams(neighbours=1000, **p)),
        {"regularisation": (50.0, 100.0, 200.0, 400.0, 800.0), "weighting": ("binary", "log")},
    ),
)  # fmt: skip


def main(wanted: list[str]) -> int:
    found: dict[str, Any] = {}
    for name in wanted or list(SETS):
        if not (BENCH / name).is_dir():
            print(f"Skipped: {BENCH / name} is not there. `make bench-data` converts the sets in BENCH_DATA.")
            continue
        protocol, seed = SETS[name]
        events = Interactions.from_frame(pd.read_csv(BENCH / name / "interactions.csv"))
        found[name] = compared(Exam(split(events, protocol, seed=seed)), protocol, seed)  # type: ignore[arg-type]
        print(json.dumps({name: found[name]}, indent=2), flush=True)
    if found:
        (BENCH / "library.json").write_text(json.dumps(found, indent=2) + "\n")
    worse = [name for name, rows in found.items() if rows["ours - theirs"]["high"] < 0]
    for name in worse:
        print(f"OUT OF RANGE {name}: our best order-free method is certainly worse than the library's")
    return 1 if worse else 0


def compared(exam: Exam, protocol: Any, seed: int) -> dict[str, Any]:
    """Figures of every method, and our best one (on validation) minus theirs."""
    inner = Exam(split(exam.split.train, protocol, seed=seed + 1), max_customers=VALIDATED_ON)
    rows: dict[str, Any] = {}
    lists: dict[str, NDArray[np.int64]] = {}
    with threadpool_limits(1):
        contests = [one for one in CONTESTS if one.name != "ease" or exam.split.train.item_count <= EASE_ITEMS]
        for contest in contests:
            started = time.process_time()
            best, params, tried = contest.searched(lambda asked, c=contest: score(inner, ranked(inner, c, asked)[0]))  # type: ignore[misc]
            searched = time.process_time() - started
            lists[contest.name], cost = ranked(exam, contest, params)
            rows[contest.name] = {
                "ndcg@10": round(score(exam, lists[contest.name]), 4),
                "validation": round(best, 4),
                "parameters": params,
                "train_cpu_seconds": round(cost, 2),
                "search_cpu_seconds": round(searched, 1),
                "sets_tried": tried,
            }
    ours, theirs = (
        max((c.name for c in contests if c.theirs is side), key=lambda name: rows[name]["validation"])
        for side in (False, True)
    )
    gap = {key: round(value, 4) for key, value in exam.compare(lists[ours], lists[theirs]).items()}
    pairs = {
        f"{one} - {other}": [
            round(value, 4)
            for key, value in exam.compare(lists[one], lists[other]).items()
            if key in ("difference", "low", "high")
        ]
        for one, other in (("ials", "implicit ALS"), ("item_knn", "implicit BM25"))
    }
    return {
        "customers": len(exam.customers), "strategies": rows, "ours": ours, "theirs": theirs, "ours - theirs": gap,
        "ratio": round(rows[ours]["ndcg@10"] / rows[theirs]["ndcg@10"], 4), "pairs": pairs,
    }  # fmt: skip


def score(exam: Exam, lists: NDArray[np.int64]) -> float:
    return float(exam.ndcg_of_each(lists).mean())


def ranked(exam: Exam, contest: Contest, params: dict[str, Any]) -> tuple[NDArray[np.int64], float]:
    """Lists of every asked customer, and processor seconds of learning."""
    model = contest.make(**params)
    started = time.process_time()
    if isinstance(model, Recommender):
        model.fit(exam.split.train)
        cost = time.process_time() - started
        return exam.ranked(model), cost
    matrix = exam.split.train.matrix()
    values = sp.csr_matrix((np.log1p(matrix.data).astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)
    model.fit(values, show_progress=False)
    cost = time.process_time() - started
    items, _scores = model.recommend(
        exam.customers, values[exam.customers], N=2 * exam.k, filter_already_liked_items=True
    )
    return np.asarray(items, np.int64), cost


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
