import numpy as np
import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn
from recommender.ml.judging import Exam
from recommender.ml.popularity import Popularity
from recommender.ml.sequence_blend import CUSTOMER, Sequential, sequence_blend
from recommender.ml.session_choice import item_neighbours
from recommender.ml.session_models import SessionStrategy, sequence_rules
from recommender.ml.splits import split
from tests.recommender.ml.session_data import rings


@pytest.fixture(scope="module")
def exam():
    lists = rings(sessions=900, items=60, length=6, back=0.0)
    frame = pd.DataFrame(
        [(customer, item) for customer, row in enumerate(lists) for item in dict.fromkeys(row)],
        columns=["customer", "item"],
    )
    return Exam(split(Interactions.from_frame(frame), "leave-last-out"), k=5)


@pytest.fixture(scope="module")
def model(exam):
    return sequence_blend([item_neighbours()]).fit(exam.split.train)


def test_the_order_in_which_customers_chose_is_worth_more_than_what_they_chose(exam, model):
    ndcg = {m.name: exam.judge(m.fit(exam.split.train))["ndcg@5"] for m in (Popularity(), ItemKnn())}
    rules = Sequential(SessionStrategy("sequence_rules", [sequence_rules(CUSTOMER)], repeats=False))
    ndcg["rules"] = exam.judge(rules.fit(exam.split.train))["ndcg@5"]
    ndcg["blend"] = exam.judge(model)["ndcg@5"]

    assert ndcg["rules"] > ndcg["item_knn"] > ndcg["popularity"]
    assert ndcg["blend"] > 0.75
    assert ndcg["blend"] > ndcg["rules"]


def test_what_a_customer_has_is_never_shown(exam, model):
    ranked = exam.ranked(model)
    seen = exam.split.train.matrix()

    for customer, row in zip(exam.customers[:200], ranked, strict=False):
        assert not np.isin(row, seen[customer].indices).any()


def test_one_list_is_the_row_of_many(exam, model):
    train = exam.split.train
    histories = model.histories(train)
    seen = train.matrix()
    ranked = model.rank(histories[:30], 10, exclude=seen[:30])
    pairs = train.pairs()

    for customer in range(30):
        mine = pairs.customers == customer
        history = list(zip(pairs.items[mine].tolist(), pairs.values[mine].tolist(), strict=True))
        found = model.recommend(history, 10, seen[customer].indices.tolist())
        assert found.items.tolist() == ranked[customer][ranked[customer] >= 0].tolist()
        assert np.isin(found.reasons, [-1, *(item for item, _weight in history)]).all()


def test_the_newest_item_speaks_loudest(exam, model):
    newest_last = model.recommend([(10, 1.0), (40, 1.0)], 1).items.tolist()
    other_way = model.recommend([(40, 1.0), (10, 1.0)], 1).items.tolist()

    assert (newest_last, other_way) == ([11], [41])
