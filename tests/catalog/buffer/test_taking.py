"""Events that go through Redis: taken by the API, in the next answer at once, in the table a moment later."""

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from catalog import recent
from catalog.buffer import consumer, keys, known, stream
from catalog.models import Interaction, Visitor
from tests.factories import CustomerFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(db):
    return ProductFactory.create(external_id="P1")


def view(**more):
    return {"kind": "view", "product": "ext:P1", "visitor": "v1", **more}


def counts(response) -> tuple[int, int, int]:
    assert response.status_code == 200, response.content
    body = response.json()
    return body["accepted"], body["repeated"], body["ignored"]


def waiting(redis) -> int:
    return int(redis.get(keys.waiting()) or 0)


def test_events_wait_in_redis_and_are_written_by_the_consumer(browser, product, buffered):
    moment = timezone.now().replace(microsecond=123456) - timedelta(minutes=3)
    event_id = uuid.uuid4()
    events = [
        view(event_id=str(event_id), occurred_at=moment.isoformat(), recommendation="r1\n\t\\"),
        {"kind": "search", "query": 'tea "茶" 😀', "visitor": "v1"},
        {"kind": "rating", "product": product.public_id, "visitor": "v2", "value": 4.5},
    ]

    answer = browser.post("/events", {"events": events})

    assert counts(answer) == (3, 0, 0)
    assert (Interaction.objects.count(), waiting(buffered)) == (0, 3)
    assert consumer.drain() == 3
    assert (waiting(buffered), buffered.xlen(keys.stream())) == (0, 0)
    stored = Interaction.objects.get(event_id=event_id)
    assert (stored.kind, stored.product, stored.occurred_at, stored.customer_id) == ("view", product, moment, None)
    assert (stored.visitor.key, stored.context) == ("v1", {"recommendation": "r1\n\t\\"})
    assert Interaction.objects.get(kind="search").context == {"query": 'tea "茶" 😀'}
    assert Interaction.objects.get(kind="rating").value == 4.5
    assert sorted(Visitor.objects.values_list("key", flat=True)) == ["v1", "v2"]


@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("with_time", [True, False])
def test_an_event_sent_again_is_taken_once(browser, product, buffered, with_time, is_written):
    event = view(event_id="my own id", **({"occurred_at": timezone.now().isoformat()} if with_time else {}))

    first = browser.post("/events", {"events": [event, event]})
    if is_written:
        consumer.drain()
    again = browser.post("/events", {"events": [event]})
    consumer.drain()

    assert [counts(first), counts(again)] == [(1, 1, 0), (0, 1, 0)]
    assert Interaction.objects.count() == 1


def test_the_same_id_with_another_body_is_a_repetition_and_the_first_stays(browser, product, buffered):
    other = ProductFactory.create(external_id="P2")

    first = browser.post("/events", {"events": [view(event_id="e1")]})
    second = browser.post("/events", {"events": [view(event_id="e1", product=other.public_id, kind="favourite")]})
    consumer.drain()

    assert [counts(first), counts(second)] == [(1, 0, 0), (0, 1, 0)]
    assert [(i.kind, i.product_id) for i in Interaction.objects.all()] == [("view", product.pk)]


def test_an_id_that_redis_has_forgotten_is_still_stored_once(browser, product, buffered):
    moment = timezone.now()
    for minutes in (0, 7):  # another time: the pair of id and time differs
        at = (moment - timedelta(minutes=minutes)).isoformat()
        assert counts(browser.post("/events", {"events": [view(event_id="e1", occurred_at=at)]})) == (1, 0, 0)
        consumer.drain()
        buffered.flushdb()

    assert [i.occurred_at for i in Interaction.objects.all()] == [moment]


def test_an_event_in_doubt_that_was_taken_and_written_is_stored_once(browser, product, buffered, monkeypatch):
    """Redis took it and its answer came too late: the API writes it too."""
    run = stream.run

    def late(*arguments):
        run(*arguments)
        raise stream.redis.TimeoutError("too late")

    monkeypatch.setattr(stream, "run", late)
    answer = browser.post("/events", {"events": [view(), view(event_id="e1")]})
    monkeypatch.setattr(stream, "run", run)

    assert counts(answer) == (2, 0, 0)
    assert (Interaction.objects.count(), waiting(buffered)) == (2, 2)
    assert consumer.drain() == 2
    assert (Interaction.objects.count(), waiting(buffered)) == (2, 0)
    assert counts(browser.post("/events", {"events": [view(event_id="e1")]})) == (0, 1, 0)


def test_more_than_may_wait_is_written_at_once(browser, product, buffered, settings):
    settings.EVENT_BUFFER_MOST = 3
    first = browser.post("/events", {"events": [view(), view()]})
    second = browser.post("/events", {"events": [view(), view()]})

    assert [counts(first), counts(second)] == [(2, 0, 0), (2, 0, 0)]
    assert (Interaction.objects.count(), waiting(buffered)) == (2, 2)
    consumer.drain()
    assert Interaction.objects.count() == 4


