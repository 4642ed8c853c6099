"""Alerts on the staff pages: the list, one alert, the rules, the bell, the banner, the card of the home page."""

import csv
import io
import threading

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from core import health, redis_client
from core.alerts import attention, states
from core.alerts.states import State
from core.choices import Role
from core.models import Alert, AlertRule
from core.said import Said
from tests.factories import AlertFactory, AlertRuleFactory, JobFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
LIST, RULES, BELL = "/admin/core/alert/", "/admin/core/alertrule/", "/admin/core/alert/bell/"
FULL = {"rule": "disk_low", "level": "critical", "text": "The disk is full.", "text_values": {}}


def page_of(alert: Alert) -> str:
    return f"{LIST}{alert.pk}/change/"


# --- the list -----------------------------------------------------------------------------------------------------


def test_open_alerts_stand_first_and_say_what_how_grave_and_how_often(client):
    AlertFactory.create(text="Old trouble.", text_values={}, resolved_at=timezone.now())
    AlertFactory.create(count=1234, text="New trouble.", text_values={})
    AlertFactory.create(**FULL)

    page = client.get(LIST).content.decode()

    assert page.index("The disk is full.") < page.index("New trouble.") < page.index("Old trouble.")
    assert "1,234" in page
    assert "Critical" in page
    assert "A job waits too long" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=open", {"Open."}),
        ("state=taken_on", {"Taken."}),
        ("state=over", {"Over."}),
        ("state=nonsense", {"Open.", "Taken.", "Over."}),
        ("level__exact=critical", {"Taken."}),
        ("rule=disk_low", {"Over."}),
        ("q=taken", {"Taken."}),
        ("q=disk is nearly", {"Over."}),
        ("q=nothing like it", set()),
    ],
)
def test_the_list_is_narrowed_by_state_level_kind_and_words(client, boss, query, shown):
    AlertFactory.create(text="Open.")
    AlertFactory.create(text="Taken.", level="critical", acknowledged_at=timezone.now(), acknowledged_by=boss)
    AlertFactory.create(text="Over.", rule="disk_low", resolved_at=timezone.now())

    table = client.get(f"{LIST}?{query}").content.decode().partition('id="changelist"')[2]

    assert {text for text in ("Open.", "Taken.", "Over.") if f">{text}<" in table} == shown


def test_each_person_sees_the_alerts_of_their_roles_in_list_page_and_bell(client_of):
    AlertRuleFactory.create(key="job_waits", roles=[Role.OPERATOR])
    AlertRuleFactory.create(key="model_old", roles=[Role.ANALYST])
    waits = AlertFactory.create(text="Waits.")
    old = AlertFactory.create(rule="model_old", text="Is old.")

    analyst, owner = client_of(Role.ANALYST), client_of(Role.OWNER)

    for address in (LIST, BELL):
        seen = analyst.get(address).content.decode()
        assert ("Waits." in seen, "Is old." in seen) == (False, True)
        seen = owner.get(address).content.decode()
        assert ("Waits." in seen, "Is old." in seen) == (True, True)
    assert analyst.get(page_of(waits)).status_code == 404
    assert analyst.get(page_of(old)).status_code == 200
    assert analyst.post(f"{LIST}{waits.pk}/acknowledge/").status_code == 404
    waits.refresh_from_db()
    assert waits.acknowledged_at is None


def test_a_long_list_asks_few_queries(client, django_assert_max_num_queries):
    AlertFactory.create_batch(60, acknowledged_at=timezone.now(), acknowledged_by=StaffUserFactory.create())
    client.get(LIST)
    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200


def test_an_empty_list_says_where_alerts_come_from(client):
    assert "it is said here, in the bell and by e-mail" in client.get(LIST).content.decode()


def test_chosen_alerts_are_taken_on_or_closed_together(client, boss):
    chosen = AlertFactory.create_batch(2)
    other = AlertFactory.create()
    pks = [alert.pk for alert in chosen]

    client.post(LIST, {"action": "acknowledge_chosen", "_selected_action": pks})
    assert set(Alert.objects.filter(acknowledged_by=boss)) == set(chosen)

    client.post(LIST, {"action": "close_chosen", "_selected_action": pks})
    assert Alert.objects.open().get() == other


# --- one alert ----------------------------------------------------------------------------------------------------


