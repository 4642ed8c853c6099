"""Figures that others published for public data: they show that splits and measures are what they say."""

import pandas as pd
import pytest

from recommender.ml.ease import Ease, EaseParams
from recommender.ml.ials import Ials
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn
from recommender.ml.judging import Exam
from recommender.ml.popularity import Popularity
from recommender.ml.session_judging import SessionExam
from recommender.ml.session_models import SessionPopularity, SessionStrategy, sequence_rules, session_neighbours
from recommender.ml.sessions import Prefixes, Sessions, newest_first
from recommender.ml.splits import split
from tests.benchmarks.__main__ import BENCHES, Bench, _outside
from tests.benchmarks.places import source

RATINGS = source() / "ml-100k" / "u.data.gz"
CLICKS = source() / "diginetica"


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


@pytest.fixture(scope="module")
def clicks():
    """Training sessions of Diginetica and an exam of its 60,858 test moments."""
    if not CLICKS.is_dir():
        pytest.skip(f"{CLICKS} is not there; BENCH_DATA names the folder of the public data sets")
    lists = pd.read_csv(CLICKS / "train_sessions.txt.gz", header=None, names=["item"], sep="\t", dtype=str)
    acts = lists["item"].str.split(" ").explode().astype(int)
    sessions = Sessions.from_frame(pd.DataFrame({"session": acts.index, "item": acts.to_numpy()}))
    test = pd.read_csv(CLICKS / "test_prefix_label.tsv.gz", sep="\t", header=None, names=["prefix", "target"])
    place = pd.Index(sessions.item_ids)
    prefixes = [place.get_indexer([int(word) for word in text.split()]) for text in test["prefix"]]
    asked = Prefixes(newest_first(prefixes), place.get_indexer(test["target"]), pd.RangeIndex(len(test)).to_numpy())
    return sessions, SessionExam(asked, sessions.counts(), k=20)


def test_session_popularity_on_diginetica_has_the_published_figures(clicks):
    sessions, exam = clicks
    assert (len(sessions), len(sessions.items), sessions.item_count, len(exam.prefixes)) == (
        186670,
        906140,
        43097,
        60858,
    )

    found = exam.measures(exam.ask(SessionPopularity().fit(sessions)))

    assert found["precision@20"] == pytest.approx(0.2108, abs=0.003)
    assert found["mrr@20"] == pytest.approx(0.1368, abs=0.003)


def test_session_neighbours_and_rules_on_diginetica_stay_where_they_are(clicks):
    sessions, exam = clicks
    part = SessionExam(exam.prefixes.take(slice(0, 60858, 6)), exam.popularity, k=20)

    near, rules = (
        part.measures(part.ask(SessionStrategy("one", [maker]).fit(sessions)))
        for maker in (session_neighbours(), sequence_rules())
    )

    assert near["precision@20"] >= 0.51
    assert near["mrr@20"] >= 0.183
    assert rules["precision@20"] >= 0.46


def test_ease_and_matrix_factorisation_on_movielens_rank_as_published(exam):
    """EASE^R with 0/1 input and λ = 400 reaches 0.4855 with this split."""
    ease = exam.judge(Ease(EaseParams(regularisation=400.0, neighbours=2000)).fit(exam.split.train))

    assert ease["ndcg@10"] == pytest.approx(0.4855, abs=0.006)
    assert exam.judge(Ials().fit(exam.split.train))["ndcg@10"] >= 0.475


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("sentiment-shopping-reviews", "ngram - plain_linear"),
        ("aspects-tshirt", "aspects - majority"),
        ("aspects-phone", "aspects - majority"),
        ("aspects-camera", "aspects - majority"),
    ],
)
def test_what_falls_behind_its_reference_is_out_of_range(name, measure):
    bench = BENCHES[name]
    (bound,) = [one for one in bench.bounds if measure in one[1]]
    within = Bench(bench.folder, bench.arguments, (bound,))
    figure = bound[1].split("/")[-1]

    assert _outside(name, within, {"compared": {measure: {figure: 0.0001}}}) == []
    assert len(_outside(name, within, {"compared": {measure: {figure: -0.0001}}})) == 1
