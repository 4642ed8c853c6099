"""The id of a search: signed, and the key of its row in the log, which is written later."""

import uuid

from core import attribution

SALT = "zhanggui.search"


def make(key: uuid.UUID) -> str:
    """What an answer carries and clicks send back."""
    return attribution.make([key.hex], salt=SALT)


def read(token: str) -> uuid.UUID | None:
    """The key of the search; None when the token is not ours or too old."""
    found = attribution.read(token, salt=SALT, parts=1)
    return uuid.UUID(hex=found[0][0]) if found is not None else None