def test_the_page_says_what_happened_since_when_and_what_to_do(client):
    AlertFactory.create(key="light", resolved_at=timezone.now())
    alert = AlertFactory.create(key="light", count=7, link="/admin/core/job/?queue=light")

    page = client.get(page_of(alert)).content.decode()

    assert "A job of the queue light has waited for 12 minutes." in page
    assert "Its worker has nothing else to do and does not take it." in page
    assert 'href="/admin/core/job/?queue=light"' in page
    assert "Seen for the last time" in page
    assert "The same alert before" in page
    assert f'href="{RULES}{AlertRule.objects.get(key="job_waits").pk}/change/"' in page


@pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_a_link_to_elsewhere_is_not_shown_but_the_page_of_the_kind_is(client, link):
    page = client.get(page_of(AlertFactory.create(link=link))).content.decode()

    assert "evil.example" not in page
    assert "alert(1)" not in page
    assert 'class="zg-button" href="/admin/core/job/"' in page


def test_taking_on_names_the_person_and_closing_ends_it(client, boss):
    alert = AlertFactory.create()

    answer = client.post(f"{LIST}{alert.pk}/acknowledge/")
    alert.refresh_from_db()
    assert (answer["Location"], alert.acknowledged_by, alert.is_open) == (page_of(alert), boss, True)
    page = client.get(page_of(alert)).content.decode()
    assert "Taken on by boss" in page
    assert "acknowledge/" not in page

    client.post(f"{LIST}{alert.pk}/close/")
    alert.refresh_from_db()
    assert not alert.is_open
    assert "close/" not in client.get(page_of(alert)).content.decode()


def test_acts_do_not_answer_to_a_link(client):
    alert = AlertFactory.create()

    assert client.get(f"{LIST}{alert.pk}/acknowledge/").status_code == 405
    assert client.get(f"{LIST}{alert.pk}/close/").status_code == 405


def test_an_auditor_reads_and_cannot_act(client_of):
    AlertRuleFactory.create(key="job_waits", roles=[Role.AUDITOR])
    alert = AlertFactory.create()
    auditor = client_of(Role.AUDITOR)

    page = auditor.get(page_of(alert)).content.decode()

    assert "Take on" not in page
    assert "Close alert" not in page
    assert auditor.post(f"{LIST}{alert.pk}/acknowledge/").status_code == 403
    assert auditor.post(f"{LIST}{alert.pk}/close/").status_code == 403
    alert.refresh_from_db()
    assert alert.is_unattended


@pytest.mark.parametrize("address", ["0", "9" * 30, "abc"])
def test_an_alert_that_is_not_there_is_not_found(client, address):
    assert client.get(f"{LIST}{address}/change/").status_code == 404


# --- rules --------------------------------------------------------------------------------------------------------


def rule_page(key: str) -> str:
    return f"{RULES}{AlertRule.objects.get(key=key).pk}/change/"


def test_rules_are_listed_by_title_with_threshold_unit_and_roles(client, django_assert_max_num_queries):
    client.get(RULES)
    with django_assert_max_num_queries(12):
        page = client.get(RULES).content.decode()

    assert "The disk is nearly full" in page
    assert "2 GB free" in page
    assert "85% of connections in use" in page
    assert "Operator, Analyst" in page


def test_the_operator_changes_threshold_roles_and_mail(client_of):
    operator = client_of(Role.OPERATOR)

    page = operator.get(rule_page("disk_low")).content.decode()
    assert "Unless changed: 2 GB free." in page
    operator.post(rule_page("disk_low"), {"is_on": "on", "threshold": "7.5", "roles": ["operator", "owner"]})

    rule = AlertRule.objects.get(key="disk_low")
    assert (rule.is_on, rule.threshold, rule.roles, rule.by_mail) == (True, 7.5, ["operator", "owner"], False)


def test_switching_a_rule_off_closes_its_alerts(client):
    alert, other = AlertFactory.create(**FULL), AlertFactory.create()

    client.post(rule_page("disk_low"), {"threshold": "2", "roles": ["operator"], "by_mail": "on"})

    alert.refresh_from_db()
    assert (alert.is_open, AlertRule.objects.get(key="disk_low").is_on) == (False, False)
    assert Alert.objects.open().get() == other


