"""The last acts of a person: the list in Redis is read anew for every answer, the table once a second."""

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from catalog import recent, services
from catalog.models import Visitor
from core import redis_client
from tests.factories import CustomerFactory, InteractionFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(settings):
    settings.WEB_PROCESS = True
    recent.tables.clear()
    yield
    recent.tables.clear()


@pytest.fixture
def visitor():
    return VisitorFactory.create(key="v1")


def looked_at(visitor, minutes: int = 5):
    return InteractionFactory.create(
        visitor=visitor, customer=None, kind="view", occurred_at=timezone.now() - timedelta(minutes=minutes)
    ).product_id


def products() -> list[int]:
    return [act.product_id for act in recent.history_of(visitor="v1").acts]


def test_a_new_act_is_in_the_next_answer_and_the_table_is_not_asked_again(
    browser, buffered, web, visitor, django_assert_num_queries
):
    old, new = looked_at(visitor), ProductFactory.create()
    assert products() == [old]

    browser.post("/events", {"events": [{"kind": "view", "product": new.public_id, "visitor": "v1"}]})

    with django_assert_num_queries(0):
        assert products() == [new.pk, old]


def test_what_was_written_past_redis_counts_a_second_later(buffered, web, visitor, monkeypatch):
    old = looked_at(visitor)
    assert products() == [old]
    bought = looked_at(visitor, minutes=1)

    assert products() == [old]
    later = recent.known.time.monotonic() + recent.REMEMBER_SECONDS + 0.01
    monkeypatch.setattr(recent.known.time, "monotonic", lambda: later)
    assert products() == [bought, old]
    assert recent.REMEMBER_SECONDS <= 1.0


def test_who_says_no_is_forgotten_at_once(server, buffered, web, visitor):
    looked_at(visitor)
    assert len(products()) == 1

    assert server.post("/visitors", {"visitor": "v1", "may_track": False}).status_code == 200

    assert products() == []


def test_a_no_that_another_process_heard_counts_at_once(server, buffered, web, visitor):
    looked_at(visitor)
    assert len(products()) == 1
    here = dict(recent.tables._entries)
    server.post("/visitors", {"visitor": "v1", "may_track": False})
    recent.tables._entries.update(here)  # what this process would still remember

    assert recent.history_of(visitor="v1") == recent.History(recent.Browser("v1", visitor.pk, may_track=False), [])


def test_while_redis_is_away_the_table_is_asked_every_time(web, visitor, monkeypatch):
    def away(*_commands):
        raise redis.ConnectionError

    old = looked_at(visitor)
    assert products() == [old]
    monkeypatch.setattr(redis_client, "Errand", away)
    new = looked_at(visitor, minutes=1)

    assert products() == [new, old]


def test_when_redis_leaves_between_question_and_answer_the_table_is_asked(buffered, web, visitor, monkeypatch):
    old = looked_at(visitor)
    assert products() == [old]
    new = looked_at(visitor, minutes=1)

    def leave(_errand):
        raise redis.TimeoutError

    monkeypatch.setattr(redis_client.Errand, "answers", leave)

    assert products() == [new, old]


def test_an_answer_that_nobody_read_never_reaches_the_next_question(buffered):
    buffered.rpush("a", "of a")
    errand = redis_client.Errand(("LRANGE", "a", 0, -1))
    errand.close()

    other = redis_client.Errand(("EXISTS", "b"), ("LRANGE", "a", 0, -1))

    assert other.answers() == [0, [b"of a"]]
    other.close()


def test_a_purchase_that_newer_acts_push_out_of_the_newest_is_still_known(browser, buffered, web, visitor):
    goods = InteractionFactory.create(
        visitor=visitor, customer=None, kind="purchase", occurred_at=timezone.now() - timedelta(minutes=5)
    ).product_id
    other = ProductFactory.create()
    now = timezone.now()
    events = [
        {"kind": "cart", "product": other.public_id, "visitor": "v1", "occurred_at": now - timedelta(seconds=place)}
        for place in range(60)
    ]

    assert browser.post("/events", {"events": events}).json()["accepted"] == 60

    found = recent.history_of(visitor="v1")
    assert {act.product_id for act in found.acts} == {other.pk}
    assert found.bought == {goods}


@pytest.mark.parametrize("asked_as", ["customer", "browser"])
def test_a_reset_that_another_process_took_counts_in_the_very_next_answer(buffered, web, visitor, asked_as):
    customer = CustomerFactory.create()
    Visitor.objects.filter(pk=visitor.pk).update(customer=customer)
    looked_at(visitor)
    InteractionFactory.create(customer=customer, kind="view", occurred_at=timezone.now() - timedelta(minutes=2))
    ask = {"customer_id": customer.pk} if asked_as == "customer" else {"visitor": "v1"}
    assert len(recent.history_of(**ask).acts) == 1
    here = dict(recent.tables._entries)

    services.forget_profile(customer.pk)
    recent.tables._entries.update(here)  # what this process would still remember

    assert recent.history_of(**ask).acts == []


def test_a_reset_of_one_person_leaves_what_is_remembered_of_others(buffered, web, visitor, django_assert_num_queries):
    looked_at(visitor)
    assert len(products()) == 1
    here = dict(recent.tables._entries)
    services.forget_profile(CustomerFactory.create().pk)
    recent.tables._entries.update(here)

    with django_assert_num_queries(0):
        assert len(products()) == 1
