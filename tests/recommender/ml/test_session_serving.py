import numpy as np
import pytest

from recommender.ml.session_models import (
    SessionBlend,
    SessionStrategy,
    neighbourhood,
    sequence_rules,
    session_neighbours,
)
from recommender.ml.session_serving import SessionServing
from recommender.ml.sessions import newest_first
from tests.recommender.ml.session_data import rings, sessions_of

IDS = np.arange(40) * 10 + 1000


@pytest.fixture(scope="module")
def blend():
    return SessionBlend([neighbourhood(), session_neighbours()]).fit(sessions_of(*rings(sessions=500), items=40))


@pytest.fixture(scope="module")
def serving(blend):
    return SessionServing.from_arrays({"item_ids": IDS, **blend.arrays}, blend.meta)


def shown(candidates):
    return [candidate.product_id for candidate in candidates]


def test_what_is_served_is_what_was_judged(blend, serving):
    for history in ([3, 4], [9], [1, 2, 3, 2]):
        context = newest_first([history])
        newest = [(int(IDS[item]), 1.0) for item in reversed(history)]

        ranked = blend.rank(context, 8)[0]

        assert shown(serving.recommend(newest, 8)) == IDS[ranked].tolist()


def test_reasons_are_products_of_the_session(serving):
    found = serving.recommend([(1040, 1.0), (1200, 1.0)], 6)

    assert {c.source for c in found} == {"session"}
    assert {c.reason_product_id for c in found} <= {1040, 1200}
    assert {c.product_id: c.reason_product_id for c in found if c.product_id in (1050, 1210)} == {
        1050: 1040,
        1210: 1200,
    }


def test_excluded_and_not_allowed_products_never_appear(serving):
    allowed = np.ones(40, bool)
    allowed[5] = False

    found = serving.recommend([(1040, 1.0)], 40, exclude=[1060, 9999], allowed=allowed)

    assert not {1050, 1060} & set(shown(found))
    assert len(found) == len(set(shown(found))) == 38


def test_strangers_get_what_is_popular_of_late():
    model = SessionStrategy("rules", [sequence_rules()]).fit(sessions_of(*[[0, 1]] * 50, *[[2, 3]] * 5, items=4))
    serving = SessionServing({"item_ids": IDS[:4], **model.arrays}, model.meta)

    for history in ([], [(77, 1.0)]):
        found = serving.recommend(history, 3)
        assert shown(found) == [1020, 1030, 1000]
        assert {(c.source, c.reason_product_id) for c in found} == {("popularity", None)}


def test_without_repeats_popularity_does_not_bring_the_session_back():
    model = SessionStrategy("rules", [sequence_rules()], repeats=False).fit(sessions_of([0, 1], [0, 1], items=4))
    serving = SessionServing({"item_ids": IDS[:4], **model.arrays}, model.meta)

    assert shown(serving.recommend([(1010, 1.0), (1000, 1.0)], 4)) == [1020, 1030]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("walk_weights", None, "lacks walk_weights"),
        ("item_ids", lambda a: a[::-1], "not increasing"),
        ("trend", lambda a: a[:-1], "does not fit"),
        ("followers_weights", lambda a: a * np.nan, "not numbers"),
        ("followers_indices", lambda a: a + 40, "name items that it does not have"),
        ("sessions_item_sessions", lambda a: a + 10_000, "name items that it does not have"),
        ("sessions_item_places", lambda a: a[1:], "do not fit together"),
        ("walk_starts", lambda a: np.r_[a[0], a[-1], a[2:]], "out of order"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(blend, name, change, message):
    arrays = {"item_ids": IDS, **blend.arrays}
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])

    with pytest.raises(ValueError, match=message):
        SessionServing.from_arrays(arrays, blend.meta)


def test_nothing_is_asked_of_an_empty_catalogue_or_for_no_places(serving):
    assert serving.recommend([(1000, 1.0)], 0) == []
