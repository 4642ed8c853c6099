"""Typed columns of import files.

A parser takes the text of a cell and returns it as PostgreSQL's COPY text format wants it, or raises Problem with
a reason for people. Everything that PostgreSQL would refuse is refused here, so that COPY never stops half-way.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.utils.translation import gettext_noop as _

from catalog.languages import plain_language
from catalog.services.events import event_id_of
from core.exports import restore_cell
from core.said import Said

NULL = "\\N"
FIRST_YEAR = 1990
JSON_LIMIT = 20_000
Parser = Callable[[str], str]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NEEDS_ESCAPE = re.compile(r"[\\\t\n\r]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MONEY = re.compile(r"-?\d{1,14}(?:\.\d{1,4}0*)?").fullmatch
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?").fullmatch
_INTEGER = re.compile(r"-?\d{1,10}(?:\.0+)?").fullmatch
_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\".]+").fullmatch
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch
_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})


class Problem(Exception):
    """Why a cell cannot be used, in words that are translated when somebody reads them."""

    def __init__(self, text: str, values: Mapping[str, Any] | None = None) -> None:
        self.said = Said(text, values or {})
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.said)


@dataclass(frozen=True)
class Column:
    """One column of a file and of the table it is staged in.

    `required`: the file must have it. `blank`: a cell may be empty, which becomes NULL. `kind` is the column type in
    PostgreSQL. `title` is what the file calls it where that differs from `name` (a word that SQL keeps for itself),
    `aliases` are other names that the header may use; case, spaces and underscores never matter.
    """

    name: str
    kind: str
    parse: Parser
    required: bool = False
    blank: bool = True
    title: str = ""
    aliases: Sequence[str] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """What the header may call it, the usual name first."""
        return (self.title or self.name, *self.aliases)

    def read(self, value: str) -> str:
        """COPY text of the cell. Raises Problem."""
        if not value or value.isspace():
            if not self.blank:
                raise Problem(_("is empty"))
            return NULL
        return self.parse(value)


def text(name: str, limit: int, *, strip: bool = True, **options: object) -> Column:
    """Any text of at most `limit` characters."""

    def parse(value: str) -> str:
        if strip:
            value = value.strip()
        if value[0] == "'":
            value = restore_cell(value)
        if len(value) > limit:
            raise _too_long(value, limit)
        _refuse_unstorable(value)
        return value.translate(_ESCAPES) if _NEEDS_ESCAPE.search(value) else value

    return _column(name, "text", parse, options)


def key(name: str, limit: int = 120, **options: object) -> Column:
    """The shop's own id of something: text on one line."""

    def parse(value: str) -> str:
        value = value.strip()
        if value[0] == "'":
            value = restore_cell(value)
        if len(value) > limit:
            raise _too_long(value, limit)
        _refuse_unstorable(value)
        if not value.isprintable():
            raise Problem(_("holds control characters"))
        return value.replace("\\", "\\\\")

    return _column(name, "text", parse, options)


def money(name: str, *, negative: bool = False, positive: bool = False, **options: object) -> Column:
    """An amount with a dot, at most 14 digits before it and 4 after it."""

    def parse(value: str) -> str:
        value = value.strip()
        if not _MONEY(value) or not value.isascii():
            raise Problem(_why_not_money(value))
        if not negative and value[0] == "-":
            raise Problem(_("is below 0"))
        if positive and not value.strip("-0."):
            raise Problem(_("must be more than 0"))
        return value

    return _column(name, "numeric", parse, options)


def number(name: str, low: float, high: float, **options: object) -> Column:
    """A floating-point number from `low` to `high`."""

    def parse(value: str) -> str:
        value = value.strip()
        if not _NUMBER(value) or not value.isascii():
            raise Problem(_("is not a number"))
        if not low <= float(value) <= high:
            raise Problem(_("is not between %(low)s and %(high)s"), {"low": f"{low:g}", "high": f"{high:g}"})
        return value

    return _column(name, "double precision", parse, options)


def integer(name: str, low: int = 0, high: int = 2_147_483_647, **options: object) -> Column:
    """A whole number from `low` to `high`; `12.0` counts as 12, as spreadsheets write it."""

    def parse(value: str) -> str:
        value = value.strip()
        if not _INTEGER(value) or not value.isascii():
            if _NUMBER(value) and "." not in value and "e" not in value.lower():
                raise Problem(_("is not between %(low)s and %(high)s"), {"low": low, "high": high})
            raise Problem(_("is not a whole number"))
        whole = value.partition(".")[0]
        if not low <= int(whole) <= high:
            raise Problem(_("is not between %(low)s and %(high)s"), {"low": low, "high": high})
        return whole

    return _column(name, "integer", parse, options)


