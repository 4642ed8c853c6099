"""Experiments on placements: each arm shows what it says, answers tell, exposures are noted."""

import pytest
from django.test import Client

from catalog.models import Visitor
from core import model_registry as registry
from core.choices import Role
from core.experiments import holdout, placing
from core.experiments.exposures import exposures, store
from core.ml.experiments import share_of
from core.models import Experiment, ExperimentArm, Exposure, Scope, ShopProfile
from core.shop import forget_shop
from recommender import reasons, tokens, trials, wishes
from recommender.choices import RECOMMENDER
from recommender.models import Placement
from tests.factories import ApiKeyFactory, ExperimentFactory, StaffUserFactory

URL = "/recommendations"


@pytest.fixture
def whole_shop(trained):
    """Without a holdout, so that everybody takes part."""
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 0})
    return trained


def live_strategy():
    """What the live model calls itself."""
    return registry.active(RECOMMENDER).meta["strategy"]


def start(weights, **fields):
    return ExperimentFactory.create(state=Experiment.State.RUNNING, weights=weights, **fields)


def in_arm(browser, experiment, arm):
    """The first of a few visitors who falls into this arm."""
    for n in range(60):
        body = browser.get(URL, visitor=f"v{n}", placement=experiment.target).json()
        if body["arm"] == arm:
            return f"v{n}", body
    raise AssertionError(f"nobody of sixty is in {arm}")


def test_the_control_sees_the_popularity_list_and_the_other_arm_the_model(whole_shop, browser):
    experiment = start([50, 50])
    control, _body = in_arm(browser, experiment, "control")
    treated, _body = in_arm(browser, experiment, "arm-a")
    for key in (control, treated):
        visitor, _made = Visitor.objects.get_or_create(key=key)
        whole_shop.act(visitor, whole_shop.green[0])

    plain = browser.get(URL, visitor=control, placement="home").json()
    personal = browser.get(URL, visitor=treated, placement="home").json()

    assert (plain["source"], plain["strategy"], plain["arm"]) == ("popular", "popularity", "control")
    assert (personal["source"], personal["strategy"], personal["arm"]) == ("personal", live_strategy(), "arm-a")
    assert plain["experiment"] == personal["experiment"] == experiment.key


def test_an_arm_may_show_the_newest(whole_shop, browser):
    experiment = start([34, 33, 33])

    _visitor, body = in_arm(browser, experiment, "arm-b")

    assert (body["source"], body["strategy"]) == ("newest", "newest")
    assert len(body["items"]) == 10


@pytest.mark.parametrize(
    ("strategy", "kind", "source", "code"),
    [
        ("together", "together", "item", "bought_together"),
        ("category", "category", "category", "popular_in_category"),
        ("trending", "trending", "trending", "popular_now"),
        ("rising", "rising", "rising", "rising"),
    ],
)
def test_an_arm_may_show_each_of_the_counted_lists(whole_shop, listed, browser, strategy, kind, source, code):
    page, shown = whole_shop.green[0], whole_shop.blue[3]
    listed(kind, [shown], key={"together": page.pk, "category": page.category_id}.get(kind, ""), lifts=(2.0,))
    experiment = start([50, 50], target="product", ways=["popularity", strategy])
    visitor, _body = in_arm(browser, experiment, "arm-a")

    body = browser.get(URL, visitor=visitor, placement="product", product=page.public_id).json()

    assert (body["strategy"], body["source"], body["arm"]) == (strategy, source, "arm-a")
    first = body["items"][0]
    assert (first["product"]["id"], first["source"], first["reason"]["code"]) == (shown.public_id, source, code)
    assert tokens.read(body["id"]).arm_id == experiment.arms.get(key="arm-a").pk
    exposures.hand_over()
    store()
    assert Exposure.objects.get(subject=visitor).arm.settings == {"strategy": strategy}


def test_an_arm_may_show_what_is_like_the_product_on_the_page(whole_shop, browser):
    page = whole_shop.green[0]
    experiment = start([50, 50], target="product", ways=["popularity", "similar"])
    visitor, _body = in_arm(browser, experiment, "arm-a")

    body = browser.get(URL, visitor=visitor, placement="product", product=page.public_id, limit=3).json()

    assert (body["strategy"], body["source"]) == ("similar", "item")
    assert {item["reason"]["code"] for item in body["items"]} == {"goes_with_this_product"}
    exposures.hand_over()
    store()
    assert Exposure.objects.get(subject=visitor).arm.settings == {"strategy": "similar"}


