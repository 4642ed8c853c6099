"""Nothing of a person who was erased is left in what waits, in the lists, or among the events set aside."""

import uuid

import pytest
from django.utils import timezone

from catalog import recent
from catalog.buffer import consumer
from catalog.buffer.rows import EventRow
from catalog.models import DeadEvent, Interaction
from core.rights.erasing import erase
from tests.factories import CustomerFactory, DeadEventFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db(transaction=True)


def line(product, **more) -> str:
    usual = {
        "event_id": uuid.uuid4(), "occurred_at": timezone.now(), "kind": "view", "product_id": product.pk,
        "customer_id": None, "visitor": "", "is_visitor_known": True, "value": None, "context": {},
    }  # fmt: skip
    return EventRow(**{**usual, **more}).encode().decode()


def test_an_erasure_reaches_what_waits_the_lists_and_the_events_set_aside(server, buffered, tmp_path, settings):
    settings.VAR_DIR = tmp_path
    product = ProductFactory.create(external_id="P1")
    customer, other = CustomerFactory.create(external_id="C-4711"), CustomerFactory.create(external_id="C-4712")
    VisitorFactory.create(key="browser-of-4711", customer=customer)
    view = {"kind": "view", "product": "ext:P1"}
    events = [
        {**view, "customer": "ext:C-4711"}, {**view, "visitor": "browser-of-4711"}, {**view, "customer": "ext:C-4712"}
    ]  # fmt: skip
    assert server.post("/events", {"events": events}).json()["accepted"] == 3
    kept = DeadEventFactory.create(payload=line(product, customer_id=other.pk))
    DeadEventFactory.create(payload=line(product, customer_id=customer.pk))
    DeadEventFactory.create(payload=line(product, visitor="browser-of-4711"))

    erase("catalog.Customer", customer.pk)

    assert recent.recent_acts(customer_id=customer.pk, visitor="browser-of-4711") == []
    assert len(recent.recent_acts(customer_id=other.pk)) == 1
    assert list(DeadEvent.objects.all()) == [kept]
    assert consumer.drain() == 3
    assert [one.customer for one in Interaction.objects.all()] == [other]
