"""How well attributes are told: `python -m tests.benchmarks.attributes_bench FOLDER [SECONDS]` (a demo shop, as
`make_demo_shop` writes it; SECONDS of the processor to learn in, 0 for colours alone).

Pattern and material are learned beside the category from the products of which `tags.csv` tells them, and asked of the
others, whose truth stands in `truth.json`. Thresholds promise 0.95 from photos that were kept apart. `colour`: what the
photos of all products are tagged with by themselves, without a network; mint green counts as teal or green. Labels
with fewer than twenty photos that show them are left out of the means.
"""

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.search import judged
from tests.benchmarks.search import tags as colours
from vision import judging, thresholds
from vision.demo import MATERIALS, PATTERNS
from vision.ml import decisions
from vision.ml.deep.training import Settings, train
from vision.ml.examples import NO, UNKNOWN, YES, Classes, Examples, Group, split_by_cluster
from vision.ml.folders import USUAL
from vision.ml.pictures import opened
from vision.ml.serving import Reading, Tagger, prepared

SECONDS = 120.0
FEWEST = 20
AIMS = {"pattern": PATTERNS, "material": MATERIALS}


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(folder: Path) -> tuple[Examples, Classes, NDArray[np.bool_]]:
    """The first photo of each product with its truth, and which products tell it."""
    products = {row["id"]: row for row in rows_of(folder, "products.csv")}
    looks = judged.looks(folder)
    told = {row["product"] for row in rows_of(folder, "tags.csv")}
    files = [row for row in rows_of(folder, "images.csv") if row["product"] in products and row["position"] == "0"]
    number = {key: at for at, key in enumerate(products)}
    classes = tuple(sorted({products[row["product"]]["category"] for row in files}))
    groups = tuple(Group(key, tuple(sorted(set(aim.values()))), key == "material") for key, aim in AIMS.items())
    shown = {group.key: np.full((len(files), len(group.labels)), UNKNOWN, np.int8) for group in groups}
    pixels = np.empty((len(files), USUAL, USUAL, 3), np.uint8)
    for at, row in enumerate(files):
        pixels[at] = prepared(opened((folder / row["file"]).read_bytes()), USUAL)
        facts = looks[row["product"]]
        for group in groups:
            label = AIMS[group.key].get(facts[group.key])
            if label is not None:
                shown[group.key][at] = NO
                shown[group.key][at, group.labels.index(label)] = YES
    category = np.array([classes.index(products[row["product"]]["category"]) for row in files], np.int32)
    clusters = np.array([number[row["product"]] for row in files], np.int64)
    is_told = np.array([row["product"] in told for row in files])
    return Examples(pixels, category, shown, clusters), Classes(classes, {}, groups), is_told


def figures(group: Group, reading: Reading, asked: Examples, limits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Label by label from a half on, and what would be applied without a person: how much of what is shown (coverage),
    how much of it right."""
    chances, said = reading.groups[group.key], asked.groups[group.key]
    labels = [row for row in judging.per_label(group, chances, said) if row["photos"] >= FEWEST]
    applied, right, shown = 0, 0, 0
    for at, label in enumerate(group.labels):
        known = said[:, at] != UNKNOWN
        shown += int((said[known, at] == YES).sum())
        least = limits[f"{group.key}/{label}"]["apply"]
        if least is not None:
            taken = known & (chances[:, at] >= least)
            if not group.is_multiple:
                taken &= chances.argmax(axis=1) == at
            applied += int(taken.sum())
            right += int((said[taken, at] == YES).sum())
    return {
        "labels": labels, "mean_f1": round(float(np.mean([row["f1"] for row in labels])), 4),
        "mean_precision": round(float(np.mean([row["precision"] or 0.0 for row in labels])), 4),
        "mean_recall": round(float(np.mean([row["recall"] for row in labels])), 4),
        "coverage_promised_95": round(right / shown, 4), "precision_promised_95": round(right / max(applied, 1), 4),
        "applied": applied,
    }  # fmt: skip


def colour(folder: Path) -> dict[str, Any]:
    truth = {key: facts["colour"] for key, facts in judged.looks(folder).items()}
    found: dict[str, Any] = {}
    for name, least in (("applied", thresholds.COLOUR_APPLY), ("suggested", thresholds.COLOUR_SUGGEST)):
        given = {key: own for key, own in colours.read(folder, least).items() if key in truth}
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])  # shown, told, right
        for key, own in given.items():
            aim = colours._right(truth[key])
            counts[truth[key]][0] += 1
            for one in own:
                named = truth[key] if one in aim else one
                counts[named][1] += 1
                counts[named][2] += one in aim
        told, right = (sum(row[at] for row in counts.values()) for at in (1, 2))
        found[name] = {
            "products": len(given), "precision": round(right / max(told, 1), 4), "recall": round(right / len(given), 4),
            "labels": {
                key: {"shown": s, "precision": round(r / t, 4) if t else None, "recall": round(r / s, 4) if s else None}
                for key, (s, t, r) in sorted(counts.items())
            },
        }  # fmt: skip
    return found


def measure(folder: Path, seconds: float) -> dict[str, Any]:
    examples, told, is_told = read(folder)
    teaching = examples.take(is_told)
    part = split_by_cluster(teaching, (0.8, 0.2), 0)
    held, asked = teaching.take(part == 1), examples.take(~is_told)
    trained = train(teaching.take(part == 0), held, told, settings=Settings(cpu_seconds=seconds))
    tagger = Tagger(trained.arrays, trained.meta)
    reading = tagger.read(asked.read(slice(None)))
    limits = decisions.thresholds(trained.validation, held, told)
    return {
        "photos": {"train": int((part == 0).sum()), "validation": len(held), "asked": len(asked)},
        "epochs": trained.meta["epochs"], "cpu_seconds": round(trained.seconds, 1),
        "category_accuracy": round(float((reading.category.argmax(axis=1) == asked.category).mean()), 4),
        **{group.key: figures(group, reading, asked, limits) for group in told.groups},
    }  # fmt: skip


if __name__ == "__main__":
    place, seconds = Path(sys.argv[1]), float(sys.argv[2]) if sys.argv[2:] else SECONDS
    print(json.dumps(measure(place, seconds) if seconds else {"colour": colour(place)}, indent=1))
