"""Search among 100,000 vectors of 256: `python -m tests.benchmarks.lookalikes_bench`.

`nearest` stands beside the plain way, `matrix @ vector` and a sort, in the same run, on one thread and by processor
seconds; both must give the same products. Once with pictures that lie anywhere, once in clusters as networks put them.
The exit status is 1 above MOST_MS or when `nearest` costs more than MOST_RATIO of the plain way.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.evaluation import as_text
from vision.ml.nearest import Matrix, nearest

ROWS, WIDTH, ASKED, WANTED = 100_000, 256, 40, 24
MOST_MS = 20.0
MOST_RATIO = 1.5


def main() -> int:
    with threadpool_limits(1):
        found = {"anywhere": _measured(_anywhere()), "clusters": _measured(_clusters())}
        found["in stock"] = _measured(_clusters(), share=0.3)
    print(as_text({"nearest": found}))
    bad = [
        name
        for name, one in found.items()
        if one["nearest_ms"] > MOST_MS or one["nearest_ms"] > MOST_RATIO * one["plain_ms"] or not one["same"]
    ]
    for name in bad:
        print(f"Too slow or wrong: {name}")
    return 1 if bad else 0


def _anywhere() -> np.ndarray:
    return _unit(np.random.default_rng(0).standard_normal((ROWS, WIDTH)))


def _clusters() -> np.ndarray:
    rng = np.random.default_rng(1)
    middles = rng.standard_normal((200, WIDTH)) + 1.0  # networks put everything into one half of the space
    return _unit(middles[rng.integers(0, 200, ROWS)] + 0.7 * rng.standard_normal((ROWS, WIDTH)))


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _measured(rows: np.ndarray, share: float = 1.0) -> dict[str, Any]:
    ids = np.arange(ROWS, dtype=np.int64)
    matrix = Matrix.of(rows, ids, ids)
    allowed = np.random.default_rng(2).random(ROWS) < share
    asked = rows[:: ROWS // ASKED][:ASKED] + np.float32(0.02)

    def plain(one: np.ndarray) -> list[int]:
        alike = rows @ (one / np.linalg.norm(one))
        alike[~allowed] = -2.0
        return np.argsort(-alike, kind="stable")[:WANTED].tolist()

    def ours(one: np.ndarray) -> list[int]:
        return nearest(matrix, one, WANTED, allowed=allowed).products.tolist()

    same = all(set(plain(one)) == set(ours(one)) for one in asked[:5])
    timed: dict[str, list[float]] = {"plain": [], "nearest": []}
    for one in asked:  # in turns, so that both meet the same machine
        timed["plain"].append(_cpu(plain, one))
        timed["nearest"].append(_cpu(ours, one))
    plain_ms, ours_ms = (statistics.median(timed[name]) for name in ("plain", "nearest"))
    return {"plain_ms": plain_ms, "nearest_ms": ours_ms, "ratio": ours_ms / plain_ms, "same": same}


def _cpu(work: Callable[[np.ndarray], Any], one: np.ndarray) -> float:
    start = time.process_time()
    work(one)
    return 1_000 * (time.process_time() - start)


if __name__ == "__main__":
    sys.exit(main())