def test_an_arm_may_show_one_method_alone(whole_shop, browser):
    name = registry.active(RECOMMENDER).meta["voices"][0]["name"]
    experiment = start([50, 50], ways=["popularity", name])
    visitor, _body = in_arm(browser, experiment, "arm-a")
    row, _made = Visitor.objects.get_or_create(key=visitor)
    whole_shop.act(row, whole_shop.green[0])

    body = browser.get(URL, visitor=visitor, placement="home").json()

    assert (body["strategy"], body["source"], body["arm"]) == (name, "personal", "arm-a")
    exposures.hand_over()
    store()
    assert Exposure.objects.get(subject=visitor).arm.settings == {"strategy": name}


def test_staff_are_told_of_an_arm_whose_method_the_live_model_does_not_have(whole_shop):
    held = registry.active(RECOMMENDER).meta["voices"][0]["name"]
    draft = ExperimentFactory.create(ways=["popularity", "two_tower", held], weights=[40, 30, 30])
    running = start([50, 50], ways=["popularity", "two_tower"], target="cart")
    over = ExperimentFactory.create(state=Experiment.State.STOPPED, ways=["popularity", "two_tower"], target="search")
    there = start([50, 50], ways=["popularity", held], target="product")
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.MERCHANDISER))
    said = "“Two-tower” shows something else for now: its people would blur the result."
    ExperimentArm.objects.filter(settings__strategy="two_tower").update(name="Two-tower")

    pages = [
        client.get(f"/admin/core/experiment/{one.pk}/change/").content.decode() for one in (draft, running, over, there)
    ]

    assert [said in page for page in pages] == [True, True, False, False]
    assert "Nothing learns the two-tower network yet" in pages[0]
    assert f"It has: {reasons.strategy_name(held)}" in pages[0]
    assert "zg-note-warning" not in pages[3]


def test_a_training_keeps_the_methods_that_placements_and_open_experiments_show_alone(db):
    Placement.objects.filter(key="home").update(strategy="rp3beta")
    Placement.objects.filter(key="cart").update(strategy="content", is_on=False)
    ExperimentFactory.create(state=Experiment.State.DRAFT, weights=[50, 50], ways=["live", "ials"])
    ExperimentFactory.create(state=Experiment.State.STOPPED, weights=[50, 50], ways=["live", "ease"])

    assert trials.wanted_alone() == {"rp3beta", "ials"}


def test_whatever_staff_may_choose_for_a_placement_an_arm_may_show(db):
    offered = {choice.settings["strategy"] for choice in trials.RECOMMENDATIONS.choices}

    assert offered == set(trials.STRATEGIES.values())
    assert set(trials.STRATEGIES) == set(Placement.Strategy.values)


def test_the_signed_id_carries_the_arm(whole_shop, browser):
    experiment = start([50, 50])

    _visitor, body = in_arm(browser, experiment, "arm-a")

    assert tokens.read(body["id"]).arm_id == experiment.arms.get(key="arm-a").pk


def test_an_id_made_before_there_were_experiments_can_still_be_read():
    token = tokens.make(placement="home", version_id=3)

    assert (tokens.read(token).arm_id, tokens.read(token).version_id) == (0, 3)


def test_each_visitor_is_noted_once_in_the_arm_that_was_shown(whole_shop, browser):
    experiment = start([50, 50])
    shown = {f"v{n}": browser.get(URL, visitor=f"v{n}").json()["arm"] for n in range(12)}
    for n in range(12):
        browser.get(URL, visitor=f"v{n}")

    exposures.hand_over()
    store()

    assert dict(Exposure.objects.filter(experiment=experiment).values_list("subject", "arm__key")) == shown


@pytest.mark.parametrize("query", [{}, {"visitor": "silent"}, {"visitor": "v1", "placement": "cart"}])
def test_who_takes_no_part_gets_the_live_model_and_is_not_noted(whole_shop, browser, query):
    Visitor.objects.create(key="silent", may_track=False)
    start([50, 50])

    body = browser.get(URL, **query).json()

    assert (body["experiment"], body["arm"], body["strategy"]) == (None, None, live_strategy())
    assert exposures.hand_over() == 0


def test_a_customer_without_personal_answers_takes_no_part(whole_shop, server):
    start([50, 50], unit=Experiment.Unit.CUSTOMER)
    plain, asked_off = whole_shop.customers[:2]
    asked_off.is_personalised = False
    asked_off.save()

    assert server.get(URL, customer=plain.public_id).json()["experiment"] is not None
    assert server.get(URL, customer=asked_off.public_id).json()["experiment"] is None


