"""The session answers where it knows better, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from recommender.ml import session_voice
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn
from recommender.ml.serving import ServingModel
from recommender.ml.session_voice import Verdict, judge, learn, moments, session_numbers
from recommender.ml.training import train

DAY, ITEMS = 86_400.0, 60


def visits(*, in_order: bool, count: int = 900, seed: int = 5) -> Interactions:
    """One visit per customer. In order: after product i comes i + 1; else any product comes."""
    rng, rows = np.random.default_rng(seed), []
    for visit in range(count):
        start = int(rng.integers(ITEMS))
        items = (start + np.arange(5)) % ITEMS if in_order else rng.choice(ITEMS, 5, replace=False)
        rows += [(visit, int(item), visit * DAY + 60.0 * step) for step, item in enumerate(items)]
    return Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))


def verdict_on(data: Interactions) -> Verdict:
    cut = float(np.quantile(data.times, 0.7))
    past = data.take(data.times <= cut)
    session = learn(past)
    assert session is not None
    return judge(ItemKnn().fit(past), session, moments(data, since=cut, history_limit=50))


def test_where_order_decides_the_session_answers_and_the_gain_is_told():
    verdict = verdict_on(visits(in_order=True))

    assert verdict.longest == 5  # visits never get longer
    assert verdict.report["serves_up_to"] == 5
    assert verdict.report["mrr@20_session"] > 0.9 > verdict.report["mrr@20_personal"]
    assert verdict.report["gain_low"] > 0


def test_where_nothing_follows_from_anything_it_does_not():
    verdict = verdict_on(visits(in_order=False))

    assert (verdict.longest, verdict.report["serves_up_to"]) == (0, 0)


def test_half_an_hour_without_an_act_ends_a_session():
    rows = [(1, 1, 0.0), (2, 1, 10.0), (1, 2, 1799.0), (1, 3, 1799.0 + 1801.0), (2, 4, 20.0)]
    data = Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))

    numbers = session_numbers(data)

    assert numbers[0] == numbers[2] != numbers[3]
    assert numbers[1] == numbers[4] != numbers[0]


def test_a_moment_has_what_came_before_newest_first_and_something_new_as_target():
    rows = [(7, 3, 0.0), (7, 1, 5 * DAY), (7, 2, 5 * DAY + 60), (7, 1, 5 * DAY + 120), (7, 4, 5 * DAY + 180)]
    data = Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))
    number = {int(product): place for place, product in enumerate(data.item_ids)}

    found = moments(data, since=DAY, history_limit=2)

    assert [(m.target, [item for item, _w in m.history]) for m in found] == [
        (number[2], [number[1], number[3]]),
        (number[4], [number[1], number[2]]),
    ]


def test_few_visits_teach_nothing():
    data = visits(in_order=True, count=100)

    assert learn(data) is None
    assert judge(ItemKnn().fit(data), session_voice.SessionStrategy("none", []), []) == session_voice.NOBODY


@pytest.mark.parametrize(("in_order", "source"), [(True, "session"), (False, None)])
def test_one_artifact_serves_both_and_long_histories_stay_with_the_blend(in_order, source):
    trained = train(visits(in_order=in_order), time_budget=2)
    model = trained.serving()

    found = model.recommend([(10, 1.0)], 3, exclude=[10], fill=False)

    assert trained.report["sessions"]["serves_up_to"] == trained.meta.get("sessions", {}).get("serves_up_to", 0)
    assert {c.source for c in found} == {"session"} if source else "session" not in {c.source for c in found}
    if source:
        assert (found[0].product_id, found[0].reason_product_id) == (11, 10)
        alone = model.recommend([(10, 1.0)], 3, exclude=[10], by_session=False)
        assert "session" not in {c.source for c in alone}
        longer = [(item, 1.0) for item in range(10, 10 + trained.verdict.longest + 1)]
        assert "session" not in {c.source for c in model.recommend(longer, 3, fill=False)}
        barred = model.recommend([(10, 1.0)], 50, exclude=[11, 10])
        assert 11 not in {c.product_id for c in barred}
        assert len({c.product_id for c in barred}) == len(barred) == 50


def test_session_arrays_that_are_missing_are_refused():
    trained = train(visits(in_order=True), time_budget=2)
    arrays = {name: array for name, array in trained.arrays.items() if name != "session_trend"}

    with pytest.raises(ValueError, match="lacks trend"):
        ServingModel.from_arrays(arrays, trained.meta)
