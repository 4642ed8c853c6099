"""The short way to the best of many is the sorted way."""

import numpy as np
import pytest

from recommender.ml.ranking import LEAST_SAMPLED, among_best, best


def drawn(rng, size):
    """Scores that a sample may tell wrongly: few values, one value, sorted, the high ones in one place."""
    match rng.integers(5):
        case 0:
            return rng.random(size)
        case 1:
            return rng.integers(0, 4, size) / 4.0
        case 2:
            return np.full(size, 0.5)
        case 3:
            return np.sort(rng.random(size))[:: rng.choice([-1, 1])].copy()
    return np.where(np.arange(size) % 8 == rng.integers(8), 1.0 + rng.random(size), rng.random(size))


@pytest.mark.parametrize("size", [1, 30, LEAST_SAMPLED - 1, LEAST_SAMPLED, LEAST_SAMPLED + 3, 5 * LEAST_SAMPLED])
def test_the_best_are_those_of_a_sort_by_score_then_popularity_then_number(size):
    rng = np.random.default_rng(size)
    for _turn in range(40):
        scores, items = drawn(rng, size), rng.permutation(size + 7)[:size]
        popularity = rng.integers(0, 3, size + 7) / 2.0
        k = int(rng.integers(0, size + 2)) if rng.random() < 0.3 else int(rng.integers(0, 600))

        expected = np.lexsort((items, -popularity[items], -scores))[:k]

        assert best(items, scores, k, popularity).tolist() == expected.tolist()
        assert among_best(items, scores, k, popularity).tolist() == sorted(expected.tolist())
