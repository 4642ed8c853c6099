"""What leaves the house: messages for webhooks, exported files."""

import uuid

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.models import Export, OutboxMessage, Webhook, WebhookDelivery
from core.webhooks import signing
from tests.factories.core import StaffUserFactory


class WebhookFactory(DjangoModelFactory):
    class Meta:
        model = Webhook

    name = factory.Sequence(lambda n: f"Program {n}")
    url = "https://hooks.example/in"
    events = factory.LazyFunction(lambda: ["order.placed"])
    secret = factory.LazyFunction(signing.new_secret)


class OutboxMessageFactory(DjangoModelFactory):
    class Meta:
        model = OutboxMessage

    event = "order.placed"
    public_id = factory.LazyFunction(uuid.uuid4)
    payload = factory.LazyFunction(lambda: {"id": uuid.uuid4().hex, "status": "placed"})
    fanned_out_at = factory.LazyFunction(timezone.now)


class WebhookDeliveryFactory(DjangoModelFactory):
    """Delivered at the first try."""

    class Meta:
        model = WebhookDelivery

    webhook = factory.SubFactory(WebhookFactory)
    message = factory.SubFactory(OutboxMessageFactory)
    state = WebhookDelivery.State.DONE
    attempts = 1
    status_code = 200
    duration_ms = 42
    delivered_at = factory.LazyFunction(timezone.now)


class ExportFactory(DjangoModelFactory):
    """Asked for, not made."""

    class Meta:
        model = Export

    source = "core.staffuser"
    created_by = factory.SubFactory(StaffUserFactory)
