import numpy as np
import pytest

from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.ranking import NOTHING
from recommender.ml.serving_sessions import SessionScorer
from recommender.ml.session_choice import choose, contestants, item_neighbours, repeat_share, spoken_by
from recommender.ml.session_judging import Answers, SessionExam
from recommender.ml.session_models import (
    SessionBlend,
    SessionPopularity,
    SessionStrategy,
    complete,
    neighbourhood,
    reciprocal_rank,
    sequence_rules,
    session_neighbours,
)
from recommender.ml.sessions import Prefixes, newest_first
from tests.recommender.ml.session_data import rings, sessions_of

LISTS = rings(sessions=1200)


@pytest.fixture(scope="module")
def past():
    return sessions_of(*LISTS[:900], items=40)


@pytest.fixture(scope="module")
def exam(past):
    return SessionExam(sessions_of(*LISTS[900:], items=40).prefixes(), past.counts(), k=5)


@pytest.fixture(scope="module")
def blend(past):
    return SessionBlend([neighbourhood(), session_neighbours()]).fit(past)


def mrr(model, exam):
    return exam.measures(exam.ask(model))["mrr@5"]


def test_the_planted_order_is_found_by_all_that_know_order_and_best_by_the_blend(past, exam, blend):
    # 75 % of acts go one on, 15 % one back, 10 % anywhere: nobody can have more than about 0.75 + 0.15/2.
    found = {model.name: mrr(model.fit(past), exam) for model in contestants(repeats=True)[:-1]}

    assert found["popularity"] < 0.15
    assert found["sequence_rules"] > 0.6
    assert found["sequence_rules"] > found["item_knn"]
    assert blend.lesson.form in ("linear", "network")
    assert 0.72 < mrr(blend, exam) < 0.85
    assert mrr(blend, exam) > max(found.values())


def test_session_popularity_shows_the_items_of_the_session_first_and_then_popular_ones(past):
    model = SessionPopularity().fit(sessions_of([3, 3, 3], [1, 2], [2, 0], items=5))
    context = newest_first([[1, 0, 1], []])

    ranked = complete(model.rank(context, 3), model.popularity, context, repeats=True)

    assert ranked.tolist() == [[1, 0, 3], [3, 2, 0]]
    one = model.recommend(context[0], 2, np.zeros(5, bool))
    assert (one.items.tolist(), context[0][one.reasons].tolist()) == ([1, 0], [1, 0])


@pytest.mark.parametrize("barred_item", [None, 8])
def test_one_visitor_is_shown_what_the_same_row_of_a_block_is(blend, exam, barred_item):
    context = exam.prefixes.context[:40]
    size = 40
    barred = None if barred_item is None else np.arange(40) * size + barred_item
    mask = np.zeros(size, bool)
    if barred_item is not None:
        mask[barred_item] = True

    block = blend.rank(context, 10, barred)

    for row in range(40):
        one = blend.recommend(context[row], 10, mask)
        assert one.items.tolist() == block[row][block[row] != NOTHING].tolist()
        assert barred_item not in one.items


def test_reasons_name_the_item_of_the_session_that_spoke_loudest(past):
    rules = SessionStrategy("rules", [sequence_rules()]).fit(sessions_of([0, 1], [0, 1], [2, 3], items=5))

    found = rules.recommend(newest_first([[0, 2]])[0], 5, np.zeros(5, bool))

    assert found.items.tolist() == [3, 1]
    assert found.reasons.tolist() == [0, 1]
    assert found.shares.tolist() == [1.0, 1.0]


def test_shares_are_parts_of_the_whole_and_reasons_places_of_the_context(blend, exam):
    for context in exam.prefixes.context[:60]:
        found = blend.recommend(context, 10, np.zeros(40, bool))
        spoken = found.reasons != NOTHING
        assert ((found.shares >= 0) & (found.shares <= 1 + 1e-9)).all()
        assert (context[found.reasons[spoken]] != NOTHING).all()
        assert len(set(found.items.tolist())) == len(found.items)


def test_where_repeats_are_not_wanted_nothing_of_the_session_is_shown(past):
    model = SessionBlend([neighbourhood(), session_neighbours()], repeats=False).fit(past)
    context = newest_first([[1, 2, 3], [39, 0]])

    ranked = model.rank(context, 20)

    assert not np.isin(ranked[0], [1, 2, 3]).any()
    assert not np.isin(ranked[1], [39, 0]).any()


@pytest.mark.parametrize("history", [[], [17], list(range(40))])
def test_empty_short_and_long_sessions_are_answered(blend, history):
    found = blend.recommend(newest_first([history])[0], 5, np.zeros(40, bool))

    assert len(found.items) == (5 if history else 0)
    assert np.isfinite(found.scores).all()


def test_everything_barred_gives_an_empty_list(blend):
    assert len(blend.recommend(newest_first([[1, 2]])[0], 5, np.ones(40, bool)).items) == 0


def test_arrays_and_meta_are_all_that_serving_needs(blend, exam):
    again = SessionScorer({name: array.copy() for name, array in blend.arrays.items()}, dict(blend.meta))

    assert (again.rank(exam.prefixes.context[:50], 10) == blend.rank(exam.prefixes.context[:50], 10)).all()


