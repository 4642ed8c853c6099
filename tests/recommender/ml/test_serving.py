import subprocess
import sys
import time

import numpy as np
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.near import Near, Rows
from recommender.ml.scoring import RESCORED
from recommender.ml.serving import OPEN, ServingModel
from tests.recommender.ml.data import two_taste_groups

META = {"strategy": "item_knn", "history_weighting": "log", "half_life": 10.0}


def published(data=None, params=None, **meta):
    data = data or Interactions.from_frame(two_taste_groups())
    model = ItemKnn(params or ItemKnnParams(half_life=10.0)).fit(data)
    return ServingModel.from_arrays({"item_ids": data.item_ids, **model.to_arrays()}, META | meta)


def ids(candidates):
    return [candidate.product_id for candidate in candidates]


def test_answers_with_database_ids_in_the_taste_of_the_history():
    found = published().recommend([(1002, 1.0), (1004, 1.0)], 5, exclude=[1002, 1004])

    assert len(found) == 5
    assert all(product % 2 == 0 for product in ids(found))
    assert {candidate.source for candidate in found} == {"item_knn"}
    assert {candidate.reason_product_id for candidate in found} <= {1002, 1004}
    assert all(0.5 <= candidate.share <= 1.0 for candidate in found)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


def test_the_newest_act_of_a_visitor_changes_the_next_answer():
    model = published(half_life=1.0)
    before = ids(model.recommend([(1002, 1.0)], 5, exclude=[1002]))

    after = ids(model.recommend([(1001, 1.0), (1002, 1.0)], 5, exclude=[1001, 1002]))

    assert all(product % 2 == 0 for product in before)
    assert after != before
    assert after[0] % 2 == 1


def test_a_strong_new_act_outweighs_many_old_ones():
    model = published()
    old = [(1000 + 2 * (n % 10), 1.0) for n in range(10)]

    first = model.recommend([(1001, 5.0), *old], 1, exclude=[1001, *(p for p, _w in old)])

    assert first[0].product_id % 2 == 1
    assert first[0].reason_product_id == 1001


def test_an_answer_is_the_same_again_and_belongs_to_who_asked():
    model, history = published(), [(1002, 1.0), (1004, 1.0)]
    first = model.recommend(history, 5, exclude=[1002])
    first.clear()

    again = model.recommend(history, 5, exclude=[1002])

    assert again == published().recommend(history, 5, exclude=[1002])
    assert 1000 in ids(again)
    assert 1000 not in ids(model.recommend(history, 5, exclude=[1000, 1002]))
    assert len(model.recommend(history, 3, exclude=[1002])) == 3


def test_reasons_that_are_told_later_are_those_of_the_whole_list_even_after_the_history_was_forgotten():
    model, history = published(), [(1002, 1.0), (1004, 1.0), (1006, 3.0)]
    whole = {one.product_id: one for one in published().recommend(history, 6)}
    found = model.ranked(history, 6)
    first, last = found.product_ids[0], found.product_ids[-1]

    assert found.product_ids == list(whole)
    assert found.told([last]) == {last: whole[last]}
    assert len(model._open) == 0  # nothing stays behind once something was told
    assert found.told([last, first]) == {last: whole[last], first: whole[first]}
    assert found.candidates() == list(whole.values())


def test_only_the_last_few_histories_wait_for_their_reasons():
    model = published()
    rankings = [model.ranked([(1000 + number, 1.0)], 3, fill=False) for number in range(10)]

    assert len(model._open) == OPEN
    for number, found in enumerate(rankings):
        assert found.candidates() == published().recommend([(1000 + number, 1.0)], 3, fill=False)
    assert len(model._open) == 0


