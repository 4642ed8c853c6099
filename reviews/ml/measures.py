"""How well texts were told apart: shares, F1, calibration, who knows what it does not know."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
REDRAWS = 1_000


def macro_f1(told: Codes, right: Codes, classes: int) -> float:
    """Mean F1 of the classes that occur among `right` or `told`; NaN without texts."""
    found = [f1 for at in range(classes) if (f1 := class_figures(told, right, at)["f1"]) is not None]
    return float(np.mean(found)) if found else float("nan")


def class_figures(told: Codes, right: Codes, at: int) -> dict[str, float | int | None]:
    """Precision, recall and F1 of one class; None where there is nothing to divide by."""
    hits, named, there = int(((told == at) & (right == at)).sum()), int((told == at).sum()), int((right == at).sum())
    return {
        "precision": hits / named if named else None,
        "recall": hits / there if there else None,
        "f1": 2 * hits / (named + there) if named + there else None,
        "texts": there,
    }


def calibration_error(chances: Floats, outcomes: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance of mean chance and share of outcomes over bins of equal size."""
    order = np.argsort(chances, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(chances[part].mean() - outcomes[part].mean()) * len(part) for part in parts) / len(chances))


def auroc(scores: Floats, outcomes: NDArray[np.bool_]) -> float | None:
    """Chance that an outcome scores above one that did not happen, ties half (Mann & Whitney). None when all are
    alike."""
    yes, no = int(outcomes.sum()), int((~outcomes).sum())
    if not yes or not no:
        return None
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[outcomes].sum() - yes * (yes + 1) / 2.0) / (yes * no))


def answered_at(confidence: Floats, hits: NDArray[np.bool_], share: float) -> float:
    """The largest share of texts, most confident first, of which at least `share` were right. Texts of one confidence
    are answered together."""
    if not len(hits):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(hits[order]) / np.arange(1, len(hits) + 1)
    is_end = np.r_[confidence[order][1:] != confidence[order][:-1], True]
    good = np.flatnonzero(is_end & (precision >= share))
    return float((good[-1] + 1) / len(hits)) if len(good) else 0.0


def share_interval(hits: NDArray[np.bool_]) -> tuple[float, float]:
    """Wilson's 95 % range of a share (Wilson 1927)."""
    size, z = len(hits), 1.959964
    share = float(hits.mean())
    centre = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return float(centre - half), float(centre + half)


def paired(one: Floats | NDArray[np.bool_], other: Floats | NDArray[np.bool_], seed: int) -> dict[str, float]:
    """Mean of `one` minus `other` on the same texts with the 95 % bootstrap range over texts."""
    gaps = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    values, counts = np.unique(gaps, return_counts=True)
    if len(values) <= 1_000:
        # Redrawing texts with few different gaps is drawing how many have each.
        drawn = np.random.default_rng(seed).multinomial(len(gaps), counts / len(gaps), REDRAWS) @ values / len(gaps)
    else:
        rng = np.random.default_rng(seed)
        drawn = np.array([gaps[rng.integers(len(gaps), size=len(gaps))].mean() for _again in range(REDRAWS)])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"difference": float(gaps.mean()), "low": float(low), "high": float(high)}


def paired_auroc(one: Floats, other: Floats, outcomes: NDArray[np.bool_], seed: int) -> dict[str, float]:
    """`auroc` of `one` minus that of `other` with the 95 % bootstrap range over texts; nothing where all are alike."""
    first, second = auroc(one, outcomes), auroc(other, outcomes)
    if first is None or second is None:
        return {}
    rng, gaps = np.random.default_rng(seed), []
    for _again in range(REDRAWS):
        drawn = rng.integers(len(outcomes), size=len(outcomes))
        higher, lower = auroc(one[drawn], outcomes[drawn]), auroc(other[drawn], outcomes[drawn])
        if higher is not None and lower is not None:
            gaps.append(higher - lower)
    low, high = np.percentile(gaps, [2.5, 97.5])
    return {"difference": first - second, "low": float(low), "high": float(high)}


def paired_f1(one: Codes, other: Codes, right: Codes, classes: int, seed: int) -> dict[str, float]:
    """Macro-F1 of `one` minus that of `other` with the 95 % bootstrap range over texts."""
    triples = (one * classes + other) * classes + right
    kinds, counts = np.unique(triples, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(right), counts / len(right), REDRAWS)
    parts = kinds // classes**2, kinds // classes % classes, kinds % classes
    gaps = [_weighted_f1(parts[0], parts[2], row, classes) - _weighted_f1(parts[1], parts[2], row, classes)
            for row in np.vstack([counts, drawn])]  # fmt: skip
    low, high = np.percentile(gaps[1:], [2.5, 97.5])
    return {"difference": float(gaps[0]), "low": float(low), "high": float(high)}


def _weighted_f1(told: Codes, right: Codes, weights: NDArray[np.int64], classes: int) -> float:
    named = np.bincount(told, weights, classes)
    there = np.bincount(right, weights, classes)
    hits = np.bincount(told[told == right], weights[told == right], classes)
    occurs = named + there > 0
    return float((2 * hits[occurs] / (named + there)[occurs]).mean())
