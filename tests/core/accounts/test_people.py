"""Invitations, forgotten passwords, ends of sessions."""

import re
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import mail
from core.accounts import links, people, second_factor
from core.admin import sign_in as doors
from core.choices import Role
from core.models import LedgerEntry, OutgoingMail, StaffUser
from core.roles import roles_of
from tests.core.accounts.conftest import PASSWORD, code_of, is_in
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db
TOKEN = re.compile(rb'csrfmiddlewaretoken" value="[^"]+')
LIST, FORGOTTEN = "/admin/core/staffuser/", "/admin/forgotten/"


def path_of(row: OutgoingMail) -> str:
    """Where the link of a mail leads."""
    assert row.secret in row.text
    return re.sub(r"^https?://[^/]+", "", row.secret)


@pytest.fixture
def office(owner) -> Client:
    """The owner's browser."""
    browser = Client()
    browser.force_login(owner)
    return browser


@pytest.fixture
def invited(office) -> StaffUser:
    """Mia, invited as support agent and editor."""
    roles = [Group.objects.get(name=name).pk for name in (Role.SUPPORT, Role.EDITOR)]
    form = {"email": "mia@shop.example", "first_name": "Mia", "language": "en", "roles": roles}
    assert office.post(f"{LIST}add/", form).status_code == 302
    return StaffUser.objects.get(username="mia")


def newest() -> OutgoingMail:
    return OutgoingMail.objects.latest("id")


# --- invitations --------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_that_nobody_has_a_password_for(invited):
    assert (invited.is_staff, invited.is_superuser, invited.has_usable_password()) == (True, False, False)
    assert roles_of(invited) == [Role.SUPPORT, Role.EDITOR]
    assert (newest().kind, newest().to, newest().account) == ("invitation", "mia@shop.example", invited)


def test_the_invited_person_chooses_a_password_and_a_language_and_is_in(invited):
    browser, path = Client(), path_of(newest())
    page = browser.get(path)

    answer = browser.post(path, {"password": PASSWORD, "language": "zh-hans"})

    invited.refresh_from_db()
    assert b"mia" in page.content
    assert answer["Location"] == "/admin/"
    assert is_in(browser)
    assert (invited.language, invited.is_invited) == ("zh-hans", False)
    assert Client().login(username="mia", password=PASSWORD)


def test_the_link_works_once(invited):
    path = path_of(newest())
    Client().post(path, {"password": PASSWORD, "language": "en"})
    before = StaffUser.objects.get(pk=invited.pk).password

    again = Client().post(path, {"password": "another long phrase", "language": "en"})

    assert again.status_code == 410
    assert StaffUser.objects.get(pk=invited.pk).password == before


@pytest.mark.django_db(transaction=True)
def test_two_browsers_with_the_same_link_at_once_set_one_password(invited):
    done, barrier = [], threading.Barrier(4)
    people_found = [links.read(links.Purpose.INVITATION, path_of(newest()).split("/")[-2]) for _ in range(4)]

    def join(person, number):
        barrier.wait()
        done.append(people.join(person, password=f"words of number {number}", language="en"))
        connection.close()

    threads = [threading.Thread(target=join, args=(person, n)) for n, person in enumerate(people_found)]
    [thread.start() for thread in threads]
    [thread.join(timeout=10) for thread in threads]

    assert sorted(done) == [False, False, False, True]


def test_a_weak_password_is_refused_and_nothing_changes(invited):
    answer = Client().post(path_of(newest()), {"password": "short", "language": "en"})

    invited.refresh_from_db()
    assert b"at least 10 characters" in answer.content
    assert invited.is_invited


def test_the_link_ends_after_three_days(invited, monkeypatch):
    path = path_of(newest())
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 3 * 24 * 3600 + 1)

    assert Client().get(path).status_code == 410


def test_a_new_link_ends_the_old_one(invited, office):
    old = path_of(newest())

    office.post(f"{LIST}{invited.pk}/resend/")

    assert Client().get(old).status_code == 410
    assert Client().get(path_of(newest())).status_code == 200


