"""Signatures, with the example of the Standard Webhooks specification."""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from core.extensions import webhook_events
from core.models import OutboxMessage
from core.webhooks import signing
from tests.core.webhooks.conftest import SECRET

KNOWN = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification_gives_its_signature():
    body = b'{"test": 2432232314}'

    assert signing.sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == KNOWN


def test_a_secret_is_32_random_bytes():
    first, second = signing.new_secret(), signing.new_secret()

    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


def test_the_body_is_the_same_at_every_try():
    message = OutboxMessage(
        event="order.paid",
        public_id=uuid.UUID("0" * 31 + "1"),
        payload={"id": "a1", "name": "店"},
        created_at=datetime(2026, 11, 23, 20, 30, 0, 123456, tzinfo=UTC),
    )

    body = signing.body_of(message)

    assert body == signing.body_of(message)
    assert json.loads(body) == {
        "id": "msg_00000000000000000000000000000001",
        "event": "order.paid",
        "created_at": "2026-11-23T20:30:00.123Z",
        "data": {"id": "a1", "name": "店"},
    }


def test_while_the_secret_is_changed_both_sign():
    old, new = signing.new_secret(), signing.new_secret()

    headers = signing.headers([new, old], "msg_1", 1700000000, b"{}")

    def by_hand(secret: str) -> str:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        return "v1," + base64.b64encode(hmac.new(key, b"msg_1.1700000000.{}", hashlib.sha256).digest()).decode()

    assert headers["Webhook-Signature"] == f"{by_hand(new)} {by_hand(old)}"
    assert (headers["Webhook-Id"], headers["Webhook-Timestamp"]) == ("msg_1", "1700000000")


def test_the_receiver_of_the_documentation_believes_us_and_nobody_else():
    guide = (settings.BASE_DIR / "docs" / "webhooks.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", guide, re.S)[1], names)
    is_genuine, body, old, new = names["is_genuine"], b'{"id": 1}', signing.new_secret(), signing.new_secret()

    def headers(stamp: int) -> dict[str, str]:
        return signing.headers([new, old], "msg_1", stamp, body)

    now = int(time.time())
    assert is_genuine(new, headers(now), body)
    assert is_genuine(old, headers(now), body)
    assert not is_genuine(signing.new_secret(), headers(now), body)
    assert not is_genuine(new, headers(now), body + b" ")
    assert not is_genuine(new, headers(now) | {"Webhook-Id": "msg_2"}, body)
    assert not is_genuine(new, headers(now - 600), body)


def test_every_event_is_in_the_documentation():
    guide = (settings.BASE_DIR / "docs" / "webhooks.md").read_text("utf-8")

    assert [entry.key for entry in webhook_events if f"| `{entry.key}` |" not in guide] == []
