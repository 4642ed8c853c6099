"""Raising, counting, taking on and closing alerts."""

import ast
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone, translation

from core import alerts
from core.alerts import AlertKind, kind_of, rules
from core.choices import Role
from core.extensions import alert_rules
from core.models import Alert, AlertRule
from core.said import Said
from tests.factories import AlertFactory, AlertRuleFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
LATE = Said("A job of the queue %(queue)s has waited for %(minutes)d minutes.", {"queue": "light", "minutes": 12})


def test_a_trouble_that_is_seen_again_is_one_alert_with_a_count():
    first = alerts.raise_alert("job_waits", key="light", said=LATE)
    later = Said(LATE.text, {"queue": "light", "minutes": 30})
    again = alerts.raise_alert("job_waits", key="light", said=later, link="/admin/core/job/")

    assert again == first
    assert (again.count, again.text_values["minutes"], again.link) == (2, 30, "/admin/core/job/")
    assert again.last_seen_at > first.last_seen_at
    assert again.created_at == first.created_at
    assert Alert.objects.count() == 1


def test_other_keys_and_kinds_are_alerts_of_their_own():
    alerts.raise_alert("job_waits", key="light", said=LATE)
    alerts.raise_alert("job_waits", key="deep", said=LATE)
    alerts.raise_alert("queue_long", key="light", said=LATE)

    assert Alert.objects.open().count() == 3


def test_the_level_is_that_of_the_kind_and_only_rises_while_the_alert_is_open():
    by = StaffUserFactory.create()
    quiet = alerts.raise_alert("job_waits", said=LATE)
    assert quiet.level == Alert.Level.WARNING
    alerts.acknowledge(quiet, by)

    worse = alerts.raise_alert("job_waits", said=LATE, level=Alert.Level.CRITICAL)
    milder = alerts.raise_alert("job_waits", said=LATE, level=Alert.Level.NOTICE)

    assert (worse.level, worse.acknowledged_at, worse.acknowledged_by) == (Alert.Level.CRITICAL, None, None)
    assert (milder.level, milder.count) == (Alert.Level.CRITICAL, 3)


def test_a_rule_that_is_off_raises_nothing():
    AlertRuleFactory.create(key="job_waits", is_on=False)

    assert alerts.raise_alert("job_waits", said=LATE) is None
    assert Alert.objects.count() == 0


def test_after_it_is_over_the_same_trouble_is_a_new_alert():
    first = alerts.raise_alert("job_waits", key="light", said=LATE)
    assert alerts.resolve("job_waits", key="light") == 1
    assert alerts.resolve("job_waits", key="light") == 0

    second = alerts.raise_alert("job_waits", key="light", said=LATE)

    assert (second.pk != first.pk, second.count, Alert.objects.open().get()) == (True, 1, second)


def test_resolve_without_a_key_closes_all_of_a_rule_and_nothing_else():
    for key in ("light", "deep"):
        alerts.raise_alert("job_waits", key=key, said=LATE)
    other = alerts.raise_alert("queue_long", key="light", said=LATE)

    assert alerts.resolve("job_waits") == 2
    assert Alert.objects.open().get() == other


def test_taking_on_names_the_person_once_and_only_while_open():
    ana, ben = StaffUserFactory.create_batch(2)
    alert = AlertFactory.create()

    assert alerts.acknowledge(alert, ana)
    assert not alerts.acknowledge(alert, ben)

    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.is_open, alert.is_unattended) == (ana, True, False)
    over = AlertFactory.create(resolved_at=timezone.now())
    assert not alerts.acknowledge(over, ana)


def test_long_texts_keys_and_links_fit():
    alert = alerts.raise_alert("job_waits", key="k" * 500, said=Said("t" * 500), link="/" + "l" * 500)

    assert (len(alert.key), len(alert.text), len(alert.link)) == (120, 300, 300)
    assert alerts.resolve("job_waits", key="k" * 500) == 1


