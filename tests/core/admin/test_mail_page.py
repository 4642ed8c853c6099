"""Mail on screen: what went, what waits, what can be sent again."""

import pytest
from django.utils import timezone

from core.choices import Role
from core.models import Job, OutgoingMail
from tests.factories import OutgoingMailFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/outgoingmail/"
State = OutgoingMail.State


@pytest.fixture
def failed(shop) -> OutgoingMail:
    now = timezone.now().isoformat()
    return OutgoingMailFactory.create(
        state=State.FAILED, error="550 no such box",
        history=[
            {"state": "waiting", "at": now, "reason": ""},
            {"state": "failed", "at": now, "reason": "550 no such box"},
        ],
    )  # fmt: skip


@pytest.fixture
def server(settings):
    """A mail server is named; nothing here speaks with it."""
    settings.EMAIL_HOST = "mail.example"


def test_the_list_shows_subject_receiver_and_state(client, failed):
    page = client.get(LIST).content.decode()

    assert "The disk is nearly full" in page
    assert "lin@shop.example" in page
    assert "Failed" in page


def test_an_empty_list_says_what_will_be_here(client):
    assert "No mail yet" in client.get(LIST).content.decode()


def test_the_page_tells_what_became_of_it(client, failed):
    page = client.get(f"{LIST}{failed.pk}/change/").content.decode()

    assert "0.5 GB are free." in page
    assert "Waits for the mail server" in page
    assert "550 no such box" in page


def test_a_failed_mail_is_sent_again_by_a_button(client, failed, server):
    assert "Send again" in client.get(f"{LIST}{failed.pk}/change/").content.decode()

    client.post(f"{LIST}{failed.pk}/again/")
    client.post(f"{LIST}{failed.pk}/again/")

    failed.refresh_from_db()
    assert failed.state == State.WAITING
    assert Job.objects.filter(kind="core.mail").count() == 1


def test_without_a_server_there_is_no_button(client, failed):
    assert "Send again" not in client.get(f"{LIST}{failed.pk}/change/").content.decode()

    client.post(f"{LIST}{failed.pk}/again/")

    failed.refresh_from_db()
    assert failed.state == State.FAILED


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.OPERATOR, 200), (Role.SUPPORT, 403)])
def test_owners_and_operators_see_mail(client_of, failed, role, status):
    browser = client_of(role)

    assert browser.get(LIST).status_code == status
    assert browser.get(f"{LIST}{failed.pk}/change/").status_code == status
    assert (LIST in browser.get("/admin/").content.decode()) == (status == 200)


def test_a_reader_sends_nothing(person_with, client_of, failed, server):
    browser = client_of(person_with("core.view_outgoingmail"))

    assert "Send again" not in browser.get(f"{LIST}{failed.pk}/change/").content.decode()
    assert browser.post(f"{LIST}{failed.pk}/again/").status_code == 403
    failed.refresh_from_db()
    assert failed.state == State.FAILED


def test_a_mail_whose_text_was_removed_says_so(client, failed):
    OutgoingMail.objects.update(text="", to="")

    assert "were removed" in client.get(f"{LIST}{failed.pk}/change/").content.decode()


@pytest.mark.parametrize("address", ["0", "9" * 30, "abc"])
def test_a_mail_that_is_not_there_is_not_found(client, address):
    assert client.get(f"{LIST}{address}/change/").status_code == 404


def test_a_long_list_asks_few_queries(client, shop, django_assert_max_num_queries):
    OutgoingMailFactory.create_batch(60)
    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200
