"""One's own tokens on one's own page."""

import re

import pytest
from django.test import Client

from core.accounts import tokens
from core.choices import Role
from core.models import StaffToken
from tests.factories import StaffTokenFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
ADD = "/admin/profile/tokens/add/"


@pytest.fixture
def person():
    return StaffUserFactory.create(role=Role.OPERATOR)


@pytest.fixture
def client(person):
    client = Client()
    client.force_login(person)
    return client


def made(client) -> str:
    page = client.post(ADD, {"name": "Monday report", "days": "30", "password": PASSWORD}).content.decode()
    return re.search(r"zg_st_[\w-]{40,}", page).group()


def test_a_token_is_shown_once_and_opens_what_its_owner_may_see(client, person):
    value = made(client)

    token = StaffToken.objects.get()
    assert (token.person, token.name) == (person, "Monday report")
    assert value not in str(StaffToken.objects.values())
    page = client.get("/admin/profile/").content.decode()
    assert "Monday report" in page
    assert value not in page
    headers = {"Authorization": f"Bearer {value}"}
    assert Client().get("/api/v1/staff/jobs", headers=headers).status_code == 200
    assert Client().get("/api/v1/staff/experiments", headers=headers).status_code == 403


@pytest.mark.parametrize("sent", [{"password": "wrong"}, {"days": "3650"}, {"name": " "}, {"password": ""}])
def test_without_the_password_and_a_usual_life_there_is_no_token(client, sent):
    answer = client.post(ADD, {"name": "Report", "days": "30", "password": PASSWORD, **sent})

    assert answer.status_code == 200
    assert not StaffToken.objects.exists()


def test_a_revoked_token_opens_nothing_from_then_on(client):
    value = made(client)

    assert client.post(f"/admin/profile/tokens/{StaffToken.objects.get().pk}/revoke/").status_code == 302

    answer = Client().get("/api/v1/staff/jobs", headers={"Authorization": f"Bearer {value}"})
    assert answer.status_code == 401


def test_nobody_revokes_the_token_of_somebody_else(client):
    other = StaffTokenFactory.create()

    assert client.post(f"/admin/profile/tokens/{other.pk}/revoke/").status_code == 404
    assert client.get(f"/admin/profile/tokens/{other.pk}/revoke/").status_code == 405

    assert StaffToken.objects.get().revoked_at is None


def test_nobody_has_more_tokens_than_they_can_look_after(client, person):
    for _n in range(tokens.MOST_TOKENS):
        StaffTokenFactory.create(person=person)

    answer = client.post(ADD, {"name": "One more", "days": "30", "password": PASSWORD})

    assert "Revoke one that is no longer needed." in answer.content.decode()
    assert StaffToken.objects.count() == tokens.MOST_TOKENS
