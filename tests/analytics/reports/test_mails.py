"""The sales report by mail: once for each whole period, in the language of who asked, ended as easily as begun."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.models import FactsState, ReportSubscription
from analytics.reports import mails
from core.choices import Role
from core.models import OutgoingMail, StaffUser
from core.roles import sync_roles
from tests.factories import DailySalesFactory, ReportSubscriptionFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 6, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday
MAY_31, MAY_30 = date(2026, 5, 31), date(2026, 5, 30)


@pytest.fixture
def at(monkeypatch):
    def put(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment.astimezone(UTC))

    put(MORNING)
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        yield put


@pytest.fixture
def counted(at):
    FactsState.objects.create(pk=1, counted_at=MORNING, time_zone="Asia/Shanghai", currency="CNY")


def reader(role=Role.ANALYST, **more):
    sync_roles()
    return StaffUserFactory.create(role=role, **{"email": "ana@example.com", **more})


def subscribed(every="day", until=MAY_30, **more):
    return ReportSubscriptionFactory.create(person=reader(**more), every=every, done_until=until)


@pytest.mark.parametrize(
    ("every", "week_start", "first", "last"),
    [
        ("day", 1, MAY_31, MAY_31),
        ("week", 1, date(2026, 5, 25), MAY_31),
        ("week", 7, date(2026, 5, 24), MAY_30),
        ("month", 1, date(2026, 5, 1), MAY_31),
    ],
)
def test_the_newest_whole_period_ended_yesterday_or_before(every, week_start, first, last):
    assert mails.last_whole(every, MORNING.date(), week_start) == (first, last)


def test_a_period_is_written_once_however_often_the_job_runs(counted):
    DailySalesFactory.create(day=MAY_31, orders=40, gross=1200, revenue=1200)
    DailySalesFactory.create(day=MAY_30, orders=40, gross=1000, revenue=1000)
    subscribed()

    assert [mails.write_reports()["written"] for _ in range(3)] == [1, 0, 0]

    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to, mail.language) == ("sales_report", "ana@example.com", "en")
    assert mail.subject.endswith("Revenue ¥1,200.00, 20% more than the day before")
    assert "Orders: 40 (＝ 0% vs the day before)" in mail.text
    assert "/admin/analytics/sales/?within=between&from=2026-05-31&to=2026-05-31&against=previous" in mail.text
    assert "/admin/analytics/sales/#by-mail" in mail.text


def test_the_mail_is_in_the_language_of_who_asked(counted):
    DailySalesFactory.create(day=MAY_31, orders=1, gross=20, revenue=20)
    subscribed(language="zh-hans")

    mails.write_reports()

    mail = OutgoingMail.objects.get()
    assert "收入 ¥20.00" in mail.subject
    assert "Revenue" not in mail.text


def test_a_day_without_sales_is_a_report_too(counted):
    subscribed()

    assert mails.write_reports() == {"written": 1}
    assert "No sales in these days" in OutgoingMail.objects.get().subject


def test_nothing_is_written_before_seven_or_before_the_day_is_counted(at):
    subscribed()
    FactsState.objects.create(pk=1, counted_at=MORNING - timedelta(hours=10), time_zone="Asia/Shanghai", currency="CNY")

    assert mails.write_reports() == {"written": 0}
    FactsState.objects.update(counted_at=MORNING)
    at(MORNING.replace(hour=6))
    assert mails.write_reports() == {"written": 0}
    at(MORNING)
    assert mails.write_reports() == {"written": 1}


@pytest.mark.parametrize("person", [{"role": Role.SUPPORT}, {"is_active": False}, {"email": ""}])
def test_who_may_not_see_figures_any_more_gets_none(counted, person):
    subscribed(**person)

    assert mails.write_reports() == {"written": 0}
    assert not OutgoingMail.objects.exists()


def test_after_a_week_without_the_job_only_the_newest_period_is_written(counted):
    subscribed(until=date(2026, 5, 20))

    assert mails.write_reports() == {"written": 1}
    assert mails.write_reports() == {"written": 0}


def test_weekly_and_monthly_reports_wait_for_the_end_of_their_period(counted, at):
    subscribed("week", until=date(2026, 5, 24))
    ReportSubscriptionFactory.create(person=reader(email="bo@example.com"), every="month", done_until=date(2026, 4, 30))

    assert mails.write_reports() == {"written": 2}
    at(MORNING + timedelta(days=3))
    FactsState.objects.update(counted_at=MORNING + timedelta(days=3))
    assert mails.write_reports() == {"written": 0}


# --- page ---------------------------------------------------------------------------------------------------------


def test_asking_changing_and_ending_on_the_page(staff):
    address = reverse("admin:analytics_sales")
    analyst = staff(Role.ANALYST)
    person = StaffUser.objects.get(groups__isnull=False)

    assert analyst.post(address, {"every": "week"}).status_code == 302
    row = ReportSubscription.objects.get()
    assert (row.person, row.every) == (person, "week")
    # The running week is the first that is written.
    assert row.done_until < timezone.localdate() <= row.done_until + timedelta(days=7)
    analyst.post(address, {"every": "day"})
    assert ReportSubscription.objects.get().every == "day"
    analyst.post(address, {"every": "hour"})
    assert ReportSubscription.objects.get().every == "day"
    assert "Report by mail ended" in analyst.post(address, {"every": ""}, follow=True).content.decode()
    assert not ReportSubscription.objects.exists()
    assert "Report by mail ended" not in analyst.post(address, {"every": ""}, follow=True).content.decode()


def test_the_page_shows_what_the_mail_would_say_and_sends_nothing(counted, staff):
    DailySalesFactory.create(day=MAY_31, orders=40, gross=1200, revenue=1200)
    address = reverse("admin:analytics_sales")
    analyst = staff(Role.ANALYST)

    shown = analyst.get(address, {"part": "mail", "every": "day"})
    weekly = analyst.get(address, {"part": "mail", "every": "hour"})

    assert shown.status_code == weekly.status_code == 200
    assert "Every day: this is the newest one" in shown.content.decode()
    assert "Revenue ¥1,200.00" in shown.content.decode()
    assert f"{address}#by-mail" in shown.content.decode()
    assert "Every week: this is the newest one" in weekly.content.decode()
    assert not OutgoingMail.objects.exists()
    assert not ReportSubscription.objects.exists()
