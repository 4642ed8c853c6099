"""Signed addresses in messages. Whoever has one may do what it says and nothing else; no cookie is needed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from marketing import addresses
from marketing.models.choices import Channel

CONFIRM_DAYS = 7
_CONFIRM, _PREFERENCES, _UNSUBSCRIBE, _CLICK, _STOCK = (
    "marketing.confirm", "marketing.preferences", "marketing.unsubscribe", "marketing.click", "marketing.stock",
)  # fmt: skip
LONGEST = 600


def absolute(path: str) -> str:
    """The address below PUBLIC_URL; without one, where `make run` answers."""
    public = str(settings.PUBLIC_URL).rstrip("/") or f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}"
    return public + path


# --- consent ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Confirming:
    """What a link confirms: consents with the second they wait since, of the customer at this mailbox (the beginning of
    its keyed hash; empty in links sent before it was kept)."""

    customer_id: int
    asked: frozenset[tuple[str, str, int]]
    mailbox: str = ""


def confirmation(customer_id: int, rows: Iterable[Any], address: str) -> str:
    """Path that confirms these consents as they wait now; a later change, also of the address, makes it worthless."""
    asked = [[row.purpose, row.channel, int(row.at.timestamp())] for row in rows]
    content = [customer_id, asked, mailbox_of(address)]
    return reverse("consent-confirm", args=[signing.dumps(content, salt=_CONFIRM)])


def mailbox_of(address: str) -> str:
    return addresses.hash_of(Channel.EMAIL, address)[:20]


def read_confirmation(token: str) -> Confirming | None:
    content = _read(token, _CONFIRM, max_age=CONFIRM_DAYS * 86_400)
    try:
        customer_id, asked, *mailbox = content
        found = frozenset((str(purpose), str(channel), int(at)) for purpose, channel, at in asked)
        return Confirming(int(customer_id), found, str(mailbox[0]) if mailbox else "")
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Preferring:
    """Whose page of choices it is. `is_from_mail`: the link came to their mailbox, so who follows it reads that."""

    customer_id: int
    is_from_mail: bool = True


def preferences(customer_id: int, *, is_from_mail: bool = True) -> str:
    content = customer_id if is_from_mail else [customer_id]
    return reverse("preferences", args=[signing.dumps(content, salt=_PREFERENCES)])


def read_preferences(token: str) -> Preferring | None:
    content = _read(token, _PREFERENCES)
    if isinstance(content, int):
        return Preferring(content)
    return Preferring(int(content[0]), is_from_mail=False) if isinstance(content, list) else None


# --- to be told of stock ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StockRequesting:
    """What somebody who is not signed in wants to be told of."""

    sku: str
    address: str
    language: str


def stock_request(sku: str, address: str, language: str) -> str:
    """Path that confirms a request. It came to this address alone; nothing else of it is kept until then."""
    return reverse("stock-request", args=[signing.dumps([sku, address, language], salt=_STOCK, compress=True)])


def read_stock_request(token: str) -> StockRequesting | None:
    try:
        sku, address, language = _read(token, _STOCK, max_age=CONFIRM_DAYS * 86_400)
        return StockRequesting(str(sku), str(address), str(language))
    except (TypeError, ValueError):
        return None


# --- messages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unsubscribing:
    """What the link at the end of a message takes back."""

    customer_id: int
    purpose: str
    channel: str


def unsubscribe(customer_id: int, purpose: str, channel: str) -> str:
    """Path that never ends: a message may be read years later."""
    return reverse("unsubscribe", args=[signing.dumps([customer_id, purpose, channel], salt=_UNSUBSCRIBE)])


def read_unsubscribe(token: str) -> Unsubscribing | None:
    try:
        customer_id, purpose, channel = _read(token, _UNSUBSCRIBE)
        return Unsubscribing(int(customer_id), str(purpose), str(channel))
    except (TypeError, ValueError):
        return None


def click(link_id: int, recipient_id: int) -> str:
    """Path that counts and leads on. Where to is in the table, so that the path cannot be made to lead elsewhere."""
    return reverse("tracked-click", args=[signing.dumps([link_id, recipient_id], salt=_CLICK)])


def read_click(token: str) -> tuple[int, int] | None:
    try:
        link_id, recipient_id = _read(token, _CLICK)
        return int(link_id), int(recipient_id)
    except (TypeError, ValueError):
        return None


def _read(token: str, salt: str, max_age: int | None = None) -> Any:
    if len(token) > LONGEST:
        return None
    try:
        return signing.loads(token, salt=salt, max_age=max_age)
    except signing.BadSignature:
        return None
    except ValueError:
        return None