@pytest.mark.parametrize("value", ["", "-1", "nan", "inf", "1e99", "many"])
def test_a_threshold_that_makes_no_sense_is_refused(client, value):
    answer = client.post(rule_page("disk_low"), {"is_on": "on", "threshold": value, "roles": ["operator"]})

    assert answer.status_code == 200
    assert AlertRule.objects.get(key="disk_low").threshold == 2


def test_a_kind_without_a_threshold_has_no_field_for_one(client):
    assert 'name="threshold"' not in client.get(rule_page("redis_away")).content.decode()
    client.post(rule_page("redis_away"), {"is_on": "on", "roles": ["developer"], "threshold": "5"})

    rule = AlertRule.objects.get(key="redis_away")
    assert (rule.roles, rule.threshold) == (["developer"], None)


def test_who_may_not_change_rules_is_refused(client_of):
    assert client_of(Role.ANALYST).get(RULES).status_code == 403
    auditor = client_of(Role.AUDITOR)
    assert auditor.get(rule_page("disk_low")).status_code == 200
    assert auditor.post(rule_page("disk_low"), {"threshold": "9", "roles": []}).status_code == 403
    assert AlertRule.objects.get(key="disk_low").threshold == 2


# --- the bell -----------------------------------------------------------------------------------------------------


def test_the_bell_counts_what_nobody_has_taken_on_and_opens_a_list(client, boss):
    AlertFactory.create_batch(2)
    AlertFactory.create(acknowledged_at=timezone.now(), acknowledged_by=boss)
    AlertFactory.create(resolved_at=timezone.now())

    page = client.get("/admin/core/job/").content.decode()

    assert 'aria-label="Alerts: 2 open"' in page
    assert f'hx-get="{BELL}"' in page
    listed = client.get(BELL).content.decode()
    assert listed.count("<li>") == 2
    assert "<html" not in listed


def test_a_quiet_bell_says_so(client):
    assert 'aria-label="Alerts: none open"' in client.get("/admin/").content.decode()
    assert "No open alerts" in client.get(BELL).content.decode()


def test_more_than_a_hundred_are_not_counted(client):
    AlertFactory.create_batch(101)

    assert "99+" in client.get("/admin/core/job/").content.decode()


def test_bell_banner_and_card_cost_one_query_in_ten_seconds(client, boss):
    AlertFactory.create(**FULL)
    client.get("/admin/core/job/")

    def queries() -> list[str]:
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as found:
            client.get("/admin/")
        return [query["sql"] for query in found if "core_alert" in query["sql"]]

    assert queries() == []
    attention.forget()
    assert len(queries()) == 1


def test_the_worst_stand_first_whatever_came_later(client):
    AlertFactory.create(**FULL)
    AlertFactory.create_batch(120)

    assert client.get(BELL).content.decode().index("The disk is full.") < 300


def test_the_count_is_at_most_ten_seconds_old_and_new_at_once_for_who_acts(client):
    alert = AlertFactory.create(**FULL)
    assert "Alerts: 1 open" in client.get("/admin/").content.decode()
    AlertFactory.create()
    assert "Alerts: 1 open" in client.get("/admin/").content.decode()

    client.post(f"{LIST}{alert.pk}/acknowledge/")

    assert attention.REMEMBER_SECONDS == 10
    assert "Alerts: 1 open" in client.get("/admin/").content.decode()
    assert "The disk is full." not in client.get("/admin/").content.decode()


def test_who_has_no_right_to_alerts_has_no_bell(shop):
    nobody = Client()
    nobody.force_login(StaffUserFactory.create())

    assert "zg-bell" not in nobody.get("/admin/").content.decode()
    assert nobody.get(BELL).status_code == 403


# --- the banner ---------------------------------------------------------------------------------------------------


def banner(browser: Client, path: str = "/admin/core/job/") -> str:
    return browser.get(path).content.decode().partition('class="zg-banner"')[2].partition("</section>")[0]


def test_open_critical_alerts_stand_on_every_page_with_a_link(client):
    alert = AlertFactory.create(**FULL)
    AlertFactory.create()

    for path in ("/admin/", "/admin/core/job/", "/admin/profile/"):
        shown = banner(client, path)
        assert "The disk is full." in shown
        assert f'href="{page_of(alert)}"' in shown
        assert 'role="alert"' in shown
        assert "has waited" not in shown
    assert banner(client, page_of(alert)) == ""


