"""Hours, seasons and devices count where they foretell what people choose, and nowhere else."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from recommender.ml.context import NO_DEVICE, NO_GROUP, PRIOR, Context, Lifts, learn, moments_of, own_groups
from recommender.ml.context_choice import Weighing, published, weigh
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.item_knn import ItemKnn
from recommender.ml.serving import ServingModel
from recommender.ml.session_voice import moments
from recommender.ml.sources import Kitchen
from recommender.ml.training import train

DAY = 86_400.0
ITEMS = 40
MONDAY = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
GROUPS = np.arange(ITEMS) % 2


def acts(*, planted: bool, people: int = 300, seed: int = 3) -> Interactions:
    """Everybody chooses among all products: where planted, even ones in the morning and odd ones in the evening."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for item in rng.permutation(ITEMS)[:16].tolist():
            is_right = rng.random() < 0.9
            hour = (8 if item % 2 == 0 else 20) if is_right else (20 if item % 2 == 0 else 8)
            rows.append((person, item, MONDAY + rng.integers(28) * DAY + hour * 3600 + rng.integers(3600)))
    found = np.array(rows)
    if not planted:
        found[:, 2] = rng.permutation(found[:, 2])
    found = found[np.argsort(found[:, 2], kind="stable")]
    return Interactions(
        customers=found[:, 0].astype(np.int32), items=found[:, 1].astype(np.int32),
        values=np.ones(len(found), np.float32), times=found[:, 2], customer_ids=np.arange(people),
        item_ids=np.arange(ITEMS) + 100,
    )  # fmt: skip


def weighed(data: Interactions) -> tuple[Weighing, Interactions]:
    cut = float(np.quantile(data.times, 0.7))
    past = data.take(data.times <= cut)
    asked = moments(data, since=cut, history_limit=50, first_too=True)
    return weigh(ItemKnn().fit(past), past, asked, GROUPS, zone="UTC"), past


def test_a_habit_of_the_hour_is_found_and_its_gain_told():
    weighing, _past = weighed(acts(planted=True))

    assert weighing.exponent > 0
    assert weighing.report["gain_low"] > 0
    assert weighing.report["mrr@20_with"] > 1.2 * weighing.report["mrr@20_without"]


@pytest.mark.parametrize("seed", range(4))
def test_hours_that_say_nothing_are_not_used(seed):
    weighing, past = weighed(acts(planted=False, seed=seed))

    assert weighing.exponent == weighing.report["exponent"] == 0.0
    assert published(past, GROUPS, weighing, "UTC") == ({}, {})


def test_lifts_are_counted_once_a_person_and_quarter_and_shrink_towards_one():
    times = np.repeat(MONDAY + 8 * 3600.0, 30)
    people = np.repeat(np.arange(10), 3)  # each of ten people acts three times on category 0
    others = np.arange(10)  # the same ten on category 1, in the evening

    lifts = learn(
        np.r_[people, others], np.r_[np.zeros(30, int), np.ones(10, int)],
        np.r_[times, np.repeat(MONDAY + 20 * 3600.0, 10)], 2, "UTC",
    )  # fmt: skip

    assert lifts.parts[:, 1] == pytest.approx([(10 + PRIOR) / (5 + PRIOR), PRIOR / (5 + PRIOR), 1.0])
    assert lifts.parts[:, 0] == pytest.approx([1.0, 1.0, 1.0])  # nobody acted at night
    assert (lifts.seasons == 1).all()  # less than a year


def test_seasons_are_learned_from_a_year_on():
    winter, summer = MONDAY - 150 * DAY, MONDAY + 30 * DAY
    times = np.r_[np.repeat(winter, 200), np.repeat(summer, 200), winter + 366 * DAY]

    lifts = learn(np.arange(401), np.r_[np.zeros(200, int), np.ones(200, int), 0], times, 2, "UTC")

    assert lifts.seasons[0, 0] > 1.5 > 1 > lifts.seasons[1, 0]
    assert lifts.seasons[1, 2] > 1.5


@pytest.mark.parametrize(
    ("zone", "part", "season"), [("UTC", 3, 0), ("Asia/Shanghai", 4, 0), ("America/New_York", 2, 0)]
)
def test_a_moment_lies_in_the_day_of_the_shop(zone, part, season):
    friday = datetime(2026, 2, 27, 20, 30, tzinfo=UTC)  # Saturday in Shanghai

    found = moments_of(np.array([friday.timestamp()]), zone)

    assert (found.parts.tolist(), found.seasons.tolist()) == ([part], [season])


def test_the_category_of_an_item_is_its_own_and_not_that_above():
    attributes = [["category=1", "category=7", "brand=2"], ["brand=2"], ["category=1"], ["category=7"]]

    assert own_groups(attributes).tolist() == [0, NO_GROUP, 1, 0]


