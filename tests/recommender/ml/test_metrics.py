import math

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ml import metrics
from recommender.ml.judging import Exam
from recommender.ml.splits import split
from tests.recommender.ml.data import from_matrix

RANKED = np.array([[3, 1, 0, -1], [2, 0, 1, 3], [4, 3, 2, 1]])
RELEVANT = sp.csr_matrix(
    np.array(
        [
            [1, 0, 0, 1, 1],
            [0, 0, 0, 1, 0],
            [1, 0, 0, 0, 0],
        ]
    )
)
COUNTS = np.array([3, 1, 1])


@pytest.fixture
def hits():
    return metrics.hits(RANKED, RELEVANT)


def test_hits_are_where_the_ranked_item_is_relevant(hits):
    assert hits.tolist() == [
        [True, False, True, False],
        [False, False, False, True],
        [False, False, False, False],
    ]


def test_the_end_of_a_list_never_hits():
    found = metrics.hits(np.array([[-1, -1]]), sp.csr_matrix(np.ones((1, 3))))

    assert not found.any()


def test_ndcg_discounts_by_place_and_divides_by_the_best_possible(hits):
    first = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3) + 1 / math.log2(4))
    second = 1 / math.log2(5)

    assert metrics.ndcg_at_k(hits, COUNTS, 4) == pytest.approx((first + second + 0) / 3)


def test_ndcg_at_two_forgets_what_stands_below(hits):
    assert metrics.ndcg_at_k(hits, COUNTS, 2) == pytest.approx((1 / (1 + 1 / math.log2(3))) / 3)


def test_perfect_lists_have_ndcg_and_map_of_one():
    perfect = np.array([[True, True, False], [True, False, False]])

    assert metrics.ndcg_at_k(perfect, np.array([2, 1]), 3) == 1.0
    assert metrics.map_at_k(perfect, np.array([2, 1]), 3) == 1.0


def test_average_precision_is_taken_at_the_hits(hits):
    assert metrics.map_at_k(hits, COUNTS, 4) == pytest.approx(((1 + 2 / 3) / 3 + 1 / 4 + 0) / 3)


def test_average_precision_is_fair_to_lists_shorter_than_the_relevant_items():
    assert metrics.map_at_k(np.array([[True, True]]), np.array([5]), 2) == 1.0


def test_precision_recall_hit_rate_and_reciprocal_rank(hits):
    assert metrics.precision_at_k(hits, 4) == pytest.approx((2 / 4 + 1 / 4 + 0) / 3)
    assert metrics.recall_at_k(hits, COUNTS, 4) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics.hit_rate_at_k(hits, 4) == pytest.approx(2 / 3)
    assert metrics.hit_rate_at_k(hits, 3) == pytest.approx(1 / 3)
    assert metrics.mrr_at_k(hits, 4) == pytest.approx((1 + 1 / 4 + 0) / 3)
    assert metrics.mrr_at_k(hits, 3) == pytest.approx(1 / 3)


def test_coverage_counts_shown_items_once():
    assert metrics.coverage(np.array([[0, 1], [1, -1]]), 8) == 2 / 8


def test_novelty_is_the_surprise_of_the_shown_items_in_bits():
    popularity = np.array([8.0, 2.0, 0.0])

    assert metrics.novelty(np.array([[0, 1], [2, -1]]), popularity, 8) == pytest.approx((0 + 2 + 3) / 3)


def test_no_customers_means_zero_not_an_error():
    nobody = np.zeros((0, 10), bool)
    none = np.zeros(0, int)

    assert metrics.ndcg_at_k(nobody, none, 10) == 0.0
    assert metrics.mrr_at_k(nobody, 10) == 0.0
    assert metrics.novelty(np.zeros((0, 10), int), np.zeros(3), 0) == 0.0


def test_gini_is_zero_for_equal_shares_and_grows_to_one():
    assert metrics.gini(np.array([[0, 1], [2, 3]]), 4) == pytest.approx(0.0)
    assert metrics.gini(np.array([[0], [0], [0], [0]]), 4) == pytest.approx(0.75)
    assert metrics.gini(np.array([[0, 1], [0, -1]]), 2) == pytest.approx(1 / 6)


def test_popularity_lift_by_hand():
    """Shown: mean 8 and 4; chosen before: mean 4 and 2; the third did nothing before."""
    histories = sp.csr_matrix(np.array([[1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]))
    ranked = np.array([[3, 1], [1, -1], [3, 3]])

    lift = metrics.popularity_lift(ranked, histories, np.array([6.0, 4.0, 2.0, 12.0]))

    assert lift == pytest.approx((8 + 4) / (4 + 2) - 1)


def test_diversity_is_one_minus_the_mean_cosine_of_pairs():
    vectors = sp.csr_matrix(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]))

    assert metrics.diversity_in_lists(np.array([[0, 1, 2]]), vectors) == pytest.approx(1 - (0.6 + 0.0 + 0.8) / 3)
    assert metrics.diversity_in_lists(np.array([[0, -1, -1]]), vectors) == 0.0


def test_intervals_hold_the_mean_and_narrow_with_customers():
    rng = np.random.default_rng(0)
    few, many = rng.normal(1.0, 1.0, 50), rng.normal(1.0, 1.0, 5000)

    (low, high), (near, far) = metrics.interval(few), metrics.interval(many)

    assert low < few.mean() < high
    assert far - near == pytest.approx(2 * 1.96 / np.sqrt(5000), rel=0.1)
    assert high - low > 5 * (far - near)


def test_a_paired_comparison_tells_who_is_better_on_the_same_customers():
    data = from_matrix(np.eye(6, dtype=int) + np.roll(np.eye(6, dtype=int), 1, axis=1))
    exam = Exam(split(data, "leave-last-out"))
    asked, relevant, _seen = exam.sheet()
    right = relevant.indices[:, None]
    wrong = (right + 1) % 6

    found = exam.compare(right, wrong)

    assert len(asked) == 6
    assert found["difference"] == 1.0
    assert (found["low"], found["high"]) == (1.0, 1.0)
    assert (found["better_for"], found["worse_for"]) == (1.0, 0.0)


def test_a_difference_that_signs_alone_reach_half_the_time_is_no_difference():
    """One customer: both signs give the same amount. Ten alike: 2 of 1,024 patterns do."""
    assert metrics.paired_p(np.array([0.3])) == 1.0
    assert metrics.paired_p(np.full(10, 0.1), flips=20_000) == pytest.approx(2 / 1024, abs=0.001)
    assert metrics.paired_p(np.zeros(5)) == 1.0
    assert metrics.paired_p(np.r_[np.full(50, 0.1), np.full(50, -0.1)]) > 0.9
