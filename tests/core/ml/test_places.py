"""Where numbers stand in a sorted row of them."""

import numpy as np
import pytest

from core.ml.places import UNKNOWN, Places


@pytest.mark.parametrize("step", [1, 3, 1_000])  # close together they are looked up in a table, else searched for
def test_each_number_is_found_and_others_are_unknown(step):
    ids = np.arange(5, 5 + 40 * step, step)
    places = Places(ids)

    assert places.of(ids[::-1]).tolist() == list(range(39, -1, -1))
    between = np.setdiff1d(np.arange(ids[0] - 3, ids[-1] + 4), ids)
    assert set(places.of(between).tolist()) == {UNKNOWN}
    assert places.of(np.array([-(2**62), ids[0], 2**62])).tolist() == [UNKNOWN, 0, UNKNOWN]
    assert places.of(np.empty(0, np.int64)).tolist() == []


def test_a_thousand_rows_are_those_of_a_dictionary():
    rng = np.random.default_rng(2)
    for _ in range(1_000):
        ids = np.unique(rng.integers(-30, int(rng.choice([40, 4_000])), int(rng.integers(1, 12))))
        asked = rng.choice([*ids, *rng.integers(-60, 5_000, 8)], 10)
        known = {pk: at for at, pk in enumerate(ids.tolist())}
        assert Places(ids).of(asked).tolist() == [known.get(pk, UNKNOWN) for pk in asked.tolist()]


def test_no_numbers_know_nothing():
    assert Places(np.empty(0, np.int64)).of(np.array([1, 2])).tolist() == [UNKNOWN, UNKNOWN]


def test_numbers_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="must rise"):
        Places(np.array([1, 1]))
