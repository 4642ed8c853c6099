"""The last acts of a person: the list in Redis is read anew for every answer, the table once a second."""

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from catalog import recent
from core import redis_client
from tests.factories import InteractionFactory, ProductFactory, VisitorFactory

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