def moment(name: str, **options: object) -> Column:
    """Date and time in ISO 8601, with a zone or in UTC, from 1990 to a year from now."""
    earliest, latest = _window()

    def parse(value: str) -> str:
        found = _parse_time(value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        try:
            inside = earliest <= found <= latest
        except OverflowError:
            inside = False
        if not inside:
            raise _out_of_range(latest)
        return found.isoformat()

    return _column(name, "timestamptz", parse, options)


def local_moment(name: str, zone: ZoneInfo, **options: object) -> Column:
    """Date and time on the clock of `zone`; staged without a zone."""
    earliest, latest = (limit.replace(tzinfo=None) for limit in _window())

    def parse(value: str) -> str:
        found = _parse_time(value)
        if found.tzinfo is not None and 1 < found.year < 9999:
            found = found.astimezone(zone)
        found = found.replace(tzinfo=None)
        if not earliest <= found <= latest:
            raise _out_of_range(latest)
        return found.isoformat()

    return _column(name, "timestamp", parse, options)


def day(name: str, first_year: int = 1900, **options: object) -> Column:
    """A date as YYYY-MM-DD that is not in the future."""
    today = datetime.now(UTC).date() + timedelta(days=1)

    def parse(value: str) -> str:
        try:
            found = date.fromisoformat(value.strip()[:10])
        except ValueError:
            raise Problem(_("is not a date such as 1990-12-31")) from None
        if found.year < first_year or found > today:
            raise Problem(_("is not between %(low)s and %(high)s"), {"low": first_year, "high": today.isoformat()})
        return found.isoformat()

    return _column(name, "date", parse, options)


def boolean(name: str, **options: object) -> Column:
    def parse(value: str) -> str:
        word = value.strip().lower()
        if word in _TRUE:
            return "t"
        if word in _FALSE:
            return "f"
        raise Problem(_("is neither true nor false"))

    return _column(name, "boolean", parse, options)


def choice(name: str, allowed: Sequence[str], refused: dict[str, str] | None = None, **options: object) -> Column:
    """One of `allowed`; `refused` gives words with a reason of their own."""
    known = frozenset(allowed)
    listed = ", ".join(allowed)

    def parse(value: str) -> str:
        word = value.strip().lower()
        if word in known:
            return word
        if refused and word in refused:
            raise Problem(refused[word])
        raise Problem(_("is not one of %(allowed)s"), {"allowed": listed})

    return _column(name, "text", parse, options)


def json_object(name: str, **options: object) -> Column:
    """A JSON object of at most 20,000 characters."""

    def parse(value: str) -> str:
        _refuse_unstorable(value)
        if len(value) > JSON_LIMIT:
            raise _too_long(value, JSON_LIMIT)
        try:
            found = orjson.loads(value)
            written = orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()
        except (orjson.JSONDecodeError, TypeError, RecursionError):
            raise Problem(_("is not JSON")) from None
        if not isinstance(found, dict):
            raise Problem(_('is not a JSON object such as {"colour": "red"}'))
        if "\\u0000" in written:
            raise Problem(_("holds a NUL character"))
        return written.replace("\\", "\\\\")

    return _column(name, "jsonb", parse, options)


def email(name: str, **options: object) -> Column:
    def parse(value: str) -> str:
        value = value.strip()
        _refuse_unstorable(value)
        if len(value) > 254 or not value.isprintable() or not _EMAIL(value):
            raise Problem(_("is not an e-mail address"))
        return value.replace("\\", "\\\\")

    return _column(name, "text", parse, options)


def currency(name: str, **options: object) -> Column:
    def parse(value: str) -> str:
        value = value.strip().upper()
        if not _CURRENCY(value):
            raise Problem(_("is not a currency of three letters such as CNY"))
        return value

    return _column(name, "text", parse, options)


def language(name: str, **options: object) -> Column:
    """`zh-CN`, `zh_Hans` and `zh` become zh-hans; of others the first part is kept."""

    def parse(value: str) -> str:
        found = plain_language(value)
        if not found:
            raise Problem(_("is not a language such as en or zh-CN"))
        return found

    return _column(name, "text", parse, options)


def event_key(name: str, **options: object) -> Column:
    """A UUID, or any text of at most 64 characters from which one is made: the same as for events sent to the API."""

    def parse(value: str) -> str:
        value = value.strip()
        if len(value) > 64:
            raise _too_long(value, 64)
        _refuse_unstorable(value)
        return str(event_id_of(value))

    return _column(name, "uuid", parse, options)


def _column(name: str, kind: str, parse: Parser, options: dict[str, object]) -> Column:
    return Column(name, kind, parse, **options)  # type: ignore[arg-type]


def _too_long(value: str, limit: int) -> Problem:
    return Problem(_("has %(length)d characters, more than %(limit)d"), {"length": len(value), "limit": limit})


def _refuse_unstorable(value: str) -> None:
    if "\0" in value:
        raise Problem(_("holds a NUL character"))
    if not value.isascii() and _SURROGATE.search(value):
        raise Problem(_("holds bytes that are not text in the file's encoding"))


def _why_not_money(value: str) -> str:
    if not value.isascii() or not _NUMBER(value):
        return _("is not an amount such as 12.50")
    if "e" in value.lower():
        return _("is not an amount such as 12.50")
    before, _dot, after = value.lstrip("-").partition(".")
    if len(before) > 14:
        return _("is larger than 99,999,999,999,999")
    if len(after.rstrip("0")) > 4:
        return _("has more than 4 decimals")
    return _("is not an amount such as 12.50")


def _parse_time(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise Problem(_("is not a date and time such as 2026-11-23T14:05:00+08:00")) from None


def _window() -> tuple[datetime, datetime]:
    return datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=366)


def _out_of_range(latest: datetime) -> Problem:
    values = {"low": FIRST_YEAR, "high": latest.date().isoformat()}
    return Problem(_("is not between %(low)s and %(high)s"), values)
