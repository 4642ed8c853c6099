"""Short-lived customer tokens. A back end asks for one with its server key and hands it to the browser."""

import time
from datetime import UTC, datetime, timedelta

from django.core import signing
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from core.api.principals import CustomerAuth

PREFIX = "zg_ct_"
SALT = "core.customer-token"
DEFAULT_LIFETIME = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)


def mint(*, customer: str, key_id: int, lifetime: timedelta = DEFAULT_LIFETIME) -> tuple[str, datetime]:
    """Token for the customer with this public id, and when it ends. It also ends when the key is revoked."""
    expires = int(time.time() + lifetime.total_seconds())
    token = signing.dumps({"c": customer, "k": key_id, "e": expires}, salt=SALT)
    return PREFIX + token, datetime.fromtimestamp(expires, UTC)


def read(token: str) -> CustomerAuth:
    """Whom the token stands for. Raises AuthenticationFailed for a forged, damaged or expired one."""
    try:
        content = signing.loads(token.removeprefix(PREFIX), salt=SALT)
        customer, key_id, expires = str(content["c"]), int(content["k"]), int(content["e"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        raise AuthenticationFailed(_("This customer token is not one of this shop."), code="token_unknown") from None
    if expires <= time.time():
        raise AuthenticationFailed(_("This customer token has expired."), code="token_expired")
    return CustomerAuth(customer=customer, key_id=key_id)
