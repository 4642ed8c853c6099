"""Run every benchmark whose data are there: `python -m tests.benchmarks [NAME …]`.

Quality runs are `manage.py evaluate` in a process of their own, so that their memory is their own. The exit status
is 1 when a figure is below its floor, so a change that makes rankings worse is seen.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from core.evaluation import as_text, versions, write_json
from tests.benchmarks import growth
from tests.benchmarks.places import BENCH, ROOT


@dataclass(frozen=True)
class Bench:
    """One evaluation and the range that its figures must lie in: (strategy, measure, lowest, highest). Without a name
    of a strategy it is a figure of the whole result, `a/b` the figure b within a."""

    folder: str
    arguments: tuple[str, ...]
    bounds: tuple[tuple[str, str, float, float], ...]


ABOVE_MAJORITY = "compared/aspects - majority/low"
BENCHES = {
    "recommender-ml-100k": Bench(
        "ml-100k",
        ("recommender", "interactions.csv", "--protocol", "random-by-item-75", "--seed", "42"),
        (
            ("popularity", "ndcg@10", 0.2482, 0.2562),
            ("item_knn", "ndcg@10", 0.44, 1.0),
            ("blend", "ndcg@10", 0.488, 1.0),
        ),
    ),
    "recommender-amazon-beauty": Bench(
        "amazon-beauty",
        (
            "recommender",
            "interactions.csv",
            "--protocol",
            "leave-last-out",
            "--items",
            "items.csv",
            "--time-budget",
            "300",
        ),
        (("ease", "ndcg@10", 0.042, 1.0), ("blend", "ndcg@10", 0.063, 1.0), ("blend", "hit_rate@10", 0.1, 1.0)),
    ),
    "recommender-office-unseen": Bench(
        "amazon-office-text",
        ("recommender", "--train", "train.csv", "--test", "test.csv", "--items", "items.csv", "--time-budget", "120"),
        (("popularity", "ndcg@10", 0.0, 0.0), ("content", "ndcg@10", 0.05, 1.0)),
    ),
    "recommender-online-retail": Bench(
        "online-retail",
        ("recommender", "--train", "train.csv", "--test", "test.csv", "--items", "items.csv", "--time-budget", "300"),
        (("ease", "ndcg@10", 0.1, 1.0), ("blend", "ndcg@10", 0.1, 1.0)),
    ),
    "sessions-diginetica": Bench(
        "diginetica",
        ("sessions", "--train", "train.csv", "--test", "test.csv", "--k", "20"),
        (
            ("session_popularity", "precision@20", 0.205, 0.215),
            ("session_popularity", "mrr@20", 0.131, 0.141),
            ("session_knn", "precision@20", 0.51, 1.0),
            ("session_blend", "precision@20", 0.545, 1.0),
            ("session_blend", "mrr@20", 0.192, 1.0),
        ),
    ),
    "clv-cdnow-sample": Bench(
        "cdnow",
        ("clv", "--transactions", "sample.csv", "--calibration-end", "1997-09-30"),
        (("", "log_likelihood", -9582.5, -9582.4),),
    ),
    "clv-cdnow": Bench(
        "cdnow",
        ("clv", "--transactions", "transactions.csv", "--calibration-end", "1997-09-30"),
        (("", "mae", 0.0, 0.83), ("", "total_error", -0.16, 0.16), ("", "naive_mae", 1.037, 1.039)),
    ),
    "churn-online-retail": Bench(
        "online-retail-money",
        ("churn", "--transactions", "transactions.csv", "--as-of", "2010-08-31", "--horizon", "90"),
        (
            ("served", "auc", 0.732, 1.0),
            ("recency", "auc", 0.663, 0.665),
            ("", "auc_above_recency_low", 0.05, 1.0),
            ("", "calibration_error", 0.0, 0.08),
        ),
    ),
    "forecast-online-retail": Bench(
        "online-retail-money",
        ("forecast", "--series", "daily.csv", "--horizon", "14", "--season", "7", "--windows", "8"),
        (
            ("", "mase", 0.0, 1.09),
            ("", "seasonal_naive_mase", 1.386, 1.388),
            ("", "coverage", 0.7, 0.9),
        ),
    ),
    "forecast-olist": Bench(
        "olist",
        ("forecast", "--series", "weekly.csv", "--horizon", "4", "--season", "1", "--windows", "8"),
        (("", "wape", 0.0, 0.24), ("", "coverage", 0.65, 0.95)),
    ),
    "aspects-tshirt": Bench(
        "aspect-terms",
        (
            "aspects",
            "--test",
            "tshirt_test.csv",
            "--train",
            "tshirt_train.csv",
            "--sentiment-train",
            "../clothing-reviews/train.csv",
            "--seed",
            "42",
        ),
        (
            ("learned", "accuracy", 0.9, 1.0),
            ("", "gained_low", 0.0, 1.0),
            ("", ABOVE_MAJORITY, 0.0, 1.0),
        ),
    ),
    "aspects-phone": Bench(
        "aspect-terms",
        (
            "aspects",
            "--test",
            "phone_test.csv",
            "--train",
            "phone_train.csv",
            "--sentiment-train",
            "../shopping-reviews/train.csv",
            "--seed",
            "42",
        ),
        (
            ("learned", "accuracy", 0.88, 1.0),
            ("", "gained_low", 0.0, 1.0),
            ("", ABOVE_MAJORITY, 0.0, 1.0),
        ),
    ),
    "aspects-camera": Bench(
        "aspect-terms",
        (
            "aspects",
            "--test",
            "camera_test.csv",
            "--train",
            "camera_train.csv",
            "--sentiment-train",
            "../shopping-reviews/train.csv",
            "--seed",
            "42",
        ),
        (
            ("learned", "accuracy", 0.84, 1.0),
            ("", "gained_low", 0.0, 1.0),
            ("", ABOVE_MAJORITY, 0.0, 1.0),
        ),
    ),
    "intents-curekart": Bench(
        "curekart",
        ("intents", "--train", "train.csv", "--test", "test.csv", "--seed", "42"),
        (("", "accuracy_in_scope", 0.805, 1.0), ("", "auroc_out_of_scope", 0.875, 1.0), ("", "joint", 0.76, 1.0)),
    ),
    "intents-bitext": Bench(
        "bitext",
        ("intents", "--train", "train.csv", "--test", "test.csv", "--seed", "42"),
        (("", "accuracy_in_scope", 0.935, 1.0),),
    ),
    "sentiment-shopping-reviews": Bench(
        "shopping-reviews",
        ("sentiment", "--train", "train.csv", "--test", "test.csv", "--seed", "42"),
        (
            ("", "accuracy", 0.939, 1.0),
            ("", "compared/ngram - plain_linear/accuracy_difference", 0.0, 1.0),
            ("plain_linear", "accuracy", 0.937, 0.942),
            ("", "ece", 0.0, 0.03),
            ("", "train_cpu_seconds", 0.0, 120.0),
            ("", "peak_memory_mb", 0.0, 1500.0),
        ),
    ),
    "sentiment-clothing-reviews": Bench(
        "clothing-reviews",
        ("sentiment", "--train", "train.csv", "--test", "test.csv", "--seed", "42"),
        (("", "macro_f1", 0.88, 1.0), ("", "ece", 0.0, 0.03)),
    ),
    "vision-clothing": Bench(
        "clothing-photos",
        ("vision", "--train", "train/", "--validation", "validation/", "--test", "test/", "--time-budget", "300"),
        (
            ("", "accuracy", 0.77, 1.0),
            ("", "macro_f1", 0.72, 1.0),
            ("hog_svm", "accuracy", 0.6, 0.7),
            ("", "ece", 0.0, 0.07),
            ("", "coverage_at_95", 0.45, 1.0),
            ("", "precision_at_95", 0.92, 1.0),
            ("", "similar_precision@10", 0.74, 1.0),
            ("", "images_per_cpu_second", 40.0, 10_000.0),
            ("", "network_cpu_ms", 0.0, 25.0),
        ),
    ),
    "vision-clothing-folds": Bench(
        "clothing-photos",
        ("vision", "--train", "all/", "--folds", "5", "--time-budget", "300"),
        (
            ("", "accuracy", 0.77, 1.0),
            ("", "ece", 0.0, 0.05),
            ("", "coverage_at_95", 0.5, 1.0),
            ("", "precision_at_95", 0.92, 1.0),
        ),
    ),
    "vision-fashion-mnist": Bench(
        "fashion-mnist",
        ("vision", "--train", "train/", "--validation", "validation/", "--test", "test/", "--time-budget", "600"),
        (("", "accuracy", 0.92, 1.0), ("hog_svm", "accuracy", 0.89, 0.92), ("", "ece", 0.0, 0.05)),
    ),
    "segments-online-retail": Bench(
        "online-retail-money",
        ("segments", "--transactions", "transactions.csv", "--as-of", "2010-12-01"),
        (("", "bootstrap_ari", 0.85, 1.0), ("", "smallest_share", 0.03, 0.5)),
    ),
}


TIMED = (
    ("photos", "photos looked at, known again and named by colour"),
    ("lookalikes", "what looks like a photo, among 100,000"),
    ("engines", "engines for reviews side by side, short form"),
    ("starter", "the shipped intents asked by utterances they never saw"),
    ("sequence", "what customers choose next, by order and without"),
    ("seeds", "the blend beside EASE on several splits of ml-100k"),
    ("answer", "an answer inside a process"),
    ("library", "a public library beside our methods"),
    ("scale", "training at a million customers (the largest size by itself: scale_bench --full)"),
    ("load", "storefront beside a plain view"),
    ("events", "events from the call to the table"),
    ("ledger", "the ledger"),
    ("experiments", "experiments that are watched"),
    ("customers", "value and clusters of up to a million customers"),
    ("facts", "figures of a million orders: counted anew, and after ten thousand more"),
    ("storefront", "the demo storefront on a phone"),
    ("uplift", "whom a message moves, and whether that may be used"),
    ("search", "search beside what PostgreSQL does by itself"),
)


def main(wanted: list[str]) -> int:
    known = [*BENCHES, "growth", "import", *(name for name, _title in TIMED)]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"No benchmark named {unknown[0]}. Known: {', '.join(known)}.")
        return 2
    results: dict[str, Any] = {"versions": versions()}
    below: list[str] = []
    for name, bench in BENCHES.items():
        if wanted and name not in wanted:
            continue
        print(f"\n== {name}", flush=True)
        if not (BENCH / bench.folder).is_dir():
            print(f"Skipped: {BENCH / bench.folder} is not there. `make bench-data` converts the sets in BENCH_DATA.")
            continue
        results[name] = _evaluated(name, bench)
        below += _outside(name, bench, results[name])
    if not wanted or "growth" in wanted:
        print("\n== growth of training", flush=True)
        results["growth"] = {"item_knn": growth.measure(), "sessions": growth.measure_sessions()}
        print(as_text({"events": results["growth"]["item_knn"], "events, sessions": results["growth"]["sessions"]}))
    if not wanted or "import" in wanted:
        print("\n== import of a real shop", flush=True)
        if subprocess.run([sys.executable, "-m", "tests.benchmarks.import_bench"], cwd=ROOT).returncode:
            below.append("import: see above")
    for name, title in TIMED:
        if not wanted or name in wanted:
            print(f"\n== {title}", flush=True)
            if subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}_bench"], cwd=ROOT).returncode:
                below.append(f"{name}: see above")
    BENCH.mkdir(parents=True, exist_ok=True)
    write_json(BENCH / "results.json", results)
    print(f"\nwritten to {BENCH / 'results.json'}")
    for line in below:
        print(f"OUT OF RANGE {line}")
    return 1 if below else 0


def _evaluated(name: str, bench: Bench) -> dict[str, Any]:
    folder, out = BENCH / bench.folder, BENCH / f"{name}.json"
    arguments = [str(folder / part) if part.endswith((".csv", "/")) else part for part in bench.arguments]
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "evaluate", *arguments, "--json", str(out)], check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def _outside(name: str, bench: Bench, result: dict[str, Any]) -> list[str]:
    lines = []
    for strategy, measure, lowest, highest in bench.bounds:
        value: Any = result["strategies"][strategy] if strategy else result
        for part in measure.split("/"):
            value = value[part]
        if not lowest <= value <= highest:
            lines.append(f"{name}: {strategy or 'all'} {measure} is {value}, expected {lowest} to {highest}")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