def test_a_withdrawn_invitation_opens_nothing(invited, office):
    path = path_of(newest())

    office.post(f"{LIST}{invited.pk}/withdraw/")

    invited.refresh_from_db()
    assert Client().get(path).status_code == 410
    assert not invited.is_active


def test_a_link_for_one_thing_does_not_work_for_another(invited, lin):
    token = links.make(links.Purpose.RESET, lin)

    assert Client().get(f"/admin/invitation/{token}/").status_code == 410
    assert links.read(links.Purpose.INVITATION, links.make(links.Purpose.RESET, invited)) is None


@pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "🙂", "a" * 3000])
def test_made_up_links_open_nothing(shop, token):
    assert Client().get(f"/admin/invitation/{token}/").status_code in (400, 410)
    assert Client().get(f"/admin/forgotten/{token}/").status_code in (400, 410)


def test_nobody_sets_the_password_of_somebody_who_was_invited(invited, office):
    answer = office.post(f"{LIST}{invited.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD})

    invited.refresh_from_db()
    assert answer.status_code == 403
    assert not invited.has_usable_password()


def test_an_address_that_somebody_has_and_a_name_that_is_taken_are_refused(office, lin):
    for form in ({"email": "LIN@shop.example"}, {"email": "new@shop.example", "username": "lin"}):
        answer = office.post(f"{LIST}add/", {**form, "language": "en"})
        assert answer.status_code == 200
        assert answer.context["errors"]

    assert StaffUser.objects.count() == 2
    assert not OutgoingMail.objects.exists()


def test_who_may_not_give_roles_may_not_invite(shop, lin):
    from django.contrib.auth.models import Permission

    person = StaffUserFactory.create()
    person.user_permissions.add(Permission.objects.get(codename="add_staffuser"))
    browser = Client()
    browser.force_login(person)

    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}add/", {"email": "a@b.example", "language": "en"}).status_code == 403
    assert StaffUser.objects.count() == 2


def test_an_invited_person_whose_role_needs_a_second_step_sets_it_up_first(invited, owner):
    second_factor.require([Role.SUPPORT], by=owner)
    browser, path = Client(), path_of(_again(invited))

    answer = browser.post(path, {"password": PASSWORD, "language": "en"})

    assert answer["Location"] == "/admin/login/"
    assert not is_in(browser)
    browser.get("/admin/login/")
    browser.post("/admin/login/", {"code": code_of(second_factor.begun(invited))})
    assert is_in(browser)


def _again(person: StaffUser) -> OutgoingMail:
    person.refresh_from_db()
    return people.invite_again(person, lambda purpose, token: f"https://shop.example/admin/{purpose}/{token}/")


# --- links on screen ----------------------------------------------------------------------------------------------


def test_a_link_that_was_not_mailed_is_shown_to_those_who_manage_the_account_only(invited, office, shop):
    row = newest()
    operator = Client()
    operator.force_login(StaffUserFactory.create(role=Role.OPERATOR))
    page = f"/admin/core/outgoingmail/{row.pk}/change/"

    assert row.secret in office.get(page).content.decode()
    assert row.secret in office.get(f"{LIST}{invited.pk}/change/").content.decode()
    seen = operator.get(page).content.decode()
    assert "You are invited to work" in seen
    assert row.secret not in seen
    assert "The link is hidden" in seen
    assert operator.get(f"{LIST}{invited.pk}/change/").status_code == 403


def test_a_link_for_somebody_with_more_rights_is_hidden_from_an_owner(owner, office):
    boss = StaffUserFactory.create(username="boss", is_superuser=True, email="boss@shop.example", password=PASSWORD)
    people.send_reset(boss, lambda purpose, token: f"https://shop.example/{token}")

    assert newest().secret not in office.get(f"/admin/core/outgoingmail/{newest().pk}/change/").content.decode()


def test_a_link_cannot_be_guessed_by_searching(invited):
    operator = Client()
    operator.force_login(StaffUserFactory.create(role=Role.OPERATOR))
    token = newest().secret.rsplit("/", 2)[-2]

    page = operator.get("/admin/core/outgoingmail/", {"q": token[:12]})

    assert newest().subject not in page.content.decode()


