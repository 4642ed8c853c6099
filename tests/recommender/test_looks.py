"""Vectors of photos reach what recommendations learn from and say."""

import numpy as np
import pandas as pd
import pytest
from django.utils import translation

from recommender import datasets, looks, reasons
from recommender.answers import Act, Step, items_of
from recommender.ml.candidate import Candidate
from recommender.ml.content import Content
from recommender.ml.interactions import Interactions
from tests.factories import ModelVersionFactory, ProductFactory, ProductVectorFactory

pytestmark = pytest.mark.django_db


def packed(*numbers: float) -> bytes:
    return np.array(numbers, "<f2").tobytes()


@pytest.fixture
def version():
    return ModelVersionFactory.create(kind="vision")


def product_like(version, *numbers: float):
    return ProductVectorFactory.create(
        product=ProductFactory.create(), vector=packed(*numbers), dimensions=len(numbers), model_version=version
    ).product


def test_facts_hold_the_vectors_in_the_order_of_the_items(version, django_assert_num_queries):
    one, plain, other = product_like(version, 1, 0), ProductFactory.create(), product_like(version, 0, 1)

    with django_assert_num_queries(5):
        facts = datasets.item_facts(np.array([one.pk, plain.pk, other.pk]))

    assert facts.vectors.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert facts.vectors.dtype == np.float32


def test_without_vectors_nothing_is_known_of_pictures():
    assert datasets.item_facts(np.array([ProductFactory.create().pk])).vectors is None


def test_vectors_of_two_versions_are_never_mixed(version):
    newer = ModelVersionFactory.create(kind="vision")
    most = [product_like(version, 1, 0), product_like(version, 0, 1)]
    other = product_like(newer, 1, 0)
    wide = product_like(newer, 1, 0, 0)

    facts = datasets.item_facts(np.array([*(one.pk for one in most), other.pk, wide.pk]))

    assert facts.vectors.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]


def test_a_new_product_without_events_gets_neighbours_that_look_like_it(version):
    red, other_red, blue = product_like(version, 1, 0), product_like(version, 0.9, 0.1), product_like(version, 0, 1)
    new = product_like(version, 0.95, 0.05)
    ids = np.array([red.pk, other_red.pk, blue.pk, new.pk])
    frame = pd.DataFrame(
        {"customer": [1, 1, 2, 2], "item": [red.pk, other_red.pk, blue.pk, red.pk],
         "timestamp": [1.0, 2.0, 3.0, 4.0], "value": np.ones(4, np.float32)}
    )  # fmt: skip
    interactions = Interactions.from_frame(frame, item_ids=ids)
    model = Content(datasets.item_facts(ids)).fit(interactions)

    neighbours = model.alike[3].indices.tolist()
    assert set(neighbours[:2]) == {0, 1}
    assert 3 in model.recommend([(0, 1.0)], 2, exclude=[0]).items.tolist()


def test_only_pairs_that_look_alike_by_one_version_are_said_to(version, django_assert_num_queries):
    newer = ModelVersionFactory.create(kind="vision")
    red, rose, blue = product_like(version, 1, 0), product_like(version, 0.9, 0.44), product_like(version, 0, 1)
    foreign, plain = product_like(newer, 1, 0), ProductFactory.create()

    with django_assert_num_queries(1):
        found = looks.alike({(red.pk, rose.pk), (red.pk, blue.pk), (red.pk, foreign.pk), (red.pk, plain.pk)})
    assert found == {(red.pk, rose.pk)}
    with django_assert_num_queries(0):
        assert looks.alike(set()) == set()


@pytest.mark.parametrize(("language", "words"), [("en", "Looks similar to Cup"), ("zh-hans", "与“Cup”外观相似")])
def test_the_reason_says_that_it_looks_similar(language, words):
    cup = {"id": "a", "name": "Cup"}
    act = Act(1, "view", 0, 1.0)
    said = {2: (Step("personal", []), Candidate(2, 1.0, "content", 1, 0.9))}
    with translation.override(language):
        (item,) = items_of([2], said, {}, {1: act}, {1: cup, 2: {"id": "b", "name": "Mug"}}, {(2, 1)})
        (plain,) = items_of([2], said, {}, {1: act}, {1: cup, 2: {"id": "b", "name": "Mug"}})

    assert (item.reason.code, item.reason.text.replace(" ", "")) == ("looks_similar", words.replace(" ", ""))
    assert (item.reason.product_id, item.reason.share) == (1, 0.9)
    assert plain.reason.code == reasons.BECAUSE["view"]
