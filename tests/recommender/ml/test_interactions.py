import numpy as np
import pandas as pd

from recommender.ml.interactions import Interactions, grouped


def made(rows, columns=("customer", "item", "value", "timestamp"), **options):
    return Interactions.from_frame(pd.DataFrame(rows, columns=list(columns)), **options)


def test_item_ids_are_sorted_and_customers_come_as_they_appear():
    data = made([(9, 30, 1.0, 5.0), (4, 10, 1.0, 6.0), (9, 20, 1.0, 7.0)])

    assert data.item_ids.tolist() == [10, 20, 30]
    assert data.customer_ids.tolist() == [9, 4]
    assert data.customers.tolist() == [0, 1, 0]
    assert data.items.tolist() == [2, 0, 1]


def test_items_of_the_catalogue_come_first_and_unknown_ones_after():
    data = made([("a", "x", 1.0, 0.0), ("a", "q", 1.0, 0.0)], item_ids=np.array(["p", "q"], object))

    assert data.item_ids.tolist() == ["p", "q", "x"]
    assert data.items.tolist() == [2, 1]


def test_values_and_times_have_defaults():
    data = made([("a", "x"), ("b", "y")], columns=("customer", "item"))

    assert data.values.tolist() == [1.0, 1.0]
    assert data.times.tolist() == [0.0, 1.0]
    assert not data.has_times


def test_rows_that_say_nothing_are_left_out():
    data = made([(1, 10, 0.0, 1.0), (1, 20, -2.0, 2.0), (1, 30, 3.0, 3.0)])

    assert data.item_ids[data.items].tolist() == [30]


def test_an_absurd_value_is_bounded():
    data = made([(1, 10, 1e300, 1.0), (1, 20, 2.0, 2.0)])

    assert data.values.tolist() == [1e6, 2.0]


def test_pairs_put_repeated_events_together_newest_first():
    data = made([(1, 10, 1.0, 1.0), (1, 20, 1.0, 2.0), (1, 10, 4.0, 3.0), (2, 20, 1.0, 9.0)])

    pairs = data.pairs()

    assert pairs.customers.tolist() == [0, 0, 1]
    assert pairs.items.tolist() == [0, 1, 1]
    assert pairs.values.tolist() == [5.0, 1.0, 1.0]
    assert pairs.rank.tolist() == [0, 1, 0]


def test_matrix_adds_repeated_events():
    data = made([(1, 10, 1.0, 1.0), (1, 10, 4.0, 3.0), (2, 20, 2.0, 9.0)])

    assert data.matrix().toarray().tolist() == [[5.0, 0.0], [0.0, 2.0]]


def test_popularity_counts_customers_not_events():
    data = made([(1, 10, 1.0, 1.0), (1, 10, 1.0, 2.0), (2, 10, 1.0, 3.0), (2, 20, 1.0, 3.0)])

    assert data.popularity().tolist() == [2.0, 1.0]


def test_only_the_newest_events_of_a_customer_are_kept():
    data = made([(1, 10, 1.0, 3.0), (1, 20, 1.0, 1.0), (1, 30, 1.0, 2.0), (2, 10, 1.0, 0.0)])

    kept = data.newest_per_customer(2)

    assert data.item_ids[kept.items].tolist() == [10, 30, 10]


def test_nothing_is_fine():
    data = made([], columns=("customer", "item"))

    assert len(data) == 0
    assert data.matrix().shape == (0, 0)
    assert len(data.pairs().items) == 0


def test_keys_are_grouped_in_the_order_they_came():
    keys = np.random.default_rng(0).integers(50, size=400)

    assert grouped(keys, 60).tolist() == np.argsort(keys, kind="stable").tolist()
    assert grouped(np.empty(0, int), 3).tolist() == []


def test_pairs_of_rows_in_any_order_are_those_of_rows_in_the_order_of_time():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"customer": rng.integers(9, size=300), "item": rng.integers(12, size=300), "timestamp": rng.permutation(300)}
    )
    ids = {"customer_ids": np.arange(9), "item_ids": np.arange(12)}
    mixed = Interactions.from_frame(frame, **ids)
    sorted_ = Interactions.from_frame(frame.sort_values("timestamp"), **ids)

    one, other = mixed.pairs(), sorted_.pairs()

    assert one.items.tolist() == other.items.tolist()
    assert one.rank.tolist() == other.rank.tolist()
    assert mixed.times[one.last].tolist() == sorted_.times[other.last].tolist()
    for customer in range(9):
        own = one.customers == customer
        assert (np.diff(mixed.times[one.last[own]]) < 0).all()


def test_some_customers_alone_are_numbered_anew():
    data = Interactions.from_frame(pd.DataFrame({"customer": [7, 8, 9, 8], "item": [1, 2, 3, 4]}))

    part = data.of_customers(np.array([1, 2]))

    assert part.customer_ids.tolist() == [8, 9]
    assert part.customers.tolist() == [0, 1, 0]
    assert part.items.tolist() == [1, 2, 3]
