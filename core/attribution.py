"""Ids of answers, such as a list of recommendations or a search: signed, so that a later click can be credited
though no row was written before the answer left."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.utils import timezone

MAX_AGE_DAYS = 30


def make(parts: Sequence[str], *, salt: str) -> str:
    """A token without personal data. Signing proves that this shop made it. Parts hold no dot but in the first."""
    text = ".".join([*parts, format(int(timezone.now().timestamp()), "x")])
    sealed = _begun(salt, settings.SECRET_KEY).copy()
    sealed.update(text.encode())
    return f"{text}:{signing.b64_encode(sealed.digest()).decode()}"


@lru_cache(maxsize=8)
def _begun(salt: str, secret: str) -> hmac.HMAC:
    """What `signing.Signer` does before it looks at the text, which is the same for every answer."""
    key = hashlib.sha256(f"{salt}signer{secret}".encode()).digest()
    return hmac.new(key, digestmod=hashlib.sha256)


def read(token: str, *, salt: str, parts: int, at: datetime | None = None) -> tuple[list[str], datetime] | None:
    """The parts and when it was made. None when the token is not ours or was too old to be credited `at` that moment,
    by default now."""
    try:
        *found, stamp = signing.Signer(salt=salt).unsign(token).rsplit(".", parts)
    except signing.BadSignature:
        return None
    if len(found) != parts:
        return None
    try:
        made_at = datetime.fromtimestamp(int(stamp, 16), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return (found, made_at) if ((at or timezone.now()) - made_at).days <= MAX_AGE_DAYS else None
