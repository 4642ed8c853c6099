"""The nightly comparison, and who hears when figures are late or wrong."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from analytics.facts import counting, watching
from analytics.models import CohortCell, CustomerStats, DailySales, FactsCheck, FactsState
from analytics.tasks import keep_facts_fresh
from core.health import DEGRADED, OK
from core.jobs import run_now
from core.models import Alert, Job, ShopProfile
from tests.factories import CustomerFactory


def gauges():
    return {family.name: [number for _labels, number in family.rows] for family in watching.in_database()}


def test_a_night_without_drift_says_so(books):
    books.sell(CustomerFactory.create(), "2026-06-10")

    assert run_now("analytics.tasks.check_facts").result == {"rows": 9, "drift": 0}

    found = FactsCheck.objects.get()
    assert (found.drift, found.rows, found.differences) == (0, 9, {})
    assert not Alert.objects.open().exists()
    assert gauges()["figures_drift_rows"] == [0.0]


def test_rows_that_somebody_changed_are_found_put_right_and_told(books):
    books.sell(CustomerFactory.create(), "2026-06-10")
    counting.refresh()
    DailySales.objects.update(revenue=1)
    CustomerStats.objects.all().delete()
    CohortCell.objects.create(grain="week", cohort=date(2020, 1, 6), offset=3, customers=1, orders=1, revenue=1)

    assert watching.check()["drift"] == 3

    assert FactsCheck.objects.get().differences == {
        "analytics_dailysales": 1, "analytics_customerstats": 1, "analytics_cohortcell": 1,
    }  # fmt: skip
    assert DailySales.objects.get().revenue == Decimal(100)
    alert = Alert.objects.open().get()
    assert (alert.rule, alert.text_values["drift"]) == ("figures_drifted", 3)

    assert watching.check()["drift"] == 0
    assert not Alert.objects.open().exists()


def test_sales_that_wait_for_minutes_degrade_the_installation(books, monkeypatch):
    assert watching.part().state == OK
    books.sell(CustomerFactory.create(), "2026-06-10")
    assert (watching.part().state, gauges()["figures_waiting"]) == (OK, [2.0])

    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert watching.part().state == DEGRADED
    watching.look()
    assert Alert.objects.open().get().rule == "figures_late"

    keep_facts_fresh()
    assert (watching.part().state, gauges()["figures_waiting"]) == (OK, [0.0])
    watching.look()
    assert not Alert.objects.open().exists()
    assert FactsState.objects.get().counted_at == later


def test_the_task_of_every_few_seconds_asks_for_a_job_once_when_everything_is_to_count(books):
    ShopProfile.objects.update(time_zone="America/New_York")
    keep_facts_fresh()
    keep_facts_fresh()
    assert list(Job.objects.values_list("kind", flat=True)) == ["analytics.facts"]


@pytest.mark.django_db
def test_the_first_count_is_made_once(monkeypatch):
    counting.first_count()
    monkeypatch.setattr(counting, "rebuild", lambda: pytest.fail("counted twice"))
    counting.first_count()
    assert FactsState.objects.count() == 1
