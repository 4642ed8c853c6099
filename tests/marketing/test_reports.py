"""What a delivery service reports in its own form, and what comes of each answer of a mail server."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from core.exceptions import BadInput, DomainError
from core.models import LedgerEntry
from marketing.models import Campaign, Consent, MessageEvent, Recipient, Suppression
from marketing.sending import events, settling, working
from marketing.sending.channels import MailServer, NotNow
from tests.core.mail.conftest import dropping_server, silent_server, smtp  # noqa: F401 (fixtures)
from tests.factories import ConsentFactory, CustomerFactory
from tests.marketing.test_sending import Fake, of

pytestmark = pytest.mark.django_db
SECRET = "shop:a-long-word"
ADDRESS = "/messages/events/postmark"


@pytest.fixture
def service(settings):
    settings.MARKETING_EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "POSTMARK_SERVER_TOKEN": "t"}
    return settings


@pytest.fixture
def told(client):
    """`told(RecordType, …)`: one call of Postmark; its status."""

    def call(kind, *, message="<m@s>", secret=SECRET, body=None, address=ADDRESS, **more):
        said = {"RecordType": kind, "MessageID": "of-the-service", "Metadata": {"message_id": message}, **more}
        head = {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()} if secret else {}
        return client.post(
            address, json.dumps(said) if body is None else body, content_type="application/json", headers=head
        ).status_code  # fmt: skip

    return call


@pytest.fixture
def sent(campaign, reader, plan):
    return plan(reader, message_id="<m@s>", state="sent", claimed_at=timezone.now())


def bounce(kind="HardBounce", number=7):
    return {"Type": kind, "ID": number, "BouncedAt": "2026-01-05T10:00:00Z"}


def test_without_a_secret_or_for_another_service_there_is_no_such_address(settings, service, told, sent):
    assert told("Delivery", address="/messages/events/sendgrid") == 404
    assert told("Delivery", address="/messages/events/nobody") == 404
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "t"}
    assert told("Delivery") == 404
    settings.ANYMAIL, settings.MARKETING_EMAIL_BACKEND = {"WEBHOOK_SECRET": SECRET}, ""
    assert told("Delivery") == 404
    assert MessageEvent.objects.count() == 0


@pytest.mark.parametrize("secret", ["", "shop:wrong", "a-long-word"])
def test_without_the_secret_nothing_is_taken(service, told, sent, secret):
    assert told("Bounce", secret=secret, **bounce()) == 401
    assert (MessageEvent.objects.count(), Suppression.objects.count()) == (0, 0)


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '"x"', "\x00"])
def test_what_is_no_report_is_refused(service, told, sent, body):
    assert told("Delivery", body=body) == 422


def test_a_service_may_look_whether_somebody_is_there(service, client):
    assert client.head(ADDRESS).status_code == 200
    assert client.get(ADDRESS).status_code == 405
    assert client.head("/messages/events/sendgrid").status_code == 404


@pytest.mark.parametrize(
    ("kind", "more", "stored", "suppressed", "consent"),
    [
        ("Delivery", {"DeliveredAt": "2026-01-05T10:00:00Z"}, "delivered", None, "given"),
        ("Open", {"ReceivedAt": "2026-01-05T10:00:00Z"}, "opened", None, "given"),
        ("Click", {"ReceivedAt": "2026-01-05T10:00:00Z", "OriginalLink": "https://x"}, "clicked", None, "given"),
        ("Bounce", bounce(), "bounced", "bounce", "given"),
        ("Bounce", bounce("Transient"), "deferred", None, "given"),
        ("Bounce", bounce("BadEmailAddress"), "bounced", "bounce", "given"),
        ("Bounce", bounce("DMARCPolicy"), "bounced", None, "given"),
        ("SpamComplaint", bounce("SpamComplaint"), "complained", "complaint", "withdrawn"),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "ManualSuppression"},
         "unsubscribed", None, "withdrawn"),
    ],
)  # fmt: skip
def test_each_report_has_its_outcome_and_twice_is_once(service, told, sent, kind, more, stored, suppressed, consent):
    assert [told(kind, **more) for _twice in range(2)] == [200, 200]

    event = MessageEvent.objects.get()
    assert (event.kind, event.recipient, event.provider) == (stored, sent, "postmark")
    assert [one.reason for one in Suppression.objects.all()] == ([suppressed] if suppressed else [])
    assert Consent.objects.get().state == consent
    assert "ana" not in json.dumps(event.raw)


def test_in_any_order_and_before_the_message_is_known(service, told, campaign, reader, plan):
    told("Bounce", **bounce())
    told("Delivery", DeliveredAt="2026-01-05T09:00:00Z")
    assert Suppression.objects.count() == 0
    row = plan(reader, message_id="<m@s>", state="unknown", claimed_at=timezone.now())

    assert events.adopt() == 2

    assert of(row)[0] == "sent"
    assert Suppression.objects.get().reason == "bounce"


def test_reports_about_a_message_that_nobody_knows_are_forgotten_after_a_month(service, told):
    told("Delivery", message="<nobody@s>", DeliveredAt="2026-01-05T09:00:00Z")
    events.adopt()
    assert MessageEvent.objects.count() == 1
    MessageEvent.objects.update(received_at=timezone.now() - timedelta(days=31))

    events.adopt()

    assert MessageEvent.objects.count() == 0


# --- a real mail server ---------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server(monkeypatch, smtp):  # noqa: F811
    monkeypatch.setattr(working, "provider_for", lambda channel: MailServer())
    return smtp


@pytest.mark.parametrize(
    ("where", "answer", "wanted"),
    [
        ("recipient", "421 try later", ("planned", "")),
        ("recipient", "450 mailbox busy", ("planned", "")),
        ("recipient", "550 no such user", ("failed", "refused")),
        ("data", "421 try later", ("planned", "")),
        ("data", "451 local error", ("planned", "")),
        ("data", "550 we do not want this", ("failed", "refused")),
        ("data", "250 taken", ("sent", "")),
    ],
)
def test_each_answer_of_a_mail_server_has_its_outcome(mail_server, campaign, reader, plan, where, answer, wanted):
    setattr(mail_server, where, answer)
    row = plan(reader)

    working.run()

    assert of(row) == wanted
    assert len(mail_server.received) == (1 if wanted[0] == "sent" else 0)
    assert Suppression.objects.count() == 0


@pytest.mark.parametrize(
    ("where", "answer", "is_suppressed"),
    [
        ("recipient", "550 5.1.1 no such user", True),
        ("recipient", "550 5.1.2 no such host", True),
        ("recipient", "553 5.1.3 no such syntax", True),
        ("recipient", "556 5.1.10 takes no mail", True),
        ("recipient", "550 5.1.8 sender's domain is unknown", False),
        ("recipient", "550 5.7.1 we do not like you", False),
        ("recipient", "550 5.2.1 mailbox is off", False),
        ("recipient", "450 5.1.1 perhaps later", False),
        ("data", "550 5.1.1 no such user", False),
    ],
)
def test_only_where_nobody_reads_mails_the_address_is_suppressed(
    mail_server, campaign, reader, plan, where, answer, is_suppressed
):
    setattr(mail_server, where, answer)
    plan(reader)

    working.run()

    assert [one.reason for one in Suppression.objects.all()] == (["bounce"] if is_suppressed else [])


def test_a_server_that_has_it_and_hangs_up_leaves_it_perhaps_sent(mail_server, campaign, reader, plan):
    mail_server.drop_after_accept = True
    row = plan(reader)

    working.run()
    working.run()

    assert of(row) == ("unknown", "")
    assert len(mail_server.received) == 1


@pytest.mark.usefixtures("silent_server")
def test_a_server_that_says_nothing_has_taken_nothing(monkeypatch, campaign, reader, plan):
    monkeypatch.setattr(working, "provider_for", lambda channel: MailServer())
    row = plan(reader)

    working.run()

    assert of(row) == ("planned", "")


def test_a_server_that_hangs_up_in_the_middle_has_taken_nothing_for_sure_or_perhaps(
    monkeypatch, campaign, reader, plan, dropping_server  # noqa: F811
):  # fmt: skip
    monkeypatch.setattr(working, "provider_for", lambda channel: MailServer())
    row = plan(reader)

    working.run()

    assert of(row)[0] in ("planned", "unknown")
    assert dropping_server() == 1


def test_a_provider_that_is_down_for_an_hour_delays_and_loses_nothing(monkeypatch, campaign, plan):
    rows = []
    for number in range(5):
        person = CustomerFactory.create(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows.append(plan(person))
    begin = timezone.now()
    clock = {"minute": 0}
    monkeypatch.setattr(timezone, "now", lambda: begin + timedelta(minutes=clock["minute"]))

    class Down(Fake):
        asked = 0

        def hand_over(self, message):
            Down.asked += 1
            if clock["minute"] < 60:
                raise NotNow("connection refused")
            super().hand_over(message)

    provider = Down()
    monkeypatch.setattr(working, "provider_for", lambda channel: provider)
    for minute in range(126):
        clock["minute"] = minute
        working.run()

    assert {of(row) for row in rows} == {("sent", "")}
    assert sorted(one.to for one in provider.had) == [f"p{number}@shop.test" for number in range(5)]
    assert Down.asked <= 5 * 8


# --- what people decide ---------------------------------------------------------------------------------------------


def test_what_never_reached_the_provider_goes_once_more_and_nothing_else_does(campaign, plan, monkeypatch):
    provider = Fake()
    monkeypatch.setattr(working, "provider_for", lambda channel: provider)
    rows = {}
    for number, (state, reason) in enumerate([
        ("failed", "not_handed_over"), ("failed", "refused"), ("unknown", ""), ("sent", ""), ("skipped", "capped"),
    ]):  # fmt: skip
        person = CustomerFactory.create(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows[reason or state] = plan(person, state=state, skip_reason=reason, tries=20)

    assert settling.send_again([row.pk for row in rows.values()]) == 1
    assert settling.send_again([row.pk for row in rows.values()]) == 0
    working.run()

    assert [one.to for one in provider.had] == ["p0@shop.test"]
    assert of(rows["not_handed_over"]) == ("sent", "")
    assert of(rows["unknown"]) == ("unknown", "")
    entry = LedgerEntry.objects.get(subject=f"marketing.recipient:{rows['not_handed_over'].pk}")
    assert json.loads(entry.body)["why"] == "never"


def test_what_never_reached_the_provider_stays_when_its_campaign_has_ended(campaign, reader, plan):
    row = plan(reader, state="failed", skip_reason="not_handed_over")
    Campaign.objects.update(state="cancelled")

    assert settling.send_again([row.pk]) == 0
    assert of(row) == ("failed", "not_handed_over")


def test_a_withdrawal_meanwhile_counts_for_what_goes_once_more(campaign, reader, plan):
    row = plan(reader, state="failed", skip_reason="not_handed_over")
    Consent.objects.update(state="withdrawn")
    settling.send_again([row.pk])

    working.run()

    assert of(row) == ("skipped", "no_consent")


@pytest.mark.parametrize(("was_sent", "wanted"), [(True, ("sent", "")), (False, ("failed", "not_handed_over"))])
def test_somebody_decides_what_became_of_a_message_and_says_how_they_know(campaign, reader, plan, was_sent, wanted):
    row = plan(reader, state="unknown", claimed_at=timezone.now())

    settling.settle(row.pk, was_sent=was_sent, why="log")

    assert of(row) == wanted
    entry = settling.decisions(row)[0]
    assert json.loads(entry.body) == {
        "before": {"state": "unknown"}, "after": {"state": wanted[0]}, "why": "log",
    }  # fmt: skip
    with pytest.raises(DomainError):
        settling.settle(row.pk, was_sent=True, why="log")


def test_a_decision_without_a_reason_is_refused(campaign, reader, plan):
    row = plan(reader, state="unknown")

    with pytest.raises(BadInput):
        settling.settle(row.pk, was_sent=True, why="I think")

    assert Recipient.objects.get().state == "unknown"
