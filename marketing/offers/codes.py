"""Codes that nobody guesses and everybody can read out: twelve of thirty letters and digits, 59 bits."""

import secrets

from catalog.services.orders import NUMBER_LETTERS

LENGTH = 12
GROUP = 4
BASE = len(NUMBER_LETTERS)


def new() -> str:
    number, found = secrets.randbelow(BASE**LENGTH), []
    for _place in range(LENGTH):
        number, digit = divmod(number, BASE)
        found.append(NUMBER_LETTERS[digit])
    return "".join(found)


def plain(code: str) -> str:
    """As it is stored, however somebody typed it."""
    return "".join(code.upper().replace("-", "").replace("\x00", "").split())


def spoken(code: str) -> str:
    """As people read it: K7QM-2XPA-94TZ."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))
