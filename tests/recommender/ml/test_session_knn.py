"""The index and its numpy scorer against the method written down plainly."""

import math
from collections import defaultdict

import numpy as np
import pytest

from recommender.ml.session_knn import LARGEST_SESSION, SessionKnnParams, session_index
from recommender.ml.session_sources import SessionNeighbours, each_once, head_of_rows
from recommender.ml.sessions import newest_first
from tests.recommender.ml.session_data import rings, sessions_of


def plainly(lists, history, params):
    """Score per item: V-SkNN with the decays of STAN, sentence by sentence."""
    met = defaultdict(set)
    for number, row in enumerate(lists):
        for item in row:
            met[item].add(number)
    newest = {item: sorted(numbers)[-params.per_item :] for item, numbers in met.items()}
    context = list(dict.fromkeys(reversed(history)))
    places = {item: list(reversed(history)).index(item) for item in context}
    found = []
    for number, row in enumerate(lists):
        shared = [item for item in context if number in newest.get(item, [])]
        if not shared:
            continue
        likeness = sum(
            params.decay ** places[item] * (math.log(len(lists) / len(met[item])) + 1e-3) ** params.rarity
            for item in shared
        )
        age = (len(lists) - 1 - number) / len(lists)
        likeness *= 0.5 ** (age / params.half_life) / len(row) ** params.damping
        found.append((-likeness, number, shared[0]))
    scores = defaultdict(float)
    for likeness, number, item in sorted(found)[: params.neighbours]:
        at = max(place for place, other in enumerate(lists[number]) if other == item)
        for place, other in enumerate(lists[number]):
            scores[other] += -likeness * math.exp(-abs(place - at) / params.reach)
    return scores


def scored(lists, histories, params):
    sessions = sessions_of(*lists)
    source = SessionNeighbours(
        session_index(sessions, params), neighbours=params.neighbours, decay=params.decay, reach=params.reach
    )
    spoken = source.spoken(each_once(newest_first(histories)))
    table = np.zeros((len(histories), sessions.item_count))
    np.add.at(table, (spoken.rows, spoken.items), spoken.values)
    return table


@pytest.mark.parametrize(
    "params",
    [
        SessionKnnParams(),
        SessionKnnParams(neighbours=7, per_item=20, decay=0.8, rarity=1.0, half_life=0.2, damping=1.0, reach=1.5),
    ],
)
def test_scores_are_those_of_the_method_written_plainly(params):
    lists = rings(sessions=150, items=15, seed=3)
    histories = [[1, 2], [4, 4, 5, 4], [7], [0, 14, 3, 9]]

    table = scored(lists, histories, params)

    for row, history in enumerate(histories):
        expected = plainly(lists, history, params)
        assert table[row].tolist() == pytest.approx([expected[item] for item in range(15)], rel=1e-5)


def test_one_visitor_and_many_are_answered_alike():
    lists = rings(sessions=150, items=15, seed=3)
    histories = [[1, 2], [], [7], [0, 14, 3, 9]]

    together = scored(lists, histories, SessionKnnParams())

    for row, history in enumerate(histories):
        assert (scored(lists, [history], SessionKnnParams())[0] == together[row]).all()


def test_the_index_is_bounded():
    long = list(range(LARGEST_SESSION + 10))
    index = session_index(sessions_of([0, 1], long, [0, 2], [0, 3]), SessionKnnParams(per_item=2, limit=3))

    assert len(index["session_force"]) == 3
    assert np.diff(index["session_starts"]).tolist() == [LARGEST_SESSION, 2, 2]
    first = slice(*index["item_starts"][:2])
    assert index["item_sessions"][first].tolist() == [1, 2]
    assert index["item_starts"][-1] == len(index["item_sessions"]) == len(index["item_places"])


def test_an_item_nobody_met_speaks_for_nothing():
    assert scored([[0, 1], [0, 2]], [[2], []], SessionKnnParams())[1].tolist() == [0, 0, 0]


def test_heads_of_rows_are_the_largest_row_by_row():
    rows, values = np.array([0, 0, 0, 2, 2]), np.array([1.0, 3.0, 2.0, 5.0, 5.0])

    assert head_of_rows(rows, values, 2).tolist() == [1, 2, 3, 4]
    assert head_of_rows(rows, values, 1, np.array([0, 0, 0, 1.0, 2.0])).tolist() == [1, 4]
    assert head_of_rows(rows[:0], values[:0], 3).tolist() == []
