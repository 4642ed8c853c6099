"""Ten thousand random cases against rules that are written down a second time, in other words."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing.models import Campaign
from marketing.sending import zones
from marketing.sending.rules import Act, Facts, Rules, decide

COUNTRIES = st.sampled_from(["", "CN", "United Kingdom", "us", "Brazil", "AU", "nowhere", "中国", "Chile"])
MOMENTS = st.integers(0, 3 * 365 * 1440).map(lambda one: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=one))
TIMES = st.times().map(lambda one: one.replace(second=0, microsecond=0))
CASES = {"max_examples": 10_000, "deadline": None, "derandomize": True, "database": None}


def facts(**more):
    held = {
        "campaign_state": "running", "is_holdout": False, "is_gone": False, "is_restricted": False,
        "has_consent": True, "address": "a@b.c", "is_suppressed": False, "recent": 0, "zones": ("Asia/Shanghai",),
    }  # fmt: skip
    return Facts(**(held | more))


@settings(**CASES)
@given(
    st.sampled_from(["", *Campaign.State.values]), st.tuples(*[st.booleans()] * 8), st.integers(0, 4),
    st.integers(1, 4), COUNTRIES, MOMENTS, TIMES, TIMES, st.booleans(),
)  # fmt: skip
def test_nothing_goes_against_consent_cap_or_quiet_hours(state, flags, recent, cap, country, now, begins, ends, on):
    holdout, gone, restricted, consent, address, suppressed, over, late = flags
    places = zones.zones_of(country, "Asia/Shanghai")
    verdict = decide(
        facts(
            campaign_state=state, is_holdout=holdout, is_gone=gone, is_restricted=restricted, has_consent=consent,
            address="a@b.c" if address else "", is_suppressed=suppressed, recent=recent, zones=places,
            is_over=over, is_late=late,
        ),
        Rules(on, cap, begins, ends),
        now,
    )  # fmt: skip

    # Minutes of the local day, counted on a circle that starts when the quiet hours do.
    length = (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % 1440

    def is_quiet(zone):
        local = now.astimezone(ZoneInfo(zone))
        return (local.hour * 60 + local.minute - begins.hour * 60 - begins.minute) % 1440 < length

    allowed = all((
        state in ("", "running"), on, consent, address, recent < cap,
        not (holdout or gone or restricted or suppressed or over or late), not any(is_quiet(zone) for zone in places),
    ))  # fmt: skip
    assert (verdict.act == Act.SEND) == allowed
    if verdict.act == Act.LATER:
        assert now < verdict.due_at <= now + timedelta(days=2)


@settings(**(CASES | {"max_examples": 2_000}))
@given(MOMENTS, COUNTRIES)
def test_the_moment_that_it_waits_for_is_loud_everywhere(now, country):
    places = zones.zones_of(country, "Asia/Shanghai")

    later = zones.next_loud(now, places, time(21), time(8))

    assert not zones.is_quiet(later, places, time(21), time(8))
    assert later - now < timedelta(hours=24)


@pytest.mark.parametrize(
    ("now", "later"),
    [
        (datetime(2026, 3, 28, 23, 10, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)),  # forward: an hour less
        (datetime(2026, 10, 24, 22, 10, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),  # back: an hour more
        (datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_clock_change_moves_the_morning(now, later):
    assert zones.next_loud(now, ("Europe/London",), time(21), time(8)) == later


def test_a_wide_country_is_quiet_while_any_part_of_it_is():
    places = zones.zones_of("USA", "Asia/Shanghai")

    assert zones.is_quiet(datetime(2026, 7, 1, 13, tzinfo=UTC), places, time(21), time(8))  # 9 in New York, 6 in LA
    assert zones.is_quiet(datetime(2026, 7, 1, 17, tzinfo=UTC), places, time(21), time(8))  # 13 there, 7 in Honolulu
    assert not zones.is_quiet(datetime(2026, 7, 1, 18, tzinfo=UTC), places, time(21), time(8))
    assert len(places) == 8


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("中国", ("Asia/Shanghai",)), ("united kingdom", ("Europe/London",)), ("KOREA", ("Asia/Seoul",)),
        ("Kenya", ("Africa/Nairobi",)), ("ES", ("Europe/Madrid", "Atlantic/Canary")),
        ("nz", ("Pacific/Auckland", "Pacific/Chatham")), ("Pt", ("Europe/Lisbon", "Atlantic/Azores")),
        ("nowhere", ("Asia/Shanghai",)), ("", ("Asia/Shanghai",)),
    ],
)  # fmt: skip
def test_a_country_has_the_zones_of_the_time_zone_database(country, names):
    assert zones.zones_of(country, "Asia/Shanghai") == names


def test_every_country_has_an_hour_of_the_day_that_is_loud_in_all_of_it():
    for places in set(zones._known().values()):
        for month in (1, 4, 7, 10):
            now = datetime(2026, month, 5, tzinfo=UTC)
            later = zones.next_loud(now, places, time(21), time(8))
            assert not zones.is_quiet(later, places, time(21), time(8)), places


@pytest.mark.django_db
def test_the_database_knows_the_main_zone_of_each_country():
    """It counts the hours of the day by it (marketing.timing)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}

    assert {names[0] for names in zones._known().values()} - known == set()
