import numpy as np
import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.splits import later_part, random_by_item, split


def events(rows, **columns):
    frame = pd.DataFrame(rows, columns=["customer", "item"])
    return Interactions.from_frame(frame.assign(**columns))


def told(interactions):
    customers = interactions.customer_ids[interactions.customers]
    return list(zip(customers.tolist(), interactions.item_ids[interactions.items].tolist(), strict=True))


def test_random_by_item_keeps_three_quarters_of_every_item():
    items = np.repeat([0, 1, 2, 3, 4], [8, 4, 3, 2, 1])

    train = random_by_item(items, share=0.75, seed=42)

    # round half to even: 6, 3, 2.25 → 2, 1.5 → 2, 0.75 → 1
    assert np.bincount(items[train]).tolist() == [6, 3, 2, 2, 1]


def test_random_by_item_follows_the_legacy_numbers_in_file_order():
    items = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1])
    numbers = np.random.RandomState(42).rand(12)
    frame = pd.DataFrame({"item": items, "number": numbers}).sort_values(["item", "number"])
    rank = frame.groupby("item").cumcount() + 1
    count = frame.groupby("item")["item"].transform("count")
    expected = set(frame.index[rank <= round(0.75 * count)])

    assert set(np.flatnonzero(random_by_item(items, share=0.75, seed=42))) == expected


def test_another_seed_draws_other_rows():
    items = np.zeros(100, int)

    assert (random_by_item(items, share=0.75, seed=1) != random_by_item(items, share=0.75, seed=2)).any()


def test_leave_last_out_goes_by_time():
    cut = split(
        events([("ann", "a"), ("ann", "b"), ("bo", "c"), ("ann", "d"), ("bo", "e")], timestamp=[1.0, 9, 2, 3, 4]),
        "leave-last-out",
    )

    assert told(cut.test) == [("ann", "b"), ("bo", "e")]
    assert told(cut.train) == [("ann", "a"), ("bo", "c"), ("ann", "d")]


def test_leave_last_out_goes_by_file_order_without_times():
    cut = split(events([("ann", "a"), ("bo", "c"), ("ann", "b"), ("bo", "d")]), "leave-last-out")

    assert told(cut.test) == [("ann", "b"), ("bo", "d")]


def test_equal_times_go_by_file_order():
    cut = split(events([("ann", "a"), ("ann", "b"), ("ann", "c")], timestamp=[5.0, 5, 5]), "leave-last-out")

    assert told(cut.test) == [("ann", "c")]


def test_customers_with_nothing_to_spare_stay_in_training():
    cut = split(events([("ann", "a"), ("bo", "b"), ("bo", "c")]), "leave-last-out")

    assert told(cut.test) == [("bo", "c")]
    assert told(cut.train) == [("ann", "a"), ("bo", "b")]


def test_leave_two_out_holds_back_the_last_two():
    cut = split(events([("ann", "a"), ("ann", "b"), ("ann", "c"), ("bo", "d"), ("bo", "e")]), "leave-two-out")

    assert told(cut.test) == [("ann", "b"), ("ann", "c")]
    assert told(cut.train) == [("ann", "a"), ("bo", "d"), ("bo", "e")]


def test_a_split_by_time_lets_training_end_before_the_test_begins():
    cut = split(events([(n % 3, n) for n in range(10)], timestamp=np.arange(10.0)[::-1]), "by-time")

    assert cut.train.times.max() < cut.test.times.min()
    assert (len(cut.train), len(cut.test)) == (8, 2)


def test_equal_times_are_never_parted():
    assert later_part(np.array([1.0, 2, 2, 2, 2]), share=0.4).tolist() == [False] * 5
    assert later_part(np.array([]), share=0.4).tolist() == []


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match="No such protocol: by-mood"):
        split(events([("ann", "a")]), "by-mood")