def test_the_trained_model_serves_by_the_hour_and_says_so():
    data = acts(planted=True, people=500)
    facts = ItemFacts(attributes=[[f"category={group}"] for group in GROUPS])

    trained = train(data, time_budget=1, kitchen=Kitchen(facts, zone="UTC"))
    model = trained.serving()
    history = [(100, 1.0), (101, 1.0), (102, 1.0), (103, 1.0)]
    exclude = [product for product, _weight in history]

    def even(at: float | None) -> int:
        found = model.recommend(history, 10, exclude=exclude, at=at, by_session=False)
        return sum(one.product_id % 2 == 0 for one in found)

    assert trained.report["context"]["exponent"] == trained.meta["context"]["exponent"] > 0
    assert even(MONDAY + 8 * 3600) > even(None) > even(MONDAY + 20 * 3600)
    assert ServingModel.from_arrays(*_without_context(trained)).recommend(history, 10, at=MONDAY) is not None


def _without_context(trained):
    meta = {name: value for name, value in trained.meta.items() if name != "context"}
    return {name: array for name, array in trained.arrays.items() if not name.startswith("context")}, meta


def plain_lifts(part: float = 1.0) -> Lifts:
    return Lifts(np.full((3, 8), part, np.float32), np.ones((3, 4), np.float32), np.ones((3, 3), np.float32))


def test_a_model_from_before_devices_counted_still_serves():
    arrays, told = Context(GROUPS, plain_lifts(4.0), 0.5, "UTC").to_arrays()
    del arrays["context_devices"], told["context"]["device_exponent"]

    assert Context.from_arrays(arrays, told["context"], ITEMS).factors(MONDAY, device=0).tolist() == [2.0] * ITEMS


def test_a_damaged_table_is_refused():
    arrays, told = Context(GROUPS, plain_lifts(), 0.5, "UTC", 2.0).to_arrays()

    found = Context.from_arrays(arrays, told["context"], ITEMS)
    assert (found.exponent, found.device_exponent) == (0.5, 2.0)
    for name, broken in [
        ("context_groups", GROUPS[:-1]), ("context_groups", GROUPS + 5), ("context_parts", np.ones((3, 7))),
        ("context_seasons", np.full((3, 4), np.nan)), ("context_parts", np.zeros((3, 8))),
        ("context_devices", np.ones((3, 2))), ("context_devices", np.full((3, 3), np.inf)),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="contexts"):
            Context.from_arrays({**arrays, name: broken}, told["context"], ITEMS)
    with pytest.raises(ValueError, match="lacks"):
        Context.from_arrays({}, told["context"], ITEMS)


def test_factors_are_worked_out_once_for_each_part_of_the_day():
    found = Context(GROUPS, plain_lifts(4.0), 0.5, "UTC")

    first = found.factors(MONDAY + 8 * 3600)

    assert first.tolist() == [2.0] * ITEMS
    assert found.factors(MONDAY + 9 * 3600, device=1) is first  # devices do not count here
    assert found.factors(MONDAY + 13 * 3600) is not first


def on_devices(data: Interactions, *, planted: bool, unknown: float = 0.0) -> Interactions:
    """The same acts on phone and computer: where planted, even products nine times out of ten on the phone."""
    rng = np.random.default_rng(9)
    phone = rng.random(len(data)) < np.where(data.items % 2 == 0, 0.9, 0.1) if planted else rng.random(len(data)) < 0.5
    devices = np.where(rng.random(len(data)) < unknown, NO_DEVICE, np.where(phone, 0, 2)).astype(np.int8)
    return replace(data, devices=devices)


def test_a_habit_of_the_device_is_found_where_some_devices_are_unknown_and_hours_say_nothing():
    weighing, past = weighed(on_devices(acts(planted=False), planted=True, unknown=0.3))
    arrays, told = published(past, GROUPS, weighing, "UTC")
    served = Context.from_arrays(arrays, told["context"], ITEMS)

    assert weighing.exponent == 0.0 < weighing.device_exponent
    assert weighing.device_report["gain_low"] > 0
    assert weighing.device_report["moments"] < weighing.report["moments"]
    on_phone, on_computer = served.factors(MONDAY, device=0), served.factors(MONDAY, device=2)
    assert on_phone[0] > 1.0 > on_phone[1]
    assert on_computer[0] < 1.0 < on_computer[1]
    assert served.factors(MONDAY).tolist() == [1.0] * ITEMS
    assert served.factors(MONDAY, device=0) is on_phone


@pytest.mark.parametrize("known", [True, False])
def test_devices_that_say_nothing_or_are_not_known_are_not_used(known):
    data = acts(planted=True)

    weighing, _past = weighed(on_devices(data, planted=False) if known else data)

    assert weighing.exponent > 0
    assert weighing.device_exponent == weighing.device_report["exponent"] == 0.0
    assert bool(weighing.device_report["moments"]) is known


def test_lifts_of_devices_are_learned_from_acts_whose_device_is_known():
    devices = np.r_[np.zeros(60, int), np.full(20, 2), np.full(40, NO_DEVICE), np.full(80, 2)]
    groups = np.r_[np.zeros(120, int), np.ones(80, int)]

    lifts = learn(np.arange(200), groups, np.full(200, MONDAY), 2, "UTC", devices)

    assert lifts.on(0) == pytest.approx([(60 + PRIOR) / (30 + PRIOR), PRIOR / (30 + PRIOR), 1.0])
    assert lifts.on(2) == pytest.approx([(20 + PRIOR) / (50 + PRIOR), (80 + PRIOR) / (50 + PRIOR), 1.0])
    assert lifts.on(1).tolist() == lifts.on(NO_DEVICE).tolist() == [1.0, 1.0, 1.0]
