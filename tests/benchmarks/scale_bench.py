"""What training costs at a million customers: `python -m tests.benchmarks.scale_bench [EVENTS …]`.

Made-up shops with planted tastes (`made_up`): 100,000 products, 20 acts per customer. Each size is trained in a process
of its own, by the code of the training job from the rows onward, with the time budget of the job; beside it one sweep
of matrix factorisation over all customers and products. Without sizes: 1 and 5 million acts; `--full` adds 20 million.
Exit status 1 when a bound is crossed.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from recommender.ml.ials import Ials, IalsParams
from recommender.ml.training import train
from tests.benchmarks.made_up import shop
from tests.benchmarks.places import BENCH, ROOT

SIZES = (1_000_000, 5_000_000)
FULL = 20_000_000
MOST_CPU_SECONDS, MOST_MEMORY_MB, MOST_ARTIFACT_MB = 1800.0, 6_000.0, 1_000.0
TIME_BUDGET = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="*", type=int)
    parser.add_argument("--full", action="store_true", help="20 million acts of a million customers, too.")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one)))
        return 0
    rows: dict[str, dict[str, Any]] = {}
    for events in options.events or [*SIZES, *([FULL] if options.full else [])]:
        command = [sys.executable, "-m", "tests.benchmarks.scale_bench", "--one", str(events)]
        found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        rows[f"{events:,}"] = json.loads(found.stdout.splitlines()[-1])
        print(f"{events:,}: {json.dumps(rows[f'{events:,}'], indent=2)}", flush=True)
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "scale.json").write_text(json.dumps(rows, indent=2) + "\n")
    bounds = (("cpu_seconds", MOST_CPU_SECONDS), ("peak_memory_mb", MOST_MEMORY_MB), ("artifact_mb", MOST_ARTIFACT_MB))
    crossed = [
        f"{events} acts: {name} is {row[name]}, at most {most} is allowed"
        for events, row in rows.items()
        for name, most in bounds
        if row[name] > most
    ]
    for line in crossed:
        print(f"OUT OF RANGE {line}")
    return 1 if crossed else 0


def measured(events: int) -> dict[str, Any]:
    """One training: figures of the report, processor seconds, peak memory of the process, size of the artifact."""
    started = time.process_time()
    data = shop(events)
    made = time.process_time()
    trained = train(data, seed=0, time_budget=TIME_BUDGET)
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report = trained.report
    params = IalsParams(**report["parameters"]["ials"])
    return {
        "customers": data.customer_count,
        "items": data.item_count,
        "cpu_seconds": round(done - made, 1),
        "cpu_seconds_by_part": report["cpu_seconds"],
        "one_ials_sweep_cpu_seconds": round(one_sweep(data, params), 2),
        "ials_factors": params.factors,
        "peak_memory_mb": round(peak),
        "artifact_mb": round(sum(array.nbytes for array in trained.arrays.values()) / 1e6),
        "chosen": report["chosen"],
        "weights": report["weights"],
        "parameter_sets_tried": report["parameter_sets_tried"],
        "ndcg@10": {name: row["ndcg@10"] for name, row in report["strategies"].items()},
        "making_cpu_seconds": round(made - started, 1),
    }


def one_sweep(data: Any, params: IalsParams) -> float:
    """Processor seconds of one sweep over both sides, what every fit does beside it taken off."""
    taken = []
    for sweeps in (1, 2):
        started = time.process_time()
        Ials(replace(params, sweeps=sweeps)).fit(data)
        taken.append(time.process_time() - started)
    return taken[1] - taken[0]


if __name__ == "__main__":
    sys.exit(main())
