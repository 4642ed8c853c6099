"""Whether an experiment may be believed at all, and what many questions at once cost."""

from collections.abc import Sequence

MISMATCH_BELOW = 0.001
"""A sample ratio less likely than this says that something is broken (Fabijan et al. 2019, as all of that field)."""


def sample_ratio(counts: Sequence[int], weights: Sequence[int]) -> float:
    """p of Pearson's χ² that these many subjects per arm come from these weights: the sample ratio mismatch check.

    Fabijan, Gupchup, Gupta, Omhover, Qin, Vermeer and Dmitriev (2019), "Diagnosing sample ratio mismatch in online
    controlled experiments". 1.0 while there is nobody.
    """
    total, whole = sum(counts), sum(weights)
    pairs = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight or count]
    if not total or len(pairs) < 2:
        return 1.0
    if any(weight == 0 for _count, weight in pairs):
        return 0.0
    from scipy.special import chdtrc

    square = sum((count - total * weight / whole) ** 2 / (total * weight / whole) for count, weight in pairs)
    return float(chdtrc(len(pairs) - 1, square))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values after Holm (1979), "A simple sequentially rejective multiple test procedure", in the given order.

    Those below alpha may be claimed together: the chance of even one false claim stays below alpha.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    found, highest = [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[i]))
        found[i] = highest
    return found
