"""How well pictures are read: figures that evaluation and the page of versions share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.decisions import APPLY, threshold_of

Floats = NDArray[np.float32]
Codes = NDArray[np.int32]
BINS = 10


@dataclass(frozen=True)
class OfClass:
    """Of one class: shares of what was told that is right, and of what is there that was told; how many there are."""

    precision: float
    recall: float
    f1: float
    pictures: int


def per_class(told: NDArray[np.int64], right: Codes, count: int) -> list[OfClass]:
    """In the order of the classes; 0 where nothing was told or is there."""
    found = []
    for at in range(count):
        hits = float(((told == at) & (right == at)).sum())
        said, there = float((told == at).sum()), float((right == at).sum())
        f1 = 2 * hits / (said + there) if said + there else 0.0
        found.append(OfClass(hits / said if said else 0.0, hits / there if there else 0.0, f1, int(there)))
    return found


def macro_f1(told: NDArray[np.int64], right: Codes) -> float:
    """Mean F1 of the classes that are there."""
    there = np.unique(right)
    return float(
        np.mean([one.f1 for at, one in enumerate(per_class(told, right, int(there.max()) + 1)) if at in there])
    )


def confusion(told: NDArray[np.int64], right: Codes, count: int) -> NDArray[np.int64]:
    """[right, told]: how many pictures."""
    return np.bincount(right.astype(np.int64) * count + told, minlength=count * count).reshape(count, count)


def reliability(chances: Floats, right: Codes, bins: int = BINS) -> list[dict[str, float]]:
    """Groups of equal size by the chance of the likeliest class, least first: mean chance, share right, how many."""
    best, hits = chances.max(axis=1).astype(np.float64), chances.argmax(axis=1) == right
    parts = np.array_split(np.argsort(best, kind="stable"), min(bins, len(best)))
    return [
        {"chance": float(best[part].mean()), "right": float(hits[part].mean()), "pictures": len(part)} for part in parts
    ]


def ece(chances: Floats, right: Codes, bins: int = BINS) -> float:
    """Expected calibration error over groups of equal size (Naeini et al. 2015)."""
    groups = reliability(chances, right, bins)
    return float(sum(one["pictures"] * abs(one["chance"] - one["right"]) for one in groups) / len(right))


def top(chances: Floats, right: Codes, count: int = 3) -> float:
    """Share of pictures whose class is among the likeliest `count`."""
    order = np.argsort(-chances, axis=1, kind="stable")[:, :count]
    return float((order == right[:, None]).any(axis=1).mean())


def similar_precision(embedding: Floats, right: Codes, nearest: int = 10) -> float:
    """Of the `nearest` most similar other pictures, the share of the same class; mean over all pictures."""
    nearest = min(nearest, len(embedding) - 1)
    if nearest < 1:
        return 0.0
    hits = 0.0
    for start in range(0, len(embedding), 1024):
        near = embedding[start : start + 1024] @ embedding.T
        rows = np.arange(len(near))
        near[rows, rows + start] = -np.inf
        found = np.argpartition(-near, nearest - 1, axis=1)[:, :nearest]
        hits += float((right[found] == right[start : start + 1024, None]).sum())
    return hits / (nearest * len(embedding))


def covered(
    held: Floats, held_right: Codes, chances: Floats, right: Codes, *, target: float = APPLY, is_promised: bool = True
) -> tuple[float, float | None, float | None]:
    """What is told without a person: (share of the pictures, share of those right, threshold).

    One threshold for all classes, the smallest at which the precision on the held-back pictures reaches `target`: its
    lower 90 % bound, or the plain share, which promises nothing about others. Shops ask it of each class (`applied`).
    Then the other pictures are asked. (0, None, None) where nothing reaches it.
    """
    held_chance, is_right = held.max(axis=1), held.argmax(axis=1) == held_right
    if is_promised:
        threshold = threshold_of(held_chance, is_right, apply=target).apply
    else:
        threshold = threshold_of(held_chance, is_right, suggest=target, least=len(is_right) + 1).suggest
    if threshold is None:
        return 0.0, None, None
    told = chances.max(axis=1) >= threshold
    hits = chances.argmax(axis=1)[told] == right[told]
    return float(told.mean()), float(hits.mean()) if told.any() else None, threshold


def applied(
    held: Floats, held_right: Codes, chances: Floats, right: Codes, *, target: float = APPLY
) -> tuple[float, float | None]:
    """What a shop would tell without a person: (share of the pictures, share of those right). Each class from a
    threshold of its own, the smallest at which the lower 90 % bound of its precision on the held-back pictures reaches
    `target`; a class with too few examples waits for a person."""
    held_best, best = held.argmax(axis=1), chances.argmax(axis=1)
    told = np.zeros(len(right), bool)
    for at in range(chances.shape[1]):
        own = held_best == at
        threshold = threshold_of(
            held[own, at], held_right[own] == at, positives=int((held_right == at).sum()), apply=target
        ).apply
        if threshold is not None:
            told |= (best == at) & (chances[:, at] >= threshold)
    return float(told.mean()), float((best[told] == right[told]).mean()) if told.any() else None


def share_interval(hits: NDArray[Any]) -> tuple[float, float]:
    """95 % range of a share (Wilson 1927)."""
    count, share, z = max(len(hits), 1), float(np.mean(hits)) if len(hits) else 0.0, 1.959964
    middle, spread = share + z * z / (2 * count), z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return float((middle - spread) / (1 + z * z / count)), float((middle + spread) / (1 + z * z / count))