def test_more_than_three_critical_alerts_are_counted(client):
    for number in range(5):
        AlertFactory.create(**FULL, key=str(number))

    shown = banner(client)

    assert shown.count("The disk is full.") == 3
    assert "2 more critical alerts" in shown


def test_what_the_web_process_sees_is_said_with_the_way_to_what_mends_it(client, client_of):
    states.pretend(
        [
            State("workers_silent", Said("No worker runs. Imports, training and mail wait until one does.")),
            State("database_slow", Said("The database answers slowly, so pages and the shop may be slow.")),
        ],
        seconds=60,
    )

    shown = banner(client)

    assert "No worker runs." in shown
    assert 'href="/admin/core/job/"' in shown
    assert shown.count('role="alert"') == shown.count('role="status"') == 1
    marketer = banner(client_of(Role.MARKETER), "/admin/")
    assert "No worker runs." in marketer
    assert "href" not in marketer


def test_a_state_that_is_already_an_alert_is_said_once(client):
    AlertFactory.create(rule="workers_silent", level="critical", text="No worker takes jobs.", text_values={})
    states.pretend([State("workers_silent", Said("No worker runs."))], seconds=60)

    assert ("No worker takes jobs." in banner(client), "No worker runs." in banner(client)) == (True, False)


def test_strangers_and_popups_see_no_banner(shop, client):
    AlertFactory.create(**FULL)

    assert banner(Client(), "/admin/login/") == ""
    assert banner(client, "/admin/core/staffuser/?_popup=1") == ""


def test_pages_open_and_say_so_while_redis_is_away(client, monkeypatch):
    def away():
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis_client, "client", away)
    monkeypatch.setattr(states, "FIRST_LOOK_SECONDS", 5)
    monkeypatch.setattr(states, "_tell", lambda found: None)  # its connection cannot see this test's rows
    states.forget()

    assert "Redis does not answer." in banner(client)


def test_pages_open_while_the_tables_are_missing(client):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE core_alert, core_alertrule")
    attention.forget()

    page = client.get("/admin/core/job/")

    assert page.status_code == 200
    assert "Alerts: none open" in page.content.decode()


def test_no_page_waits_for_a_look_that_hangs(client, monkeypatch):
    may_end = threading.Event()

    def hanging():
        may_end.wait(timeout=20)
        return {}

    monkeypatch.setattr(health, "check", hanging)
    states.forget()
    look = states._look.start()

    assert banner(client, "/admin/profile/") == ""
    assert not look.done()
    may_end.set()
    assert look.result(timeout=10) == []


# --- the home page, exports, languages ----------------------------------------------------------------------------


def test_the_home_page_shows_the_worst_alerts_and_no_card_when_all_is_quiet(client):
    assert "Needs attention" not in client.get("/admin/").content.decode()
    alert = AlertFactory.create(**FULL)
    AlertFactory.create_batch(6)
    attention.forget()

    page = client.get("/admin/").content.decode()

    card = page.partition("<h2>Needs attention</h2>")[2].partition("</section>")[0]
    assert card.count("<li>") == 5
    assert f'href="{page_of(alert)}"' in card


def test_texts_are_made_harmless(client):
    alert = AlertFactory.create(text="%(kind)s failed.", text_values={"kind": "<script>x</script>"}, level="critical")

    for path in ("/admin/", LIST, page_of(alert), BELL):
        page = client.get(path).content.decode()
        assert "<script>x" not in page
        assert "&lt;script&gt;x" in page


def test_alerts_are_exported_with_the_sentence_of_the_reader(client, boss):
    AlertFactory.create(key="=1+1", count=3, acknowledged_at=timezone.now(), acknowledged_by=boss)
    pk = Alert.objects.get().pk

    answer = client.post(LIST, {"action": "export_as_csv", "_selected_action": [pk]})

    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[1][:5] == ["A job of the queue light has waited for 12 minutes.", "job_waits", "'=1+1", "warning", "3"]
    assert "boss" in rows[1]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_in_both_languages(client, language):
    alert = AlertFactory.create(**FULL)
    JobFactory.create()
    client.cookies["django_language"] = language
    with translation.override(language):
        for path in ("/admin/", LIST, page_of(alert), RULES, rule_page("disk_low"), BELL):
            assert client.get(path).status_code == 200
