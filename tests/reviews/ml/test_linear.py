import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from reviews.ml import linear


def planted(seed=0, size=400):
    rng = np.random.default_rng(seed)
    rows = sp.random(size, 30, density=0.3, random_state=seed, format="csr", dtype=np.float32)
    truth = rng.normal(size=30)
    return rows, (rows @ truth > 0.1)[:, None]


def test_the_weights_are_those_of_the_primal_support_vector_machine():
    rows, yes = planted()

    ours = linear.fit(rows, yes, cost=0.7)
    theirs = LinearSVC(C=0.7, dual=False, tol=1e-8, intercept_scaling=1e4).fit(rows, yes[:, 0])

    assert np.allclose(ours.weights[:, 0], theirs.coef_[0], atol=0.02)
    assert ours.bias[0] == pytest.approx(theirs.intercept_[0], abs=0.02)


def test_questions_learned_together_are_those_learned_alone():
    rows, yes = planted()
    both = np.hstack([yes, ~yes])

    together = linear.fit(rows, both)
    alone = linear.fit(rows, yes)

    assert np.allclose(together.weights[:, 0], alone.weights[:, 0], atol=0.02)
    assert np.allclose(together.weights[:, 1], -alone.weights[:, 0], atol=0.02)


def test_a_trusted_feature_speaks_louder():
    rows = sp.csr_matrix(np.ones((40, 2), np.float32))
    rows[20:] = -1.0
    yes = (np.arange(40) < 20)[:, None]

    found = linear.fit(rows, yes, cost=0.01, trust=np.array([[2.0], [1.0]], np.float32))

    assert found.weights[0, 0] == pytest.approx(4 * found.weights[1, 0], rel=0.01)


def test_rows_that_count_twice_are_rows_that_stand_twice():
    rows, yes = planted(size=60)
    weights = np.where(np.arange(60) < 20, 2.0, 1.0)
    twice = np.r_[np.arange(60), np.arange(20)]

    weighted = linear.fit(rows, yes, row_weights=weights)
    repeated = linear.fit(rows[twice], yes[twice])

    assert np.allclose(weighted.weights, repeated.weights, atol=0.02)


def test_count_ratios_are_those_worked_out_by_hand():
    rows = sp.csr_matrix(np.array([[1, 1, 0], [0.5, 0, 0], [0, 1, 1]], np.float32))
    yes = np.array([[True], [True], [False]])

    found = linear.count_ratios(rows, yes)[:, 0]

    # With one added: 3, 2, 1 of 6 in the rows that say yes; 1, 2, 2 of 5 in the others.
    assert found == pytest.approx(np.abs(np.log([(3 / 6) / (1 / 5), (2 / 6) / (2 / 5), (1 / 6) / (2 / 5)])))


def test_a_planted_curve_is_found_again():
    rng = np.random.default_rng(1)
    margins = rng.normal(size=20_000)
    came = rng.random(20_000) < linear.sigmoid(2.0 * margins - 0.5)

    slope, shift = linear.fit_sigmoid(margins, came)

    assert slope == pytest.approx(2.0, abs=0.1)
    assert shift == pytest.approx(-0.5, abs=0.06)


def test_a_margin_that_misleads_gets_a_flat_curve():
    margins = np.linspace(-1, 1, 100)

    slope, shift = linear.fit_sigmoid(margins, margins < 0)

    assert slope == 0.0
    assert linear.sigmoid(np.array([shift]))[0] == pytest.approx(0.5, abs=0.01)


def test_the_span_of_few_rows_holds_the_same_softmax_as_all_features():
    rows, yes = planted(size=20)
    wide = sp.hstack([rows, sp.random(20, 500, density=0.05, random_state=1)], format="csr")
    codes = yes[:, 0].astype(np.int64) + (np.arange(20) % 4 == 0)

    spanned = linear.fit_softmax(wide, codes, 3, cost=2.0)
    weights, bias = linear._softmax(wide, codes, 3, 2.0)

    assert np.allclose(spanned.margins(wide), wide @ weights + bias, atol=0.02)


def test_the_softmax_is_that_of_logistic_regression():
    rows, yes = planted()
    codes = yes[:, 0].astype(np.int64) + (np.arange(400) % 3 == 0)

    ours = linear.fit_softmax(rows, codes, 3, cost=0.5).margins(rows)
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=2000).fit(rows, codes)

    chances = np.exp(ours) / np.exp(ours).sum(axis=1, keepdims=True)
    assert np.allclose(chances, theirs.predict_proba(rows), atol=0.01)