def test_a_list_may_be_longer_than_what_factors_look_at():
    """Rankings hold as many as were asked for; a longer one begins as the shorter one does where all are looked at."""
    rng = np.random.default_rng(3)
    size = 400
    near = Near.of([Rows(np.arange(size + 1) * size, np.tile(np.arange(size, dtype=np.int32), size),
                         rng.random(size * size).astype(np.float32))], ["none"])  # fmt: skip
    attention = {"weighting": "log", "half_life": 0.0, "distance": 0.0}
    arrays = {
        "item_ids": np.arange(size), "popularity": rng.random(size, np.float32), **near.to_arrays(),
        "ials_factors": rng.normal(size=(size, 4)).astype(np.float32) / 10, "ials_spectrum": np.full(4, 50.0),
        "similar_indptr": np.zeros(size + 1, np.int64), "similar_indices": np.empty(0, np.int32),
        "similar_weights": np.empty(0, np.float32),
    }  # fmt: skip
    voices = [
        {"name": "item_knn", "normalise": "none", "attention": attention},
        {"name": "ials", "alpha": 2.0, "regularisation": 0.1, "exponent": 1.0, "weight": 0.1, "attention": attention},
    ]
    model = ServingModel.from_arrays(arrays, {"format": 4, "strategy": "blend", "voices": voices})

    assert [len(model.ranked([(1, 1.0)], k, fill=False)) for k in (80, RESCORED, 300)] == [80, RESCORED, 300]
    short, long = (model.ranked([(1, 1.0)], k, fill=False).product_ids for k in (80, 240))
    assert long[:80] == short


def test_a_heavier_act_speaks_louder():
    model = published()

    found = model.recommend([(1002, 1.0), (1001, 8.0)], 1, exclude=[1001, 1002])

    assert found[0].reason_product_id == 1001


def test_without_history_the_most_popular_come_first():
    data = Interactions.from_frame(two_taste_groups())
    order = np.lexsort((data.item_ids, -data.popularity()))

    found = published(data).recommend([], 4)

    assert ids(found) == data.item_ids[order][:4].tolist()
    assert {(c.source, c.reason_product_id, c.share) for c in found} == {("popularity", None, 0.0)}


def test_short_lists_are_filled_with_popular_products_without_repeats():
    found = published().recommend([(1002, 1.0)], 20)

    assert len(set(ids(found))) == len(found) == 20
    assert found[-1].source == "popularity"


def test_a_model_chosen_for_popularity_does_not_look_at_the_history():
    model = published(strategy="popularity")

    assert model.recommend([(1002, 1.0)], 5) == model.recommend([], 5)


def test_what_is_excluded_or_not_allowed_never_appears():
    model = published()
    allowed = model.mask([1002, 1003, 1004, 1006])

    found = model.recommend([(1002, 1.0)], 20, exclude=[1004], allowed=allowed)

    assert sorted(ids(found)) == [1002, 1003, 1006]


def test_unknown_products_and_empty_weights_are_passed_over():
    model = published()

    assert model.recommend([(77, 1.0), (1002, 0.0), (1004, float("nan"))], 3) == model.recommend([], 3)
    assert ids(model.recommend([(1002, 1.0)], 3, exclude=[10**12, -5])) == ids(model.recommend([(1002, 1.0)], 3))


def test_nothing_wanted_nothing_given():
    assert published().recommend([(1002, 1.0)], 0) == []


def test_similar_products_are_of_the_same_taste_and_never_the_product_itself():
    found = published().similar(1002, 4, exclude=[1004])

    assert len(found) == 4
    assert all(product % 2 == 0 and product not in (1002, 1004) for product in ids(found))
    assert {(c.source, c.reason_product_id) for c in found} == {("similar", 1002)}
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert published().similar(77, 4) == []


def test_what_goes_with_several_products_comes_in_turns_each_once():
    model, speakers, barred = published(), [1002, 77, 1003, 1004], [1006]
    rows = [model.similar(speaker, 5, exclude=barred) for speaker in speakers]
    in_turns = [row[place] for place in range(5) for row in rows if place < len(row)]
    once = list({one.product_id: one for one in reversed(in_turns)}.values())
    once.sort(key=in_turns.index)

    found = model.beside(speakers, 100, depth=5, exclude=barred)

    assert found == once
    assert len(once) < len(in_turns)
    assert all(model.beside(speakers, k, depth=5, exclude=barred) == once[:k] for k in range(len(once) + 1))
    assert model.beside([77], 5, depth=5) == model.beside([], 5, depth=5) == []