def test_an_experiment_adds_no_query_to_an_answer(whole_shop, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.plugins.api import Caller

    browser = Caller(ApiKeyFactory.create(publishable=True, scopes=[Scope.RECOMMENDATIONS]).value)
    browser.get(URL, visitor="somebody")
    with CaptureQueriesContext(connection) as before:
        browser.get(URL, visitor="somebody")
    experiment = start([50, 50])
    browser.get(URL, visitor="somebody")
    from core.experiments import placing

    placing.forget()
    browser.get(URL, visitor="somebody")

    with CaptureQueriesContext(connection) as after:
        body = browser.get(URL, visitor="somebody").json()

    assert body["experiment"] == experiment.key
    assert len(after) <= len(before)


def test_while_the_database_is_away_no_arm_is_claimed(whole_shop, browser, monkeypatch):
    from django.db import OperationalError

    from recommender import selectors

    start([50, 50])
    browser.get(URL, visitor="v1")
    exposures.forget()

    def away(**_anything):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(selectors, "recommend", away)
    answer = browser.get(URL, visitor="v1")

    assert answer.status_code in (200, 503)
    if answer.status_code == 200:
        assert answer.json()["arm"] is None
    assert exposures.hand_over() == 0


# --- the holdout --------------------------------------------------------------------------------------------------


@pytest.fixture
def held_out(trained):
    """A shop that keeps a tenth of the people apart; the first of them and the first of the others."""
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 10})
    forget_shop()  # what was remembered before has another salt
    holdout.keep()
    placing.forget()
    salt = ShopProfile.current().holdout_salt.encode()
    apart = [name for n in range(200) if share_of(salt, name := f"v{n}") < 0.10]
    others = [f"v{n}" for n in range(200) if f"v{n}" not in apart]
    return apart[0], others[0]


def exposed():
    exposures.hand_over()
    store()
    return set(Exposure.objects.values_list("subject", "arm__key"))


def test_the_holdout_sees_the_popularity_list_without_an_experiment_and_all_others_the_model(held_out, browser):
    apart, other = held_out

    plain = browser.get(URL, visitor=apart).json()
    usual = browser.get(URL, visitor=other).json()

    assert (plain["strategy"], plain["experiment"], plain["arm"]) == ("popularity", "holdout-1", "without")
    assert (usual["strategy"], usual["experiment"], usual["arm"]) == (live_strategy(), None, None)
    assert exposed() == {(apart, "without"), (other, "with")}


@pytest.mark.parametrize(("path", "usual"), [("similar", "similar"), ("bought-together", "together")])
def test_the_holdout_gets_the_popularity_list_beside_a_product_too(held_out, trained, browser, path, usual):
    apart, other = held_out
    url = f"/products/{trained.green[0].public_id}/{path}"

    plain, made = (browser.get(url, visitor=name).json() for name in (apart, other))
    unnamed = browser.get(url).json()

    assert (plain["strategy"], plain["source"], plain["experiment"]) == ("popularity", "popular", "holdout-1")
    assert {item["reason"]["code"] for item in plain["items"]} == {"popular"}
    assert trained.green[0].public_id not in {item["product"]["id"] for item in plain["items"]}
    assert (made["strategy"], made["experiment"]) == (unnamed["strategy"], None) == (usual, None)
    assert tokens.read(plain["id"]).arm_id == 0
    assert exposed() == {(apart, "without"), (other, "with")}


def test_a_list_for_the_holdout_is_credited_to_its_placement_and_to_no_experiment_there(held_out, browser):
    apart, _other = held_out

    body = browser.get(URL, visitor=apart).json()

    assert tokens.read(body["id"]).arm_id == 0


def test_in_an_experiment_of_the_placement_the_others_are_exposed_to_both(held_out, browser):
    apart, other = held_out
    experiment = start([50, 50], holdout_percent=10)
    placing.forget()

    browser.get(URL, visitor=apart)
    arm = browser.get(URL, visitor=other).json()["arm"]

    assert exposed() == {(apart, "without"), (other, "with"), (other, arm)}
    assert Exposure.objects.filter(experiment=experiment).count() == 1


def test_a_plain_list_is_the_same_for_the_holdout_and_exposes_nobody(held_out, browser):
    Placement.objects.filter(key="home").update(strategy=Placement.Strategy.NEWEST)
    wishes.forget()

    answers = [browser.get(URL, visitor=name).json() for name in held_out]

    assert [(one["strategy"], one["experiment"]) for one in answers] == [("newest", None)] * 2
    assert exposed() == set()
