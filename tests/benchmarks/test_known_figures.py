"""Figures that others published for public data: they show that splits and measures are what they say."""

import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn
from recommender.ml.judging import Exam
from recommender.ml.popularity import Popularity
from recommender.ml.splits import split
from tests.benchmarks.places import source

RATINGS = source() / "ml-100k" / "u.data.gz"


@pytest.fixture(scope="module")
def exam():
    if not RATINGS.exists():
        pytest.skip(f"{RATINGS} is not there; BENCH_DATA names the folder of the public data sets")
    frame = pd.read_csv(RATINGS, sep="\t", names=["customer", "item", "value", "timestamp"])
    return Exam(split(Interactions.from_frame(frame), "random-by-item-75", seed=42))


def test_popularity_on_movielens_has_the_published_ndcg(exam):
    assert len(exam.split.train) + len(exam.split.test) == 100_000
    assert exam.judge(Popularity().fit(exam.split.train))["ndcg@10"] == pytest.approx(0.2522, abs=0.004)


def test_item_neighbours_with_default_parameters_rank_far_better(exam):
    assert exam.judge(ItemKnn().fit(exam.split.train))["ndcg@10"] >= 0.44
