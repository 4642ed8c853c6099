"""Numbers as people type them."""

import re
import unicodedata
from decimal import Decimal

_BY_COMMAS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_BY_SPACES = re.compile(r"[+-]?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]*)?")
_DOT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_COMMA = re.compile(r"[+-]?(?:[0-9]+,[0-9]{1,2}|0,[0-9]+)")


def typed_number(text: str) -> Decimal | None:
    """The number; None for what is none or could be two. `1,234` is read as pages write it, `1,5` can only be one and
    a half, and `1,2345` or `1.234,5` is left to whoever typed it."""
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if _BY_COMMAS.fullmatch(plain):
        return Decimal(plain.replace(",", ""))
    if _BY_SPACES.fullmatch(plain) or _COMMA.fullmatch(plain):
        return Decimal(plain.replace(" ", "").replace(",", "."))
    return Decimal(plain) if _DOT.fullmatch(plain) else None
