"""What a version makes of the photos that judge: figures, tables and cells of its report. Pure numpy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.decisions import mcnemar
from vision.ml.examples import NO, UNKNOWN, YES, Classes, Group
from vision.ml.serving import Reading

BINS = 10
TOP = 3
CELL_EXAMPLES = 60
DRAWS = 400
Keys = NDArray[np.str_]
Labels = NDArray[np.int8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """Of n photos: the likeliest category and its chance, and whether the right one is among the likeliest three."""

    keys: Keys
    chances: NDArray[np.float64]
    among_top: Flags


def answers(reading: Reading, told: Classes, right: Keys) -> Answers:
    """`right`: keys of categories; one that the network does not know is never among its answers."""
    count = len(right)
    if not told.classes or not count:
        return Answers(np.full(count, "", "U60"), np.zeros(count), np.zeros(count, bool))
    classes = np.array(told.classes, "U60")
    order = np.argsort(-reading.category, axis=1, kind="stable")[:, :TOP]
    best = classes[order]
    return Answers(
        best[:, 0], reading.category[np.arange(count), order[:, 0]].astype(np.float64), (best == right[:, None]).any(1)
    )


def figures(right: Keys, own: Answers, parents: Mapping[str, str]) -> dict[str, float]:
    """Metrics on the photos that judge, rounded; of none, the worst there is, so that nothing is claimed."""
    if not len(right):
        return {"accuracy": 0.0, "macro_f1": 0.0, "top3": 0.0, "parent_accuracy": 0.0, "ece": 1.0}
    hit = own.keys == right
    above = [_above(str(key), parents) == _above(str(said), parents) for key, said in zip(right, own.keys, strict=True)]
    rows = per_class(right, own)
    return {
        "accuracy": round(float(hit.mean()), 4),
        "macro_f1": round(float(np.mean([row["f1"] for row in rows])), 4),
        "top3": round(float(own.among_top.mean()), 4),
        "parent_accuracy": round(float(np.mean(above)), 4),
        "ece": round(
            sum(abs(one["confidence"] - one["right"]) * one["photos"] for one in bins(right, own)) / len(right), 4
        ),
    }


def _above(key: str, parents: Mapping[str, str]) -> str:
    return parents.get(key, "") or key


def per_class(right: Keys, own: Answers) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each category that is shown, the most frequent first. Precision is null where it
    was never told."""
    found = []
    for key, photos in zip(*np.unique(right, return_counts=True), strict=True):
        hit = int(((own.keys == key) & (right == key)).sum())
        told = int((own.keys == key).sum())
        found.append({
            "key": str(key), "photos": int(photos), "precision": round(hit / told, 4) if told else None,
            "recall": round(hit / int(photos), 4), "f1": round(2 * hit / (told + int(photos)), 4),
        })  # fmt: skip
    return sorted(found, key=lambda row: (-row["photos"], row["key"]))


def per_label(group: Group, chances: NDArray[np.float32], said: NDArray[np.int8]) -> list[dict[str, Any]]:
    """The same for labels of one set, told from a chance of a half on, over photos of which it is known."""
    found = []
    for at, label in enumerate(group.labels):
        known = said[:, at] != UNKNOWN
        right, told = said[known, at] == YES, chances[known, at] >= 0.5
        hit, shown, called = int((right & told).sum()), int(right.sum()), int(told.sum())
        if not shown:
            continue
        found.append({
            "set": group.key, "key": label, "photos": shown, "without": int((said[known, at] == NO).sum()),
            "precision": round(hit / called, 4) if called else None, "recall": round(hit / shown, 4),
            "f1": round(2 * hit / (called + shown), 4),
        })  # fmt: skip
    return found


def bins(right: Keys, own: Answers) -> list[dict[str, Any]]:
    """Bins of equal size by confidence: its mean, the share that was right, how many."""
    hit = own.keys == right
    order = np.argsort(own.chances, kind="stable")
    return [
        {"confidence": round(float(own.chances[part].mean()), 4), "right": round(float(hit[part].mean()), 4),
         "photos": len(part)}
        for part in np.array_split(order, BINS) if len(part)
    ]  # fmt: skip


def cells(right: Keys, own: Answers, ids: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The confusion matrix where there is anything: label, what it was read as, how many, and which photos, the surest
    answers first."""
    found = []
    for label in np.unique(right):
        for read in np.unique(own.keys[right == label]):
            rows = np.flatnonzero((right == label) & (own.keys == read))
            rows = rows[np.argsort(-own.chances[rows], kind="stable")]
            found.append({
                "label": str(label), "read": str(read), "photos": len(rows), "ids": ids[rows[:CELL_EXAMPLES]].tolist(),
            })  # fmt: skip
    return found


def paired(right: Keys, own: Answers, theirs: Answers) -> dict[str, Any]:
    """Two versions on the same photos: accuracies, how many only one of them read right, the two-sided p of McNemar's
    exact test, and the standard error of the difference (McNemar 1947)."""
    hit, other = own.keys == right, theirs.keys == right
    found, count = mcnemar(hit, other), len(right)
    gained, lost = found.only_one, found.only_other
    error = math.sqrt(max(gained + lost - count * found.difference**2, 0.0)) / count
    return {
        "photos": count, "candidate": round(float(hit.mean()), 4), "active": round(float(other.mean()), 4),
        "gained": gained, "lost": lost, "p": round(found.p, 4), "error": round(error, 4),
    }  # fmt: skip


def paired_labels(
    said: Labels, own: NDArray[np.float32], theirs: NDArray[np.float32], clusters: NDArray[np.int64]
) -> dict[str, Any] | None:
    """Two versions on the same photos and labels: mean F1 of the labels that are shown, told from a half on, and the
    standard error of the difference, over draws of whole clusters with putting back (Efron 1979). `said` [n, labels]
    1, 0 or -1; chances of the same shape. None where no label is shown."""
    right = said == YES
    shown = right.any(axis=0)
    if not shown.any():
        return None
    right, known = right[:, shown], said[:, shown] != UNKNOWN
    called = [known & (chances[:, shown] >= 0.5) for chances in (own, theirs)]
    _keys, cluster = np.unique(clusters, return_inverse=True)
    count = int(cluster.max()) + 1
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=DRAWS)[:, cluster]
    whole = np.ones((1, len(said)))
    first, other = (float(_mean_f1(whole, right, one)[0]) for one in called)
    differences = _mean_f1(drawn, right, called[0]) - _mean_f1(drawn, right, called[1])
    return {
        "photos": int(known.any(axis=1).sum()), "labels": int(shown.sum()), "candidate": round(first, 4),
        "active": round(other, 4), "error": round(float(np.nanstd(differences)), 4),
    }  # fmt: skip


def _mean_f1(weights: NDArray[Any], right: Flags, called: Flags) -> NDArray[np.float64]:
    """For each draw [draws, n]; labels that a draw does not show are left out of its mean."""
    hits, there, told = (weights @ one.astype(np.float64) for one in (right & called, right, called))
    f1 = np.divide(2 * hits, there + told, out=np.zeros_like(hits), where=there + told > 0)
    seen = there > 0
    return np.asarray((f1 * seen).sum(axis=1) / np.where(seen.any(axis=1), seen.sum(axis=1), np.nan))