def test_a_model_of_popularity_needs_no_neighbours_of_voices_that_nobody_asks():
    data = Interactions.from_frame(two_taste_groups())
    arrays = ItemKnn(ItemKnnParams(half_life=10.0)).fit(data).to_arrays()
    own = {name: array for name, array in arrays.items() if name == "popularity" or name.startswith("similar_")}
    voice = {"name": "item_knn", "attention": {"weighting": "log", "half_life": 10.0}, "weight": 1.0}
    meta = {"format": 4, "strategy": "popularity", "voices": [voice]}

    model = ServingModel.from_arrays({"item_ids": data.item_ids, **own}, meta)

    assert model.recommend([(1002, 1.0)], 5, fill=False) == []
    assert {one.source for one in model.recommend([(1002, 1.0)], 5)} == {"popularity"}
    assert ids(model.beside([1002], 4, depth=4)) == ids(published(data).similar(1002, 4))


def test_arrays_may_be_mapped_from_disk(tmp_path):
    data = Interactions.from_frame(two_taste_groups())
    arrays = {"item_ids": data.item_ids, **ItemKnn(ItemKnnParams(half_life=10.0)).fit(data).to_arrays()}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=False)
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in arrays}

    assert ServingModel.from_arrays(mapped, META).recommend([(1002, 1.0)], 5) == published(data).recommend(
        [(1002, 1.0)], 5
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": None}, "lacks weights"),
        ({"indptr": np.zeros(3, np.int64)}, "neighbours do not fit"),
        ({"similar_weights": np.zeros(1, np.float32)}, "similar items do not fit"),
        ({"popularity": np.zeros(2, np.float32)}, "do not match its popularity"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(change, message):
    data = Interactions.from_frame(two_taste_groups())
    arrays = {"item_ids": data.item_ids, **ItemKnn().fit(data).to_arrays()} | change

    with pytest.raises(ValueError, match=message):
        ServingModel.from_arrays({name: array for name, array in arrays.items() if array is not None}, META)


def test_an_empty_catalogue_answers_with_nothing():
    none = np.empty(0, np.int64)
    rows = {"indices": none, "weights": none, "similar_indices": none, "similar_weights": none}
    model = ServingModel.from_arrays(
        {"item_ids": none, "popularity": none, "indptr": np.zeros(1), "similar_indptr": np.zeros(1), **rows}, META
    )

    assert model.recommend([(1, 1.0)], 5) == []
    assert model.similar(1) == []


def test_five_thousand_products_are_scored_in_about_a_millisecond():
    rng = np.random.default_rng(3)
    size, row = 5000, 100
    arrays = {
        "item_ids": np.arange(size) * 7 + 3,
        "popularity": rng.random(size, np.float32),
        "indptr": np.arange(size + 1) * row,
        "indices": rng.integers(size, size=size * row, dtype=np.int32),
        "weights": rng.random(size * row, np.float32),
    }
    arrays |= {f"similar_{name}": arrays[name] for name in ("indptr", "indices", "weights")}
    model = ServingModel.from_arrays(arrays, META)
    history = [(int(product), 1.0) for product in rng.choice(arrays["item_ids"], 20, replace=False)]
    taken = []
    for _ in range(50):
        before = time.perf_counter()
        model.recommend(history, 40)
        taken.append(time.perf_counter() - before)

    assert min(taken) < 0.001


def test_serving_loads_neither_pandas_nor_learning_libraries():
    code = (
        "import sys, recommender.ml.serving; "
        "print(sorted({'pandas', 'sklearn', 'tensorflow', 'django'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("apart", [1, 3, 1_000])
def test_products_are_found_by_their_numbers_however_far_apart_these_are(apart):
    data = Interactions.from_frame(two_taste_groups())
    model = ItemKnn(ItemKnnParams()).fit(data)
    numbers = 5 + apart * np.arange(data.item_count)
    serving = ServingModel.from_arrays({"item_ids": numbers, **model.to_arrays()}, META)
    asked = [int(numbers[3]), 0, 4, 6, int(numbers[-1]), int(numbers[-1]) + 1, 2**62, -(2**62), int(numbers[0])]

    found = serving.positions(asked)

    known = {int(number): at for at, number in enumerate(numbers)}
    assert found.dtype == np.int64
    assert found.tolist() == [known.get(number, -1) for number in asked]
    assert serving.positions([]).tolist() == []