def test_a_link_that_was_sent_is_hidden_from_everybody(invited, office):
    row = newest()
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT)

    assert row.secret not in office.get(f"/admin/core/outgoingmail/{row.pk}/change/").content.decode()
    assert row.secret not in office.get(f"{LIST}{invited.pk}/change/").content.decode()


# --- forgotten passwords ------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_whether_anybody_has_the_address(lin):
    known = Client().post(FORGOTTEN, {"email": "Lin@Shop.example"})
    unknown = Client().post(FORGOTTEN, {"email": "nobody@shop.example"})

    assert known.status_code == unknown.status_code == 200
    assert TOKEN.sub(b"", known.content) == TOKEN.sub(b"", unknown.content)
    assert [row.to for row in OutgoingMail.objects.all()] == ["lin@shop.example"]


def test_the_answer_takes_the_same_time(lin, monkeypatch):
    monkeypatch.setattr(doors, "ANSWER_SECONDS", 0.3)
    took = []
    for address in ("lin@shop.example", "nobody@shop.example"):
        started = time.monotonic()
        Client().post(FORGOTTEN, {"email": address})
        took.append(time.monotonic() - started)

    assert min(took) >= 0.3
    assert abs(took[0] - took[1]) < 0.15


def test_the_link_sets_a_new_password_once_and_ends_all_sessions(lin, sign_in_as):
    at_home, _answer = sign_in_as("lin")
    Client().post(FORGOTTEN, {"email": lin.email})
    browser, path = Client(), path_of(newest())

    answer = browser.post(path, {"password": "nine blue umbrellas"})

    assert answer["Location"] == "/admin/login/"
    assert not is_in(at_home)
    assert not is_in(browser)
    assert is_in(sign_in_as("lin", "nine blue umbrellas")[0])
    assert Client().post(path, {"password": "ten red kettles"}).status_code == 410
    assert (newest().kind, newest().to, newest().secret) == ("password_changed", lin.email, "")


def test_the_link_ends_after_an_hour_and_with_every_sign_in(lin, sign_in_as, monkeypatch):
    Client().post(FORGOTTEN, {"email": lin.email})
    path, now = path_of(newest()), time.time()

    with monkeypatch.context() as later:
        later.setattr("django.core.signing.time.time", lambda: now + 3601)
        assert Client().get(path).status_code == 410
    assert Client().get(path).status_code == 200
    sign_in_as("lin")

    assert Client().get(path).status_code == 410


def test_three_links_an_hour_and_ten_questions_a_minute(lin):
    statuses = [Client().post(FORGOTTEN, {"email": lin.email}).status_code for _ in range(12)]

    assert statuses == [200] * 10 + [429] * 2
    assert OutgoingMail.objects.count() == 3


def test_accounts_that_are_off_or_have_not_joined_get_no_link(lin, invited):
    before = OutgoingMail.objects.count()
    people.set_active(lin, False, by=StaffUserFactory.create())

    for address in (lin.email, invited.email):
        Client().post(FORGOTTEN, {"email": address})

    assert OutgoingMail.objects.count() == before


def test_the_link_names_the_public_address_whatever_the_request_says(lin, settings):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://staff.shop.example", ["*"]

    Client().post(FORGOTTEN, {"email": lin.email}, headers={"Host": "evil.example"})

    assert newest().secret.startswith("https://staff.shop.example/admin/forgotten/")


def test_a_reset_link_does_not_go_round_the_second_step(lin, telephone, sign_in_as):
    telephone(lin)
    Client().post(FORGOTTEN, {"email": lin.email})
    Client().post(path_of(newest()), {"password": "nine blue umbrellas"})

    browser, answer = sign_in_as("lin", "nine blue umbrellas")

    assert answer["Location"] == "/admin/login/"
    assert not is_in(browser)


