import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recommender.ml import tuning
from recommender.ml.interactions import Interactions
from recommender.ml.serving import ServingModel
from recommender.ml.sources import Kitchen, Size, recipes_for
from recommender.ml.training import NotEnoughData, contestants, judge_serving, train
from recommender.ml.training import _published as published
from recommender.ml.tuning import choose, sample_customers
from tests.recommender.ml.data import two_taste_groups


@pytest.fixture(scope="module")
def data():
    return Interactions.from_frame(two_taste_groups(customers=120, items=60, events=16))


@pytest.fixture(scope="module")
def trained(data):
    return train(data, seed=1)


def without_cost(report):
    trials = [{name: value for name, value in trial.items() if name != "cpu_seconds"} for trial in report["trials"]]
    return {name: value for name, value in report.items() if name != "cpu_seconds"} | {"trials": trials}


def test_planted_tastes_let_methods_that_know_the_customer_win(trained):
    strategies = trained.report["strategies"]

    assert trained.chosen not in {"popularity", "popularity_recent"}
    assert set(strategies) == {
        "popularity", "popularity_recent", "item_knn", "ials", "ease", "rp3beta",
        "sequence_rules", "sequence_walk", "blend",
    }  # fmt: skip
    for name in ("item_knn", "ials", "ease", "rp3beta", "blend"):
        assert strategies[name]["ndcg@10"] > 1.2 * strategies["popularity"]["ndcg@10"]
    assert trained.report["metrics"] == strategies[trained.chosen]


def test_what_is_published_answers_in_the_taste_of_the_visitor(trained):
    found = trained.serving().recommend([(1002, 1.0), (1004, 1.0)], 5, exclude=[1002, 1004])

    assert all(candidate.product_id % 2 == 0 for candidate in found)


def test_the_report_is_measured_on_later_events_than_were_learned(trained, data):
    rows = trained.report["rows"]
    times = np.sort(data.times)

    assert rows == {"earlier": 1536, "later": 384}
    assert trained.report["judged_from"] == times[1536]
    assert trained.trained_until == times[-1]
    assert trained.row_count == len(data)


def test_later_events_have_no_say_in_the_choice(data):
    """Turning the last fifth into noise changes the report and leaves the parameters as they were."""
    later = data.times > np.quantile(data.times, 0.8, method="lower")
    rng = np.random.default_rng(5)
    items = np.where(later, rng.integers(data.item_count, size=len(data)), data.items).astype(np.int32)
    noisy = Interactions(data.customers, items, data.values, data.times, data.customer_ids, data.item_ids)

    clean, disturbed = train(data, seed=1), train(noisy, seed=1)

    assert disturbed.meta["parameters"] == clean.meta["parameters"]
    assert disturbed.report["validation"] == clean.report["validation"]
    assert disturbed.report["metrics"]["ndcg@10"] < clean.report["metrics"]["ndcg@10"]


def test_the_same_seed_gives_the_same_model(data, trained):
    again = train(data, seed=1)

    assert without_cost(again.report) == without_cost(trained.report)
    assert all(np.array_equal(again.arrays[name], trained.arrays[name]) for name in trained.arrays)


def test_groups_are_told_apart_and_the_report_is_plain_data(trained):
    groups = trained.report["groups"][trained.chosen]

    assert "many" in groups
    assert sum(group["customers"] for group in groups.values()) == trained.report["metrics"]["customers"]
    assert json.loads(json.dumps(trained.report, allow_nan=False)) == trained.report
    assert json.loads(json.dumps(trained.meta, allow_nan=False)) == trained.meta


def test_a_shop_without_events_is_refused():
    with pytest.raises(NotEnoughData):
        train(Interactions.from_frame(pd.DataFrame({"customer": [], "item": []})))


@pytest.mark.parametrize("rows", [[(1, 7)], [(1, 7), (1, 8)], [(1, 7), (2, 7), (3, 7)]])
def test_a_shop_with_hardly_any_events_gets_a_model_that_says_it_is_not_measured(rows):
    frame = pd.DataFrame(rows, columns=["customer", "item"]).assign(timestamp=5.0)

    trained = train(Interactions.from_frame(frame))

    assert trained.report["measured"] is False
    assert trained.report["metrics"] == {"ndcg@10": 0.0}
    assert trained.serving().recommend([], 1)[0].product_id == 7


