"""Webhooks whose receivers run inside the test."""

from collections.abc import Callable
from typing import Any

import pytest

from core.models import Webhook
from core.webhooks import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def inside(settings, monkeypatch) -> None:
    """Receivers of tests are on this machine; there is no broker."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **options: None)


@pytest.fixture
def hook(db) -> Callable[..., Webhook]:
    """`hook(receiver)`: a webhook for orders at that receiver."""

    def make(receiver: Any, **fields: Any) -> Webhook:
        url = receiver if isinstance(receiver, str) else receiver.url
        given = {"name": "Shop", "url": url, "events": ["order.placed"], "secret": signing.new_secret(), **fields}
        return Webhook.objects.create(**given)

    return make
