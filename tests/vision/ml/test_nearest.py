"""Exact search among pictures: a planted truth, groups, masks and ties."""

import numpy as np
import pytest

from vision.ml.nearest import Matrix, mask, nearest


def directions(*degrees: float) -> np.ndarray:
    turned = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


@pytest.fixture
def matrix():
    """Product 7 at 0° and 80°, product 3 at 40°, product 9 at 50°."""
    return Matrix.of(directions(80, 40, 0, 50), np.array([71, 31, 72, 91]), np.array([7, 3, 7, 9]))


def test_a_product_counts_by_its_best_picture(matrix):
    found = nearest(matrix, directions(78)[0], 5)

    assert found.products.tolist() == [7, 9, 3]
    assert found.images.tolist() == [71, 91, 31]
    assert found.likeness == pytest.approx(np.cos(np.deg2rad([2, 28, 38])), abs=1e-6)


def test_length_does_not_matter_and_count_cuts(matrix):
    assert nearest(matrix, directions(45)[0] * 17, 2).products.tolist() == [3, 9]


def test_equally_alike_ones_come_by_number(matrix):
    twins = Matrix.of(directions(10, 10, 10, 90), np.array([1, 2, 3, 4]), np.array([8, 2, 5, 1]))

    assert nearest(twins, directions(12)[0], 2).products.tolist() == [2, 5]
    assert nearest(twins, directions(12)[0], 4).products.tolist() == [2, 5, 8, 1]


def test_only_allowed_ones_and_not_the_asked_one(matrix):
    allowed = mask(matrix, np.array([9, 7, 12345]))

    assert nearest(matrix, directions(40)[0], 5, allowed=allowed).products.tolist() == [9, 7]
    assert nearest(matrix, directions(40)[0], 5, allowed=allowed, but=9).products.tolist() == [7]
    assert nearest(matrix, directions(40)[0], 5, but=555).products.tolist() == [3, 9, 7]
    assert nearest(matrix, directions(40)[0], 5, allowed=np.zeros(3, np.bool_)).products.tolist() == []
    assert nearest(matrix, directions(40)[0], 0).products.tolist() == []


def test_the_mean_of_a_product_is_a_direction(matrix):
    assert matrix.mean(7) == pytest.approx(directions(40)[0], abs=1e-6)
    assert matrix.mean(4) is None
    opposite = Matrix.of(directions(0, 180), np.array([1, 2]), np.array([1, 1]))
    assert opposite.mean(1) == pytest.approx(directions(0)[0], abs=1e-6)


def test_it_finds_what_sorting_everything_finds():
    random = np.random.default_rng(0)
    rows = random.standard_normal((3_000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    owners = random.integers(1, 900, 3_000)
    matrix = Matrix.of(rows, np.arange(3_000), owners)
    matrix.check()
    for seed in range(5):
        asked = np.random.default_rng(seed).standard_normal(16).astype(np.float32)
        exact = rows.astype(np.float64) @ (asked / np.linalg.norm(asked)).astype(np.float64)
        best = {int(owner): exact[owners == owner].max() for owner in np.unique(owners)}
        wanted = sorted(best, key=lambda one: (-best[one], one))[:25]

        assert nearest(matrix, asked, 25).products.tolist() == wanted


def test_damaged_rows_never_come_first(matrix):
    rows = matrix.rows.copy()
    rows[0] = np.nan
    broken = Matrix(rows, matrix.images, matrix.products, matrix.starts)

    assert nearest(broken, directions(40)[0], 3).products.tolist()[0] == 9


@pytest.mark.parametrize("asked", [np.zeros(2), np.array([np.nan, 1.0]), np.ones(3), np.ones((1, 2))])
def test_what_is_no_direction_is_refused(matrix, asked):
    with pytest.raises(ValueError, match="direction"):
        nearest(matrix, asked.astype(np.float32), 3)


@pytest.mark.parametrize(
    "broken",
    [
        {"starts": np.array([0, 3, 2])},
        {"starts": np.array([1, 2, 3])},
        {"starts": np.array([0, 1])},
        {"products": np.array([3, 3, 9])},
        {"images": np.array([1])},
        {"rows": np.zeros((4, 2), np.float64)},
        {"rows": np.zeros(4, np.float32)},
    ],
)
def test_arrays_that_do_not_fit_make_no_matrix(matrix, broken):
    made = Matrix(**{name: getattr(matrix, name) for name in ("rows", "images", "products", "starts")} | broken)
    with pytest.raises(ValueError, match="no matrix"):
        made.check()


def test_an_empty_shop_has_no_answer():
    empty = Matrix.of(np.zeros((0, 4), np.float32), np.array([], np.int64), np.array([], np.int64))
    empty.check()

    assert nearest(empty, np.ones(4, np.float32), 3).products.tolist() == []
