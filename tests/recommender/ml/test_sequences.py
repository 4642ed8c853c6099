import numpy as np
import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.sequences import SequenceParams, SequenceRules, SequenceWalk

CHAIN = Interactions.from_frame(
    pd.DataFrame({"customer": [1] * 3 + [2] * 2, "item": [10, 11, 12, 10, 11], "timestamp": [1, 2, 3, 4, 5]})
)


def test_followers_count_by_distance_and_rows_become_shares():
    """After 10 came 11 twice (next) and 12 once (two acts later): 2 and 1/2 of 5/2."""
    weights = SequenceRules(SequenceParams(power=1.0)).fit(CHAIN).spoken.toarray()

    assert weights == pytest.approx(np.array([[0, 4 / 5, 1 / 5], [0, 0, 1], [0, 0, 0]]))


def test_the_way_back_counts_as_much_as_one_says():
    weights = SequenceRules(SequenceParams(power=0.0, backwards=0.5)).fit(CHAIN).spoken.toarray()

    assert weights == pytest.approx(np.array([[0, 2, 0.5], [1, 0, 1], [0.25, 0.5, 0]]))


def test_the_newest_act_decides():
    model = SequenceRules(SequenceParams(half_life=0.5)).fit(
        Interactions.from_frame(
            pd.DataFrame(
                {"customer": np.repeat(np.arange(20), 2), "item": [1, 2] * 10 + [3, 4] * 10, "timestamp": range(40)}
            )
        )
    )

    assert model.recommend([(0, 1.0), (2, 1.0)], 1, exclude=[0, 2]).items.tolist() == [1]
    assert model.recommend([(2, 1.0), (0, 1.0)], 1, exclude=[0, 2]).items.tolist() == [3]


def test_a_walk_finds_items_that_never_met():
    apart = Interactions.from_frame(
        pd.DataFrame({"customer": [1, 1, 2, 2], "item": [1, 2, 2, 3], "timestamp": [1, 2, 3, 4]})
    )

    assert SequenceRules().fit(apart).spoken.toarray()[0, 2] == 0.0
    assert SequenceWalk().fit(apart).recommend([(0, 1.0)], 2).items.tolist() == [2]


def test_answering_parameters_need_no_new_fit():
    model = SequenceWalk().fit(CHAIN)
    twin = model.with_params(SequenceParams(backwards=0.8, half_life=9.0))

    assert type(twin) is SequenceWalk
    assert twin.spoken is model.spoken
    with pytest.raises(ValueError, match="need a new fit"):
        model.with_params(SequenceParams(backwards=0.1))
