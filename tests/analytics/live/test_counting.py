"""Live figures follow from rows alone: the same after a replay, a flush of Redis or a kill, and whatever came late."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from analytics.live import counting, loop
from analytics.live.trending import rising
from analytics.models import LiveSnapshot
from catalog.buffer import consumer, stream
from catalog.buffer.consumer import Consumer
from catalog.buffer.rows import EventRow
from catalog.models import Interaction, SearchQuery
from catalog.partitions import ensure_months
from core import redis_client
from tests.factories import CustomerFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 6, 15, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def month(db):
    ensure_months({UNTIL.date()})


def act(ago, kind="view", **more):
    return Interaction.objects.create(occurred_at=UNTIL - ago, kind=kind, **more)


def test_each_event_is_in_the_minute_in_which_it_happened():
    who = VisitorFactory.create()
    for ago in (0 * SECOND, 1 * SECOND, 59 * SECOND, 61 * SECOND, 60 * MINUTE, 60 * MINUTE + SECOND):
        act(ago, visitor=who, product=None)

    found = counting.count(UNTIL)

    totals = [sum(minute.values()) for minute in found.minutes]
    # Now itself is not over, an hour and a second ago is too long.
    assert (totals[-1], totals[-2], totals[0], sum(totals)) == (2, 1, 1, 4)


def test_people_are_customers_or_browsers_and_each_counts_once():
    ana = CustomerFactory.create()
    first, second = VisitorFactory.create(customer=ana), VisitorFactory.create(customer=ana)
    guest, gone = VisitorFactory.create(), VisitorFactory.create()
    act(1 * MINUTE, visitor=first)
    act(2 * MINUTE, visitor=second, kind="cart")
    act(3 * MINUTE, customer=ana, kind="purchase")
    act(20 * MINUTE, visitor=guest, kind="cart")
    act(31 * MINUTE, visitor=gone, kind="purchase")

    found = counting.count(UNTIL)

    assert (found.active_soon, found.active, found.carted, found.bought) == (1, 2, 2, 1)


def test_purchases_of_guests_in_no_known_browser_are_events_of_nobody():
    for _ in range(3):
        act(MINUTE, kind="purchase")

    found = counting.count(UNTIL)

    assert (found.active, found.bought, found.minutes[-2]) == (0, 0, {"purchase": 3})


def test_what_rises_is_told_by_people_and_not_by_clicks():
    crowd = VisitorFactory.create_batch(6)
    risen, steady, clicked = ProductFactory.create_batch(3)
    for who in crowd:
        act(5 * MINUTE, visitor=who, product=risen)
        act(5 * MINUTE, visitor=who, product=steady)
        act(40 * MINUTE, visitor=who, product=steady)
    for n in range(50):
        act(5 * MINUTE + n * SECOND, visitor=crowd[0], product=clicked)

    found = counting.count(UNTIL)

    assert [(one.key, one.now, one.before) for one in found.products] == [(risen.pk, 6, 0)]


def test_the_surest_rise_comes_first():
    found = rising([("new", 3, 0), ("big", 60, 40), ("huge", 90, 40), ("falls", 4, 9), ("one", 1, 0)], most=3)

    assert [one.key for one in found] == ["huge", "big", "new"]
    assert found[0].score == pytest.approx(50 / 132**0.5, abs=1e-6)


def test_words_that_few_people_looked_for_are_not_shown():
    def search(text, who, ago=MINUTE, results=3):
        SearchQuery.objects.create(
            key=uuid.uuid4(), text=text, normalised=text.lower(), results=results, matched="all",
            searched_at=UNTIL - ago, visitor=who,
        )  # fmt: skip

    crowd = VisitorFactory.create_batch(3)
    for who in crowd:
        search("Mug", who)
        search("zz", who, results=0)
    for _ in range(9):
        search("Anna Smith", crowd[0])
        search("Ben Jones", None)  # of people who are not followed nobody knows how many they are

    found = counting.count(UNTIL)

    assert [(one.key, one.now) for one in found.searches] == [("Mug", 3), ("zz", 3)]
    assert found.empty_searches == ["zz"]


def rows(count=400):
    """Acts of an hour with ids of their own, in an order of their own."""
    draw = random.Random(62)
    products = [one.pk for one in ProductFactory.create_batch(5)]
    return [
        EventRow(
            uuid.UUID(int=draw.getrandbits(128), version=4), UNTIL - timedelta(seconds=draw.randrange(1, 3_600)),
            draw.choice(["view", "view", "view", "cart"]), draw.choice(products), None, f"v{draw.randrange(40)}", False,
            None, {},
        )
        for _ in range(count)
    ]  # fmt: skip


def send(some):
    told = stream.append([stream.Incoming(one, True, True, False) for one in some], counts={})
    assert told is not None
    return told


def as_told(found):
    """The figures without the numbers that rows got by chance of the database."""
    return (found.minutes, found.active_soon, found.active, found.carted, found.products)


def test_a_replay_of_the_whole_stream_changes_no_figure(buffered):
    sent = rows()
    send(sent)
    consumer.drain()
    before = as_told(counting.count(UNTIL))
    assert sum(sum(minute.values()) for minute in before[0]) == 400

    assert send(sent) == "r" * 400  # Redis knows them
    buffered.flushdb()
    assert send(sent) == "a" * 400  # Redis forgot them: only the table knows
    consumer.drain()

    assert as_told(counting.count(UNTIL)) == before


def test_in_another_order_and_in_pieces_the_figures_are_the_same(buffered):
    sent = rows()
    late, first = sent[::2], sent[1::2]
    send(first)
    consumer.drain()
    some = counting.count(UNTIL)
    send(late[::-1])
    consumer.drain()
    pieces = as_told(counting.count(UNTIL))
    assert sum(sum(minute.values()) for minute in some.minutes) == 200

    Interaction.objects.all().delete()
    buffered.flushdb()
    send(sent)
    consumer.drain()

    assert as_told(counting.count(UNTIL)) == pieces


@pytest.mark.parametrize("where", ["store", "take_off"])
def test_a_consumer_that_is_killed_loses_and_doubles_nothing(buffered, monkeypatch, where):
    def killed(*_):
        raise KeyboardInterrupt

    sent = rows(100)
    send(sent)
    with monkeypatch.context() as patch:
        patch.setattr(consumer.writing if where == "store" else consumer, where, killed)
        with pytest.raises(KeyboardInterrupt):
            Consumer().step()
    consumer.drain()

    found = counting.count(UNTIL)

    assert sum(sum(minute.values()) for minute in found.minutes) == 100


def test_bots_are_left_out_and_counted_apart(buffered, browser):
    product = ProductFactory.create()
    event = {"kind": "view", "product": product.public_id, "visitor": "crawler"}
    browser.headers["User-Agent"] = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    assert browser.post("/events", {"events": [event, event]}).status_code == 200
    browser.headers["User-Agent"] = "Mozilla/5.0"
    assert browser.post("/events", {"events": [event | {"visitor": "person"}]}).status_code == 200
    consumer.drain()

    counting.refresh(younger_than=0)

    figures = LiveSnapshot.objects.get().figures
    assert (figures["active"], figures["bots"], figures["waiting"]) == (1, 2, 0)
    assert figures["minutes"][-1] == {"view": 1}


def test_while_redis_is_away_rows_are_counted_all_the_same(monkeypatch):
    monkeypatch.setattr(counting, "event_figures", lambda: None)
    ensure_months({timezone.now().date()})
    Interaction.objects.create(occurred_at=timezone.now(), kind="view", visitor=VisitorFactory.create())

    counting.refresh(younger_than=0)

    figures = LiveSnapshot.objects.get().figures
    assert (figures["active"], figures["bots"], figures["waiting"]) == (1, None, None)


def test_a_young_row_is_not_made_again():
    assert counting.refresh(younger_than=3) is not None
    assert counting.refresh(younger_than=3) is None
    assert counting.refresh(younger_than=0) is not None
    assert LiveSnapshot.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_one_counts():
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [counting.LOCK])
        assert counting.refresh(younger_than=0) is None
    other.close()


def test_somebody_watches_for_half_a_minute(redis_server):
    redis_client.client().delete(loop.WATCHED)
    assert not loop.is_watched()

    loop.watch()

    assert loop.is_watched()
    assert 0 < redis_client.client().ttl(loop.WATCHED) <= loop.WATCHED_FOR


def test_nobody_knows_who_watches_while_redis_is_away(monkeypatch):
    monkeypatch.setattr(redis_client, "client", lambda: (_ for _ in ()).throw(OSError()))

    loop.watch()

    assert loop.is_watched()
