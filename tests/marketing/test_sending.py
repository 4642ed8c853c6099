"""Messages go once, to those who want them at that moment."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from catalog.models import Customer
from core.extensions import message_doors
from core.jobs import JobCancelled
from core.models import Job, OutgoingMail
from marketing import services
from marketing.models import Campaign, Consent, MarketingSettings, MessageEvent, Recipient, Suppression, TrackedLink
from marketing.sending import channels, events, reconciling, working
from marketing.sending.channels import NotNow, Refused, Unanswered
from marketing.sending.claiming import claim, message_id_of
from marketing.tasks import send_messages
from tests.factories import (
    CampaignFactory,
    CampaignStepFactory,
    ConsentFactory,
    CustomerFactory,
    RecipientFactory,
    TemplateVersionFactory,
)

pytestmark = pytest.mark.django_db


class Fake:
    """A provider that does what it is told to: `answers` are raised one after the other."""

    name = "fake"

    def __init__(self, *answers):
        self.answers, self.had = list(answers), []

    def hand_over(self, message):
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.had.append(message)

    def has(self, message_id):
        return any(one.message_id == message_id for one in self.had)


@pytest.fixture
def fake(monkeypatch):
    provider = Fake()
    for module in (working, reconciling):
        monkeypatch.setattr(module, "provider_for", lambda channel: provider)
    return provider


def of(row):
    row.refresh_from_db()
    return row.state, row.skip_reason


def test_a_message_goes_to_the_sink_with_its_way_out(campaign, reader, plan):
    row = plan(reader)

    assert working.run().sent == 1

    mail = OutgoingMail.objects.get()
    row.refresh_from_db()
    assert (row.state, row.provider, row.message_id) == ("sent", "sink", message_id_of(row.pk))
    assert (mail.to, mail.subject, mail.message_id) == ("ana@shop.test", "Tea is here", row.message_id)
    assert "/unsubscribe/" in mail.text
    assert working.run().sent == 0


def test_headers_name_the_one_click_way_out(campaign, reader, plan, fake):
    plan(reader)
    working.run()

    headers = fake.had[0].headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/unsubscribe/")
    made = channels.compose(fake.had[0])
    assert made["Message-ID"] == fake.had[0].message_id
    assert made.get_body(("plain",)).get_content().startswith("Hello")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: Consent.objects.update(state="withdrawn"), "no_consent"),
        (lambda p: Consent.objects.update(state="pending"), "no_consent"),
        (lambda p: Consent.objects.update(purpose="news"), "no_consent"),
        (lambda p: services.suppress("email", "ANA@shop.test", "bounce"), "suppressed"),
        (lambda p: Customer.objects.update(email=""), "no_address"),
        (lambda p: Customer.objects.update(email="no address"), "no_address"),
        (lambda p: Customer.objects.update(erased_at=timezone.now()), "gone"),
        (lambda p: services.restrict(p.pk, wanted=True), "restricted"),
        (lambda p: Recipient.objects.update(is_holdout=True), "holdout"),
    ],
)
def test_what_changed_since_the_plan_counts(campaign, reader, plan, change, reason):
    row = plan(reader)
    change(reader)

    working.run()

    assert of(row) == ("skipped", reason)
    assert OutgoingMail.objects.count() == 0


def test_a_later_withdrawal_on_a_merged_record_counts_too(campaign, reader, plan):
    row = plan(reader)
    other = CustomerFactory.create(merged_into=reader)
    ConsentFactory.create(customer=other, state="withdrawn")

    working.run()

    assert of(row) == ("skipped", "no_consent")


@pytest.mark.parametrize(("state", "wanted"), [("paused", "planned"), ("draft", "planned"), ("cancelled", "cancelled")])
def test_only_a_running_campaign_sends(campaign, reader, plan, state, wanted):
    row = plan(reader)
    Campaign.objects.update(state=state)

    working.run()
    claim(campaign.pk)

    assert of(row)[0] == wanted


def people_waiting(plan, count):
    rows = []
    for number in range(count):
        person = CustomerFactory.create(email=f"w{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows.append(plan(person))
    return rows


@pytest.mark.parametrize(
    "stop",
    [
        lambda: MarketingSettings.objects.update(is_sending=False),
        lambda: Campaign.objects.update(state="paused"),
        lambda: Campaign.objects.update(state="cancelled"),
    ],
)
def test_what_was_claimed_before_somebody_stopped_it_goes_back(campaign, plan, fake, monkeypatch, stop):
    rows = people_waiting(plan, 5)
    monkeypatch.setattr(working, "LOOK_SECONDS", 0.0)
    hand_over = fake.hand_over

    def and_then(message):
        hand_over(message)
        stop()

    monkeypatch.setattr(fake, "hand_over", and_then)

    tally = working.run()

    assert (tally.sent, tally.put_back) == (1, 4)
    assert [of(row)[0] for row in rows].count("sent") == 1
    assert set(Recipient.objects.exclude(state="sent").values_list("tries", "claimed_at")) == {(0, None)}


def test_the_switch_is_asked_about_once_a_second_and_not_for_each_message(
    campaign, plan, fake, django_assert_max_num_queries
):
    people_waiting(plan, 20)
    worker, taken = working.Worker(ends=1e12), claim(campaign.pk)

    with django_assert_max_num_queries(20 + 20 + 8):  # for each its link and its end
        worker.hand_over(taken.claimed, working.Tally())

    assert len(fake.had) == 20


def test_a_job_that_is_asked_to_end_gives_back_what_it_has_not_come_to(campaign, plan, fake, monkeypatch):
    rows = people_waiting(plan, 3)

    def told(done):
        if done == 1:
            raise JobCancelled

    monkeypatch.setattr(working, "progress", told)

    with pytest.raises(JobCancelled):
        working.run()

    assert sorted(of(row)[0] for row in rows) == ["planned", "planned", "sent"]


# --- errors that nobody expected ------------------------------------------------------------------------------------


def test_a_message_that_breaks_the_writer_fails_and_the_others_go(campaign, plan, fake, monkeypatch):
    rows = people_waiting(plan, 4)
    write = working.Writer.write

    def broken(self, one):
        if one.recipient_id == rows[1].pk:
            raise KeyError("nobody expected this")
        return write(self, one)

    monkeypatch.setattr(working.Writer, "write", broken)
    other = CampaignFactory.create(state="running")
    step = CampaignStepFactory.create(campaign=other)
    reader = CustomerFactory.create(email="other@shop.test")
    ConsentFactory.create(customer=reader)
    beside = RecipientFactory.create(campaign=other, step=step, customer=reader)

    with pytest.raises(KeyError):
        working.run()

    assert [of(row) for row in rows] == [("sent", ""), ("failed", "unwritten"), ("planned", ""), ("planned", "")]
    assert of(beside) == ("sent", "")  # one broken campaign holds nobody else up
    assert working.run().sent == 2


def test_a_provider_that_breaks_leaves_one_perhaps_sent_and_the_others_waiting(campaign, plan, fake):
    rows = people_waiting(plan, 3)
    fake.answers = [None, TypeError("nobody expected this")]

    with pytest.raises(TypeError):
        working.run()

    assert [of(row)[0] for row in rows] == ["sent", "unknown", "planned"]


def test_a_database_that_is_away_fails_no_message(campaign, reader, plan, fake, monkeypatch):
    row = plan(reader)
    monkeypatch.setattr(working.Writer, "write", lambda self, one: (_ for _ in ()).throw(OperationalError("away")))

    with pytest.raises(OperationalError):
        working.run()

    row.refresh_from_db()
    assert (row.state, row.tries) == ("planned", 0)


def test_the_switch_stops_everything(campaign, reader, plan):
    row = plan(reader)
    MarketingSettings.objects.update(is_sending=False)

    assert working.run().sent == 0
    assert claim(campaign.pk).claimed == ()
    assert of(row) == ("planned", "")


def test_the_cap_counts_what_other_campaigns_sent_or_perhaps_sent(campaign, reader, plan):
    MarketingSettings.objects.update(cap_messages=2, cap_days=7)
    now = timezone.now()
    for state, ago in (("sent", 1), ("unknown", 2)):
        RecipientFactory.create(customer=reader, state=state, claimed_at=now - timedelta(days=ago))
    row = plan(reader)
    working.run()
    assert of(row) == ("skipped", "capped")

    Recipient.objects.filter(state="unknown").update(claimed_at=now - timedelta(days=8))
    Recipient.objects.filter(pk=row.pk).update(state="planned")
    working.run()
    assert of(row) == ("sent", "")


def test_two_campaigns_at_once_stay_below_the_cap(campaign, reader, plan):
    MarketingSettings.objects.update(cap_messages=1)
    other = CampaignFactory.create(state="running")
    step = CampaignStepFactory.create(campaign=other)
    rows = [plan(reader), RecipientFactory.create(campaign=other, step=step, customer=reader)]

    working.run()

    assert sorted(of(row)[0] for row in rows) == ["sent", "skipped"]


def test_a_clock_that_jumps_ahead_and_is_set_back_sends_nothing_twice_and_nobody_too_much(campaign, reader, plan):
    MarketingSettings.objects.update(cap_messages=1)
    now = timezone.now()
    row, later = plan(reader), RecipientFactory.create(
        campaign=(other := CampaignFactory.create(state="running")), step=CampaignStepFactory.create(campaign=other),
        customer=reader, due_at=now + timedelta(days=1),
    )  # fmt: skip

    assert [one.recipient_id for one in claim(campaign.pk, now=now + timedelta(days=3)).claimed] == [row.pk]

    for moment in (now, now - timedelta(days=400)):
        assert claim(campaign.pk, now=moment).claimed == ()
        assert claim(other.pk, now=moment).looked == 0
    assert claim(other.pk, now=now + timedelta(days=1)).claimed == ()
    assert (of(row)[0], of(later)) == ("sending", ("skipped", "capped"))


def test_in_quiet_hours_it_waits_for_the_morning_of_the_customer(campaign, reader, plan):
    MarketingSettings.objects.update(quiet_from=time(21), quiet_until=time(8))
    Customer.objects.update(country="United Kingdom")
    row = plan(reader, due_at=datetime(2026, 3, 28, 20, tzinfo=UTC))

    found = claim(campaign.pk, now=datetime(2026, 3, 28, 23, 10, tzinfo=UTC))

    row.refresh_from_db()
    assert (found.claimed, found.later) == ((), 1)
    assert row.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)  # the clock went forward in that night


def test_not_now_waits_longer_each_time_and_ends(campaign, reader, plan, fake):
    row = plan(reader)
    fake.answers = [NotNow("421")]
    before = timezone.now()

    assert working.run().put_back == 1

    row.refresh_from_db()
    assert (row.state, row.tries, row.claimed_at) == ("planned", 1, None)
    assert before + timedelta(seconds=59) < row.due_at < timezone.now() + timedelta(seconds=61)
    Recipient.objects.update(due_at=before, tries=working.MOST_TRIES - 1)
    fake.answers = [NotNow("421")]
    working.run()
    assert of(row) == ("failed", "not_handed_over")


def test_a_provider_that_is_down_is_left_alone_and_nothing_is_lost(campaign, plan, fake):
    people = CustomerFactory.create_batch(4)
    rows = []
    for number, person in enumerate(people):
        Customer.objects.filter(pk=person.pk).update(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows.append(plan(person))
    fake.answers = [NotNow("down")]

    tally = working.run()

    assert (tally.sent, tally.put_back) == (0, 4)
    assert sorted(Recipient.objects.values_list("state", "tries")) == [("planned", 0)] * 3 + [("planned", 1)]
    Recipient.objects.update(due_at=timezone.now())
    assert working.run().sent == 4
    assert len({one.to for one in fake.had}) == 4


def test_single_messages_of_a_channel_that_is_down_do_not_hold_up_the_others(shop_rules, reader, monkeypatch):
    down, up = Fake(*[NotNow("down")] * 99), Fake()
    monkeypatch.setattr(working, "provider_for", lambda channel: down if channel == "push" else up)
    for channel in ("push", "email"):
        ConsentFactory.create(customer=reader, purpose="care", channel=channel)
    others = [CustomerFactory.create() for _number in range(working.BATCH)]
    for person in others:
        ConsentFactory.create(customer=person, purpose="care", channel="push")
    version = TemplateVersionFactory.create(purpose="care", text={"en": "Hello"})
    due = timezone.now() - timedelta(minutes=5)
    ask = {"campaign": None, "step": None, "template_version": version, "purpose": "care"}
    for number, person in enumerate([*others, reader]):
        RecipientFactory.create(customer=person, channel="push", key=f"p{number}", due_at=due, **ask)
    mail = RecipientFactory.create(customer=reader, channel="email", key="mail", due_at=timezone.now(), **ask)

    tally = working.run()

    assert (of(mail), tally.sent, down.had) == (("sent", ""), 1, [])
    waiting = Recipient.objects.filter(channel="push").values_list("state", "tries")
    assert sorted(waiting) == [("planned", 0)] * working.BATCH + [("planned", 1)]


def test_each_channel_is_sent_by_a_job_of_its_own(campaign, reader, plan):
    plan(reader)
    CampaignFactory.create(state="running", channel="sms")

    assert send_messages()["sent"] == 1

    asked = Job.objects.filter(kind="marketing.send")
    assert [one.arguments for one in asked] == [{"channel": "sms"}]
    assert send_messages(channel="sms")["sent"] == 0
    Campaign.objects.update(state="paused")
    assert send_messages() == {}


@pytest.mark.parametrize(
    ("answer", "wanted"), [(Refused("550"), ("failed", "refused")), (Unanswered("?"), ("unknown", ""))]
)
def test_what_a_provider_answers_decides(campaign, reader, plan, fake, answer, wanted):
    row = plan(reader)
    fake.answers = [answer]

    working.run()
    working.run()

    assert of(row) == wanted
    assert fake.had == []


def test_a_message_without_text_has_failed(campaign, reader, plan):
    row = plan(reader)
    campaign.steps.update(template_version=TemplateVersionFactory.create(body={}, text={}))

    assert working.run().failed == 1
    assert of(row) == ("failed", "unwritten")


# --- after a crash ------------------------------------------------------------------------------------------------


def test_what_a_dead_worker_left_is_never_sent_again_but_asked_about(campaign, plan, fake):
    people = [CustomerFactory.create(email=f"q{n}@shop.test") for n in range(2)]
    for person in people:
        ConsentFactory.create(customer=person)
    went, lost = [plan(person) for person in people]
    claimed = claim(campaign.pk).claimed
    fake.hand_over(channels.Outgoing(claimed[0].message_id, "", "en", "", ""))  # and here the worker dies

    assert working.run().sent == 0
    assert reconciling.settle()["unknown"] == 0  # it may still be at it
    assert reconciling.settle(lost_seconds=0) == {"unknown": 2, "sent": 1, "failed": 1}
    assert (of(went), of(lost)) == (("sent", ""), ("failed", "not_handed_over"))
    assert working.run().sent == 0


def test_where_nobody_can_be_asked_it_stays_unknown_until_a_report_comes(campaign, reader, plan, fake, monkeypatch):
    row = plan(reader)
    monkeypatch.setattr(fake, "has", lambda message_id: None)
    claim(campaign.pk)
    reconciling.settle(lost_seconds=0)
    assert of(row) == ("unknown", "")

    events.report("esp", "1", "delivered", message_id=message_id_of(row.pk), at=timezone.now())

    assert of(row) == ("sent", "")


# --- reports ------------------------------------------------------------------------------------------------------


def test_reports_in_any_order_and_twice_change_things_once(campaign, reader, plan):
    row = plan(reader)
    claim(campaign.pk)  # the provider reports before the worker has written that it was sent
    ident = message_id_of(row.pk)
    now = timezone.now()

    for number, kind in (("3", "clicked"), ("1", "delivered"), ("3", "clicked"), ("2", "complained")):
        events.report("esp", number, kind, message_id=ident, at=now)

    assert sorted(MessageEvent.objects.values_list("kind", flat=True)) == ["clicked", "complained", "delivered"]
    assert of(row) == ("sent", "")
    assert Suppression.objects.get().reason == "complaint"
    assert Consent.objects.get().state == "withdrawn"


def test_a_report_before_its_message_waits_for_it(campaign, reader, plan):
    ident = "<known-later@shop>"
    events.report("esp", "1", "bounced", message_id=ident, at=timezone.now())
    assert events.adopt() == 0
    row = plan(reader, message_id=ident, state="sent", claimed_at=timezone.now())

    assert events.adopt() == 1

    assert MessageEvent.objects.get().recipient == row
    assert Suppression.objects.get().reason == "bounce"


def test_a_bounce_that_may_pass_suppresses_nobody(campaign, reader, plan):
    row = plan(reader, message_id="<m@s>", state="sent", claimed_at=timezone.now())

    events.report("esp", "1", "bounced", message_id=row.message_id, at=timezone.now(), raw={"is_final": False})

    assert Suppression.objects.count() == 0


def test_reports_of_foreign_mail_do_not_hold_up_our_own(campaign, reader, plan):
    now = timezone.now()
    MessageEvent.objects.bulk_create(
        MessageEvent(message_id=f"<f{n}@x>", provider="esp", provider_event=f"f{n}", kind="delivered", at=now)
        for n in range(501)
    )
    events.report("esp", "own", "bounced", message_id="<own@s>", at=now)
    row = plan(reader, message_id="<own@s>", state="sent", claimed_at=now)

    assert events.adopt() == 1

    assert MessageEvent.objects.get(recipient=row).kind == "bounced"
    assert MessageEvent.objects.filter(recipient=None).count() == 501


def sent(campaign, count, **more):
    return [
        RecipientFactory.create(
            campaign=campaign, step=campaign.steps.get(), message_id=f"<s{number}@s>", claimed_at=timezone.now(),
            **({"state": "sent"} | more),
        )
        for number in range(count)
    ]  # fmt: skip


def test_bounces_that_came_before_their_messages_pause_the_campaign_too(campaign):
    for number in range(5):
        events.report("esp", str(number), "bounced", message_id=f"<s{number}@s>", at=timezone.now())
    sent(campaign, 10)

    assert events.adopt() == 5

    campaign.refresh_from_db()
    assert (campaign.state, "5 of 10" in campaign.pause_reason) == ("paused", True)


def test_complaints_above_their_own_lower_limit_pause_the_campaign(campaign):
    MarketingSettings.objects.update(most_complaints=2)
    rows = sent(campaign, 60)
    for row in rows[:1]:
        events.report("esp", row.message_id, "complained", message_id=row.message_id, at=timezone.now())
    campaign.refresh_from_db()
    assert campaign.state == "running"  # 1 of 60 is 1.7 %

    events.report("esp", "2", "complained", message_id=rows[1].message_id, at=timezone.now())

    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "2 of 60 messages were reported as spam" in campaign.pause_reason


def test_what_the_provider_refuses_at_once_counts_as_bounced(campaign, plan, fake):
    people_waiting(plan, 60)
    fake.answers = [None] * 40 + [Refused("550")] * 20

    working.run()

    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "10 of 50 messages bounced or were refused" in campaign.pause_reason  # looked at after each fifty
    assert len(fake.had) == 40


def test_a_campaign_is_judged_at_once_and_at_the_end_and_meanwhile_no_longer_than_it_is_sent(
    campaign, plan, fake, monkeypatch
):
    seen, ticks = [], iter(range(1_000_000))
    monkeypatch.setattr(working, "BATCH", 1)
    monkeypatch.setattr(working.time, "monotonic", lambda: next(ticks) / 1_000)
    monkeypatch.setattr(working.breakers, "look_at", lambda pk: seen.append((pk, len(fake.had), next(ticks))))
    people_waiting(plan, 20)

    working.run()

    assert len(fake.had) == 20
    assert [seen[0][:2], seen[-1][:2]] == [(campaign.pk, 1), (campaign.pk, 20)]
    assert 2 <= len(seen) < 20


def test_too_many_bounces_pause_the_campaign(campaign):
    for number in range(60):
        RecipientFactory.create(
            campaign=campaign, step=campaign.steps.get(), state="sent", message_id=f"<m{number}@s>",
            claimed_at=timezone.now(),
        )  # fmt: skip
    for number in range(3):
        events.report("esp", str(number), "bounced", message_id=f"<m{number}@s>", at=timezone.now())
    campaign.refresh_from_db()
    assert campaign.state == "running"  # 3 of 60 are 5 %

    events.report("esp", "3", "bounced", message_id="<m3@s>", at=timezone.now())

    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "4 of 60" in campaign.pause_reason
    assert campaign.events.get().after == "paused"


def test_reports_come_signed_or_not_at_all(campaign, reader, plan, client, settings):
    from core.webhooks.signing import sign

    row = plan(reader, message_id="<m@s>", state="sent", claimed_at=timezone.now())
    body = json.dumps({"events": [{"id": "1", "kind": "delivered", "message_id": "<m@s>", "to": "ana@shop.test"}]})
    assert client.post("/messages/events", body, content_type="application/json").status_code == 404
    settings.MARKETING_EVENTS_SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
    at = int(timezone.now().timestamp())

    def post(text, signature):
        return client.post(
            "/messages/events", text, content_type="application/json",
            headers={"webhook-id": "w", "webhook-timestamp": str(at), "webhook-signature": signature},
        ).status_code  # fmt: skip

    def signed(text):
        return sign(settings.MARKETING_EVENTS_SECRET, "w", at, text.encode())

    assert post(body, "v1,AAAA") == 401
    assert post("{}", signed("{}")) == 422
    assert [post(body, signed(body)) for _twice in range(2)] == [204, 204]
    event = MessageEvent.objects.get()
    assert (event.recipient, event.raw) == (row, {"applied": True})


# --- links --------------------------------------------------------------------------------------------------------


def test_links_are_counted_once_and_lead_on(campaign, reader, plan, client, fake):
    text = {"en": "Look: https://shop.example/tea?a=1&b=2 now"}
    page = {
        "en": '<a class="x" href="https://shop.example/tea?a=1&amp;b=2">tea</a> <a href="{{unsubscribe_url}}">no</a>'
    }
    campaign.steps.update(template_version=TemplateVersionFactory.create(text=text, html=page))
    row = plan(reader)
    working.run()
    message = fake.had[0]

    link = TrackedLink.objects.get()
    assert link.url == "https://shop.example/tea?a=1&b=2"
    path = message.text.split("Look: http://127.0.0.1:8000")[1].split(" ")[0]
    assert f'href="http://127.0.0.1:8000{path}"' in message.html
    assert 'href="http://127.0.0.1:8000/unsubscribe/' in message.html
    for _twice in range(2):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, link.url)
    assert MessageEvent.objects.get().recipient == row
    assert client.post(path).status_code == 405


def test_what_a_customer_is_called_never_becomes_a_link_of_the_shop(campaign, reader, plan, fake):
    Customer.objects.filter(pk=reader.pk).update(name="https://evil.example/x <b>")
    texts = {"en": "Hello {{name}}, see https://shop.example/tea."}
    page = {"en": "<body><p>Hello {{name}}</p></body>"}
    campaign.steps.update(template_version=TemplateVersionFactory.create(text=texts, html=page))
    plan(reader)
    working.run()

    assert TrackedLink.objects.get().url == "https://shop.example/tea"  # without the end of the sentence
    assert "Hello https://evil.example/x <b>, see http" in fake.had[0].text
    assert "<p>Hello https://evil.example/x &lt;b&gt;</p>" in fake.had[0].html


def test_both_parts_say_who_writes_and_each_way_out_once(campaign, reader, plan, fake):
    MarketingSettings.objects.update(sender_name="Tea & Co", postal_address="1 Lane")
    text = {"en": "Hi. Unsubscribe: {{unsubscribe_url}}"}
    page = {"en": '<body><a href="{{unsubscribe_url}}">no</a></body>'}
    campaign.steps.update(template_version=TemplateVersionFactory.create(text=text, html=page))
    plan(reader)
    working.run()
    message = fake.had[0]

    assert "Tea & Co, 1 Lane" in message.text
    assert "Tea &amp; Co, 1 Lane" in message.html
    for part in (message.text, message.html):
        assert (part.count("/unsubscribe/"), part.count("/preferences/")) == (1, 1)


def test_the_address_of_the_shop_is_counted_where_a_message_leads_there(campaign, reader, plan, client, fake):
    campaign.steps.update(template_version=TemplateVersionFactory.create(text={"en": "Come: {{shop_url}}"}))
    plan(reader)
    working.run()

    path = fake.had[0].text.split("Come: http://127.0.0.1:8000")[1].split()[0]
    assert client.get(path)["Location"] == "http://127.0.0.1:8000/shop/"


# --- one message under a key --------------------------------------------------------------------------------------


def test_the_door_for_programmes_sends_once_under_a_key(shop_rules, reader):
    version = TemplateVersionFactory.create(purpose="care", text={"en": "Happy birthday, {{name}}"})
    ConsentFactory.create(customer=reader, purpose="care")
    send_once = message_doors.get("send_once").resolve()
    ask = {"template_public_id": version.template.public_id, "purpose": "care", "key": "care:1:1"}

    assert [send_once(reader.pk, **ask) for _twice in range(2)] == ["planned", "planned"]
    working.run()

    assert send_once(reader.pk, **ask) == "sent"
    assert OutgoingMail.objects.get().text.startswith("Happy birthday, Ana")


def test_the_door_refuses_what_cannot_be_sent(shop_rules, reader):
    send_once = message_doors.get("send_once").resolve()
    version = TemplateVersionFactory.create()

    for wrong in ({"template_public_id": "0" * 32}, {"purpose": "spam"}, {"key": ""}, {"key": "k" * 121}):
        ask = {"template_public_id": version.template.public_id, "purpose": "care", "key": "k"} | wrong
        with pytest.raises(ValueError, match=r"\."):
            send_once(reader.pk, **ask)
