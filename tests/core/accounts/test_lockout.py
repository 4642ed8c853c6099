"""Who guesses passwords is stopped, and nobody else."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client, RequestFactory
from django.utils import timezone

from core.accounts import lockout, tidy
from core.api import throttling
from core.choices import Role
from core.models import Alert, StaffUser
from tests.core.accounts.conftest import PASSWORD, is_in
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db


def guess(sign_in_as, name, times, **headers):
    return [sign_in_as(name, "wrong words", **headers)[1].status_code for _ in range(times)]


def test_the_fifth_wrong_password_locks_and_then_the_right_one_does_not_open(lin, sign_in_as):
    assert guess(sign_in_as, "lin", 5) == [200, 200, 200, 200, 429]

    browser, answer = sign_in_as("lin")

    assert answer.status_code == 429
    assert b"Too many wrong passwords. Try again in 15 minutes." in answer.content
    assert not is_in(browser)


def test_the_page_speaks_the_language_of_the_browser(lin, sign_in_as):
    guess(sign_in_as, "lin", 5)

    _browser, answer = sign_in_as("lin", **{"Accept-Language": "zh-CN"})

    assert answer.headers["Content-Language"] == "zh-hans"
    assert answer.status_code == 429


def test_names_that_nobody_has_are_locked_in_the_same_words(lin, sign_in_as):
    assert guess(sign_in_as, "nobody", 5) == guess(sign_in_as, "lin", 5)

    known, unknown = sign_in_as("lin", "x")[1], sign_in_as("nobody", "x")[1]

    def words(answer):
        return [line for line in answer.content.decode().splitlines() if "token" not in line.lower()]

    assert words(known) == words(unknown)


def test_the_lock_ends_after_its_time_and_failures_meanwhile_do_not_prolong_it(lin, sign_in_as):
    guess(sign_in_as, "lin", 8)
    [attempt] = AccessAttempt.objects.all()
    assert attempt.failures_since_start == 5

    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))

    assert is_in(sign_in_as("lin")[0])


def test_somebody_at_another_address_still_comes_in(lin, sign_in_as, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    guess(sign_in_as, "lin", 5, **{"X-Forwarded-For": "203.0.113.5"})

    locked, _answer = sign_in_as("lin", **{"X-Forwarded-For": "203.0.113.5"})
    free, _answer = sign_in_as("lin", **{"X-Forwarded-For": "203.0.113.6"})

    assert (is_in(locked), is_in(free)) == (False, True)


def test_an_address_that_the_caller_writes_itself_changes_nothing(lin, sign_in_as):
    assert [guess(sign_in_as, "lin", 1, **{"X-Forwarded-For": f"203.0.113.{n}"})[0] for n in range(5)][-1] == 429


def test_many_addresses_together_lock_a_name(lin, sign_in_as, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    for number in range(lockout.NAME_LIMIT // 4 + 1):
        guess(sign_in_as, "lin", 4, **{"X-Forwarded-For": f"203.0.113.{number}"})

    _browser, answer = sign_in_as("lin", **{"X-Forwarded-For": "198.51.100.1"})

    assert answer.status_code == 429


def test_one_address_that_tries_many_names_is_stopped(shop, sign_in_as):
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"n{n}", ip_address="127.0.0.1", user_agent="x", failures_since_start=1)
        for n in range(lockout.ADDRESS_LIMIT)
    )

    assert sign_in_as("another", "x")[1].status_code == 429


def test_one_s_own_sign_in_does_not_wash_away_guesses_at_others(lin, shop, sign_in_as):
    StaffUserFactory.create(username="tom", password=PASSWORD)
    guess(sign_in_as, "lin", 4)

    assert is_in(sign_in_as("tom")[0])

    assert guess(sign_in_as, "lin", 1) == [429]


def test_a_sign_in_forgets_one_s_own_slips(lin, sign_in_as):
    guess(sign_in_as, "lin", 4)
    assert is_in(sign_in_as("lin")[0])

    assert guess(sign_in_as, "lin", 4) == [200] * 4


@pytest.mark.parametrize(("given", "found"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("", None), ("unix:", None)])
def test_only_addresses_count_as_addresses(given, found):
    assert lockout.client_address(RequestFactory().get("/", REMOTE_ADDR=given)) == found


def test_without_redis_the_lock_holds(lin, sign_in_as, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    throttling.breaker.succeeded()

    assert guess(sign_in_as, "lin", 5)[-1] == 429


def test_old_failures_and_sessions_are_forgotten(lin, sign_in_as):
    guess(sign_in_as, "lin", 1)
    browser, _answer = sign_in_as("lin")
    guess(sign_in_as, "lin", 1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=2))
    session = browser.session
    session.model.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert tidy() == {"sessions": 1, "attempts": 1}


# --- alert and unlocking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "raised"), [(Role.OWNER, 1), (Role.OPERATOR, 1), (Role.SUPPORT, 0), (None, 0)])
def test_the_owner_hears_when_an_account_with_many_rights_is_locked(shop, sign_in_as, role, raised):
    if role:
        StaffUserFactory.create(username="tom", role=role)
    guess(sign_in_as, "tom", 6)

    found = Alert.objects.open().filter(rule="sign_in_locked")

    assert found.count() == raised
    for alert in found:
        assert "tom" not in f"{alert.key} {alert.text_values}"


def test_the_alert_is_over_when_the_person_comes_in(owner, sign_in_as):
    guess(sign_in_as, "olga", 5)
    AccessAttempt.objects.all().delete()

    sign_in_as("olga")

    assert not Alert.objects.open().filter(rule="sign_in_locked").exists()


def test_staff_see_who_is_locked_and_unlock(owner, lin, sign_in_as):
    guess(sign_in_as, "lin", 5)
    browser = Client()
    browser.force_login(owner)

    before = browser.get("/admin/core/staffuser/").content.decode()
    page = browser.get(f"/admin/core/staffuser/{lin.pk}/change/").content.decode()
    browser.post(f"/admin/core/staffuser/{lin.pk}/unlock/")

    assert "Locked" in before
    assert "Unlock" in page
    assert is_in(sign_in_as("lin")[0])
    assert not lockout.with_locks(StaffUser.objects.all()).filter(is_locked=True).exists()