def test_negative_customer_numbers_are_fine(data):
    frame = two_taste_groups(customers=20)
    frame["customer"] = -frame["customer"] - 1

    assert train(Interactions.from_frame(frame)).row_count == len(frame)


def test_an_active_version_is_judged_on_the_same_later_events(data):
    cutoff = float(np.quantile(data.times, 0.8, method="lower"))
    earlier = train(data.take(data.times <= cutoff), seed=1)

    measured = judge_serving(earlier.serving(), data, since=cutoff)

    assert measured["ndcg@10"] > 0.1
    assert judge_serving(earlier.serving(), data, since=float(data.times.max())) == {}


def test_a_time_budget_ends_the_search_early(data):
    assert choose(data, protocol="by-time", time_budget=0.0).tried == 5


def test_the_budget_counts_the_processor_so_that_a_busy_machine_does_not_shorten_the_search(data, monkeypatch):
    """Here the processor stands still and the wall clock runs."""
    monkeypatch.setattr(tuning.time, "process_time", lambda: 3.0)

    assert choose(data, protocol="by-time", time_budget=1e-3, only={"ials"}).tried > 20


def test_a_quick_model_is_made_of_few_sources_and_judged_on_the_same_customers(data, trained):
    quick = train(data, seed=1, quick=True, time_budget=60)

    assert quick.report["quick"] is True
    assert trained.report["quick"] is False
    assert set(quick.report["parameters"]) == {"item_knn", "ease", "sequence_rules"}
    assert set(quick.report["strategies"]) == {
        "popularity", "popularity_recent", "item_knn", "ease", "sequence_rules", "blend",
    }  # fmt: skip
    assert quick.report["metrics"]["customers"] == trained.report["metrics"]["customers"]
    assert quick.report["strategies"]["popularity"] == trained.report["strategies"]["popularity"]
    assert {"sessions", "context", "device"}.isdisjoint(quick.report)  # what nobody asked has no answer
    assert trained.report["sessions"] == {"serves_up_to": 0, "moments": 0}
    found = quick.serving().recommend([(1002, 1.0), (1004, 1.0)], 5, exclude=[1002, 1004])
    assert all(candidate.product_id % 2 == 0 for candidate in found)


def test_every_trial_is_told_with_its_parameters_and_one_of_each_source_is_the_chosen_one(trained):
    trials = trained.report["trials"]
    chosen = {trial["source"]: trial for trial in trials if trial["chosen"]}

    assert len([trial for trial in trials if trial["source"] in trained.choice.params]) == trained.choice.tried
    assert set(chosen) == {*trained.choice.params, "popularity_recent"}
    for source, trial in chosen.items():
        same = [other["score"] for other in trials if other["source"] == source]
        assert trial["score"] == max(same)
        assert trial["cpu_seconds"] > 0
    assert chosen["ials"]["parameters"] == trained.report["parameters"]["ials"]


def test_the_report_says_what_each_part_cost(trained):
    costs = trained.report["cpu_seconds"]

    assert set(costs) >= {"search", "judging", "publishing", "item_knn", "ials"}
    assert costs["judging"] >= costs["item_knn"] + costs["ials"]


def test_the_blend_is_valued_by_its_gain_over_the_strongest_source(data, monkeypatch):
    """Scores of sources hold lists completed by popularity and what the blend is weighed on does not: only the gain
    can be compared."""
    monkeypatch.setattr(
        tuning,
        "_weigh",
        lambda _part, _exam, recipes, *_: ([1.0] * len(recipes), {r.name: 0.01 for r in recipes}, None),
    )
    validation = choose(data, protocol="by-time", time_budget=0.0).validation

    sources = [score for name, score in validation.items() if name not in ("blend", "popularity", "popularity_recent")]
    assert validation["blend"] == pytest.approx(max(sources) + 0.01)


def test_progress_is_told(data):
    told = []
    choose(data.take(np.arange(300)), protocol="by-time", progress=lambda done, total: told.append((done, total)))

    assert told[0] == (1, 35)
    assert told[-1] == (35, 35)