@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_moment_make_one_alert():
    together = threading.Barrier(8)
    seen: list[tuple[int, int]] = []

    def see() -> None:
        try:
            together.wait(timeout=10)
            for _turn in range(5):
                alert = alerts.raise_alert("job_waits", key="light", said=LATE)
                seen.append((alert.pk, alert.count))
        finally:
            connection.close()

    threads = [threading.Thread(target=see) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    alert = Alert.objects.get()
    assert alert.count == 40
    assert sorted(count for _pk, count in seen) == list(range(1, 41))
    assert {pk for pk, _count in seen} == {alert.pk}


def test_old_alerts_that_are_over_are_removed_and_others_stay():
    now = timezone.now()
    AlertFactory.create(resolved_at=now - timedelta(days=91))
    young = AlertFactory.create(resolved_at=now - timedelta(days=89))
    still = AlertFactory.create()
    Alert.objects.filter(pk=still.pk).update(created_at=now - timedelta(days=400))

    assert alerts.forget_old() == 1
    assert set(Alert.objects.all()) == {young, still}


# --- who sees what ------------------------------------------------------------------------------------------------


def test_staff_see_the_alerts_of_their_roles_and_owners_see_all(django_assert_num_queries):
    AlertRuleFactory.create(key="job_waits", roles=[Role.OPERATOR, Role.ANALYST])
    AlertRuleFactory.create(key="model_old", roles=[Role.ANALYST])
    waits, old = AlertFactory.create(rule="job_waits"), AlertFactory.create(rule="model_old")
    people = {
        role: StaffUserFactory.create(role=role) for role in (Role.OPERATOR, Role.ANALYST, Role.SUPPORT, Role.OWNER)
    }
    boss = StaffUserFactory.create(is_superuser=True)

    seen = {}
    for role, person in people.items():
        with django_assert_num_queries(1):
            seen[role] = set(Alert.objects.visible_to(person))

    assert seen == {
        Role.OPERATOR: {waits},
        Role.ANALYST: {waits, old},
        Role.SUPPORT: set(),
        Role.OWNER: {waits, old},
    }
    assert set(Alert.objects.visible_to(boss)) == {waits, old}


# --- kinds and rules ----------------------------------------------------------------------------------------------


def test_every_kind_has_a_rule_with_its_defaults_after_migration():
    assert set(AlertRule.objects.values_list("key", flat=True)) == {entry.key for entry in alert_rules}
    for entry in alert_rules:
        kind, rule = entry.resolve(), AlertRule.objects.get(key=entry.key)
        assert isinstance(kind, AlertKind)
        assert (rule.is_on, rule.threshold, rule.roles, rule.by_mail) == (
            True, kind.threshold, [role.value for role in kind.roles], kind.by_mail,
        )  # fmt: skip
        assert str(kind.title)


def test_migrating_again_keeps_what_the_shop_has_set_and_removes_kinds_that_are_gone():
    AlertRule.objects.filter(key="job_waits").update(threshold=99, is_on=False, roles=["support"])
    AlertRule.objects.filter(key="disk_low").delete()
    AlertRule.objects.create(key="of_another_version")

    rules.sync_rules()
    rules.sync_rules()

    kept = AlertRule.objects.get(key="job_waits")
    assert (kept.threshold, kept.is_on, kept.roles) == (99, False, ["support"])
    assert AlertRule.objects.get(key="disk_low").threshold == 2
    assert not AlertRule.objects.filter(key="of_another_version").exists()


def test_going_back_to_a_state_without_rules_does_not_look_for_them(django_assert_num_queries):
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    before = MigrationLoader(connection).project_state([("auth", "0012_alter_user_first_name_max_length")]).apps

    with django_assert_num_queries(0):
        rules.sync_after_migrate(last, apps=before, using="default")

    AlertRule.objects.filter(key="disk_low").delete()
    rules.sync_after_migrate(last, apps=apps, using="default")
    assert AlertRule.objects.filter(key="disk_low").exists()


def test_the_threshold_is_the_shops_else_that_of_the_kind():
    AlertRule.objects.filter(key="job_waits").update(threshold=25)
    AlertRule.objects.filter(key="disk_low").delete()

    assert (alerts.threshold_of("job_waits"), alerts.threshold_of("disk_low"), alerts.threshold_of("redis_away")) == (
        25, 2, 0,
    )  # fmt: skip


def test_a_kind_that_the_program_does_not_know_still_raises():
    alert = alerts.raise_alert("unheard_of", said=Said("Something."))

    assert (alert.level, kind_of("unheard_of").title) == (Alert.Level.WARNING, "unheard_of")


def test_every_rule_that_the_code_raises_is_registered():
    raised = set()
    for folder in ("core", "catalog", "recommender"):
        for file in (Path(settings.BASE_DIR) / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                called = getattr(node, "func", None)
                name = getattr(called, "attr", getattr(called, "id", ""))
                if name in ("raise_alert", "keep", "resolve") and node.args and isinstance(node.args[0], ast.Constant):
                    raised.add(node.args[0].value)

    assert {"disk_low", "queue_long"} <= raised
    assert {rule for rule in raised if isinstance(rule, str)} <= {entry.key for entry in alert_rules}


def test_the_text_is_read_in_the_language_of_the_reader_and_survives_wrong_values():
    alert = alerts.raise_alert("job_waits", said=LATE)
    broken = AlertFactory.create(text="%(count)d jobs failed in the last hour.", text_values={"other": 1})

    with translation.override("en"):
        assert str(alert) == "A job of the queue light has waited for 12 minutes."
        assert str(broken) == "%(count)d jobs failed in the last hour."


def test_the_table_has_no_pending_migration():
    call_command("makemigrations", "core", check=True, dry_run=True, verbosity=0)
