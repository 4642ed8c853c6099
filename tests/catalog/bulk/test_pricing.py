"""New prices from old ones."""

from decimal import Decimal

import pytest

from catalog.bulk.pricing import PriceRule, rounded


@pytest.mark.parametrize(
    ("way", "value", "rounding", "old", "new"),
    [
        ("set", "12.345", "cent", "99", "12.345"),
        ("percent", "-10", "cent", "19.90", "17.91"),
        ("percent", "15", "whole", "19.90", "23"),
        ("percent", "7.5", "tenth", "10", "10.8"),
        ("amount", "-2.5", "cent", "10", "7.50"),
        ("amount", "-20", "cent", "10", "-10.00"),
        ("percent", "10", "99", "18", "19.99"),
        ("percent", "-100", "99", "18", "0"),
    ],
)
def test_a_price_follows_its_rule(way, value, rounding, old, new):
    assert PriceRule(way, Decimal(value), rounding).new(Decimal(old)) == Decimal(new)


@pytest.mark.parametrize(
    ("price", "ending"), [("19.49", "19.99"), ("19.48", "18.99"), ("19.99", "19.99"), ("0.20", "0.99"), ("0", "0")]
)
def test_a_price_that_ends_in_99_is_the_nearest_one_and_never_free(price, ending):
    assert rounded(Decimal(price), "99") == Decimal(ending)
