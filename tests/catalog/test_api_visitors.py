import json
from datetime import timedelta

import pytest
from django.db.models.deletion import Collector
from django.utils import timezone

from catalog import recent, services
from catalog.buffer import consumer, keys
from catalog.models import Interaction, SearchQuery, Visitor
from catalog.services import visitors
from core.models import LedgerEntry
from tests.factories import ApiKeyFactory, CustomerFactory, ProductFactory, SearchQueryFactory, VisitorFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(db):
    return ProductFactory.create(external_id="P1")


def view(**more):
    return {"kind": "view", "product": "ext:P1", "visitor": "v1", **more}


def test_a_browser_is_made_known_and_refreshed(browser):
    first = browser.post("/visitors", {"visitor": "v1"})
    Visitor.objects.update(expires_at=timezone.now())
    again = browser.post("/visitors", {"visitor": "v1"})

    assert (first.status_code, again.status_code) == (201, 200)
    visitor = Visitor.objects.get()
    assert (visitor.key, visitor.may_track, visitor.customer) == ("v1", True, None)
    assert visitor.expires_at > timezone.now() + timedelta(days=700)
    body = again.json()
    assert (body["visitor"], body["may_track"], body["is_joined"]) == ("v1", True, False)


def test_a_browser_without_an_id_gets_one(browser):
    keys_given = {browser.post("/visitors", {}).json()["visitor"] for _ in range(2)}

    assert keys_given == set(Visitor.objects.values_list("key", flat=True))
    assert min(len(key) for key in keys_given) >= 20


def test_a_beacon_makes_a_browser_known():
    key = ApiKeyFactory.create(publishable=True).value

    response = Caller().client.post(
        "/api/v1/visitors", json.dumps({"key": key, "visitor": "v1"}), content_type="text/plain"
    )

    assert response.status_code == 201


def test_a_token_joins_the_browser_to_its_customer_who_keeps_it(as_customer, server):
    first, second = CustomerFactory.create(), CustomerFactory.create(external_id="C2")

    joined = as_customer(first).post("/visitors", {"visitor": "v1"}).json()
    server.post("/visitors", {"visitor": "v1", "customer": "ext:C2"})
    server.post("/visitors", {"visitor": "v2", "customer": "ext:C2"})

    assert joined["is_joined"] is True
    owners = dict(Visitor.objects.values_list("key", "customer"))
    assert owners == {"v1": first.pk, "v2": second.pk}


def test_others_may_not_name_a_customer(browser, as_customer):
    one, other = CustomerFactory.create(), CustomerFactory.create()

    for caller in (browser, as_customer(one)):
        response = caller.post("/visitors", {"visitor": "v1", "customer": other.public_id})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "customer")
    assert Visitor.objects.count() == 0


def test_an_unknown_customer_is_not_found(server):
    assert server.post("/visitors", {"visitor": "v1", "customer": "ext:none"}).status_code == 404
    assert Visitor.objects.count() == 0


@pytest.mark.parametrize(
    "body", [{"visitor": "x" * 65}, {"visitor": 7, "may_track": "perhaps"}, {"visitor": "v", "may_track": 3}, []]
)
def test_bad_bodies_are_refused(browser, body):
    assert browser.post("/visitors", body).status_code == 400
    assert Visitor.objects.count() == 0


def test_who_says_no_leaves_nothing_and_nothing_follows(browser, product, buffered):
    browser.post("/events", {"events": [view(), view(kind="cart")]})
    consumer.drain()
    browser.post("/events", {"events": [view(kind="favourite")]})  # waits

    answer = browser.post("/visitors", {"visitor": "v1", "may_track": False}).json()
    later = browser.post("/events", {"events": [view(), view(visitor="v2")]}).json()
    consumer.drain()

    assert answer["may_track"] is False
    assert (later["accepted"], later["ignored"]) == (1, 1)
    assert [i.visitor.key for i in Interaction.objects.all()] == ["v2"]
    visitor = Visitor.objects.get(key="v1")
    assert recent.recent_acts(visitor="v1") == []
    (entry,) = LedgerEntry.objects.filter(kind="consent", subject=f"catalog.visitor:{visitor.pk}")
    assert '"may_track": false' in entry.body


def test_another_process_that_still_remembers_a_yes_stores_nothing(browser, product, buffered):
    VisitorFactory.create(key="v1")
    browser.post("/events", {"events": [view()]})  # this process now remembers that v1 may be followed
    consumer.drain()
    services.see_visitor(key="v1", may_track=False)
    from catalog.buffer import known

    known._visitors.keep("v1", known.KnownVisitor(may_track=True))  # what another process knows
    answer = browser.post("/events", {"events": [view()]}).json()

    assert (answer["accepted"], answer["ignored"]) == (0, 1)
    assert (consumer.drain(), Interaction.objects.count()) == (0, 0)
    assert buffered.exists(keys.recent_of_visitor("v1")) == 0


def test_who_says_yes_again_is_followed_at_once(browser, product, buffered):
    for may_track in (False, True):
        browser.post("/visitors", {"visitor": "v1", "may_track": may_track})

    assert browser.post("/events", {"events": [view()]}).json()["accepted"] == 1
    assert len(recent.recent_acts(visitor="v1")) == 1


def test_what_a_customer_did_under_their_name_stays_when_the_browser_says_no(as_customer, product):
    customer = CustomerFactory.create()
    as_customer(customer).post("/events", {"events": [view()]})

    as_customer(customer).post("/visitors", {"visitor": "v1", "may_track": False})

    assert Interaction.objects.get().customer == customer


def test_expired_browsers_of_nobody_are_forgotten():
    past, customer = timezone.now() - timedelta(days=1), CustomerFactory.create()
    VisitorFactory.create(key="old", expires_at=past)
    VisitorFactory.create(key="of somebody", expires_at=past, customer=customer)
    VisitorFactory.create(key="said no", expires_at=past, may_track=False)
    VisitorFactory.create(key="young", expires_at=timezone.now() + timedelta(days=1))

    assert services.forget_expired_visitors() == 1
    assert sorted(Visitor.objects.values_list("key", flat=True)) == ["of somebody", "said no", "young"]


def test_many_expired_browsers_are_forgotten_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(visitors, "AT_ONCE", 2)
    past = timezone.now() - timedelta(days=1)
    gone = [VisitorFactory.create(key=f"old{number}", expires_at=past) for number in range(5)]
    SearchQueryFactory.create(visitor=gone[4])
    VisitorFactory.create(key="said no", expires_at=past, may_track=False)
    parts: list[int] = []
    real = Collector.delete
    monkeypatch.setattr(Collector, "delete", lambda self: (parts.append(len(self.data[Visitor])), real(self))[1])

    assert services.forget_expired_visitors() == 5
    assert parts == [2, 2, 1]
    assert [one.key for one in Visitor.objects.all()] == ["said no"]
    assert SearchQuery.objects.get().visitor is None
