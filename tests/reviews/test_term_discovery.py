"""Suggestions are renewed from reviews; what staff decided stays; the page decides in one click and takes it back."""

import pytest

from core.models import Job
from reviews import reading, term_discovery
from reviews.models import Aspect, AspectTerm
from tests.catalog.admin.conftest import boss, client, client_with, shop
from tests.factories import AspectTermFactory, ReviewFactory

__all__ = ["boss", "client", "client_with", "shop"]
pytestmark = pytest.mark.django_db
State = AspectTerm.State
PAGE = "/admin/reviews/terms/"


@pytest.fixture
def zippers():
    made = [ReviewFactory.create(text=f"The zipper is terrible {at}.") for at in range(6)]
    made += [ReviewFactory.create(text=f"拉链太差了{at}。", language="zh-hans") for at in range(6)]
    reading.read([one.pk for one in made])
    return made


def test_words_of_reviews_are_offered_and_offered_again_without_doubles(zippers):
    AspectTermFactory.create(aspect=None, term="outdated", state=State.OFFERED)

    term_discovery.find()
    term_discovery.find()

    offered = AspectTerm.objects.offered().values_list("term", "language", "mentions", "source")
    assert set(offered) == {("zipper", "en", 6, "found"), ("拉链", "zh", 6, "found")}
    assert AspectTerm.objects.get(term="zipper").examples == [one.pk for one in zippers[5:2:-1]]


def test_what_was_dismissed_or_is_in_use_is_not_offered_again(zippers):
    AspectTermFactory.create(term="zipper", state=State.DISMISSED)
    AspectTermFactory.create(term="拉链", language="zh")

    assert term_discovery.find() == {"offered": 0}


def test_a_suggestion_is_taken_dismissed_and_put_back_with_one_click_each(client, zippers):
    term_discovery.find()
    term = AspectTerm.objects.get(term="zipper")
    page = client.get(PAGE).content.decode()
    assert "The <b>zipper</b> is terrible" in page

    def act(**data):
        answer = client.post(PAGE, {"ids": term.pk, **data}, headers={"Accept": "application/json"})
        term.refresh_from_db()
        return answer.json()

    told = act(reason="quality")
    assert (term.state, term.aspect.key, told["text"]) == (State.IN_USE, "quality", "Added to Quality")
    assert Job.objects.filter(kind="reviews.aspects").count() == 1
    act(act="undo", key=told["undo"])
    assert (term.state, term.aspect) == (State.OFFERED, None)
    told = act(act="dismiss")
    assert (term.state, told["summary"]) == (State.DISMISSED, "1 term to look at")


def test_the_likely_aspect_is_that_of_the_known_term_inside(client):
    AspectTermFactory.create(aspect=None, term="delivery window", state=State.OFFERED)

    card = client.get(PAGE).context["cards"][0]

    assert card.likely == Aspect.objects.get(key="delivery")


def test_looking_for_new_terms_is_asked_for_once(client):
    client.post(PAGE, {"act": "find"})
    client.post(PAGE, {"act": "find"})

    assert Job.objects.filter(kind="reviews.terms").count() == 1


def test_whoever_may_not_change_terms_gets_none_to_decide(client_with):
    assert client_with("reviews.view_aspectterm").get(PAGE).status_code == 403
