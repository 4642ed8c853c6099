"""The consumer: exact whatever is repeated, killed, refused or shared."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog.buffer import consumer, keys, stream, writing
from catalog.buffer.consumer import Consumer
from catalog.buffer.rows import EventRow
from catalog.models import DeadEvent, Interaction, Product, Visitor
from tests.factories import CustomerFactory, ProductFactory, VisitorFactory


@pytest.fixture
def product(db):
    return ProductFactory.create()


def row(product, **more) -> EventRow:
    usual = {
        "event_id": uuid.uuid4(), "occurred_at": timezone.now(), "kind": "view", "product_id": product.pk,
        "customer_id": None, "visitor": "v1", "is_visitor_known": False, "value": None, "context": {},
    }  # fmt: skip
    return EventRow(**{**usual, **more})


def append(*rows: EventRow) -> None:
    """Once more where a busy machine needs longer than a page would wait: an event that waits twice is stored once."""
    taken = (stream.append([stream.Incoming(one, True, True, False) for one in rows], counts={}) for _try in range(5))
    assert next(filter(None, taken), None) == "a" * len(rows)


def entries(redis) -> int:
    return redis.xlen(keys.stream())


def killed(*_):
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_what_a_consumer_killed_before_the_commit_had_taken_is_written_by_another(product, buffered, monkeypatch):
    append(row(product), row(product))
    with monkeypatch.context() as patch:
        patch.setattr(writing, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            Consumer().step()
    assert Consumer().step() == 0  # they belong to the dead one, and it died just now

    assert Consumer().step(idle=0.0) == 2

    assert (Interaction.objects.count(), entries(buffered), int(buffered.get(keys.waiting()))) == (2, 0, 0)


@pytest.mark.django_db
def test_what_a_consumer_killed_after_the_commit_had_written_is_not_written_twice(product, buffered, monkeypatch):
    append(row(product), row(product))
    with monkeypatch.context() as patch:
        patch.setattr(consumer, "take_off", killed)
        with pytest.raises(KeyboardInterrupt):
            Consumer().step()
    assert (Interaction.objects.count(), entries(buffered)) == (2, 1)

    assert Consumer().step(idle=0.0) == 2

    assert (Interaction.objects.count(), entries(buffered), int(buffered.get(keys.waiting()))) == (2, 0, 0)


@pytest.mark.django_db
def test_taking_off_twice_counts_once(product, buffered):
    append(row(product), row(product))
    append(row(product))
    ids = [one[0] for one in buffered.xrange(keys.stream())]

    for _ in range(2):
        stream.take_off(buffered, ids[:1])

    assert int(buffered.get(keys.waiting())) == 1


@pytest.mark.django_db
def test_a_lost_answer_of_the_database_is_made_good_by_the_next_round(product, buffered, monkeypatch):
    append(row(product))
    reader = Consumer()
    store = writing.store
    with monkeypatch.context() as patch:
        patch.setattr(
            writing, "store", lambda rows: (_ for _ in ()).throw(consumer.InterfaceError("connection closed"))
        )
        with pytest.raises(consumer.InterfaceError):
            reader.step()
        patch.setattr(writing, "store", store)
        append(row(product))

        assert [reader.step(), reader.step(), reader.step()] == [1, 1, 0]

    assert Interaction.objects.count() == 2


@pytest.mark.django_db
def test_after_redis_was_emptied_the_consumer_goes_on(product, buffered):
    reader = Consumer()
    append(row(product))
    reader.step()
    buffered.flushdb()
    append(row(product))

    assert reader.step() + reader.step() == 1
    assert Interaction.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_consumers_at_once_write_everything_once(product, buffered):
    """Each event is in the stream twice under another time, as after a lost answer, and both are at work at once."""
    ids = [uuid.uuid4() for _ in range(400)]
    now = timezone.now()
    for first in range(0, 400, 20):
        for minutes in (0, 5):
            part = [
                row(product, event_id=event_id, occurred_at=now - timedelta(minutes=minutes), visitor=f"v{number % 7}")
                for number, event_id in enumerate(ids[first : first + 20])
            ]
            incoming = [stream.Incoming(one, False, False, False) for one in part]
            assert stream.append(incoming, counts={}) == "a" * 20
    barrier = threading.Barrier(2)

    def work() -> None:
        reader = Consumer()
        barrier.wait()
        while reader.step():
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert sorted(Interaction.objects.values_list("event_id", flat=True)) == sorted(ids)
    assert Visitor.objects.count() == 7
    assert (entries(buffered), int(buffered.get(keys.waiting()))) == (0, 0)


@pytest.mark.django_db
def test_an_event_the_table_refuses_is_set_aside_and_the_others_are_written(product, buffered):
    good = [row(product) for _ in range(5)]
    bad = row(product, kind="a kind that is far too long for it")
    append(*good[:3], bad, *good[3:])

    assert consumer.drain() == 7  # the refused one is read and set aside

    assert set(Interaction.objects.values_list("event_id", flat=True)) == {one.event_id for one in good}
    one = DeadEvent.objects.get()
    assert (one.place, one.reason, one.payload) == (3, "refused", bad.encode().decode())
    assert "too long" in one.error
    assert entries(buffered) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("line", [b"not json", b"[]", b'["x",1,"view",1,null,"v",false,null,{}]', b"\x00\xff", b""])
def test_what_cannot_be_read_is_set_aside(product, buffered, line):
    append(row(product))
    buffered.xadd(keys.stream(), {"n": "1", "e": line})

    consumer.drain()

    assert Interaction.objects.count() == 1
    assert DeadEvent.objects.get().reason == "unreadable"
    assert entries(buffered) == 0


@pytest.mark.django_db
def test_setting_aside_is_repeated_without_harm(product, buffered, monkeypatch):
    append(row(product, kind="a kind that is far too long for it"))
    with monkeypatch.context() as patch:
        patch.setattr(consumer, "take_off", killed)
        with pytest.raises(KeyboardInterrupt):
            Consumer().step()

    consumer.drain()

    assert (DeadEvent.objects.count(), entries(buffered)) == (1, 0)


@pytest.mark.django_db
def test_an_entry_that_ends_its_consumer_again_and_again_is_set_aside(product, buffered, monkeypatch):
    deadly = row(product, kind="cart")
    append(deadly)
    append(row(product))
    store = writing.store

    def dies(rows):
        return killed() if any(one.kind == "cart" for one in rows) else store(rows)

    monkeypatch.setattr(writing, "store", dies)
    deaths = 0
    for _ in range(20):
        try:
            if not Consumer().step(idle=0.0):
                break
        except KeyboardInterrupt:
            deaths += 1

    assert deaths == consumer.DEADLY_AFTER - 1
    assert [one.kind for one in Interaction.objects.all()] == ["view"]
    assert [(one.reason, one.payload) for one in DeadEvent.objects.all()] == [("deadly", deadly.encode().decode())]


@pytest.mark.django_db
def test_who_said_no_or_was_erased_meanwhile_leaves_nothing(product, buffered):
    refusing, erased = VisitorFactory.create(key="no"), VisitorFactory.create(key="gone")
    customer, gone = CustomerFactory.create(), CustomerFactory.create()
    removed = ProductFactory.create()
    append(
        row(product, visitor="no", is_visitor_known=True),
        row(product, visitor="gone", is_visitor_known=True),
        row(product, visitor="", customer_id=gone.pk),
        row(product, visitor="new one of the erased", customer_id=gone.pk),
        row(removed, visitor=""),
        row(product, visitor="yes", customer_id=customer.pk),
    )
    Visitor.objects.filter(pk=refusing.pk).update(may_track=False)
    erased.delete()
    type(gone).objects.filter(pk=gone.pk).update(erased_at=timezone.now())
    Product.objects.filter(pk=removed.pk).delete()

    consumer.drain()

    assert [(one.visitor.key, one.customer) for one in Interaction.objects.all()] == [("yes", customer)]
    assert sorted(Visitor.objects.values_list("key", "customer")) == [
        ("no", refusing.customer_id),
        ("yes", customer.pk),
    ]


@pytest.mark.django_db
def test_two_thousand_events_cost_as_many_queries_as_one(product, buffered, django_assert_max_num_queries):
    append(row(product))
    consumer.drain()  # makes the month
    for _ in range(20):
        append(*[row(product) for _ in range(100)])

    # the month, a savepoint and its release, the lock, COPY, new visitors, the move
    with django_assert_max_num_queries(7):
        consumer.drain()

    assert Interaction.objects.count() == 2_001


def test_a_row_is_the_same_after_its_way_through_the_stream():
    one = EventRow(uuid.uuid4(), timezone.now(), "rating", 7, None, "v\n1", True, 4.5, {"query": "a\nb\\"})

    assert consumer.decode(one.encode()) == one
    assert b"\n" not in one.encode()
