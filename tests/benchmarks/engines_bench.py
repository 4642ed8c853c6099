"""Engines for reviews side by side: `python -m tests.benchmarks.engines_bench [--full] [--set NAME] [ENGINE …]`.

Each learns and answers in a process of its own, so that its memory is its own. The short form learns from the first
8,000 reviews and asks about 3,000, the LSTM only when named; `--full` learns from all of the training part. Beside them
stands SnowNLP as it is published, asked about every fifth of these reviews. The exit status is 1 when an accuracy is
below its floor, or the default engine not LEAST_TIMES as fast as SnowNLP.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation import as_text, write_json
from tests.benchmarks.places import BENCH, ROOT

ENGINES = ("ngram", "keras-cnn", "keras-lstm")
SHORT = ENGINES[:2]
LEARNED, ASKED = 8_000, 3_000
FLOORS = {"ngram": (0.915, 0.939), "keras-cnn": (0.905, 0.93), "keras-lstm": (0.5, 0.92)}
"""Accuracy on Chinese shopping reviews: of the short form, of the whole."""
MOST_CPU_SECONDS = 600.0
REFERENCE = "snownlp"
EVERY = 5
LEAST_TIMES = 20.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--set", default="shopping-reviews")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = BENCH / options.set
    if not folder.is_dir():
        print(f"Skipped: {folder} is not there. `make bench-data` converts the sets in BENCH_DATA.")
        return 0
    if options.one:
        print(json.dumps(_one(options.one, folder, options.full)))
        return 0
    from reviews.ml import measures

    found: dict[str, dict[str, Any]] = {}
    right: dict[str, np.ndarray] = {}
    wanted = options.engines or (ENGINES if options.full else SHORT)
    if options.set == "shopping-reviews" and REFERENCE not in wanted:
        wanted = [*wanted, REFERENCE]
    for name in wanted:
        arguments = ["--one", name, "--set", options.set, *(["--full"] if options.full else [])]
        child = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.engines_bench", *arguments], cwd=ROOT, stdout=subprocess.PIPE,
            text=True, check=True,
        )  # fmt: skip
        found[name] = json.loads(child.stdout.splitlines()[-1])
        right[name] = np.array(found[name].pop("right"), bool)
        if name != wanted[0]:
            own, first = right[name], right[wanted[0]]
            gap = measures.paired(own, first[::EVERY] if name == REFERENCE else first, 0)
            found[name] |= {f"gained_{key}": value for key, value in gap.items()}
        print(as_text({"engines": {name: found[name]}}), flush=True)
    out = BENCH / f"engines-{options.set}{'' if options.full else '-short'}.json"
    write_json(out, found)
    print(f"written to {out}")
    below = _too_slow(found) + [
        f"{name}: accuracy {row['accuracy']:.4f}, {row['train_cpu_seconds']:.0f} CPU s"
        for name, row in found.items()
        if options.set == "shopping-reviews"
        and name in FLOORS
        and (row["accuracy"] < FLOORS[name][options.full] or row["train_cpu_seconds"] > MOST_CPU_SECONDS)
    ]
    for line in below:
        print(f"OUT OF RANGE {line}")
    return 1 if below else 0


def _too_slow(found: dict[str, dict[str, Any]]) -> list[str]:
    if "ngram" not in found or REFERENCE not in found:
        return []
    times = found["ngram"]["docs_per_second"] / found[REFERENCE]["docs_per_second"]
    print(f"ngram answers {times:.0f} times as many texts a CPU second as {REFERENCE} in this run")
    return [] if times >= LEAST_TIMES else [f"ngram: {times:.1f} times as fast as {REFERENCE}"]


def _published(texts: list[str], truth: np.ndarray) -> dict[str, Any]:
    """SnowNLP with the model that it brings. Loading it is not counted."""
    from snownlp import SnowNLP

    from reviews.ml import measures

    SnowNLP("好").sentiments  # noqa: B018
    cpu = time.process_time()
    chances = np.array([SnowNLP(text).sentiments if text.strip() else 0.5 for text in texts])
    seconds = time.process_time() - cpu
    right = (chances >= 0.5) == truth
    low, high = measures.share_interval(right)
    return {
        "accuracy": float(right.mean()), "accuracy_low": low, "accuracy_high": high,
        "ece": measures.calibration_error(chances, truth), "train_cpu_seconds": 0.0,
        "docs_per_second": len(texts) / seconds, "texts": len(texts),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "right": right.tolist(),
    }  # fmt: skip


def _one(name: str, folder: Path, full: bool) -> dict[str, Any]:
    """Figures of one engine, and for each text whether it was right."""
    import pandas as pd

    from reviews.ml import engines, measures
    from reviews.ml.text import normalise

    train, test = (pd.read_csv(folder / f"{part}.csv").astype({"text": str}) for part in ("train", "test"))
    if not full:
        train, test = train.head(LEARNED), test.head(ASKED)
    if name == REFERENCE:
        asked_too = test.iloc[::EVERY]
        return _published(asked_too["text"].tolist(), (asked_too["label"] == "positive").to_numpy())
    cpu = time.process_time()
    engine = engines.make(name, seed=42).fit([normalise(text) for text in train["text"]], train["label"].tolist())
    learned = time.process_time()
    scorer = engines.published(name, engine.to_arrays(), engine.to_meta())
    chances = scorer.probabilities([normalise(text) for text in test["text"]])
    told = scorer.chosen(chances)
    asked = time.process_time()
    truth = (test["label"] == scorer.classes[1]).to_numpy()
    low, high = measures.share_interval(told == truth)
    return {
        "accuracy": float((told == truth).mean()), "accuracy_low": low, "accuracy_high": high,
        "macro_f1": measures.macro_f1(told, truth.astype(np.int64), 2),
        "ece": measures.calibration_error(chances[:, 1], truth),
        "train_cpu_seconds": learned - cpu, "docs_per_second": len(test) / (asked - learned),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "model_mb": sum(part.nbytes for part in engine.to_arrays().values()) / 1e6,
        "settings": str(engine.described()), "right": (told == truth).tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
