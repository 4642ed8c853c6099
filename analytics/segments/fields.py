"""What a rule may ask about a customer: the allow-list of fields, the operators of each, and checks of values.

Nothing from outside names a column: a rule names a field here, the field knows its column.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from analytics.segments.named import RFM

MOST_VALUES = 200
LONGEST_TEXT = 120
LARGEST = 1e12
MOST_DAYS = 36_500
FIRST_YEAR, LAST_YEAR = 1900, 2200
SETS = ("in", "not_in")
PUBLIC_ID = re.compile(r"[0-9a-f]{32}")
TRAIT_KIND = re.compile(r"[a-z0-9_.-]{1,40}")


class BadValue(ValueError):
    """A value that does not fit; the message can be shown."""


class Type(StrEnum):
    COUNT = "count"  # whole number from 0 on
    MONEY = "money"  # in the shop's currency
    NUMBER = "number"
    SHARE = "share"  # 0 to 1
    DAY = "day"  # of the shop's calendar
    TEXT = "text"  # one of the texts that occur
    MONTH = "month"  # 1 to 12
    FLAG = "flag"
    RFM = "rfm"  # one of the ten names
    PRODUCT = "product"
    CATEGORY = "category"
    BRAND = "brand"
    SEGMENT = "segment"
    CLUSTER = "cluster"
    LIST = "list"  # customers that were kept as a list
    TRAIT = "trait"


NUMBERS = ("gte", "lte", "gt", "lt", "eq", "between")
AMOUNTS = ("gte", "lte", "gt", "lt", "between")
DAYS = ("within", "longer_ago", "since", "before")
OPS: dict[Type, tuple[str, ...]] = {
    Type.COUNT: NUMBERS,
    Type.MONEY: AMOUNTS,
    Type.NUMBER: AMOUNTS,
    Type.SHARE: AMOUNTS,
    Type.DAY: DAYS,
    Type.FLAG: ("is",),
}
THINGS = {Type.PRODUCT, Type.CATEGORY, Type.BRAND, Type.SEGMENT, Type.CLUSTER, Type.LIST}
"""Types whose values are opaque ids of rows."""

CUSTOMER, STATS, SCORE, ACTS = "customer", "stats", "score", "acts"
"""Where a field is read: a column of one of three tables with one row for each customer, or what happened."""


@dataclass(frozen=True)
class Field:
    """One thing a rule may ask. `table` and `column` say where it stands; `is_zero` that customers without a row count
    as 0 (nobody else is said to match what is unknown). `most`: the largest number that makes sense."""

    key: str
    title: Any
    type: Type
    group: Any
    table: str
    column: str = ""
    is_zero: bool = False
    takes_days: bool = False
    takes_kind: bool = False
    most: float = LARGEST

    @property
    def ops(self) -> tuple[str, ...]:
        return OPS.get(self.type, SETS)

    def checked(self, op: str, value: Any) -> Any:
        """The value in its stored form. Raises BadValue."""
        if op in SETS:
            return _members(self.type, value)
        if op == "is":
            if not isinstance(value, bool):
                raise BadValue(_("yes or no is wanted."))
            return value
        if op in ("within", "longer_ago"):
            return _days(value)
        if op in ("since", "before"):
            return _day(value)
        if op == "between":
            if not isinstance(value, list) or len(value) != 2:
                raise BadValue(_("two numbers are wanted."))
            low, high = (_number(self, one) for one in value)
            if low > high:
                raise BadValue(_("the first number must not be larger than the second."))
            return [low, high]
        return _number(self, value)


def known(key: Any) -> Field | None:
    """The field of this name."""
    return FIELDS.get(key) if isinstance(key, str) else None


def checked_days(value: Any) -> int | None:
    """Days back from today, or None for ever. Raises BadValue."""
    return None if value is None else _days(value)


def checked_kind(value: Any) -> str:
    """The kind of a trait. Raises BadValue."""
    if not isinstance(value, str) or not TRAIT_KIND.fullmatch(value):
        raise BadValue(_("say which trait."))
    return value


# --- values -------------------------------------------------------------------------------------------------------


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue(_("a number is wanted."))
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue(_("a number is wanted."))
    if abs(value) > field.most:
        raise BadValue(_("the number may be at most %(most)s.") % {"most": f"{field.most:g}"})
    if field.type in (Type.COUNT, Type.SHARE) and value < 0:
        raise BadValue(_("the number must not be below 0."))
    if field.type is Type.COUNT:
        if value != int(value):
            raise BadValue(_("a whole number is wanted."))
        return int(value)
    return value


def _days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise BadValue(_("a number of days from 1 to %(most)d is wanted.") % {"most": MOST_DAYS})
    return value


def _day(value: Any) -> str:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadValue(_("a day such as 2026-01-31 is wanted."))
    return found.isoformat()


def _members(kind: Type, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadValue(_("a list of values is wanted."))
    if not value:
        raise BadValue(_("at least one value is wanted."))
    if len(value) > MOST_VALUES:
        said = {"most": MOST_VALUES, "count": len(value)}
        raise BadValue(_("a list has at most %(most)d values, this one has %(count)d.") % said)
    check = CHECKS.get(kind, _text)
    return list(dict.fromkeys(check(one) for one in value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\x00" in value:
        raise BadValue(_("texts of at most %(most)d characters are wanted.") % {"most": LONGEST_TEXT})
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadValue(_("texts of at most %(most)d characters are wanted.") % {"most": LONGEST_TEXT}) from None
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not PUBLIC_ID.fullmatch(value):
        raise BadValue(_("IDs of 32 hexadecimal digits are wanted."))
    return value


def _month(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 12:
        raise BadValue(_("months from 1 to 12 are wanted."))
    return value


def _rfm(value: Any) -> str:
    if not isinstance(value, str) or value not in RFM:
        raise BadValue(_("names of RFM segments are wanted: %(names)s.") % {"names": ", ".join(RFM)})
    return value


def _trait(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value) and abs(value) <= LARGEST):
        return value
    return _text(value)


CHECKS: Mapping[Type, Callable[[Any], Any]] = {
    **dict.fromkeys(THINGS, _id), Type.MONTH: _month, Type.RFM: _rfm, Type.TRAIT: _trait, Type.TEXT: _text,
}  # fmt: skip


# --- the list -----------------------------------------------------------------------------------------------------

PERSON = gettext_lazy("Customer")
BUYING = gettext_lazy("Buying")
SCORES = gettext_lazy("Scores")
DOING = gettext_lazy("Behaviour")
GROUPED = gettext_lazy("Segments and traits")

_ALL = [
    Field("country", gettext_lazy("Country"), Type.TEXT, PERSON, CUSTOMER, "country"),
    Field("language", gettext_lazy("Language"), Type.TEXT, PERSON, CUSTOMER, "language"),
    Field("joined_at", gettext_lazy("Customer since"), Type.DAY, PERSON, CUSTOMER, "joined_at"),
    Field("has_email", gettext_lazy("Has an e-mail address"), Type.FLAG, PERSON, CUSTOMER, "email"),
    Field("birthday_month", gettext_lazy("Month of birthday"), Type.MONTH, PERSON, CUSTOMER, "birthday"),
    Field("orders", gettext_lazy("Paid orders"), Type.COUNT, BUYING, STATS, "orders", is_zero=True),
    Field(
        "purchase_days", gettext_lazy("Days with an order"), Type.COUNT, BUYING, STATS, "purchase_days", is_zero=True
    ),
    Field("items", gettext_lazy("Pieces bought"), Type.COUNT, BUYING, STATS, "items", is_zero=True),
    Field("revenue", gettext_lazy("Revenue"), Type.MONEY, BUYING, STATS, "revenue", is_zero=True),
    Field("average_order", gettext_lazy("Average order"), Type.MONEY, BUYING, STATS, "average_order"),
    Field("refunds", gettext_lazy("Refunds"), Type.COUNT, BUYING, STATS, "refunds", is_zero=True),
    Field("refunded", gettext_lazy("Refunded"), Type.MONEY, BUYING, STATS, "refunded", is_zero=True),
    Field("first_day", gettext_lazy("First order"), Type.DAY, BUYING, STATS, "first_day"),
    Field("last_day", gettext_lazy("Last order"), Type.DAY, BUYING, STATS, "last_day"),
    Field("rfm_segment", gettext_lazy("RFM segment"), Type.RFM, SCORES, SCORE, "rfm_segment"),
    Field("recency", gettext_lazy("Recency score"), Type.COUNT, SCORES, SCORE, "recency", most=5),
    Field("frequency", gettext_lazy("Frequency score"), Type.COUNT, SCORES, SCORE, "frequency", most=5),
    Field("money", gettext_lazy("Money score"), Type.COUNT, SCORES, SCORE, "money", most=5),
    Field("cluster", pgettext_lazy("group of customers", "Cluster"), Type.CLUSTER, SCORES, SCORE, "cluster_id"),
    Field("value", gettext_lazy("Lifetime value, 12 months"), Type.MONEY, SCORES, SCORE, "value"),
    Field("expected_orders", gettext_lazy("Expected orders, 12 months"), Type.NUMBER, SCORES, SCORE, "expected_orders"),
    Field("alive", gettext_lazy("Chance to buy again"), Type.SHARE, SCORES, SCORE, "alive", most=1),
    Field("churn_30", gettext_lazy("Churn risk, 30 days"), Type.SHARE, SCORES, SCORE, "churn_30", most=1),
    Field("churn_60", gettext_lazy("Churn risk, 60 days"), Type.SHARE, SCORES, SCORE, "churn_60", most=1),
    Field("churn_90", gettext_lazy("Churn risk, 90 days"), Type.SHARE, SCORES, SCORE, "churn_90", most=1),
    Field(
        "propensity_30", gettext_lazy("Chance of an order within 30 days"), Type.SHARE, SCORES, SCORE, "propensity_30",
        most=1,
    ),
    Field("bought_product", gettext_lazy("Bought the product"), Type.PRODUCT, DOING, ACTS, takes_days=True),
    Field("bought_category", gettext_lazy("Bought from the category"), Type.CATEGORY, DOING, ACTS, takes_days=True),
    Field("bought_brand", gettext_lazy("Bought from the brand"), Type.BRAND, DOING, ACTS, takes_days=True),
    Field("viewed_product", gettext_lazy("Looked at the product"), Type.PRODUCT, DOING, ACTS, takes_days=True),
    Field("viewed_category", gettext_lazy("Looked at the category"), Type.CATEGORY, DOING, ACTS, takes_days=True),
    Field("visited", gettext_lazy("Last visit"), Type.DAY, DOING, ACTS),
    Field("segment", gettext_lazy("Segment"), Type.SEGMENT, GROUPED, ACTS),
    Field("kept_list", gettext_lazy("Kept list"), Type.LIST, GROUPED, ACTS),
    Field("trait", gettext_lazy("Trait"), Type.TRAIT, GROUPED, ACTS, takes_kind=True),
]  # fmt: skip
FIELDS: dict[str, Field] = {field.key: field for field in _ALL}
