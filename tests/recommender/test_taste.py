import pytest

from catalog.search import index
from recommender.taste import taste_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def searchable(trained):
    index.refresh()
    index.count_terms()
    return trained


def names(answer):
    return [row["name"] for row in answer.json()["results"]]


def test_products_that_go_with_the_last_acts_are_liked(searchable):
    searchable.act(searchable.visitor, searchable.blue[0], "cart")
    ids = [product.pk for product in (*searchable.green, *searchable.blue)]

    taste = taste_for(customer=None, visitor=searchable.visitor, product_ids=ids)

    assert taste is not None
    best = max(taste.scores, key=lambda pk: taste.scores[pk])
    assert best in {product.pk for product in searchable.blue}
    assert max(taste.scores.values()) == 1.0
    assert taste.reasons[best] == ("because_of_your_basket", "Goes with blue-0 in your basket")


def test_somebody_without_acts_has_no_taste(searchable):
    ids = [product.pk for product in searchable.blue]

    assert taste_for(customer=None, visitor=searchable.visitor, product_ids=ids) is None


def test_search_puts_what_this_person_likes_first_and_says_so(searchable, browser):
    for product in searchable.blue + searchable.green:
        type(product).objects.filter(pk=product.pk).update(description="thing")
    index.refresh()
    index.count_terms()
    searchable.act(searchable.visitor, searchable.blue[0], "cart")

    answer = browser.get("/search", q="thing", visitor="somebody", lang="en").json()
    plain = browser.get("/search", q="thing", lang="en").json()

    assert answer["personalised"] is True
    assert answer["results"][0]["name"].startswith("blue")
    assert answer["results"][0]["reason"]["code"] == "because_of_your_basket"
    assert plain["personalised"] is False
    assert {row["reason"] for row in plain["results"]} == {None}


def test_who_does_not_want_to_be_followed_gets_the_order_of_everybody(searchable, browser):
    searchable.act(searchable.visitor, searchable.blue[0], "cart")
    searchable.visitor.may_track = False
    searchable.visitor.save()

    assert browser.get("/search", q="things", visitor="somebody").json()["personalised"] is False


def test_a_ranker_that_fails_costs_no_answer(searchable, browser, monkeypatch):
    def fail(**_arguments):
        raise RuntimeError

    monkeypatch.setattr("recommender.taste.recent_acts", fail)

    assert browser.get("/search", q="things", visitor="somebody").json()["total"] == 20
