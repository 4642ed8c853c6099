"""Months of the interactions table."""

import threading
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog import partitions
from catalog.models import Interaction

pytestmark = pytest.mark.django_db


def event(moment):
    return Interaction.objects.create(event_id=uuid.uuid4(), occurred_at=moment, kind="view")


def test_a_range_of_days_gets_the_months_between():
    made = partitions.ensure_partitions(date(2019, 11, 30), date(2020, 1, 1))

    assert made == ["catalog_interaction_2019_11", "catalog_interaction_2019_12", "catalog_interaction_2020_01"]
    assert partitions.ensure_partitions(date(2019, 12, 1), date(2019, 12, 31)) == []
    assert {date(2019, 11, 1), date(2019, 12, 1), date(2020, 1, 1)} <= set(partitions.months_in_use())


def test_single_months_leave_a_gap():
    assert partitions.ensure_months([date(2018, 3, 9), date(2018, 1, 31), date(2018, 3, 1)]) == [
        "catalog_interaction_2018_01",
        "catalog_interaction_2018_03",
    ]


def test_the_edges_of_a_month_belong_to_it():
    partitions.ensure_months([date(2020, 2, 1)])

    first = event(datetime(2020, 2, 1, tzinfo=UTC))
    last = event(datetime(2020, 2, 29, 23, 59, 59, 999999, tzinfo=UTC))

    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM catalog_interaction_2020_02")
        assert {row[0] for row in cursor.fetchall()} == {first.event_id, last.event_id}


def test_a_new_month_has_the_indexes_and_the_key_of_the_table():
    partitions.ensure_months([date(2020, 3, 1)])

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'catalog_interaction_2020_03'")
        of_month = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'catalog_interaction'::regclass AND indisvalid")
        assert of_month == cursor.fetchone()[0] >= 5


def test_a_range_that_ends_before_it_begins_is_an_error():
    with pytest.raises(ValueError, match="is before"):
        partitions.ensure_partitions(date(2020, 2, 1), date(2020, 1, 1))


def test_months_past_their_time_are_dropped(settings):
    settings.EVENT_RETENTION_MONTHS = 2
    now = timezone.now()
    partitions.ensure_partitions((now - timedelta(days=150)).date(), now.date())
    event(now)

    partitions.drop_expired()

    kept = [month for month in partitions.months_in_use() if month <= now.date()]
    assert len(kept) == 3
    assert kept[-1] == now.date().replace(day=1)


def test_an_imported_past_stays_until_new_events_come(settings):
    settings.EVENT_RETENTION_MONTHS = 2
    partitions.ensure_partitions(date(2010, 1, 1), date(2010, 6, 1))
    event(datetime(2010, 5, 7, tzinfo=UTC))

    dropped = partitions.drop_expired()

    assert dropped == ["catalog_interaction_2010_01", "catalog_interaction_2010_02"]
    assert Interaction.objects.count() == 1


def test_a_table_without_rows_loses_nothing():
    partitions.ensure_months([date(2001, 1, 1)])

    assert partitions.drop_expired() == []


def test_the_daily_job_makes_the_months_ahead():
    done = partitions.prepare()

    months = partitions.months_in_use()
    today = timezone.now().date().replace(day=1)
    assert sum(month >= today for month in months) >= 3
    assert partitions.prepare() == {"made": [], "dropped": []}
    assert done["dropped"] == []


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_a_month_once():
    made, failed = [], []

    def make():
        try:
            made.extend(partitions.ensure_partitions(date(2015, 1, 1), date(2015, 12, 1)))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(made) == [f"catalog_interaction_2015_{month:02d}" for month in range(1, 13)]
    with connection.cursor() as cursor:
        for name in made:
            cursor.execute(f"DROP TABLE {name}")