# --- sessions -----------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_other_sessions_and_is_told_by_mail(lin, sign_in_as):
    here, _answer = sign_in_as("lin")
    there, _answer = sign_in_as("lin")
    new = "nine blue umbrellas"

    here.post("/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert (is_in(here), is_in(there)) == (True, False)
    assert (newest().kind, newest().to) == ("password_changed", lin.email)


def test_a_changed_address_is_told_to_the_one_before(lin, sign_in_as, office):
    browser, _answer = sign_in_as("lin")
    browser.post("/admin/profile/", {"first_name": "Lin", "last_name": "", "email": "lin@shop.example", "language": ""})
    assert not OutgoingMail.objects.exists()

    form = {"first_name": "", "last_name": "", "email": "new@shop.example", "language": ""}
    browser.post("/admin/profile/", {**form, "current_password": PASSWORD})
    form = {"username": "lin", "language": "", "is_active": "on", "email": "x@shop.example"}
    office.post(f"{LIST}{lin.pk}/change/", form)

    found = OutgoingMail.objects.order_by("id").values_list("kind", "to")
    assert list(found) == [("address_changed", "lin@shop.example"), ("address_changed", "new@shop.example")]


@pytest.mark.parametrize("guess", ["", "wrong horse"])
def test_the_own_address_changes_only_with_the_password(lin, sign_in_as, guess):
    browser, _answer = sign_in_as("lin")
    form = {"first_name": "Li", "last_name": "", "email": "thief@shop.example", "language": ""}

    page = browser.post("/admin/profile/", {**form, "current_password": guess})

    assert "Enter your password to change the e-mail." in page.content.decode()
    lin.refresh_from_db()
    assert (lin.email, lin.first_name) == ("lin@shop.example", "")
    assert not OutgoingMail.objects.exists()


def test_signing_out_elsewhere_keeps_this_session_only(lin, sign_in_as):
    here, _answer = sign_in_as("lin")
    there, _answer = sign_in_as("lin")

    here.post("/admin/profile/sign-out-elsewhere/")

    assert (is_in(here), is_in(there)) == (True, False)


def test_switching_off_ends_sessions_for_good_and_is_recorded(lin, office, owner, sign_in_as):
    browser, _answer = sign_in_as("lin")
    form = {"username": "lin", "email": lin.email, "language": "", "roles": [lin.groups.get().pk]}

    office.post(f"{LIST}{lin.pk}/change/", form)
    off = is_in(browser)
    office.post(f"{LIST}{lin.pk}/change/", {**form, "is_active": "on"})

    lin.refresh_from_db()
    assert lin.is_active
    assert (off, is_in(browser)) == (False, False)
    entries = LedgerEntry.objects.filter(subject=f"core.staffuser:{lin.pk}", body__contains="is_active")
    assert entries.count() == 3  # made, off, on
    assert set(entries.order_by("-id").values_list("actor", flat=True)[:2]) == {f"staff:{owner.pk}"}


def test_the_owner_ends_sessions_of_somebody(lin, office, sign_in_as):
    browser, _answer = sign_in_as("lin")

    office.post(f"{LIST}{lin.pk}/end-sessions/")

    assert not is_in(browser)


@pytest.mark.parametrize("act", ["resend", "withdraw", "unlock", "reset-link", "second-factor", "end-sessions"])
def test_nobody_acts_on_a_person_with_more_rights(office, telephone, act, sign_in_as):
    boss = StaffUserFactory.create(username="boss", is_superuser=True, email="boss@shop.example", password=PASSWORD)
    telephone(boss)
    before = StaffUser.objects.values().get(pk=boss.pk)

    assert office.post(f"{LIST}{boss.pk}/{act}/").status_code == 403

    assert StaffUser.objects.values().get(pk=boss.pk) == before
    assert second_factor.is_on(boss)
    assert not OutgoingMail.objects.exists()


def test_a_session_ends_after_its_hours(lin, sign_in_as, settings):
    browser, _answer = sign_in_as("lin")

    left = browser.session.get_expiry_date() - timezone.now()

    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


def test_kept_mail_says_so_on_the_page_of_the_invitation(office, invited, settings):
    assert mail.is_kept_here()
    assert "Hand it to this person and nobody else" in office.get(f"{LIST}{invited.pk}/change/").content.decode()
