"""Webhooks for staff: the secret is shown once, a test says what the receiver says, what failed is sent again."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.choices import Role
from core.extensions import webhook_events
from core.models import Alert, OutboxMessage, Webhook, WebhookDelivery
from core.webhooks import attempts, signing, trouble
from tests.factories import OutboxMessageFactory, WebhookDeliveryFactory, WebhookFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/webhook/"
SENT = "/admin/core/webhookdelivery/"
State = WebhookDelivery.State


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **options: None)


def make(client, **fields):
    given = {
        "name": "Warehouse",
        "url": "https://erp.example/in",
        "events": ["order.paid", "order.placed"],
        "is_on": "on",
    }
    return client.post(f"{LIST}add/", given | fields)


def test_the_secret_is_shown_once_and_never_again(client, boss):
    page = make(client)

    webhook = Webhook.objects.get()
    assert webhook.secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert (webhook.events, webhook.is_on, webhook.created_by) == (["order.paid", "order.placed"], True, boss)
    for path in (LIST, f"{LIST}{webhook.pk}/change/"):
        shown = client.get(path).content.decode()
        assert "Warehouse" in shown
        assert webhook.secret not in shown


def test_a_new_secret_is_shown_and_the_old_one_signs_for_a_day(client):
    webhook = WebhookFactory.create()

    page = client.post(f"{LIST}{webhook.pk}/secret/")

    now = Webhook.objects.get()
    assert now.secret != webhook.secret
    assert now.secret in page.content.decode()
    assert now.old_secret == webhook.secret
    assert 23.9 < (now.old_secret_until - timezone.now()) / timedelta(hours=1) <= 24
    assert webhook.secret not in page.content.decode()


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://localhost/", "ftp://x.example/", "https://a:b@x.example/", "no", "http://0x7f.1/"],
)
def test_an_address_inside_the_house_is_refused_at_the_form(url, client):
    page = make(client, url=url)

    assert "url" in page.context["errors"]
    assert not Webhook.objects.exists()


def test_a_webhook_needs_an_event_that_exists(client):
    assert "events" in make(client, events=[]).context["errors"]
    assert "events" in make(client, events=["order.eaten"]).context["errors"]
    assert not Webhook.objects.exists()


def test_another_address_ends_the_pause_and_the_alert(client):
    webhook = WebhookFactory.create(failures_in_a_row=12, paused_until=timezone.now() + timedelta(hours=1))
    trouble.raise_failing(webhook, "timeout")

    client.post(
        f"{LIST}{webhook.pk}/change/",
        {"name": "ERP", "url": "https://new.example/", "events": ["stock.changed"], "is_on": "on"},
    )

    webhook.refresh_from_db()
    assert (webhook.name, webhook.url, webhook.events) == ("ERP", "https://new.example/", ["stock.changed"])
    assert (webhook.failures_in_a_row, webhook.paused_until) == (0, None)
    assert not Alert.objects.open().filter(rule="webhook_failing").exists()


def test_a_test_event_leads_to_the_page_of_its_delivery(client):
    webhook = WebhookFactory.create()

    page = client.post(f"{LIST}{webhook.pk}/test/", follow=True)

    delivery = WebhookDelivery.objects.get()
    assert page.redirect_chain == [(f"{SENT}{delivery.pk}/change/", 302)]
    assert delivery.message.event == "webhook.test"
    assert "hx-trigger" in page.content.decode()


def test_the_page_of_a_delivery_shows_what_was_sent_what_is_signed_and_what_came_back(client):
    message = OutboxMessageFactory.create(payload={"id": "a1"})
    delivery = WebhookDeliveryFactory.create(
        message=message, state=State.FAILED, status_code=500, error="status", response_excerpt="<b>no</b>",
        log=[{"at": "2026-11-24T12:00:00+00:00", "status": 500, "ms": 31, "error": "status"}],
    )  # fmt: skip

    page = client.get(f"{SENT}{delivery.pk}/change/")

    content = page.content.decode()
    assert json.loads(page.context["body"])["data"] == {"id": "a1"}
    assert page.context["signed"].startswith(f"{signing.message_id(message)}.‹Webhook-Timestamp›.{{")
    assert "The receiver answered with an error. Answer 500, 31 ms." in content
    assert "&lt;b&gt;no&lt;/b&gt;" in content
    assert "Send again" in content


def test_one_message_and_all_that_failed_are_sent_again(client):
    webhook = WebhookFactory.create()
    failed = [WebhookDeliveryFactory.create(webhook=webhook, state=State.FAILED) for _ in range(3)]

    client.post(f"{SENT}{failed[0].pk}/replay/")
    page = client.post(f"{LIST}{webhook.pk}/replay/", {"hours": "24"}, follow=True)

    again = WebhookDelivery.objects.filter(is_replay=True)
    assert sorted(again.values_list("message", flat=True)) == sorted(one.message_id for one in failed)
    assert "2 messages are sent again" in page.content.decode()


def test_while_it_is_off_nothing_is_sent_and_the_page_says_why(client):
    webhook = WebhookFactory.create(is_on=False)

    page = client.post(f"{LIST}{webhook.pk}/test/", follow=True)

    assert "This webhook is off. Switch it on first." in page.content.decode()
    assert not OutboxMessage.objects.exists()


def test_deleting_a_webhook_ends_its_alert(client):
    webhook = WebhookDeliveryFactory.create().webhook
    trouble.raise_failing(webhook, "timeout")

    client.post(f"{LIST}{webhook.pk}/delete/", {"post": "yes"})

    assert not Webhook.objects.exists()
    assert not Alert.objects.open().filter(rule="webhook_failing").exists()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.OPERATOR, Role.OWNER])
def test_those_who_look_after_webhooks_open_their_pages(role, client_of):
    delivery = WebhookDeliveryFactory.create()
    client = client_of(role)

    for path in (LIST, f"{LIST}add/", f"{LIST}{delivery.webhook_id}/change/", SENT, f"{SENT}{delivery.pk}/change/"):
        assert client.get(path).status_code == 200


def test_who_may_only_look_sees_no_form(client_of, person_with):
    webhook = WebhookFactory.create()
    client = client_of(person_with("core.view_webhook"))

    page = client.get(f"{LIST}{webhook.pk}/change/")

    assert page.status_code == 200
    assert 'name="url"' not in page.content.decode()
    assert client.post(f"{LIST}{webhook.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"{LIST}{webhook.pk}/secret/").status_code == 403


def test_empty_lists_say_what_will_be_there(client):
    assert "No webhooks yet" in client.get(LIST).content.decode()
    assert "Nothing was sent yet" in client.get(SENT).content.decode()


@pytest.mark.parametrize("path", [LIST, SENT, f"{SENT}?event=order.placed&state__exact=done"])
def test_the_lists_ask_as_few_queries_for_many_rows_as_for_few(path, client):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    WebhookDeliveryFactory.create()
    queries()
    few = queries()
    WebhookDeliveryFactory.create_batch(
        6, webhook=WebhookFactory.create(events=[entry.key for entry in webhook_events])
    )

    assert queries() == few <= 12


def test_a_webhook_that_failed_five_times_is_shown_as_such(client):
    WebhookFactory.create(failures_in_a_row=attempts.BREAKER_FAILURES)

    assert "Does not answer" in client.get(LIST).content.decode()
