"""Cells that no spreadsheet can be tricked with.

A cell whose text a spreadsheet would run as a formula gets a leading apostrophe; reading the file back with
`restore_cell` gives the text as it was, for every text. Numbers stay numbers.
"""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

_BLANK = r"[\s\u200b-\u200f\u2060\ufeff]*"
_RISKY = re.compile(rf"'*(?:{_BLANK}[=+\-@|＝＋－＠｜]|[ \u3000]*[\t\r\n])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def is_risky(text: str) -> bool:
    """True for text that a spreadsheet may run: starts with = + - @ | tab or line break, their full-width forms, or
    blanks before them. A plain number is not."""
    return bool(_RISKY.match(text)) and not _NUMBER.fullmatch(text)


def safe_cell(value: Any) -> str:
    """What stands in the file for a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if is_risky(text) else text


def restore_cell(text: str) -> str:
    """The text as it was before `safe_cell`; every other cell comes back unchanged."""
    return text[1:] if text.startswith("'") and is_risky(text[1:]) else text


LONGEST_CELL = 32_767  # of XLSX, in characters
MOST_DIGITS = 10**15  # a spreadsheet keeps 15 digits of a number
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xlsx_cell(value: Any) -> Any:
    """What stands in the spreadsheet: numbers, dates and truths stay what they are, text is as safe as in CSV.

    Moments are in the active time zone. Numbers of more than 15 digits become text, so that no digit is lost.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return value if -MOST_DIGITS < value < MOST_DIGITS else safe_cell(value)
    if isinstance(value, datetime):
        return timezone.make_naive(value) if timezone.is_aware(value) else value
    if isinstance(value, date):
        return value
    return _NOT_IN_XML.sub("\ufffd", safe_cell(value))[:LONGEST_CELL]
