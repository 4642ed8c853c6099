"""An experiment on the order of search results: one arm asks for the person's taste, the other does not."""

from types import SimpleNamespace

import pytest

from catalog.extensions import personal_rankers
from catalog.models import Visitor
from catalog.search.answers import Taste
from core.exceptions import BadInput
from core.experiments import holdout, placing, services
from core.experiments.exposures import exposures
from core.experiments.services import NewArm
from core.models import ShopProfile

pytestmark = pytest.mark.django_db
ARMS = [NewArm("Same", 50, {"personal": False}, is_control=True), NewArm("Own", 50, {"personal": True})]


def likes_mugs(*, customer, visitor, product_ids):
    return Taste(scores={product_ids[-1]: 1.0}, reasons={})


@pytest.fixture
def ranker(monkeypatch):
    """A part of the shop that knows what people like."""
    entry = SimpleNamespace(key="test", resolve=lambda: likes_mugs)
    monkeypatch.setattr(personal_rankers, "entries", lambda: [entry])


def start():
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 0})
    made = services.create(name="Order", kind="search", target="results", primary_metric="conversion", arms=ARMS)
    return services.start(made)


def test_one_arm_gets_its_own_order_and_the_other_the_same(wardrobe, ranker, browser):
    experiment = start()
    seen = {}
    for n in range(40):
        Visitor.objects.create(key=f"v{n}")
        body = browser.get("/search", q="red", visitor=f"v{n}").json()
        seen.setdefault((body["arm"], body["personalised"]), body["experiment"])

    assert set(seen) == {("control", False), ("arm-b", True)}
    assert set(seen.values()) == {experiment.key}
    assert exposures.hand_over() == 40


@pytest.mark.parametrize("query", [{}, {"visitor": "silent"}, {"visitor": "v1", "sort": "price"}])
def test_who_takes_no_part_is_not_noted(wardrobe, ranker, browser, query):
    Visitor.objects.create(key="silent", may_track=False)
    start()

    body = browser.get("/search", q="red", **query).json()

    assert (body["experiment"], body["arm"]) == (None, None)
    assert exposures.hand_over() == 0


def test_without_anything_that_knows_a_taste_there_is_nothing_to_compare(db, monkeypatch):
    monkeypatch.setattr(personal_rankers, "entries", list)

    with pytest.raises(BadInput):
        start()


def test_the_holdout_gets_the_same_order_and_both_sides_are_exposed(wardrobe, ranker, browser):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 20})
    holdout.keep()
    placing.forget()
    seen = set()
    for n in range(40):
        Visitor.objects.create(key=f"v{n}")
        body = browser.get("/search", q="red", visitor=f"v{n}").json()
        seen.add((body["experiment"], body["arm"], body["personalised"]))

    assert seen == {("holdout-1", "without", False), (None, None, True)}
    assert exposures.hand_over() == 40


TAG_ARMS = [NewArm("Without", 50, {"tags": False}, is_control=True), NewArm("With", 50, {"tags": True})]


def orders_of(browser, query, people=40):
    """By arm, the first product found."""
    found = {}
    for n in range(people):
        Visitor.objects.get_or_create(key=f"v{n}")
        body = browser.get("/search", q=query, lang="en", visitor=f"v{n}").json()
        found.setdefault(body["arm"], set()).add(body["results"][0]["name"])
    return found


@pytest.fixture
def tagged(wardrobe, indexed):
    """The word stands in the description of one product and among the tags of another."""
    wardrobe["mug"].description = "A playful present."
    wardrobe["mug"].save()
    wardrobe["red dress"].tags.create(kind="style", value="playful")
    indexed()


def start_tags():
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 0})
    made = services.create(
        name="Tags", kind="search_tags", target="results", primary_metric="search_success", arms=TAG_ARMS
    )
    return services.start(made)


def test_tags_count_in_one_arm_and_not_in_the_other(tagged, browser):
    start_tags()

    assert orders_of(browser, "playful") == {"control": {"White mug"}, "arm-b": {"Red linen dress"}}
    assert exposures.hand_over() == 40


def test_where_nothing_found_has_tags_nobody_is_exposed_to_them(tagged, browser):
    start_tags()

    assert set(orders_of(browser, "mug")) == {"control", "arm-b"}
    assert exposures.hand_over() == 0


def test_the_holdout_searches_without_tags_and_both_sides_are_exposed(tagged, browser):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 20})
    holdout.keep()
    placing.forget()

    assert orders_of(browser, "playful") == {"without": {"White mug"}, None: {"Red linen dress"}}
    assert exposures.hand_over() == 40


def test_a_shop_without_tags_is_offered_no_experiment_on_them(db):
    with pytest.raises(BadInput):
        start_tags()