def test_too_few_sessions_to_learn_from_leave_the_plain_sum():
    model = SessionBlend([neighbourhood(), session_neighbours()]).fit(sessions_of([0, 1, 2], [1, 2], items=3))

    assert model.lesson.form == "sum"
    assert not any(name.startswith("ranker_") for name in model.arrays)
    assert model.rank(newest_first([[0]]), 2).tolist() == [[1, 2]]


def test_the_same_seed_gives_the_same_lists(past, exam, blend):
    twin = SessionBlend([neighbourhood(), session_neighbours()]).fit(past)

    assert all((twin.arrays[name] == blend.arrays[name]).all() for name in blend.arrays)


def test_any_item_to_item_method_can_be_a_source():
    lists = sessions_of([0, 1], [0, 1], [0, 2], [3, 2], items=4)
    model = SessionStrategy("other", [spoken_by(lambda: ItemKnn(ItemKnnParams(weighting="binary")), "mine")]).fit(lists)
    same = SessionStrategy("item_knn", [item_neighbours()]).fit(lists)

    assert model.rank(newest_first([[0]]), 2).tolist() == [[1, 2]]
    assert (model.rank(newest_first([[0], [2]]), 3) == same.rank(newest_first([[0], [2]]), 3)).all()


def test_the_choice_is_made_on_the_later_training_sessions():
    choice = choose(sessions_of(*LISTS, items=40), k=5)

    assert choice.strategy == max(choice.validation, key=choice.validation.get) == "session_blend"
    assert choice.repeats
    assert choice.asked == 480


def test_repeats_are_shown_where_visitors_go_back():
    assert repeat_share(sessions_of([0, 1, 0, 1], [2])) == pytest.approx(0.4)
    assert not choose(sessions_of(*[[n % 7, n % 5 + 7] for n in range(300)])).repeats


def test_intervals_are_wider_when_moments_of_a_session_are_alike(past):
    asked = sessions_of(*LISTS[900:], items=40).prefixes()
    exam = SessionExam(asked, past.counts())
    by_session = (asked.sessions % 2).astype(float)
    by_moment = (np.arange(len(asked)) % 2).astype(float)

    wide, narrow = (high - low for low, high in (exam.interval(by_session), exam.interval(by_moment)))

    assert wide > 1.5 * narrow
    assert wide == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(300), rel=0.15)


def test_a_comparison_with_itself_is_zero_and_with_the_better_one_certain(past, exam, blend):
    weak, strong = exam.ask(SessionPopularity().fit(past)), exam.ask(blend)

    same = exam.compared(weak, weak)
    assert {value for name, value in same.items() if "p_value" not in name} == {0.0}
    assert same["mrr@5 p_value"] == same["precision@5 p_value"] == 1.0
    found = exam.compared(strong, weak)
    assert found["mrr@5 p_value"] < 0.001
    assert found["mrr@5 low"] > 0.3
    assert found["mrr@5 low"] < found["mrr@5"] < found["mrr@5 high"]


def test_moments_of_one_session_are_one_voice_in_the_paired_test(past):
    asked = sessions_of(*[[1, 2, 3, 4, 5, 6]] * 3, items=40).prefixes()
    exam = SessionExam(asked, past.counts(), k=1)
    never, always = (Answers(np.zeros((len(asked), 1), np.int64), np.full(len(asked), hit)) for hit in (0.0, 1.0))

    found = exam.compared(always, never)

    assert found["mrr@1"] == 1.0
    assert found["mrr@1 p_value"] == pytest.approx(0.25, abs=0.03)  # three coins that fall alike


def test_measures_beyond_accuracy_by_hand():
    past = sessions_of([0, 1, 0], [0, 1], [0, 2], [3], items=4)
    exam = SessionExam(past.prefixes().take(np.array([0, 1])), past.counts(), k=2)
    answers = Answers(np.array([[0, 1], [0, 3]]), np.zeros(2))

    found = exam.measures_beyond(answers, past)

    assert found["gini"] == pytest.approx((-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / (4 * 4))
    assert found["novelty"] == pytest.approx((2 * -np.log2(3 / 4) + -np.log2(2 / 4) + -np.log2(1 / 4)) / 4)
    assert found["diversity"] == pytest.approx(((1 - 2 / np.sqrt(6)) + 1.0) / 2)


def test_moments_are_judged_by_how_much_was_seen_of_the_session():
    past = sessions_of([0, 1, 2, 3, 4, 5, 6], items=7)
    contexts = newest_first([[], [0], [0, 1, 2, 3], [0, 1, 2, 3, 4]])
    prefixes = Prefixes(context=contexts, targets=np.array([1, 1, 4, 5]), sessions=np.array([0, 1, 2, 3]))
    exam = SessionExam(prefixes, past.counts(), k=1)

    found = exam.measures_by_group(Answers(np.zeros((4, 1), np.int64), np.array([0.0, 1.0, 0.5, 0.0])))

    assert {name: (row["moments"], row["mrr@1"]) for name, row in found.items()} == {
        "new": (1.0, 0.0), "few": (2.0, 0.75), "many": (1.0, 0.0),
    }  # fmt: skip


def test_reciprocal_rank_by_hand():
    assert reciprocal_rank(np.array([[3, 1], [2, 4], [5, 6]]), np.array([1, 2, 9])) == pytest.approx(0.5)
