"""Columns of four products, counted by hand."""

from decimal import Decimal

import numpy as np
import pytest

from catalog.search.columns import EMPTY, NEVER, Columns, Facts, Tagged


def column(*values):
    return np.array(values)


@pytest.fixture
def columns() -> Columns:
    """Products 3, 5, 7 and 9, told in another order; 4 has tags and is not shown."""
    facts = Facts(
        products=column(7, 3, 9, 5), category=column(1, 1, 2, 0), brand=column(0, 8, 8, 0),
        price=column(100_000, 99_999, 500_000, 0), published=column(5, NEVER, 6, 5),
        popularity=column(0.5, 0.9, 0.9, 0.5), in_stock=column(True, False, True, True),
    )  # fmt: skip
    tagged = Tagged([("colour", "red"), ("style", "plain")], column(9, 4, 3, 9), column(0, 0, 1, 1))
    return Columns.of(facts, tagged)


def all_of(columns: Columns):
    return columns.everything


def test_orders(columns):
    def order(sort: str, **more) -> list[int]:
        return columns.facts.products[columns.first(all_of(columns), sort, 10, **more)].tolist()

    assert order("relevance") == [9, 7, 5, 3]
    assert order("price") == [5, 3, 7, 9]
    assert order("-price") == [9, 7, 3, 5]
    assert order("newest") == [9, 7, 5, 3]
    assert order("relevance", before=columns.holding(column(3, 5, 100))) == [5, 3, 9, 7]


def test_the_first_few_are_those_of_the_whole_order(columns):
    few = columns.first(columns.holding(column(3, 5, 9)), "price", 2, before=columns.holding(column(9)))

    assert columns.facts.products[few].tolist() == [9, 5]


def test_counts(columns):
    everything = all_of(columns)

    assert columns.categories(everything) == {1: 2, 2: 1}
    assert columns.brands(everything) == {8: 2}
    assert columns.stock(everything) == {True: 3, False: 1}
    assert columns.stock(columns.holding(column(3))) == {False: 1}
    assert columns.bands(everything, [Decimal("0.1"), Decimal(10), Decimal(50)]) == {0: 1, 1: 1, 2: 1, 3: 1}
    assert columns.tags(everything) == {("colour", "red"): 1, ("style", "plain"): 2}


def test_what_fits(columns):
    def products(fits) -> list[int]:
        return columns.facts.products[fits].tolist()

    assert products(columns.between(Decimal(10), None)) == [7, 9]
    assert products(columns.between(Decimal("9.99985"), Decimal("9.99995"))) == [3]
    assert products(columns.between(None, Decimal("1e30"))) == [3, 5, 7, 9]
    assert products(columns.having("colour", ["red", "blue"])) == [9]
    assert products(columns.having("colour", ["plain"])) == []


def test_the_next_state_has_of_what_changed_only_what_is_given(columns):
    given = Facts(*(column(value) for value in (5, 2, 9, 42, 1, 0.1, False)))

    after = columns.changed(
        {5, 9, 100}, given, Tagged([("style", "odd"), ("colour", "red")], column(5, 5), column(0, 1))
    )

    assert after.facts.products.tolist() == [3, 5, 7]
    assert after.facts.price.tolist() == [99_999, 42, 100_000]
    assert after.tags(after.everything) == {("colour", "red"): 1, ("style", "plain"): 1, ("style", "odd"): 1}
    assert columns.facts.products.tolist() == [3, 5, 7, 9]


def test_nothing_at_all():
    after = EMPTY.changed({1}, EMPTY.facts, EMPTY.tagged)

    assert len(after) == 0
    assert after.first(after.everything, "relevance", 10).tolist() == []
    assert (after.categories(after.everything), after.tags(after.everything)) == ({}, {})
