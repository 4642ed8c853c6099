from math import log, sqrt

import numpy as np
import pytest

from recommender.ml.content import Content, ContentParams
from recommender.ml.item_facts import ItemFacts, tf_idf, words
from tests.recommender.ml.data import from_matrix

COLOURS = ItemFacts(attributes=[["red", "cup"], ["red", "cup"], ["red", "plate"], ["blue", "plate"], [], ["blue"]])
NOBODY = from_matrix(np.zeros((0, 6)))
EVEN = ContentParams(history_weighting="value", half_life=0.0)


def test_words_are_lower_case_and_chinese_comes_in_pairs():
    assert words("Blue CUP, 2 pcs") == ["blue", "cup", "2", "pcs"]
    assert words("青花瓷杯 cup") == ["青花", "花瓷", "瓷杯", "cup"]
    assert words("杯") == ["杯"]


def test_term_weights_by_hand():
    rows = tf_idf([["a", "a", "b"], ["a"], ["b", "c"]], most=1.0).toarray()

    a, b = (1 + log(2)) * (1 + log(4 / 3)), 1 + log(4 / 3)
    assert rows == pytest.approx(np.array([[a / sqrt(a * a + b * b), b / sqrt(a * a + b * b)], [1, 0], [0, 1]]))


def test_item_form_and_attribute_form_are_the_same_number():
    """R(u,i) = Σ_k w(i,k)·p(u,k) and Σ_j r(u,j)·cos(j,i)."""
    model = Content(COLOURS, EVEN).fit(NOBODY)
    history = [(0, 2.0), (3, 1.0)]

    by_attributes = model.by_preferences(model.preferences(history))

    found = model.recommend(history, 6, exclude=[0, 3])
    assert dict(zip(found.items.tolist(), found.scores.tolist(), strict=True)) == {
        item: pytest.approx(by_attributes[item]) for item in (1, 2, 5)
    }
    assert found.items.tolist() == [1, 2, 5]
    assert model.preferences(history) == pytest.approx(
        2 * model.weights[0].toarray()[0] + model.weights[3].toarray()[0]
    )


def test_newer_acts_count_more_in_preferences():
    model = Content(COLOURS, ContentParams(half_life=1.0)).fit(NOBODY)

    assert model.recommend([(3, 1.0), (0, 1.0)], 6, exclude=[0, 3]).items[0] in (2, 5)
    assert model.recommend([(0, 1.0), (3, 1.0)], 6, exclude=[0, 3]).items[0] == 1


def test_an_item_that_nobody_chose_is_found_by_its_description():
    chosen = from_matrix(np.array([[1, 0, 1, 1, 0, 1]]))

    assert 1 in Content(COLOURS).fit(chosen).recommend([(0, 1.0)], 1, exclude=[0]).items


def test_text_attributes_and_pictures_add_up_with_their_weights():
    facts = ItemFacts(
        attributes=[["x"], ["x"], ["y"], ["y"]],
        texts=["red cup", "blue plate", "red cup", "blue plate"],
        vectors=np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]),
    )
    model = Content(facts, ContentParams(text=2.0, attributes=1.0, picture=3.0)).fit(from_matrix(np.zeros((0, 4))))

    likeness = model.spoken.toarray()
    assert likeness[0] == pytest.approx([0.0, 1 / 6, 2 / 6, 3 / 6])


def test_what_nobody_met_counts_as_the_others_do_on_average():
    same = ItemFacts(attributes=[["red"]] * 5)
    chosen = from_matrix(np.array([[1, 1, 0, 1, 0], [0, 1, 0, 1, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]]))
    model = Content(same, ContentParams(popularity=0.5)).fit(chosen)

    spoken = model.spoken[0].toarray()[0]  # chosen by one, four, nobody, two, nobody

    average = (2**0.5 + 5**0.5 + 3**0.5) / 3
    assert spoken == pytest.approx([0, 5**0.5, average, 3**0.5, average])


def test_popularity_lets_known_goods_through():
    chosen = from_matrix(np.array([[1, 0, 1, 0, 0, 0]] * 30 + [[0, 1, 0, 0, 0, 0]]))

    assert Content(COLOURS, EVEN).fit(chosen).recommend([(0, 1.0)], 1, exclude=[0]).items.tolist() == [1]
    lifted = Content(COLOURS, ContentParams(popularity=0.5)).fit(chosen)
    assert lifted.recommend([(0, 1.0)], 1, exclude=[0]).items.tolist() == [2]


def test_without_facts_nothing_is_alike():
    assert Content(ItemFacts()).fit(NOBODY).recommend([(0, 1.0)], 3).items.tolist() == []


def test_pictures_alone_lead_to_an_item_that_nobody_chose():
    """Items 0, 1, 2 look alike, 3 and 4 look alike; nobody ever chose 2."""
    looks = np.array([[1.0, 0.1], [1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 1.0], [0.0, 0.0]])
    chosen = from_matrix(np.array([[1, 1, 0, 0, 0, 1], [0, 0, 0, 1, 1, 1]]))
    model = Content(ItemFacts(vectors=looks)).fit(chosen)

    assert model.recommend([(0, 1.0)], 2, exclude=[0]).items.tolist() == [2, 1]
    assert model.alike[0].indices[:2].tolist() == [2, 1]
    assert model.alike[5].nnz == 0  # without a picture it is like nobody


def test_what_pictures_say_is_the_same_in_blocks_and_as_attributes():
    random = np.random.default_rng(3)
    facts = ItemFacts(
        attributes=[["x"] if at % 2 else ["y"] for at in range(40)], vectors=random.standard_normal((40, 8))
    )
    model = Content(facts).fit(from_matrix(np.zeros((0, 40))))
    weights = model.weights_of(40)
    cosines = (weights @ weights.T).toarray()
    np.fill_diagonal(cosines, 0.0)

    for row in range(40):
        own = model.spoken[row]
        assert own.toarray()[0][own.indices] == pytest.approx(cosines[row][own.indices], abs=1e-6)


def test_without_pictures_nothing_changes():
    none = ItemFacts(attributes=COLOURS.attributes)
    empty = ItemFacts(attributes=COLOURS.attributes, vectors=np.zeros((6, 0)))
    chosen = from_matrix(np.array([[1, 0, 1, 1, 0, 1]]))
    one, other = Content(none).fit(chosen), Content(empty).fit(chosen)

    assert (one.spoken != other.spoken).nnz == 0
    assert (one.alike != other.alike).nnz == 0
