"""Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and body."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from datetime import UTC

from core.models import OutboxMessage

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(message: OutboxMessage) -> bytes:
    """What is sent: the same bytes at every try."""
    created_at = message.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    content = {
        "id": message_id(message),
        "event": message.event,
        "created_at": created_at,
        "data": message.payload,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def message_id(message: OutboxMessage) -> str:
    """The same at every try and for every webhook, so that receivers can drop doubles."""
    return f"msg_{message.public_id.hex}"


def signed_text(ident: str, timestamp: int, body: bytes) -> bytes:
    """What the signature is made of."""
    return f"{ident}.{timestamp}.".encode() + body


def sign(secret: str, ident: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC in base64. Raises ValueError for a secret of another form."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    digest = hmac.new(key, signed_text(ident, timestamp, body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(secrets_in_use: Iterable[str], ident: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Headers of one try. While a secret is changed both sign, so that the receiver can change it in peace."""
    return {
        "Content-Type": "application/json",
        "Webhook-Id": ident,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(sign(secret, ident, timestamp, body) for secret in secrets_in_use),
    }
