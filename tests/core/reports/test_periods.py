"""The days a page of figures shows, and those it compares them with."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from core.reports import Comparison, Period

TODAY = date(2026, 5, 20)


def period(rf, query, **more):
    return Period.of(rf.get(f"/?{query}"), today=TODAY, **more)


@pytest.mark.parametrize(
    "query",
    [
        "", "within=for-ever", "within=between", "within=between&from=2026-05-09&to=2026-05-01", "from=2026-01-01",
        "within=between&from=2026-02-31&to=2026-03-02", "within=between&from=0001-01-01&to=9999-12-31",
        "within=between&from=%00&to=%00",
    ],
)  # fmt: skip
def test_whatever_is_not_understood_is_what_is_usual(rf, query):
    assert period(rf, query) == Period("last_28", date(2026, 4, 23), TODAY)


def test_a_page_without_comparison_has_none_whatever_the_address_says(rf):
    found = period(rf, "against=year")

    assert (found.against, found.comparison, found.query) == ("", None, {"within": "last_28"})


def test_presets_end_today_unless_a_page_says_when_its_history_ends(rf):
    assert Period.of(rf.get("/")).last == timezone.localdate()
    assert period(rf, "within=last_7") == Period("last_7", date(2026, 5, 14), TODAY)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", date(2026, 3, 26), date(2026, 4, 22)),
        ("within=today", date(2026, 5, 19), date(2026, 5, 19)),
        ("within=last_7&against=year", date(2025, 5, 14), date(2025, 5, 20)),
        ("within=between&from=2028-02-29&to=2028-03-01&against=year", date(2027, 2, 28), date(2027, 3, 1)),
        ("within=between&from=1900-01-01&to=2199-12-31", date(1600, 1, 1), date(1899, 12, 31)),
        ("against=something", date(2026, 3, 26), date(2026, 4, 22)),
    ],
)
def test_a_comparison_has_as_many_days(rf, query, first, last):
    found = period(rf, query, against="previous")

    assert (found.comparison.first, found.comparison.last) == (first, last)
    assert found.comparison.last - found.comparison.first == timedelta(days=found.days - 1)


def test_nothing_is_compared_when_somebody_says_so(rf):
    assert period(rf, "against=none", against="previous").comparison is None


def test_the_address_of_a_period_gives_it_back(rf):
    asked = "within=between&from=2026-02-01&to=2026-02-28&against=year"
    found = period(rf, asked, against="previous")

    assert "&".join(f"{name}={value}" for name, value in found.query.items()) == asked


def test_comparisons_say_what_they_are():
    assert Comparison("previous", TODAY, TODAY).words == "the day before"
    assert Comparison("previous", TODAY, TODAY + timedelta(days=6)).words == "the previous 7 days"
    assert Comparison("year", TODAY, TODAY).words == "the same days a year before"
