"""Addresses of customers by channel, and the keyed hash under which an address is suppressed.

SHA-256 with a key (HMAC, RFC 2104), because addresses can be guessed: without the key a list of hashes tells nothing.
The key comes from SECRET_KEY and does not change when an address is erased.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from catalog.models import Customer
from marketing.models.choices import Channel

PHONE = re.compile(r"[+]?[0-9]{6,15}")
BY_ID = (Channel.WECHAT, Channel.PUSH, Channel.IN_SITE)
"""These know people by the customer's public id; the shop holds no address of its own for them."""


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"marketing.suppression:" + secret.encode()).digest()


def normalise(channel: str, address: str) -> str:
    """The address as it is compared: width and case of letters do not matter, nor do signs in a telephone number."""
    text = unicodedata.normalize("NFKC", address).strip()
    if channel == Channel.SMS:
        return ("+" if text.startswith("+") else "") + re.sub(r"[^0-9]", "", text)
    return text.casefold() if channel == Channel.EMAIL else text


def hash_of(channel: str, address: str) -> str:
    """64 hexadecimal digits."""
    said = f"{channel}:{normalise(channel, address)}".encode()
    return hmac.new(_key(settings.SECRET_KEY), said, hashlib.sha256).hexdigest()


def address_of(customer: Customer, channel: str) -> str:
    """Where this channel reaches the customer; empty when nowhere."""
    return pick(channel, email=customer.email, phone=customer.phone, public_id=customer.public_id)


def pick(channel: str, *, email: str, phone: str, public_id: str) -> str:
    """The valid one of these addresses for the channel; empty when there is none."""
    if channel == Channel.EMAIL:
        return email if _is_email(email) else ""
    if channel == Channel.SMS:
        number = normalise(channel, phone)
        return number if PHONE.fullmatch(number) else ""
    return public_id if channel in BY_ID else ""


def all_of(customer: Customer) -> Iterable[tuple[Channel, str]]:
    """Each channel with the customer's address there."""
    for channel in Channel:
        address = address_of(customer, channel)
        if address:
            yield channel, address


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
