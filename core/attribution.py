"""Ids of answers, such as a list of recommendations or a search: signed, so that a later click can be credited
though no row was written before the answer left."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.core import signing
from django.utils import timezone

MAX_AGE_DAYS = 30


def make(parts: Sequence[str], *, salt: str) -> str:
    """A token without personal data. Signing proves that this shop made it. Parts hold no dot but in the first."""
    stamp = format(int(timezone.now().timestamp()), "x")
    return signing.Signer(salt=salt).sign(".".join([*parts, stamp]))


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
