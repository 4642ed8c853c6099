from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ml import ials
from recommender.ml.ials import Ials, IalsParams
from recommender.ml.interactions import Interactions
from tests.recommender.ml.data import from_matrix, two_taste_groups

SMALL = IalsParams(factors=4, alpha=5.0, regularisation=0.02, sweeps=15)


@pytest.fixture(scope="module")
def data():
    return Interactions.from_frame(two_taste_groups(customers=40, items=16, events=6))


@pytest.fixture(scope="module")
def model(data):
    return Ials(SMALL).fit(data)


def loss(values, customers, items, params):
    """The sum that the docstring of the method states, over all pairs."""
    confidence, wanted = 1.0 + params.alpha * values, (values > 0).astype(float)
    squares = (confidence * (wanted - customers @ items.T) ** 2).sum()
    for own, sums, other in ((customers, values.sum(1), items), (items, values.sum(0), customers)):
        penalty = params.regularisation * (params.alpha * sums + len(other)) ** params.exponent
        squares += (penalty * (own**2).sum(1)).sum()
    return squares


def test_one_customer_is_solved_as_by_hand():
    """One factor, item factors (1, 2), the first item met with r = 1, α = 3, λ_u = 0.1·(3 + 2) = 0.5:
    x = 4·1 / (1 + 4 + 3·1 + 0.5) = 8/17."""
    model = Ials(IalsParams(factors=1, alpha=3.0, regularisation=0.1))
    model.item_factors, model.spectrum = np.array([[1.0], [2.0]], np.float32), np.array([5.0])

    scores = model.score_rows(sp.csr_matrix(np.array([[1.0, 0.0]])))

    assert scores.tolist() == [[pytest.approx(8 / 17), pytest.approx(16 / 17)]]


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_every_row_is_the_best_answer_to_the_other_side(data, exponent):
    params = IalsParams(factors=4, alpha=5.0, regularisation=0.3, exponent=exponent)
    model = Ials(params)
    rng = np.random.default_rng(0)
    items = ials.turned(rng.normal(size=(data.item_count, 4)).astype(np.float32))
    values = sp.csr_matrix(data.matrix().astype(np.float32))
    customers = np.zeros((data.customer_count, 4), np.float32)

    model._solve(values, items, customers, ials.spectrum(items))

    best = loss(values.toarray(), customers.astype(float), items.astype(float), params)
    for _ in range(20):
        moved = customers + rng.normal(scale=0.01, size=customers.shape)
        assert loss(values.toarray(), moved, items.astype(float), params) > best


def test_sweeps_lower_the_loss_and_a_warm_start_needs_fewer(data, model):
    own = model.histories(data)
    target = model.score_rows(own)

    hit = [
        np.abs(Ials(replace(SMALL, sweeps=sweeps), start=start).fit(data).score_rows(own) - target).mean()
        for sweeps, start in [(1, None), (4, None), (1, model.item_factors)]
    ]

    assert hit[1] < hit[0]
    assert hit[2] < hit[1]


def test_factors_are_turned_so_that_their_product_is_diagonal(model):
    gram = model.item_factors.astype(float).T @ model.item_factors.astype(float)

    assert np.abs(gram - np.diag(model.spectrum)).max() < 1e-4


def test_batches_do_not_change_what_is_learned(data, model, monkeypatch):
    monkeypatch.setattr(ials, "BLOCK_NUMBERS", 64)
    again = Ials(SMALL).fit(data)

    own = model.histories(data)
    assert again.score_rows(own) == pytest.approx(model.score_rows(own), abs=1e-3)


def test_one_list_and_many_lists_agree_and_reasons_add_up(data, model):
    pairs, seen = data.pairs(), data.matrix()
    many = model.rank(model.histories(data), 4, exclude=seen)
    for customer in range(10):
        own = pairs.customers == customer
        history = list(zip(pairs.items[own].tolist(), pairs.values[own].tolist(), strict=True))
        one = model.recommend(history, 4, exclude=seen[customer].indices.tolist())
        assert many[customer].tolist() == one.items.tolist()
        assert set(one.reasons.tolist()) <= {item for item, _weight in history}
        rows = np.array([item for item, _w in history])
        force = model.attention(np.array([w for _i, w in history]), np.arange(len(rows))) / model.scale
        scores, voices = model.serving().score(rows, force, one.items)
        assert (model.item_factors[one.items] @ voices.T).sum(axis=1) == pytest.approx(scores)
        own_factors, served = model.item_factors[rows].astype(np.float64), model.serving()
        surprise = 1.0 + served.alpha * force * (1.0 - own_factors @ voices.sum(axis=0))
        split = surprise[:, None] * own_factors / (served.spectrum + served.penalty(force))
        assert voices == pytest.approx(split)


def test_two_taste_groups_are_recovered():
    data = Interactions.from_frame(two_taste_groups(customers=120, items=16, events=8))
    model = Ials(IalsParams(factors=2, alpha=5.0, regularisation=0.05)).fit(data)

    found = model.recommend([(1, 1.0), (3, 1.0)], 6, exclude=[1, 3])

    assert (found.items % 2).tolist() == [1] * 6


def test_the_same_seed_gives_the_same_factors_and_an_empty_shop_gives_none(data, model):
    assert np.array_equal(Ials(SMALL).fit(data).item_factors, model.item_factors)
    empty = Ials(SMALL).fit(from_matrix(np.zeros((0, 3))))
    assert empty.recommend([(0, 1.0)], 2).items.tolist() == []
    assert model.recommend([], 2).items.tolist() == []


@pytest.mark.parametrize("factors", [4, 40])
def test_short_rows_are_solved_as_the_formula_says(factors):
    """With 40 factors the rows are shorter than half of them and go the short way."""
    rng = np.random.default_rng(3)
    params = IalsParams(factors=factors, alpha=7.0, regularisation=0.2, exponent=0.7)
    items = ials.turned(rng.normal(size=(60, factors)).astype(np.float32))
    values = sp.random(30, 60, density=0.1, random_state=1, format="csr", dtype=np.float32)
    found = np.zeros((30, factors), np.float32)

    Ials(params)._solve(values, items, found, ials.spectrum(items))

    wide = items.astype(float)
    for row in range(30):
        strengths = values[row].toarray()[0].astype(float)
        penalty = params.regularisation * (params.alpha * strengths.sum() + 60) ** params.exponent
        left = wide.T @ ((1 + params.alpha * strengths)[:, None] * wide) + penalty * np.eye(factors)
        right = wide.T @ ((1 + params.alpha * strengths) * (strengths > 0))
        by_hand = np.linalg.solve(left, right) if strengths.any() else np.zeros(factors)
        assert found[row] == pytest.approx(by_hand, abs=2e-4)
