import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recommender.ml import blend as blending
from recommender.ml import scoring
from recommender.ml.blend import Blend, Evidence, gather, learn_weights
from recommender.ml.ease import Ease, EaseParams
from recommender.ml.ials import Ials, IalsParams
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.judging import Exam
from recommender.ml.rp3beta import Rp3Beta
from recommender.ml.splits import split
from tests.recommender.ml.data import two_taste_groups


@pytest.fixture(scope="module")
def data():
    return Interactions.from_frame(two_taste_groups(customers=60, items=40, events=8))


def sources():
    return [
        ItemKnn(ItemKnnParams(half_life=5.0)),
        Ease(EaseParams(regularisation=20.0)),
        Ials(IalsParams(factors=4, regularisation=0.05, sweeps=4)),
    ]


def histories(data):
    pairs = data.pairs()
    for customer in range(data.customer_count):
        own = pairs.customers == customer
        yield customer, list(zip(pairs.items[own].tolist(), pairs.values[own].tolist(), strict=True))


def test_scores_are_the_weighted_sum_of_what_each_source_says(data):
    model = Blend(sources(), [1.0, 0.5, 0.25]).fit(data)
    history = [(0, 1.0), (3, 2.0)]
    row = sp.csr_matrix(([1.0, 1.0], ([0, 0], [0, 3])), shape=(1, 40))
    parts = []
    for source in model.sources:
        force = source.attention(np.array([1.0, 2.0]), np.arange(2)) / getattr(source, "scale", 1.0)
        row.data = force
        scores = source.score_rows(row)[0]
        parts.append(scores if isinstance(source, Ials) else scores / scores.max())
    by_hand = parts[0] + 0.5 * parts[1] + 0.25 * parts[2]

    found = model.recommend(history, 10, exclude=[0, 3])

    assert found.scores == pytest.approx(by_hand[found.items], abs=1e-5)


@pytest.mark.parametrize("rescored", [500, 12])
@pytest.mark.parametrize("weights", [[1.0, 0.5, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
def test_one_list_and_many_lists_agree(data, weights, rescored, monkeypatch):
    monkeypatch.setattr(scoring, "RESCORED", rescored)
    monkeypatch.setattr(blending, "RESCORED", rescored)
    model, seen = Blend(sources(), weights).fit(data), data.matrix()

    many = model.rank(model.histories(data), 5, exclude=seen)

    for customer, history in histories(data):
        one = model.recommend(history, 5, exclude=seen[customer].indices.tolist())
        assert many[customer][: len(one.items)].tolist() == one.items.tolist()


def test_the_reason_is_what_brought_most_over_all_sources(data):
    model = Blend(sources(), [1.0, 1.0, 1.0]).fit(data)

    found = model.recommend([(0, 1.0), (2, 1.0), (5, 0.01)], 5, exclude=[0, 2, 5])

    assert (found.items % 2 == 0).all()
    assert set(found.reasons.tolist()) <= {0, 2}
    assert ((found.shares > 0.3) & (found.shares <= 1.0)).all()


def test_sources_of_weight_zero_are_not_asked_and_a_blend_of_nothing_is_refused():
    assert [source.name for source in Blend(sources(), [0.0, 1.0, 0.0]).sources] == ["ease"]
    with pytest.raises(ValueError, match="one above 0"):
        Blend(sources(), [0.0, 0.0, 0.0])


def test_an_empty_history_has_no_scores(data):
    assert Blend(sources(), [1.0, 1.0, 1.0]).fit(data).recommend([], 5).items.tolist() == []


def test_weights_find_the_source_that_knows_among_noise():
    rng = np.random.default_rng(0)
    right = rng.random((300, 40)) < 0.1
    right[:, 0] = True
    knows = right * 0.5 + rng.random((300, 40)) * 0.6
    noise = rng.random((300, 40))
    evidence = Evidence(
        np.tile(np.arange(40), (300, 1)), np.stack([noise, knows]).astype(np.float32), right, right.sum(axis=1)
    )

    weights, estimate = learn_weights(evidence)

    assert weights[1] == 1.0
    assert weights[0] <= 0.15
    assert estimate == pytest.approx(evidence.ndcg(np.array([0.0, 1.0])), abs=0.01)


def test_two_sources_that_each_know_half_are_worth_more_together():
    rng = np.random.default_rng(1)
    right = rng.random((400, 40)) < 0.1
    right[:, 0] = True
    half = rng.random((400, 40)) < 0.5
    said = [np.where(side, right, 0.3) * 0.8 + 0.3 * rng.random((400, 40)) for side in (half, ~half)]
    evidence = Evidence(np.tile(np.arange(40), (400, 1)), np.stack(said).astype(np.float32), right, right.sum(axis=1))

    weights, estimate = learn_weights(evidence)

    assert min(weights) >= 0.5
    assert estimate > 1.1 * max(evidence.ndcg(np.array([1.0, 0.0])), evidence.ndcg(np.array([0.0, 1.0])))


def test_the_estimate_of_a_blend_of_noise_is_not_better_than_noise():
    """Weights chosen and judged on the same customers would look better than they are."""
    rng = np.random.default_rng(2)
    right = np.zeros((60, 40), bool)
    right[:, 0] = True
    evidence = Evidence(
        np.tile(np.arange(40), (60, 1)), rng.random((6, 60, 40)).astype(np.float32), right, right.sum(axis=1)
    )

    weights, estimate = learn_weights(evidence)

    assert evidence.ndcg(np.array(weights)) > estimate


def test_evidence_ranks_as_the_exam_does(data):
    exam = Exam(split(data, "leave-last-out"), k=10)
    model = Rp3Beta().fit(exam.split.train)

    evidence = gather([model], exam)

    personal = exam.ranked(model) >= 0
    assert personal.any()
    assert evidence.ndcg(np.array([1.0])) == pytest.approx(exam.judge(model)["ndcg@10"], abs=0.02)


def test_evidence_of_several_draws_is_joined(data):
    draws = [Exam(split(data, "random-by-item-75", seed=seed)) for seed in (1, 2)]
    found = [gather([Rp3Beta().fit(exam.split.train)], exam) for exam in draws]

    both = Evidence.joined(found)

    counts = [len(part.relevant) for part in found]
    mean = sum(part.ndcg(np.array([1.0])) * count for part, count in zip(found, counts, strict=True)) / sum(counts)
    assert both.ndcg(np.array([1.0])) == pytest.approx(mean)


def test_customers_without_candidates_do_not_stop_anything():
    frame = pd.DataFrame({"customer": [1, 1, 2, 2], "item": [1, 2, 3, 4]})
    exam = Exam(split(Interactions.from_frame(frame), "leave-last-out"))

    assert gather([ItemKnn().fit(exam.split.train)], exam).ndcg(np.array([1.0])) == 0.0
