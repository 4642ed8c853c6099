import numpy as np
import pandas as pd

from recommender.ml.interactions import Interactions
from recommender.ml.session_sources import DEPTH
from recommender.ml.sessions import Sessions, newest_first
from tests.recommender.ml.session_data import sessions_of

N = -1


def lists_of(sessions):
    return [sessions.items[a:b].tolist() for a, b in zip(sessions.starts[:-1], sessions.starts[1:], strict=True)]


def heads(prefixes, width=4):
    return prefixes.context[:, :width].tolist()


def test_without_times_the_order_of_the_rows_is_that_of_time():
    frame = pd.DataFrame({"session": ["b", "b", "a", "b"], "item": ["y", "x", "y", "z"]})

    sessions = Sessions.from_frame(frame)

    assert sessions.item_ids.tolist() == ["x", "y", "z"]
    assert lists_of(sessions) == [[1], [1, 0, 2]]
    assert sessions.dated


def test_sessions_with_times_are_sorted_by_their_last_act():
    frame = pd.DataFrame(
        {"session": [1, 1, 2, 2, 3], "item": [10, 11, 12, 13, 14], "timestamp": [5.0, 90.0, 30.0, 20.0, 40.0]}
    )

    assert lists_of(Sessions.from_frame(frame)) == [[3, 2], [4], [0, 1]]


def test_customers_without_times_are_not_dated_so_none_counts_as_fresher():
    events = Interactions.from_frame(pd.DataFrame({"customer": [1, 2, 1], "item": [3, 3, 4]}))

    sessions = Sessions.from_interactions(events)

    assert lists_of(sessions) == [[0, 1], [0]]
    assert sessions.freshness(0.5).tolist() == [1.0, 1.0]


def test_freshness_halves_with_the_share_of_sessions():
    assert np.allclose(sessions_of([0], [0], [0], [0]).freshness(0.5), [0.5**1.5, 0.5, 0.5**0.5, 1.0])
    assert sessions_of([0], [0]).freshness(0.0).tolist() == [1.0, 1.0]


def test_prefixes_ask_for_every_act_but_the_first():
    asked = sessions_of([4, 5, 6], [7], [8, 4]).prefixes()

    assert heads(asked) == [[4, N, N, N], [5, 4, N, N], [8, N, N, N]]
    assert asked.targets.tolist() == [5, 6, 4]
    assert asked.sessions.tolist() == [0, 0, 2]


def test_prefixes_look_no_further_back_than_depth():
    asked = sessions_of(list(range(DEPTH + 5))).prefixes()

    assert asked.context[-1].tolist() == list(range(DEPTH + 3, 3, -1))


def test_the_last_acts_are_held_back_and_single_acts_kept():
    past, held = sessions_of([1, 2, 3], [4], [5, 6]).without_last()

    assert lists_of(past) == [[1, 2], [4], [5]]
    assert heads(held) == [[2, 1, N, N], [5, N, N, N]]
    assert held.targets.tolist() == [3, 6]


def test_a_part_keeps_item_numbers():
    part = sessions_of([1, 2], [3, 4], [5]).part(1, 3)

    assert lists_of(part) == [[3, 4], [5]]
    assert part.item_count == 6


def test_contexts_of_lists_are_newest_first():
    assert newest_first([[1, 2, 3], []], depth=2).tolist() == [[3, 2], [N, N]]
