"""Mail about alerts: who gets it, in which language, how often, and that it never gets in the way."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone, translation

from core import alerts, mail
from core.alerts import mails
from core.choices import Role
from core.models import Alert, OutgoingMail
from core.said import Said
from tests.factories import AlertFactory, AlertRuleFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
FULL = Said("%(gb).1f GB are free on the disk of the shop's folder.", {"gb": 1.5})


@pytest.fixture
def operator():
    ShopProfileFactory.create(name="Tea House", languages=["zh-hans", "en"])
    return StaffUserFactory.create(role=Role.OPERATOR, email="op@example.com", language="en")


def written() -> list[str]:
    return list(OutgoingMail.objects.order_by("to").values_list("to", flat=True))


def test_the_link_leads_to_the_public_address(operator, settings):
    settings.PUBLIC_URL = "https://admin.example.org/"

    alert = alerts.raise_alert("disk_low", said=FULL)

    assert f"\nhttps://admin.example.org/admin/core/alert/{alert.pk}/change/\n" in OutgoingMail.objects.get().text


def test_a_new_alert_is_told_to_each_member_of_its_roles_who_has_an_address(operator):
    StaffUserFactory.create(role=Role.OPERATOR)
    StaffUserFactory.create(role=Role.SUPPORT, email="support@example.com")
    StaffUserFactory.create(role=Role.OPERATOR, email="gone@example.com", is_active=False)
    both = StaffUserFactory.create(role=Role.OPERATOR, email="both@example.com")
    both.groups.add(*StaffUserFactory.create(role=Role.OWNER).groups.all())

    alert = alerts.raise_alert("disk_low", said=FULL)

    assert written() == ["both@example.com", "op@example.com"]
    told = OutgoingMail.objects.get(to="op@example.com")
    assert told.subject == "Tea House: The disk is nearly full"
    assert "1.5 GB are free on the disk of the shop's folder." in told.text
    assert "Make room on the disk" in told.text
    assert f"/admin/core/alert/{alert.pk}/change/" in told.text
    assert "&#" not in told.text
    alert.refresh_from_db()
    assert alert.mailed_at is not None


def test_the_mail_is_in_the_language_of_the_person_else_of_the_shop(operator):
    StaffUserFactory.create(role=Role.OPERATOR, email="second@example.com")

    with translation.override("en"):
        alerts.raise_alert("disk_low", said=FULL)

    assert dict(OutgoingMail.objects.values_list("to", "language")) == {
        "op@example.com": "en",
        "second@example.com": "zh-hans",
    }


def test_when_nobody_of_the_roles_has_an_address_the_owners_are_told():
    StaffUserFactory.create(role=Role.OPERATOR)
    StaffUserFactory.create(is_superuser=True, email="boss@example.com")
    StaffUserFactory.create(role=Role.OWNER, email="owner@example.com")

    alerts.raise_alert("disk_low", said=FULL)

    assert written() == ["boss@example.com", "owner@example.com"]


def test_a_rule_without_mail_writes_none(operator):
    AlertRuleFactory.create(key="disk_low", by_mail=False)

    alerts.raise_alert("disk_low", said=FULL)
    mails.tell_waiting()

    assert written() == []


def test_seeing_it_again_writes_no_second_mail(operator):
    for _turn in range(3):
        alerts.raise_alert("disk_low", said=FULL)
        mails.tell_waiting()

    assert len(written()) == 1


def test_a_trouble_that_comes_and_goes_is_told_once_in_four_hours_and_later_if_it_still_stands(operator):
    first = alerts.raise_alert("disk_low", said=FULL)
    alerts.resolve("disk_low")
    second = alerts.raise_alert("disk_low", said=FULL)
    mails.tell_waiting()
    assert len(written()) == 1

    Alert.objects.filter(pk=first.pk).update(mailed_at=timezone.now() - timedelta(hours=4, minutes=1))
    mails.tell_waiting()
    mails.tell_waiting()

    assert len(written()) == 2
    second.refresh_from_db()
    assert second.mailed_at is not None


def test_a_critical_alert_is_told_again_after_a_day_unless_somebody_took_it_on(operator):
    open_one = alerts.raise_alert("disk_low", said=FULL)
    taken = alerts.raise_alert("model_damaged", said=FULL)
    mild = alerts.raise_alert("job_waits", said=FULL)
    alerts.acknowledge(taken, operator)
    Alert.objects.update(mailed_at=timezone.now() - timedelta(hours=25))
    OutgoingMail.objects.all().delete()

    assert mails.tell_waiting() == 1
    assert mails.tell_waiting() == 0

    assert OutgoingMail.objects.get().subject.endswith("The disk is nearly full")
    assert mild.level == Alert.Level.WARNING
    assert open_one.level == Alert.Level.CRITICAL


@pytest.mark.parametrize("fault", [DatabaseError("no table"), ValueError("no template"), OSError("no disk")])
def test_mail_that_cannot_be_written_never_makes_the_alert_fail_and_is_written_later(operator, monkeypatch, fault):
    def broken(*arguments, **named):
        OutgoingMail.objects.create(kind="alert", to="half@example.com", language="en", subject="", message_id="<1>")
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(mail, "send", broken)
        alert = alerts.raise_alert("disk_low", said=FULL)

    alert.refresh_from_db()
    assert (alert.is_open, alert.mailed_at, written()) == (True, None, [])

    assert mails.tell_waiting() == 1
    assert written() == ["op@example.com"]


def test_two_processes_that_tell_the_same_alert_write_one_mail(operator):
    alert = AlertFactory.create(rule="disk_low", key="")
    rule = alerts.rule_of("disk_low")
    twin = Alert.objects.get(pk=alert.pk)

    assert (mails.tell(alert, rule), mails.tell(twin, rule)) == (1, 0)
    assert written() == ["op@example.com"]
