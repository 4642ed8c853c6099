import inspect
import re
import uuid
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from catalog.admin.events import REFUSALS
from catalog.api import event_rows
from catalog.buffer import consumer
from catalog.buffer.rows import EventRow
from catalog.models import DeadEvent, Interaction
from catalog.services import events
from core.models import Alert
from tests.factories import ApiKeyFactory, DeadEventFactory, ProductFactory, VisitorFactory
from tests.plugins.api import Caller

LIST = "admin:catalog_deadevent_changelist"
NAMED = {"event_id": "e"}
pytestmark = pytest.mark.django_db


def line(product, **more) -> str:
    usual = {
        "event_id": uuid.uuid4(), "occurred_at": timezone.now(), "kind": "view", "product_id": product.pk,
        "customer_id": None, "visitor": "v1", "is_visitor_known": False, "value": None, "context": {},
    }  # fmt: skip
    return EventRow(**{**usual, **more}).encode().decode()


def act(client, name: str, *rows) -> str:
    answer = client.post(reverse(LIST), {"action": name, "_selected_action": [row.pk for row in rows]}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_how_many_came_of_what_and_what_was_refused(client, buffered):
    product = ProductFactory.create()
    VisitorFactory.create(key="no", may_track=False)
    caller = Caller(ApiKeyFactory.create(publishable=True).value)
    view = {"kind": "view", "product": product.public_id, "visitor": "v1"}
    sent = [
        view,
        {**view, "kind": "cart"},
        {**view, "event_id": "e"},
        {**view, "event_id": "e"},
        {**view, "visitor": "no"},
    ]
    caller.post("/events", {"events": [*sent, {**view, "product": "ext:none"}]})
    caller.post("/events", {"events": [view]}, **{"User-Agent": "Googlebot/2.1"})

    answer = client.get(reverse(LIST))
    text = " ".join(answer.content.decode().split())

    figures = answer.context["event_figures"]
    assert [(card.value, card.note) for card in figures["cards"]][1:] == [
        (3, "last 24 hours"), (1, "last 24 hours"), (2, "1 of bots, 1 of visitors who said no"),
    ]  # fmt: skip
    assert figures["cards"][0].value == 3
    assert figures["kinds"] == [("View", 2), ("Added to cart", 1)]
    assert figures["refused"] == [("Unknown product", 1)]
    assert figures["hour"] == "3 events in the last hour"
    assert max(figures["bars"]) == 100
    assert "No event was set aside" in text


def test_the_page_opens_while_redis_is_away(client, monkeypatch):
    def away(*_):
        raise ConnectionError

    monkeypatch.setattr("core.redis_client.client", away)
    DeadEventFactory.create(error="value too long")

    text = client.get(reverse(LIST)).content.decode()

    assert "Redis does not answer" in text
    assert "value too long" in text


def test_a_mended_event_is_stored_and_one_that_is_not_says_why(client):
    product = ProductFactory.create()
    good = DeadEventFactory.create(payload=line(product), reason="refused")
    bad = DeadEventFactory.create(payload=line(product, kind="a kind that is far too long"), reason="refused", error="")

    text = act(client, "retry_chosen", good, bad)

    assert "1 event stored" in text
    assert "1 event was refused again" in text
    assert Interaction.objects.count() == 1
    bad.refresh_from_db()
    assert (bad.attempts, "too long" in bad.error) == (2, True)
    assert list(DeadEvent.objects.all()) == [bad]


def test_an_event_that_is_stored_already_is_settled_without_a_second_row(client):
    text = line(ProductFactory.create())
    first, second = (DeadEventFactory.create(payload=text, reason="refused") for _ in range(2))

    act(client, "retry_chosen", first, second)

    assert (Interaction.objects.count(), DeadEvent.objects.count()) == (1, 0)


def test_discarded_events_are_gone(client):
    first, second = DeadEventFactory.create(), DeadEventFactory.create()

    assert "1 event discarded" in act(client, "discard_chosen", first)
    assert list(DeadEvent.objects.all()) == [second]


def test_who_may_only_look_is_offered_no_act(client_with):
    row = DeadEventFactory.create()
    looker = client_with("catalog.view_deadevent")

    text = looker.get(reverse(LIST)).content.decode()
    act(looker, "discard_chosen", row)
    act(looker, "retry_chosen", row)

    assert "discard_chosen" not in text
    assert "retry_chosen" not in text
    assert DeadEvent.objects.get().attempts == 1


def test_fifty_rows_cost_as_many_queries_as_one(client, django_assert_max_num_queries):
    for _ in range(50):
        DeadEventFactory.create()

    with django_assert_max_num_queries(12):
        client.get(reverse(LIST))


def test_events_that_wait_and_events_set_aside_open_alerts_that_close_by_themselves(buffered, shop, monkeypatch):
    from catalog.buffer import watching

    watching.check()
    assert Alert.objects.count() == 0
    product = ProductFactory.create()
    Caller(ApiKeyFactory.create().value).post(
        "/events", {"events": [{"kind": "view", "product": product.public_id, "visitor": "v1"}] * 3}
    )
    row = DeadEventFactory.create()
    monkeypatch.setattr(watching, "threshold_of", lambda _rule: -1)

    watching.check()
    said = dict(Alert.objects.open().values_list("rule", "text_values"))
    monkeypatch.setattr(watching, "threshold_of", lambda _rule: 60)
    consumer.drain()
    row.delete()
    watching.check()

    assert said == {"events_late": {"count": 3, "seconds": 0}, "events_set_aside": {"count": 1}}
    assert Alert.objects.open().count() == 0


def test_the_part_of_readyz_is_degraded_after_a_minute(buffered, monkeypatch):
    from catalog.buffer import watching

    assert watching.part() == watching.Part("ok", "", {"count": 0, "seconds": 0})
    buffered.xadd("zg:ev:stream", {"n": 2, "e": "x"}, id="1000-1")
    buffered.set("zg:ev:waiting", 2)

    part = watching.part()

    assert (part.state, part.facts["count"]) == ("degraded", 2)
    assert str(watching.sentence(part)).startswith("2 events wait for the database")


def test_every_reason_for_which_an_event_is_refused_has_words_in_both_languages():
    source = "".join(Path(inspect.getfile(room)).read_text("utf-8") for room in (event_rows, events))
    codes = set(re.findall(r'(?:_Bad\("\w*"|_Bad\(name|RefusedEvent\(event\.index, "\w+"), "(\w+)"', source))

    assert {"too_many", "not_a_list", "unknown_device", "unknown_product", "not_an_object"} < codes
    assert codes == set(REFUSALS)
    for language, letters in (("en", r"[a-z]"), ("zh-hans", r"[一-鿿]")):
        with override(language):
            assert all(re.search(letters, str(text)) for text in REFUSALS.values()), language