def test_a_sample_holds_all_events_of_its_customers(data):
    part = sample_customers(data, limit=400, seed=0)

    assert 400 <= len(part) <= 416
    names = part.customer_ids[part.customers]
    for customer in part.customer_ids:
        whole = data.customer_ids[data.customers] == customer
        assert part.items[names == customer].tolist() == data.items[whole].tolist()
    assert part.customer_count == len(np.unique(part.customers))
    assert sample_customers(data, limit=10_000, seed=0) is data


@pytest.mark.parametrize(("items", "start"), [(100, 0.03), (1_600, 0.03), (5_000, 0.01), (100_000, 0.0005)])
def test_matrix_factorisation_starts_with_a_penalty_that_fits_the_number_of_items(items, start):
    (ials,) = (recipe for recipe in recipes_for(Size(10**6, 10**5, items), Kitchen()) if recipe.name == "ials")

    assert ials.start.regularisation == pytest.approx(start)


@pytest.fixture(scope="module")
def moved_on():
    """Twelve choices in one group of items each, then four in another: the newest say what comes next."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(120):
        first, later = rng.permutation(4)[:2]
        for day, group in enumerate([first] * 12 + [later] * 4):
            rows.append((customer, 1000 + 10 * int(group) + int(rng.integers(10)), 1e9 + 86400.0 * day + customer))
    events = Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))
    return choose(events, protocol="leave-last-out", only={"ease"})


def test_the_linear_model_listens_to_the_newest_where_tastes_move_on(moved_on):
    tried = [trial for trial in moved_on.trials if trial.source == "ease"]
    alike = max(trial.score for trial in tried if trial.parameters["half_life"] == 0.0)

    assert moved_on.params["ease"].half_life == 30.0
    assert moved_on.validation["ease"] > alike


def test_beside_a_linear_model_that_looks_at_order_stands_the_one_that_does_not(moved_on):
    shown = [model.name for model in contestants(moved_on, references=True)]

    assert shown[-2:] == ["ease", "ease_unordered"]
    assert moved_on.plain_ease.half_life == 0.0
    assert "ease_unordered" not in [model.name for model in contestants(moved_on, references=False)]


HISTORY = [(1002, 4.0), (1004, 1.0), (1001, 1.0)]


@pytest.fixture(scope="module")
def three_and_one(trained, data):
    """What serves with three voices, and keeps a fourth that has no say."""
    choice = replace(
        trained.choice, strategy="blend", weights={"item_knn": 1.0, "rp3beta": 0.5, "ials": 0.7, "ease": 0}
    )
    return choice, ServingModel.from_arrays(*published(choice, data, alone=["ease", "ials", "content"]))


@pytest.mark.parametrize("name", ["item_knn", "rp3beta", "ials", "ease"])
def test_one_method_alone_answers_as_a_model_of_nothing_else_would(three_and_one, data, name):
    choice, model = three_and_one
    only = ServingModel.from_arrays(*published(replace(choice, strategy=name), data))

    found = model.recommend(HISTORY, 12, exclude=[1001, 1002], voice=name)

    assert found == only.recommend(HISTORY, 12, exclude=[1001, 1002])
    assert len(found) == 12
    assert found[0].source == name
    allowed = model.mask([1000, 1003, 1006])
    assert model.recommend(HISTORY, 12, allowed=allowed, fill=False, voice=name) == only.recommend(
        HISTORY, 12, allowed=allowed, fill=False
    )


def test_a_method_without_a_say_changes_nothing_for_those_who_have_one(three_and_one, data):
    choice, model = three_and_one
    without = ServingModel.from_arrays(*published(choice, data))

    assert model.voices == ("item_knn", "rp3beta", "ials", "ease")
    assert without.voices == ("item_knn", "rp3beta", "ials")
    assert model.recommend(HISTORY, 12) == without.recommend(HISTORY, 12)


def test_a_method_that_the_model_does_not_have_says_nothing(three_and_one):
    _choice, model = three_and_one

    assert model.recommend(HISTORY, 3, fill=False, voice="content") == []
    assert model.recommend(HISTORY, 3, voice="content") == model.recommend([], 3)
    assert model.recommend([], 3, fill=False, voice="ials") == []


def test_the_report_names_the_methods_that_can_be_asked_alone(data):
    found = train(data, seed=1, time_budget=0, alone=["rp3beta", "content"])

    assert "rp3beta" in found.report["voices"]
    assert tuple(sorted(found.report["voices"])) == tuple(sorted(found.serving().voices))
