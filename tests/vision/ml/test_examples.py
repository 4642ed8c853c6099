"""Examples are split by cluster, for ever the same, and pictures are not copied."""

import numpy as np
import pytest

from vision.ml.examples import Classes, Examples, Group, split_by_cluster


def examples(clusters) -> Examples:
    count = len(clusters)
    pictures = np.zeros((count, 8, 8, 3), np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None, None]
    said = np.arange(count, dtype=np.int8)[:, None] % 2
    return Examples(pictures, np.arange(count, dtype=np.int32), {"g": said}, np.asarray(clusters, np.int64))


def test_no_cluster_is_in_two_parts_and_shares_hold():
    own = examples(np.arange(6_000) // 3 + 7)

    parts = split_by_cluster(own, (0.7, 0.15, 0.15), seed=3)

    assert all(len(set(parts[own.clusters == cluster])) == 1 for cluster in range(7, 207))
    assert np.bincount(parts) / 6_000 == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


def test_a_cluster_stays_in_its_part_when_others_come_and_go():
    before = split_by_cluster(examples([5, 6, 7, 8, 9, 10]), (0.5, 0.5), seed=0)
    after = split_by_cluster(examples([10, 99, 8, 6]), (0.5, 0.5), seed=0)

    assert [after[0], after[2], after[3]] == [before[5], before[3], before[1]]


def test_shares_that_are_no_whole_are_refused():
    with pytest.raises(ValueError):
        split_by_cluster(examples([1]), (0.5, 0.6), seed=0)


def test_taking_twice_reads_the_right_pictures_of_the_same_memory():
    own = examples(np.arange(10))

    taken = own.take(np.arange(10) >= 4).take(np.array([0, 2]))

    assert taken.category.tolist() == [4, 6]
    assert taken.groups["g"].ravel().tolist() == [0, 0]
    assert taken.pictures is own.pictures
    assert taken.read(slice(None))[:, 0, 0, 0].tolist() == [4, 6]
    assert taken.read(np.array([1]))[0, 0, 0, 0] == 6


def test_columns_of_another_length_and_other_pictures_are_refused():
    with pytest.raises(ValueError):
        Examples(np.zeros((3, 8, 8, 3), np.uint8), np.zeros(2, np.int32), {}, np.zeros(3, np.int64))
    with pytest.raises(ValueError):
        Examples(np.zeros((3, 8, 9, 3), np.uint8), np.zeros(3, np.int32), {}, np.zeros(3, np.int64))


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(ValueError):
        Classes(("a", "a"))
    with pytest.raises(ValueError):
        Classes(("a", "b"), groups=(Group("g", ("x",)), Group("g", ("y",))))
