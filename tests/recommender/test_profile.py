"""What a person may know and decide: interests in words, why, off, forgotten; the very next answer obeys."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Interaction, Visitor
from catalog.partitions import ensure_months
from recommender import datasets, selectors, tokens
from recommender.models import Placement, PlacementRule, RecommendationList
from recommender.services import save_placement

URL = "/recommendations"


@pytest.fixture(autouse=True)
def this_month(db):
    ensure_months({timezone.now().date(), (timezone.now() - timedelta(hours=1)).date()})


@pytest.fixture
def ana(trained):
    """Somebody new who likes blue things."""
    customer = trained.customers[0].__class__.objects.create(name="Ana", joined_at=timezone.now())
    for number, product in enumerate(trained.blue[:4]):
        trained.act(customer, product, at=timezone.now() - timedelta(minutes=9 - number))
    return customer


def sources(call):
    return {item["source"] for item in call.get(URL).json()["items"]}


def names(call):
    return [item["product"]["name"] for item in call.get(URL).json()["items"]]


def test_interests_are_the_categories_brands_and_prices_of_what_was_done(trained, ana, as_customer):
    trained.act(ana, trained.green[0], kind="purchase", at=timezone.now())

    found = as_customer(ana).get("/me/preferences").json()

    assert (found["personalised"], found["profile_since"]) == (True, None)
    learned = found["interests"]
    assert learned["acts"] == 5
    assert [(one["name"], one["share"]) for one in learned["categories"]] == [("Things", 1.0)]
    assert [(one["name"], one["share"]) for one in learned["brands"]] == [("Anything", 1.0)]
    assert (float(learned["prices"]["low"]), float(learned["prices"]["high"])) == (10.0, 10.0)


def test_shares_follow_what_acts_say(trained, ana, as_customer):
    other = type(trained.blue[0].brand).objects.create(name="Other")
    trained.blue[0].brand = other
    trained.blue[0].save()
    trained.act(ana, trained.blue[0], kind="purchase", at=timezone.now())

    brands = as_customer(ana).get("/me/preferences").json()["interests"]["brands"]

    # A purchase and a view of one product (4 + 1), three views of others.
    assert [(one["name"], one["share"]) for one in brands] == [("Other", 0.625), ("Anything", 0.375)]


def test_personal_recommendations_switched_off_are_everybodys_from_the_next_answer_on(trained, ana, as_customer):
    call = as_customer(ana)
    assert "personal" in sources(call)

    answer = call.put("/me/preferences", {"personalised": False})

    assert (answer.status_code, answer.json()["personalised"]) == (200, False)
    assert answer.json()["interests"]["acts"] == 0
    assert "personal" not in sources(call)
    assert call.put("/me/preferences", {}).status_code == 400
    assert call.put("/me/preferences", {"personalised": True}).json()["interests"]["acts"] == 4
    assert "personal" in sources(call)


def test_who_switched_off_is_not_recognised_by_the_browser_either(trained, ana, as_customer):
    browser = Visitor.objects.create(key="anas", customer=ana)
    trained.act(browser, trained.green[0], at=timezone.now())
    call = as_customer(ana)
    call.put("/me/preferences", {"personalised": False})

    items = call.get(URL, visitor="anas").json()["items"]

    assert "personal" not in {item["source"] for item in items}


def test_a_profile_that_was_forgotten_is_gone_from_the_next_answer_and_the_next_training(trained, ana, as_customer):
    browser = Visitor.objects.create(key="anas", customer=ana)
    trained.act(browser, trained.green[0], at=timezone.now() - timedelta(minutes=1))
    call = as_customer(ana)
    assert "personal" in sources(call)
    before = datasets.interactions(until=timezone.now())

    answer = call.post("/me/preferences/reset")

    assert answer.status_code == 200
    assert answer.json()["interests"]["acts"] == 0
    assert answer.json()["profile_since"] is not None
    assert "personal" not in {item["source"] for item in call.get(URL, visitor="anas").json()["items"]}
    after = datasets.interactions(until=timezone.now())
    assert len(before) - len(after) == 5
    assert not set(after["customer"]) & {ana.pk, -browser.pk}


def test_the_list_written_ahead_goes_with_it(trained, ana, as_customer):
    RecommendationList.objects.create(
        customer=ana, product_ids=[trained.blue[0].pk], speaker_ids=[trained.blue[1].pk], as_of=timezone.now()
    )

    as_customer(ana).post("/me/preferences/reset")

    assert not RecommendationList.objects.exists()


def test_what_is_done_after_it_counts_again(trained, ana, as_customer):
    call = as_customer(ana)
    call.post("/me/preferences/reset")

    call.post("/events", {"events": [{"kind": "view", "product": trained.blue[5].public_id, "visitor": "anas"}]})

    assert call.get("/me/preferences").json()["interests"]["acts"] == 1
    assert "personal" in sources(call)


def test_nothing_is_removed_by_it(trained, ana, as_customer):
    as_customer(ana).post("/me/preferences/reset")

    assert ana.__class__.objects.get(pk=ana.pk).profile_since is not None
    assert Interaction.objects.filter(customer=ana).count() == 4


def test_a_visitor_who_says_no_sees_what_everybody_sees(trained, browser):
    trained.act(Visitor.objects.create(key="guest"), trained.blue[0], at=timezone.now())
    assert "personal" in {item["source"] for item in browser.get(URL, visitor="guest").json()["items"]}

    browser.post("/visitors", {"visitor": "guest", "may_track": False})

    assert "personal" not in {item["source"] for item in browser.get(URL, visitor="guest").json()["items"]}


def test_why_names_the_product_that_speaks_for_it(trained, ana, as_customer):
    call = as_customer(ana)
    item = next(one for one in call.get(URL).json()["items"] if one["source"] == "personal")

    found = call.get(f"/products/{item['product']['id']}/why").json()

    assert (found["personal"], found["reason"]["code"]) == (True, "because_you_viewed")
    assert found["reason"]["product"] in {product.public_id for product in trained.blue[:4]}
    assert found["placement"] is None


def test_why_knows_the_list_by_its_id(trained, ana, as_customer, browser):
    answer = as_customer(ana).get(URL).json()
    plain = browser.get(URL).json()
    product = answer["items"][0]["product"]["id"]

    own = as_customer(ana).get(f"/products/{product}/why", recommendation=answer["id"]).json()
    popular = browser.get(f"/products/{product}/why", recommendation=plain["id"]).json()
    forged = browser.get(f"/products/{product}/why", recommendation="home.1.2.x.3:abc").json()

    assert (own["placement"], own["personal"]) == ("home", True)
    assert (popular["placement"], popular["personal"], popular["reason"]["code"]) == ("home", False, "popular")
    assert (forged["placement"], forged["shown_at"]) == (None, None)


@pytest.mark.parametrize(("source", "is_personal"), [("item", True), ("session", True), ("trending", False)])
def test_why_names_the_product_of_the_page_for_what_goes_with_it(trained, browser, source, is_personal):
    page, shown = trained.green[0], trained.green[3]
    made = tokens.make(placement="product/similar", version_id=1, source=source)

    found = browser.get(f"/products/{shown.public_id}/why", page=page.public_id, recommendation=made).json()

    assert (found["placement"], found["personal"]) == ("product/similar", is_personal)


def test_why_says_that_the_shop_chose_it(trained, ana, as_customer):
    home = Placement.objects.get(key="home")
    save_placement(home, [PlacementRule(kind="pin", product=trained.green[9], slot=1)], by=None)
    selectors.wishes.forget()
    call = as_customer(ana)
    answer = call.get(URL).json()

    found = call.get(f"/products/{trained.green[9].public_id}/why", recommendation=answer["id"]).json()

    assert (found["reason"]["code"], found["personal"]) == ("chosen_by_the_shop", False)


def test_interests_cost_few_queries(trained, ana, as_customer, django_assert_max_num_queries):
    call = as_customer(ana)
    call.get("/me/preferences")

    with django_assert_max_num_queries(6):
        call.get("/me/preferences")
