"""The second step: nobody comes in with the password alone."""

import threading
import time

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.accounts import second_factor, sign_in
from core.choices import Role
from core.models import LedgerEntry
from tests.core.accounts.conftest import PASSWORD, code_of, is_in

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def test_the_password_alone_opens_neither_page_nor_api(lin, telephone, sign_in_as, shop):
    telephone(lin)

    browser, answer = sign_in_as("lin")

    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert not is_in(browser)
    assert browser.get("/admin/profile/").status_code == 302
    assert browser.get("/api/v1/products").status_code == 401
    assert "_auth_user_id" not in browser.session


def test_the_code_of_the_telephone_opens_once(lin, telephone, sign_in_as):
    code = telephone(lin).code()
    first, _answer = sign_in_as("lin")
    second, _answer = sign_in_as("lin")

    assert b"six digits" in first.get(LOGIN).content
    assert first.post(LOGIN, {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/admin/"
    again = second.post(LOGIN, {"code": code})

    assert is_in(first)
    assert b"not right, or was used before" in again.content or b"Too many wrong codes" in again.content
    assert not is_in(second)


def test_a_paper_code_opens_once_and_is_nowhere_stored(lin, telephone, sign_in_as):
    code = telephone(lin).paper[3]
    first, _answer = sign_in_as("lin")
    second, _answer = sign_in_as("lin")

    first.post(LOGIN, {"code": code.upper()})
    second.post(LOGIN, {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)
    assert second_factor.codes_left(lin) == 9
    assert not StaticToken.objects.filter(token__contains=code.replace("-", "")[:5]).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["telephone", "paper"])
def test_one_code_from_four_browsers_at_once_opens_one(lin, telephone, kind):
    phone = telephone(lin)
    code = phone.code() if kind == "telephone" else phone.paper[0]
    found, barrier = [], threading.Barrier(4)

    def try_code():
        barrier.wait()
        found.append(second_factor.verify(lin, code).is_right)
        connection.close()

    threads = [threading.Thread(target=try_code) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert sorted(found) == [False, False, False, True]


def test_wrong_codes_must_wait_longer_and_longer(lin, telephone, sign_in_as):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")

    browser.post(LOGIN, {"code": "000000"})
    answer = browser.post(LOGIN, {"code": phone.code()})

    assert b"Too many wrong codes" in answer.content
    assert not is_in(browser)
    TOTPDevice.objects.update(throttling_failure_count=10, throttling_failure_timestamp=timezone.now())
    assert second_factor.verify(lin, phone.code()).wait_seconds > 500


def test_ten_minutes_after_the_password_it_is_asked_for_again(lin, telephone, sign_in_as, monkeypatch):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")
    session = browser.session
    session[sign_in.KEY] = {**session[sign_in.KEY], "at": time.time() - sign_in.SECONDS - 1}
    session.save()

    browser.post(LOGIN, {"code": phone.code()})

    assert not is_in(browser)


def test_a_password_changed_meanwhile_ends_the_first_step(lin, telephone, sign_in_as):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")
    lin.set_password("other words entirely")
    lin.save()

    browser.post(LOGIN, {"code": phone.code()})

    assert not is_in(browser)


def test_after_the_second_step_one_stands_where_one_wanted_to_go(lin, telephone):
    phone, browser = telephone(lin), Client()
    browser.post(f"{LOGIN}?next=/admin/profile/", {"username": "lin", "password": PASSWORD, "next": "/admin/profile/"})

    assert browser.post(LOGIN, {"code": phone.code()})["Location"] == "/admin/profile/"


def test_nobody_is_led_to_another_house(lin, telephone):
    phone, browser = telephone(lin), Client()
    browser.post(LOGIN, {"username": "lin", "password": PASSWORD, "next": "https://evil.example/"})

    assert browser.post(LOGIN, {"code": phone.code()})["Location"] == "/admin/"


# --- turning on and off -------------------------------------------------------------------------------------------


def test_a_member_turns_it_on_with_a_code_and_gets_ten_codes_once(lin, sign_in_as):
    browser, _answer = sign_in_as("lin")
    other, _answer = sign_in_as("lin")
    page = browser.get("/admin/profile/second-factor/").content.decode()
    device = second_factor.begun(lin)

    wrong = browser.post("/admin/profile/second-factor/", {"code": "123"})
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    right = browser.post("/admin/profile/second-factor/", {"code": code_of(device)})

    assert "data:image/svg+xml" in page
    assert second_factor.secret_of(device) in page
    assert b"not right" in wrong.content
    assert len(right.context["codes"]) == 10
    assert (is_in(browser), is_in(other)) == (True, False)
    assert second_factor.is_on(lin)


def test_a_secret_that_was_seen_before_does_not_count(lin, sign_in_as):
    browser, _answer = sign_in_as("lin")
    browser.get("/admin/profile/second-factor/")
    seen = second_factor.begun(lin)

    browser.get("/admin/profile/second-factor/")

    assert second_factor.begun(lin).key != seen.key
    assert TOTPDevice.objects.count() == 1


def test_it_is_turned_off_with_the_password_only(lin, telephone, sign_in_as):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")
    browser.post(LOGIN, {"code": phone.code()})

    browser.post("/admin/profile/second-factor/off/", {"password": "guess"})
    assert second_factor.is_on(lin)
    browser.post("/admin/profile/second-factor/off/", {"password": PASSWORD})

    assert not second_factor.is_on(lin)
    assert not StaticToken.objects.exists()
    assert is_in(browser)


def test_new_codes_end_the_old_ones(lin, telephone, sign_in_as):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")
    browser.post(LOGIN, {"code": phone.code()})

    answer = browser.post("/admin/profile/recovery-codes/", {"password": PASSWORD})

    assert second_factor.codes_left(lin) == 10
    assert not set(answer.context["codes"]) & set(phone.paper)
    assert not second_factor.verify(lin, phone.paper[0]).is_right


# --- required by a role -------------------------------------------------------------------------------------------


def test_a_role_that_needs_it_signs_its_members_out_until_they_have_set_it_up(owner, lin, sign_in_as):
    browser, _answer = sign_in_as("lin")
    free, _answer = sign_in_as("olga")

    second_factor.require([Role.SUPPORT], by=owner)

    assert (is_in(browser), is_in(free)) == (False, True)
    browser, _answer = sign_in_as("lin")
    assert b"Your role needs a second step" in browser.get(LOGIN).content
    assert not is_in(browser)
    answer = browser.post(LOGIN, {"code": code_of(second_factor.begun(lin))})
    assert len(answer.context["codes"]) == 10
    assert is_in(browser)
    assert browser.post("/admin/profile/second-factor/off/", {"password": PASSWORD}).status_code == 403
    [entry] = LedgerEntry.objects.filter(subject="core.shopprofile:1")
    assert (entry.kind, entry.actor) == ("permission", f"staff:{owner.pk}")


def test_only_those_who_give_roles_see_and_change_the_demand(owner, shop):
    from tests.factories import StaffUserFactory

    operator, boss = Client(), Client()
    operator.force_login(StaffUserFactory.create(role=Role.OPERATOR))
    boss.force_login(owner)
    page = "/admin/core/shopprofile/1/change/"
    form = {
        "name": "Shop", "base_currency": "CNY", "time_zone": "Asia/Shanghai", "week_start": "1", "languages": ["en"],
        "return_window_days": "30", "sender_email": "", "second_factor_roles": ["support"],
        "holdout_percent": "5", "credit_hours": "24",
    }  # fmt: skip

    assert b"second_factor_roles" not in operator.get(page).content
    operator.post(page, form)
    shop.refresh_from_db()
    assert shop.second_factor_roles == []
    boss.post(page, form)

    shop.refresh_from_db()
    assert shop.second_factor_roles == ["support"]
    assert LedgerEntry.objects.filter(subject="core.shopprofile:1").count() == 1


def test_a_second_step_reset_by_the_owner_is_recorded_and_ends_the_sessions(owner, lin, telephone, sign_in_as):
    phone = telephone(lin)
    browser, _answer = sign_in_as("lin")
    browser.post(LOGIN, {"code": phone.code()})
    boss = Client()
    boss.force_login(owner)

    boss.post(f"/admin/core/staffuser/{lin.pk}/second-factor/")

    assert not second_factor.is_on(lin)
    assert not is_in(browser)
    entry = LedgerEntry.objects.filter(subject=f"core.staffuser:{lin.pk}").latest("id")
    assert entry.body == '{"after": {"second_factor": false}, "before": {"second_factor": true}}'
