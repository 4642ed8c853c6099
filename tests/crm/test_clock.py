"""Business time, with days that are longer or shorter than others."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.services.clock import ALWAYS, Hours, after, between, next_opening

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = ((time(9), time(18)),)
WORK = Hours(SHANGHAI, dict.fromkeys(range(1, 6), DAY))
LUNCH = Hours(SHANGHAI, {1: ((time(9), time(12)), (time(13), time(18)))})


def at(day: int, hour: int, minute: int = 0, *, month: int = 11, zone: ZoneInfo = SHANGHAI) -> datetime:
    """2026; 2 November is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def test_a_night_does_not_count():
    assert between(WORK, at(2, 17), at(3, 10)) == 2 * 3600


def test_four_hours_from_friday_afternoon_end_on_monday():
    assert after(WORK, at(6, 16), 4 * 3600) == at(9, 11)


def test_a_lunch_break_does_not_count():
    assert between(LUNCH, at(2, 11), at(2, 14)) == 2 * 3600
    assert after(LUNCH, at(2, 11, 30), 3600) == at(2, 13, 30)


def test_a_holiday_does_not_count_and_a_short_day_counts_what_it_has():
    hours = Hours(SHANGHAI, WORK.week, {date(2026, 11, 3): (), date(2026, 11, 4): ((time(9), time(10)),)})

    assert between(hours, at(2, 17), at(5, 10)) == (1 + 0 + 1 + 1) * 3600
    assert after(hours, at(2, 17), 3 * 3600) == at(5, 10)


def test_without_any_period_it_is_always_open():
    assert between(ALWAYS, at(7, 0), at(8, 0)) == 24 * 3600
    assert after(ALWAYS, at(7, 0), 60) == at(7, 0, 1)


def test_a_day_that_loses_an_hour_to_daylight_saving_has_23():
    """29 March 2026: 02:00 becomes 03:00."""
    whole = Hours(BERLIN, {day: ((time(0), time(0)),) for day in range(1, 8)})

    assert between(whole, at(29, 0, month=3, zone=BERLIN), at(30, 0, month=3, zone=BERLIN)) == 23 * 3600
    assert after(whole, at(29, 1, month=3, zone=BERLIN), 2 * 3600) == at(29, 4, month=3, zone=BERLIN)


def test_a_day_that_gains_an_hour_has_25():
    """25 October 2026: 03:00 becomes 02:00."""
    whole = Hours(BERLIN, {day: ((time(0), time(0)),) for day in range(1, 8)})

    assert between(whole, at(25, 0, month=10, zone=BERLIN), at(26, 0, month=10, zone=BERLIN)) == 25 * 3600


def test_office_hours_keep_their_place_on_the_wall_when_the_clock_changes():
    """Friday 17:00 in winter time to Monday 10:00 in summer time: one hour and one hour."""
    office = Hours(BERLIN, dict.fromkeys(range(1, 6), DAY))

    assert between(office, at(27, 17, month=3, zone=BERLIN), at(30, 10, month=3, zone=BERLIN)) == 2 * 3600
    assert after(office, at(27, 17, month=3, zone=BERLIN), 2 * 3600) == at(30, 10, month=3, zone=BERLIN)


def test_a_span_that_opens_in_the_hour_that_is_skipped_is_no_longer_than_it_is():
    early = Hours(BERLIN, {7: ((time(2, 30), time(5)),)})

    assert between(early, at(29, 0, month=3, zone=BERLIN), at(29, 12, month=3, zone=BERLIN)) == int(1.5 * 3600)


def test_spans_that_overlap_count_once():
    doubled = Hours(SHANGHAI, {1: ((time(9), time(12)), (time(11), time(13)))})

    assert between(doubled, at(2, 0), at(3, 0)) == 4 * 3600


def test_a_clock_that_was_set_back_makes_no_negative_time():
    assert between(WORK, at(2, 12), at(2, 11)) == 0


def test_who_is_closed_for_good_promises_nothing():
    closed = Hours(SHANGHAI, {1: DAY}, {date(2026, 11, 2) + timedelta(days=7 * week): () for week in range(600)})

    assert after(closed, at(2, 8), 60) is None
    assert next_opening(closed, at(2, 8)) is None


def test_it_opens_next_on_monday():
    assert next_opening(WORK, at(7, 12)) == at(9, 9)
    assert next_opening(WORK, at(9, 12)) == at(9, 12)


@pytest.mark.parametrize("minutes", [1, 59, 540, 541, 5_000, 40_000])
def test_what_is_promised_is_what_passes(minutes):
    start = datetime(2026, 3, 27, 15, 21, tzinfo=UTC)
    office = Hours(BERLIN, {day: ((time(9), time(12, 30)), (time(13), time(18))) for day in range(1, 7)})

    due = after(office, start, minutes * 60)

    assert due is not None
    assert between(office, start, due) == minutes * 60
