import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ml import transitions
from recommender.ml.transitions import TransitionParams, followers, met, prune, shares, walk
from tests.recommender.ml.session_data import sessions_of

PLAIN = TransitionParams(half_life=0.0)


def test_what_came_later_counts_one_over_the_distance():
    counts = followers(sessions_of([0, 1, 2], [0, 2]), PLAIN).toarray()

    assert counts.tolist() == [[0, 1, 1.5], [0, 0, 1], [0, 0, 0]]


def test_a_decay_and_a_bound_on_the_steps():
    params = TransitionParams(steps=2, decay=0.5, half_life=0.0)

    assert followers(sessions_of([0, 1, 2, 3]), params).toarray()[0].tolist() == [0, 1, 0.5, 0]


def test_no_pair_crosses_from_one_session_into_the_next():
    assert followers(sessions_of([0, 1], [2, 3]), PLAIN).toarray()[1].tolist() == [0, 0, 0, 0]


def test_newer_sessions_count_more():
    counts = followers(sessions_of([0, 1], [0, 2]), TransitionParams(half_life=0.5)).toarray()

    assert counts[0, 1:].tolist() == pytest.approx([0.5, 1.0])


def test_undated_sessions_count_alike():
    counts = followers(sessions_of([0, 1], [0, 2], dated=False), TransitionParams(half_life=0.5)).toarray()

    assert counts[0, 1:].tolist() == [1.0, 1.0]


def test_rows_become_shares():
    matrix = sp.csr_matrix(np.array([[1.0, 3.0], [0.0, 0.0]]))

    assert shares(matrix).toarray().tolist() == [[0.25, 0.75], [0.0, 0.0]]
    assert shares(matrix, 0.5).toarray()[0].tolist() == [0.5, 1.5]


def test_pruning_keeps_the_largest_and_of_equal_ones_the_first():
    matrix = sp.csr_matrix(np.array([[2.0, 5.0, 2.0, 2.0, -1.0], [0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]]))

    assert prune(matrix, 2).toarray().tolist() == [[2, 5, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert prune(matrix, 9).nnz == 5


def test_a_walk_finds_items_that_never_met_in_one_session():
    ahead = followers(sessions_of([0, 1], [1, 2]), PLAIN)

    found = walk(ahead).toarray()

    assert ahead[0, 2] == 0
    # From 0 one can only go to 1; from 1 to 2 with 1 against 0.8 back to 0.
    assert found[0].tolist() == pytest.approx([0, 0, 1 / 1.8])


def test_nothing_in_nothing_out():
    empty = sessions_of([0], items=3)

    assert followers(empty).nnz == 0
    assert walk(followers(empty)).shape == (3, 3)


@pytest.mark.parametrize("room", [1, 7, 1000])
def test_blocks_of_any_size_hold_followers_and_forerunners(room, monkeypatch):
    monkeypatch.setattr(transitions, "BLOCK_ENTRIES", room)
    rng = np.random.default_rng(0)
    sessions = sessions_of(*(rng.integers(12, size=length).tolist() for length in (1, 5, 9, 3)), [11])
    ahead = followers(sessions, PLAIN).toarray()

    blocks = list(met(sessions, PLAIN, backwards=0.5))

    starts = [start for start, _block in blocks]
    assert starts == [sum(block.shape[0] for _start, block in blocks[:at]) for at in range(len(blocks))]
    assert np.vstack([block.toarray() for _start, block in blocks]) == pytest.approx(ahead + 0.5 * ahead.T)
