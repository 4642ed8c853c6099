"""Numbers as people type them."""

from decimal import Decimal

import pytest

from core.typed import typed_number


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1,5", "1.5"), ("12,50", "12.50"), ("0,125", "0.125"), ("-0,5", "-0.5"), ("1,234", "1234"),
     ("1,234,567.8", "1234567.8"), ("1 234,5", "1234.5"), ("1\u00a0234", "1234"), ("−3", "-3"), ("+7", "7"),
     (" 1234.5 ", "1234.5"), (".5", "0.5"), ("１，２３４", "1234"), ("1e3", "1000")],
)  # fmt: skip
def test_a_comma_parts_thousands_or_decimals_where_it_can_only_be_one(typed, number):
    assert typed_number(typed) == Decimal(number)


@pytest.mark.parametrize(
    "typed", ["", "x", "1,2345", "1234,567", "1.234,5", "1,23,456", "1 5", "12 34", "1,", "NaN", "Infinity", "٣", "--1"]
)
def test_what_could_be_two_numbers_is_none(typed):
    assert typed_number(typed) is None
