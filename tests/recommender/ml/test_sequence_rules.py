import numpy as np
import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.scoring import Neighbours
from recommender.ml.sequence_rules import SequenceRules, SequenceRulesParams

PLAIN = SequenceRulesParams(steps=5, decay=0.5, power=0.0)


def customers(*lists):
    rows = [(number, item) for number, row in enumerate(lists) for item in row]
    return Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item"]), item_ids=np.arange(5))


def test_what_came_later_counts_and_less_with_distance():
    model = SequenceRules(PLAIN).fit(customers([0, 1, 2], [0, 2]))

    assert model.spoken.toarray()[0].tolist() == [0, 1, 1.5, 0, 0]
    assert model.spoken.toarray()[2].tolist() == [0, 0, 0, 0, 0]


def test_an_item_does_not_speak_for_itself():
    assert SequenceRules(PLAIN).fit(customers([0, 0, 1])).spoken.toarray()[0].tolist() == [0, 1.5, 0, 0, 0]


def test_the_newest_item_of_a_history_says_most():
    model = SequenceRules(PLAIN).fit(customers([0, 1], [2, 3]))

    found = model.recommend([(2, 1.0), (0, 1.0)], 2)

    assert found.items.tolist() == [3, 1]
    assert found.scores.tolist() == [1.0, 0.5]
    assert found.reasons.tolist() == [2, 0]


def test_lists_of_many_and_of_one_and_of_the_serving_code_are_the_same():
    rng = np.random.default_rng(0)
    data = customers(*[rng.integers(5, size=6).tolist() for _ in range(30)])
    model = SequenceRules().fit(data)
    histories, seen = model.histories(data), data.matrix() * 0
    seen.eliminate_zeros()
    arrays = model.to_arrays()
    served = Neighbours(arrays["indptr"], arrays["indices"], arrays["weights"], tie_break=arrays["popularity"])
    pairs = data.pairs()

    many = model.rank(histories, 3, exclude=seen)

    for customer in range(30):
        items = pairs.items[pairs.customers == customer]
        force = model.attention(np.ones(len(items)), np.arange(len(items)))
        one = model.recommend([(int(item), 1.0) for item in items], 3)
        assert one.items.tolist() == many[customer][many[customer] >= 0].tolist()
        assert served.score(items, force, 3, np.zeros(5, bool)).items.tolist() == one.items.tolist()


def test_other_ways_of_listening_need_no_new_fit():
    model = SequenceRules(PLAIN).fit(customers([0, 1], [2, 3]))

    assert model.with_params(SequenceRulesParams(steps=5, decay=0.5, power=0.0, half_life=9.0)).spoken is model.spoken
    with pytest.raises(ValueError, match="need a new fit"):
        model.with_params(SequenceRulesParams())


def test_neighbours_of_an_item_are_those_before_and_after_it():
    model = SequenceRules(PLAIN).fit(customers([0, 1], [1, 2], [1, 2]))

    assert model.alike[1].indices.tolist() == [2, 0]