def test_a_full_redis_takes_nothing_and_the_table_takes_all(browser, product, buffered):
    buffered.config_set("maxmemory", "1")
    try:
        answer = browser.post("/events", {"events": [view(event_id="e1"), view()]})
    finally:
        buffered.config_set("maxmemory", "256mb")

    assert counts(answer) == (2, 0, 0)
    assert (Interaction.objects.count(), buffered.dbsize()) == (2, 0)


def test_the_last_act_is_in_the_next_answer_before_it_is_in_the_table(browser, product, buffered):
    other = ProductFactory.create()
    browser.post("/events", {"events": [view(), view(kind="cart", product=other.public_id)]})

    acts = recent.recent_acts(visitor="v1")

    assert Interaction.objects.count() == 0
    assert sorted((act.product_id, act.kind) for act in acts) == sorted([(product.pk, "view"), (other.pk, "cart")])
    consumer.drain()
    assert recent.recent_acts(visitor="v1") == acts
    buffered.flushdb()
    assert set(recent.recent_acts(visitor="v1")) == set(acts)


def test_acts_under_a_name_are_in_the_list_of_the_customer_alone(as_customer, product, buffered):
    customer = CustomerFactory.create()

    as_customer(customer).post("/events", {"events": [view()]})

    assert [act.product_id for act in recent.recent_acts(customer_id=customer.pk)] == [product.pk]
    assert recent.recent_acts(visitor="v1") == []
    consumer.drain()
    assert Visitor.objects.get(key="v1").customer == customer
    assert len(recent.recent_acts(customer_id=customer.pk)) == 1


def test_of_many_acts_the_last_fifty_are_in_the_list(server, product, buffered):
    now = timezone.now()
    moments = [now - timedelta(minutes=60 - number) for number in range(60)]
    server.post("/events", {"events": [view(occurred_at=at.isoformat()) for at in moments]})

    acts = recent.recent_acts(visitor="v1")

    assert [recent.moment_of(act.micros) for act in acts] == moments[:9:-1]
    assert buffered.ttl(keys.recent_of_visitor("v1")) > 20_000


def test_a_call_asks_redis_once_and_the_database_not_at_all(server, product, buffered, django_assert_num_queries):
    VisitorFactory.create(key="v1")
    server.post("/events", {"events": [view()]})

    before = buffered.info("stats")["total_commands_processed"]
    with django_assert_num_queries(0):
        server.post("/events", {"events": [view()]})
    after = buffered.info("stats")["total_commands_processed"]

    scripted = 12  # commands of the script itself count too
    assert after - before <= 2 + scripted


def test_while_the_database_is_away_known_products_are_taken(server, product, buffered, monkeypatch):
    customer = CustomerFactory.create(external_id="C1")
    server.post("/events", {"events": [view(customer="ext:C1")]})
    monkeypatch.setattr(known, "REMEMBER_SECONDS", 0.0)
    known.forget()
    server.post("/events", {"events": [view(customer="ext:C1")]})

    def away(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(known, "_ask", away)
    taken = server.post("/events", {"events": [view(visitor="never seen"), view(customer="ext:C1", visitor="")]})
    refused = server.post("/events", {"events": [view(), view(product="ext:unknown so far")]})

    assert counts(taken) == (2, 0, 0)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert recent.recent_acts(visitor="never seen") == []  # whether it may be followed nobody knows yet
    assert len(recent.recent_acts(customer_id=customer.pk)) == 3
    assert consumer.drain() == 4
    assert Interaction.objects.count() == 4


def test_faster_than_a_person_is_a_bot(browser, server, product, buffered, settings):
    settings.EVENT_BOT_PER_MINUTE = 5
    now = timezone.now().replace(second=0, microsecond=0)
    batch = [view(occurred_at=now.isoformat()) for _ in range(8)]
    spread = [view(visitor="v2", occurred_at=(now - timedelta(minutes=n)).isoformat()) for n in range(8)]

    assert counts(browser.post("/events", {"events": batch})) == (5, 0, 3)
    assert counts(browser.post("/events", {"events": spread})) == (8, 0, 0)
    assert counts(server.post("/events", {"events": batch})) == (8, 0, 0)


@pytest.mark.parametrize(
    ("user_agent", "is_taken"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", False),
        ("facebookexternalhit/1.1", False),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT P30) AppleWebKit/537.36", True),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", True),
        ("", True),
    ],
)
def test_crawlers_that_say_so_are_ignored_and_counted(browser, product, buffered, user_agent, is_taken):
    answer = browser.post("/events", {"events": [view(), view(kind="steal")]}, **{"User-Agent": user_agent})

    assert counts(answer) == ((1, 0, 0) if is_taken else (0, 0, 1))
    assert [one["code"] for one in answer.json()["refused"]] == ["unknown_kind"]
    counted = {
        key: value for name in buffered.keys(f"{keys.prefix}o:*") for key, value in buffered.hgetall(name).items()
    }
    assert counted == {b"x:unknown_kind": b"1", **({b"a:view": b"1"} if is_taken else {b"b": b"1"})}
