import numpy as np
import pytest

from analytics.ml import choosing_k, kmeans
from analytics.ml.preparation import ColumnPlan, Preparation

AGES = np.arange(25.0, 60.0, 5.0)
INCOMES = np.arange(50_000.0, 120_000.0, 10_000.0)
SPENDING = np.arange(3_000.0, 6_500.0, 500.0)


def blobs(centres, size=200, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(centres)), size)
    return np.asarray(centres, float)[truth] + rng.normal(0, spread, (len(truth), len(centres[0]))), truth


def test_the_reference_example_parts_seven_customers_into_neighbours():
    """Seven equal steps in three features: the best three groups are neighbours of 3, 2 and 2 members. A step is half
    a standard deviation, so the squares within are 3 features × (2 + ½ + ½) × ¼."""
    columns = {"age": AGES, "income": INCOMES, "spending": SPENDING}
    rows, _kept = Preparation({name: ColumnPlan() for name in columns}).fit_apply(columns)

    found = kmeans.fit(rows, 3, seed=42)

    assert found.sizes.tolist() == [3, 2, 2]
    assert found.inertia == pytest.approx(2.25)
    for cluster in range(3):
        assert np.ptp(np.flatnonzero(found.labels == cluster)) == found.sizes[cluster] - 1
    described = kmeans.profiles(found, columns, rows)
    assert sum(profile.size for profile in described) == 7
    for cluster, profile in enumerate(described):
        assert profile.means["age"] == pytest.approx(AGES[found.labels == cluster].mean())


def test_planted_groups_are_found_whatever_the_seed():
    rows, truth = blobs([[0, 0], [5, 0], [0, 5], [5, 5]])

    assert [kmeans.adjusted_rand(kmeans.fit(rows, 4, seed=seed).labels, truth) for seed in range(5)] == [1.0] * 5


def test_clusters_are_numbered_by_size():
    rows, _truth = blobs([[0, 0], [9, 9]])

    found = kmeans.fit(rows[:300], 2)

    assert found.sizes.tolist() == [200, 100]
    assert found.centres[0] == pytest.approx([0, 0], abs=0.1)


def test_the_number_of_planted_groups_is_chosen():
    rows, _truth = blobs([[0, 0], [4, 0], [0, 4], [4, 4]], spread=0.5)

    chosen = choosing_k.choose(rows, most=6)

    assert chosen.clustering.k == 4
    assert chosen.is_stable
    assert chosen.trial.ari > 0.98
    assert [trial.k for trial in chosen.trials] == [2, 3, 4, 5, 6]
    assert np.all(np.diff([trial.inertia for trial in chosen.trials]) < 0)


def test_a_cluster_below_three_percent_is_not_allowed():
    rows, _truth = blobs([[0, 0], [6, 6]])
    rows = np.vstack([rows, [[50.0, 50.0]] * 5])

    chosen = choosing_k.choose(rows, most=4)

    assert chosen.clustering.sizes.min() / len(rows) >= 0.03


def test_customers_who_are_all_alike_are_one_cluster():
    chosen = choosing_k.choose(np.zeros((50, 3)))

    assert chosen.clustering.k == 1
    assert chosen.clustering.inertia == 0.0
    assert not chosen.is_stable


def test_one_customer_is_one_cluster():
    assert choosing_k.choose(np.array([[1.0, 2.0]])).clustering.sizes.tolist() == [1]


def test_k_is_cut_to_the_number_of_different_rows():
    assert kmeans.fit(np.array([[0.0], [0.0], [1.0]]), 5).k == 2


def test_nothing_cannot_be_clustered():
    with pytest.raises(ValueError, match="at least one row"):
        kmeans.fit(np.empty((0, 2)), 2)


def test_large_tables_are_started_on_a_sample_and_finished_on_all(monkeypatch):
    monkeypatch.setattr(kmeans, "LARGE", 100)
    rows, truth = blobs([[0, 0], [5, 0], [0, 5]], size=500)

    found = kmeans.fit(rows, 3)

    assert kmeans.adjusted_rand(found.labels, truth) == 1.0
    assert found.centres.mean() == pytest.approx(np.mean([[0, 0], [5, 0], [0, 5]]), abs=0.05)


def test_agreement_by_hand():
    """Pairs together: 2 in one, 2 in the other, 1 in both, of 6. (1 − 4/6) / (2 − 4/6) = 0.25."""
    assert kmeans.adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])) == 1.0
    assert kmeans.adjusted_rand(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])) == pytest.approx((1 - 0.5) / (2 - 0.5))
    assert kmeans.adjusted_rand(np.array([0, 0]), np.array([0, 0])) == 1.0


def test_silhouette_by_hand():
    """Rows 0, 1 and 10: a = 1, b = 10 and 9 for the first two; a cluster of one is worth 0."""
    rows = np.array([[0.0], [1.0], [10.0]])

    assert kmeans.silhouette(rows, np.array([0, 0, 1])) == pytest.approx((9 / 10 + 8 / 9 + 0) / 3)
    assert kmeans.silhouette(rows, np.zeros(3, int)) == 0.0
    assert kmeans.silhouette(np.zeros((4, 1)), np.array([0, 0, 1, 1])) == 0.0


def test_a_profile_names_what_sets_a_cluster_apart():
    rows, _truth = blobs([[0, 0, 0], [8, 0, 0]])
    columns = {"recency": rows[:, 0] * 10, "frequency": rows[:, 1], "money": rows[:, 2]}

    first, second = kmeans.profiles(kmeans.fit(rows, 2), columns, rows)

    assert [name for name, _gap in first.apart] == [name for name, _gap in second.apart] == ["recency"]
    assert sorted([first.apart[0][1], second.apart[0][1]]) == pytest.approx([-1, 1], abs=0.02)
    assert sorted([first.means["recency"], second.means["recency"]]) == pytest.approx([0, 80], abs=1)


def test_names_stay_with_members_from_run_to_run():
    before = ["c1"] * 9 + ["c2"] * 9 + [""] * 5
    labels = np.array([1] * 9 + [0] * 9 + [2] * 5)

    found = kmeans.keep_names(labels, before, ["c1", "c2", "c3"])

    assert found == {0: "c2", 1: "c1", 2: "c4"}


def test_a_cluster_that_shares_less_than_half_gets_a_new_name():
    found = kmeans.keep_names(np.array([0] * 4 + [1] * 6), ["c1"] * 10, ["c1"])

    assert found == {0: "c2", 1: "c1"}
    assert kmeans.keep_names(np.array([0] * 10), ["c1"] * 4 + ["c2"] * 3 + ["c3"] * 3, ["c3"]) == {0: "c4"}


def test_those_who_came_since_do_not_change_what_a_cluster_is():
    assert kmeans.keep_names(np.zeros(100, int), ["c1"] * 6 + [""] * 94, ["c1"]) == {0: "c1"}


def test_the_first_run_names_all():
    assert kmeans.keep_names(np.array([0, 1, 1]), ["", "", ""], []) == {0: "c1", 1: "c2"}
