"""A look at some items finds the same list as a look at all of them."""

from typing import Any

import numpy as np
import pytest

from recommender.ml import contenders
from recommender.ml.contenders import Contenders
from recommender.ml.scoring import Attention, Chorus, Factors, Voice

SIZE, WIDTH = 6_000, 24


def factors_like_those_of_shops(rng: Any, size: int = SIZE) -> Any:
    """A few factors carry most, a few items have long vectors; some items are alike to the last digit."""
    spread = 0.5 ** np.arange(WIDTH)[::-1]
    made = rng.normal(size=(size, WIDTH)) * spread * rng.pareto(1.5, size=(size, 1))
    made[5::7] = made[4::7][: len(made[5::7])]
    return made.astype(np.float32)


def all_best(factors: Any, vector: Any, k: int, barred: Any, now: Any = None) -> set[int]:
    scores = factors.astype(np.float64) @ vector * (1.0 if now is None else now)
    free = np.flatnonzero(~barred & (scores > 0))
    if len(free) <= k:
        return set(free.tolist())
    return set(free[scores[free] >= np.sort(scores[free])[-k]].tolist())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("has_moment", [False, True])
def test_nobody_of_the_best_is_missing_and_nobody_barred_is_there(seed, has_moment):
    rng = np.random.default_rng(seed)
    factors = factors_like_those_of_shops(rng)
    spectrum = (factors.astype(float) ** 2).sum(axis=0)
    known = Contenders(factors, spectrum)
    for k in (1, 10, 300, SIZE + 5):
        vector = rng.normal(size=WIDTH) * rng.choice([0.01, 1.0, 100.0])
        barred = rng.random(SIZE) < rng.choice([0.0, 0.5, 0.99])
        now = rng.uniform(0.2, 3.0, SIZE).astype(np.float32) if has_moment else None

        found = known.among(vector, k, barred, now)

        assert (np.diff(found) > 0).all()
        assert not barred[found].any()
        assert all_best(factors, vector, k, barred, now) <= set(found.tolist())


def test_most_items_are_never_looked_at_closely():
    rng = np.random.default_rng(1)
    factors = factors_like_those_of_shops(rng)
    known = Contenders(factors, (factors.astype(float) ** 2).sum(axis=0))
    for _ in range(20):
        vector = rng.normal(size=WIDTH) * 0.5 ** np.arange(WIDTH)[::-1]
        assert len(known.among(vector, 20, np.zeros(SIZE, bool))) < SIZE / 10


@pytest.mark.parametrize("size", [0, 1, 3])
def test_small_shops_and_vectors_of_nothing(size):
    factors = np.ones((size, WIDTH), np.float32)
    known = Contenders(factors, np.ones(WIDTH))

    assert known.among(np.ones(WIDTH), 2, np.zeros(size, bool)).tolist() == list(range(size))
    assert known.among(np.ones(WIDTH), 2, np.ones(size, bool)).tolist() == []
    assert set(known.among(np.zeros(WIDTH), 2, np.zeros(size, bool)).tolist()) <= set(range(size))


def test_a_chorus_of_factors_alone_answers_as_if_it_had_looked_at_everything(monkeypatch):
    rng = np.random.default_rng(2)
    factors = factors_like_those_of_shops(rng)
    spectrum = (factors.astype(float) ** 2).sum(axis=0)
    engine = Factors(factors, spectrum, alpha=5.0, regularisation=0.01, exponent=1.0)
    chorus = Chorus([Voice("ials", engine, Attention(), 0.7, 1.3)], rng.random(SIZE).astype(np.float32))
    asked = [
        (rng.choice(SIZE, 8, replace=False), rng.uniform(0.5, 5, 8), np.arange(8), 15, rng.random(SIZE) < 0.1)
        for _ in range(15)
    ]
    quick = [chorus.score(*one) for one in asked]
    monkeypatch.setattr(
        contenders.Contenders, "among", lambda _self, _vector, _k, barred, _now: np.flatnonzero(~barred)
    )

    for one, answer in zip(asked, quick, strict=True):
        whole = chorus.score(*one)
        for name in ("items", "reasons", "sources"):
            assert getattr(answer, name).tolist() == getattr(whole, name).tolist()
        assert answer.scores == pytest.approx(whole.scores, rel=1e-9)
        assert answer.shares == pytest.approx(whole.shares, rel=1e-9)
