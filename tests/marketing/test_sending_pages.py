"""Pages of messages, of suppressed addresses, and of a mail that stayed here."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.components import progress
from core.models import LedgerEntry, OutgoingMail
from marketing import addresses, services
from marketing.admin import campaign_page, sending
from marketing.campaigns import effect
from marketing.models import Campaign, Recipient, Suppression
from marketing.models.sending import LISTED
from marketing.sending import working
from tests.factories import (
    CampaignFactory,
    CampaignStepFactory,
    CustomerFactory,
    JobFactory,
    MessageEventFactory,
    OutgoingMailFactory,
    RecipientFactory,
    StaffUserFactory,
    TemplateVersionFactory,
)

pytestmark = pytest.mark.django_db
LIST = "admin:marketing_recipient_changelist"


def signed_in(role: Role = Role.MARKETER) -> Client:
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


def page(client, name, *args, **said):
    return client.get(reverse(name, args=args), said).content.decode()


@pytest.fixture
def rows(campaign):
    """One message in each state, to one customer each."""
    return {
        state: RecipientFactory.create(
            campaign=campaign, step=campaign.steps.get(), state=state, skip_reason=reason,
            customer=CustomerFactory.create(name=f"Person {state}", email=f"{state}@shop.test"),
            claimed_at=timezone.now(), message_id=f"<{state}@s>",
        )
        for state, reason in (
            ("planned", ""), ("sent", ""), ("unknown", ""), ("failed", "not_handed_over"), ("skipped", "capped"),
        )
    }  # fmt: skip


def test_the_list_of_messages_stays_within_twelve_queries(rows, django_assert_max_num_queries):
    for number in range(20):
        other = CampaignFactory.create(name=f"Other {number}")
        RecipientFactory.create(campaign=other, step=CampaignStepFactory.create(campaign=other))
    client = signed_in()
    page(client, LIST)

    with django_assert_max_num_queries(12):
        found = page(client, LIST)

    assert "Person unknown" in found
    assert "Enough messages already" in found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"q": "Person sent"}, {"sent"}), ({"q": "<failed@s>"}, {"failed"}), ({"q": "skipped@shop.test"}, {"skipped"}),
        ({"state__exact": "unknown"}, {"unknown"}), ({"skip_reason__exact": "capped"}, {"skipped"}),
        ({"q": "nobody"}, set()),
    ],
)  # fmt: skip
def test_messages_are_found_by_customer_number_state_and_reason(rows, said, found):
    shown = page(signed_in(Role.OWNER), LIST, **said)

    assert {state for state in rows if f"Person {state}" in shown} == found


def test_the_list_begins_with_what_went_out_last_then_what_waits_and_ends_with_those_left_out(rows):
    now = timezone.now()
    for state, minutes in {"sent": 30, "failed": 20, "unknown": 10, "skipped": 1}.items():
        Recipient.objects.filter(pk=rows[state].pk).update(claimed_at=now - timedelta(minutes=minutes))
    Recipient.objects.filter(pk=rows["planned"].pk).update(claimed_at=None)

    shown = page(signed_in(), LIST)

    places = {state: shown.index(f"Person {state}") for state in rows}
    assert sorted(places, key=places.__getitem__) == ["unknown", "failed", "sent", "planned", "skipped"]


def test_an_index_reads_the_list_of_messages_in_its_order(rows):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    assert "recipient_listed" in Recipient.objects.order_by(*LISTED)[:50].explain()


def test_the_page_of_a_campaign_says_what_did_not_go_out_and_why_with_its_messages(rows):
    campaign = rows["sent"].campaign
    Campaign.objects.filter(pk=campaign.pk).update(state="running", started_at=timezone.now())
    for _number in range(2):
        RecipientFactory.create(
            campaign=campaign, step=campaign.steps.get(), state="failed", skip_reason="refused",
            customer=CustomerFactory.create(),
        )  # fmt: skip

    shown = unescape(page(signed_in(), "admin:marketing_campaign_change", campaign.pk))

    card = shown[shown.index("What did not go out") :].partition("</table>")[0]
    lines = [re.sub(r"<[^>]+>", " ", one).split() for one in re.findall(r"<tr.*?</tr>", card, re.DOTALL)]
    assert [" ".join(one) for one in lines[1:]] == [
        "Refused by the provider ✕ Failed 2", "Never reached the provider ✕ Failed 1",
        "The provider did not answer ◆ Perhaps sent 1", "Enough messages already ○ Left out 1",
    ]  # fmt: skip
    address = re.findall(r'href="([^"]+)"', card)[0]
    assert (
        address == f"{reverse(LIST)}?campaign__id__exact={campaign.pk}&state__exact=failed&skip_reason__exact=refused"
    )
    listed = signed_in().get(address).context["cl"].result_list
    assert {(row.campaign_id, row.state, row.skip_reason) for row in listed} == {(campaign.pk, "failed", "refused")}


def test_a_share_of_the_step_before_is_of_the_step_before():
    told = effect.Funnel(
        planned=100,
        sent=80,
        delivered=40,
        clicked=12,
        ordered=0,
        bounced=0,
        complained=0,
        messages=80,
        unknown=0,
        failed=0,
    )

    notes = [one.note for one in campaign_page.figures(told)][1:4]
    without = [one.note for one in campaign_page.figures(replace(told, delivered=None))][1:4]

    assert notes == ["80% of the step before", "50% of the step before", "30% of the step before"]
    assert without == ["80% of the step before", "", "15% of the step before"]


def test_the_page_of_a_message_names_its_version_as_the_editor_does_unless_chance_left_them_out(rows):
    Recipient.objects.filter(pk=rows["sent"].pk).update(arm="b")
    Recipient.objects.filter(pk=rows["skipped"].pk).update(arm="control", is_holdout=True)

    assert dict(sending.facts(Recipient.objects.get(pk=rows["sent"].pk)))["Version"] == "B"
    assert "Version" not in dict(sending.facts(Recipient.objects.get(pk=rows["skipped"].pk)))


def test_messages_leave_as_csv(rows):
    client = signed_in(Role.OWNER)
    answer = client.post(reverse("admin:marketing_recipient_export"), {"format": "csv"})
    text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
    assert text.count("\n") == 6
    assert "not_handed_over" in text or "Never reached" in text.capitalize() or "never reached" in text


def test_the_page_of_a_message_says_what_was_reported(rows):
    MessageEventFactory.create(recipient=rows["sent"], kind="bounced", raw={"code": "550"})

    shown = page(signed_in(), "admin:marketing_recipient_change", rows["sent"].pk)

    assert "Bounced" in shown
    assert "550" in shown
    assert "It was sent" not in shown


@pytest.mark.parametrize(("said", "wanted"), [("yes", ("sent", "")), ("no", ("failed", "not_handed_over"))])
def test_who_may_settle_says_what_became_of_it_and_how_they_know(rows, said, wanted):
    row, client = rows["unknown"], signed_in()
    address = reverse("admin:marketing_recipient_settle", args=[row.pk])
    assert "It was sent" in page(client, "admin:marketing_recipient_change", row.pk)

    client.post(address, {"was_sent": said, "why": "guess"})
    row.refresh_from_db()
    assert row.state == "unknown"
    client.post(address, {"was_sent": said, "why": "log"})

    row.refresh_from_db()
    assert (row.state, row.skip_reason) == wanted
    entry = LedgerEntry.objects.get(subject=f"marketing.recipient:{row.pk}")
    assert entry.actor.startswith("staff:")
    assert "Decisions" in page(client, "admin:marketing_recipient_change", row.pk)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_others_see_messages_and_decide_nothing(rows, role):
    client = signed_in(role)
    shown = page(client, "admin:marketing_recipient_change", rows["unknown"].pk)
    assert "perhaps the message went out" in shown
    assert "It was sent" not in shown
    for name in ("settle", "again"):
        assert client.post(reverse(f"admin:marketing_recipient_{name}", args=[rows["unknown"].pk])).status_code == 403


def test_what_never_reached_the_provider_goes_again_from_its_page_and_from_the_list(rows):
    client = signed_in()
    client.post(reverse("admin:marketing_recipient_again", args=[rows["failed"].pk]))
    assert Recipient.objects.get(pk=rows["failed"].pk).state == "planned"
    Recipient.objects.filter(pk=rows["failed"].pk).update(state="failed", skip_reason="not_handed_over")

    chosen = [row.pk for row in rows.values()]
    client.post(reverse(LIST), {"action": "send_again", "_selected_action": chosen})

    states = dict(Recipient.objects.values_list("pk", "state"))
    assert states[rows["failed"].pk] == "planned"
    assert states[rows["unknown"].pk] == "unknown"
    assert states[rows["sent"].pk] == "sent"


# --- suppressed addresses -------------------------------------------------------------------------------------------

SUPPRESSED = "admin:marketing_suppression_changelist"


def test_an_address_is_suppressed_found_by_itself_and_lifted_with_reasons(shop_rules):
    client = signed_in()
    add = reverse("admin:marketing_suppression_add")
    client.post(add, {"channel": "email", "address": "Ana@Shop.test ", "why": "asked"})

    row = Suppression.objects.get()
    assert (row.address_hash, row.reason) == (addresses.hash_of("email", "ana@shop.test"), "staff")
    hashed = row.address_hash[:12]
    assert hashed in page(client, SUPPRESSED, q="ana@SHOP.test")
    assert hashed not in page(client, SUPPRESSED, q="ana@shop")
    assert hashed not in page(client, SUPPRESSED, q="ben@shop.test")
    lift = reverse("admin:marketing_suppression_lift", args=[row.pk])
    client.post(lift, {"why": ""})
    assert Suppression.objects.count() == 1
    client.post(lift, {"why": "mistake"})

    assert Suppression.objects.count() == 0
    said = [json.loads(one.body) for one in LedgerEntry.objects.filter(subject=f"marketing.suppression:{row.pk}")]
    assert [one["why"] for one in said] == ["mistake", "asked"]
    assert "ana" not in json.dumps(said)


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", "ana"), ("email", "a\x00@b.test"), ("sms", "abc"), ("sms", ""), ("moon", "a@b.c")],
)
def test_what_is_no_address_is_not_suppressed(shop_rules, channel, address):
    signed_in().post(
        reverse("admin:marketing_suppression_add"), {"channel": channel, "address": address, "why": "asked"}
    )
    assert Suppression.objects.count() == 0


def test_an_erased_address_stays_suppressed(shop_rules):
    services.suppress("email", "ana@shop.test", "erased")
    row, client = Suppression.objects.get(), signed_in()
    assert "stays suppressed" in page(client, "admin:marketing_suppression_change", row.pk)

    client.post(reverse("admin:marketing_suppression_lift", args=[row.pk]), {"why": "works"})

    assert Suppression.objects.count() == 1


def test_who_may_only_see_adds_and_lifts_nothing(shop_rules):
    services.suppress("email", "ana@shop.test", "bounce")
    client, row = signed_in(Role.AUDITOR), Suppression.objects.get()
    assert client.get(reverse("admin:marketing_suppression_add")).status_code == 403
    assert client.post(reverse("admin:marketing_suppression_lift", args=[row.pk]), {"why": "works"}).status_code == 403
    assert Suppression.objects.count() == 1


def test_the_list_of_suppressions_stays_within_twelve_queries(shop_rules, django_assert_max_num_queries):
    for number in range(30):
        services.suppress("email", f"a{number}@shop.test", "bounce")
    client = signed_in()
    page(client, SUPPRESSED)
    with django_assert_max_num_queries(12):
        assert page(client, SUPPRESSED).count("…</code>") >= 30


# --- the local sink -------------------------------------------------------------------------------------------------


def test_the_sink_shows_the_html_part_in_a_frame_that_may_do_and_load_nothing(campaign, reader, plan):
    html = {"en": '<body><p>Tea</p><img src="https://evil.example/p.gif"><a href="{{unsubscribe_url}}">no</a></body>'}
    campaign.steps.update(template_version=TemplateVersionFactory.create(html=html, text={"en": "Tea"}))
    plan(reader)
    working.run()
    mail = OutgoingMail.objects.get()

    answer = signed_in(Role.OWNER).get(reverse("admin:core_outgoingmail_change", args=[mail.pk]))

    shown = answer.content.decode()
    frame = shown[shown.index("<iframe") : shown.index("</iframe>")]
    assert 'sandbox=""' in frame
    assert "src=&quot;https://evil.example" in frame  # quoted: it stands in srcdoc alone
    assert "<img data-src=" in unescape(frame)  # asking for it and being refused is an error in the console
    assert "Links in it can be copied" in shown
    assert "default-src &#x27;none&#x27;" in frame
    assert frame.count("<") == 1
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]
    assert "List-Unsubscribe-Post" in shown


def test_a_mail_with_a_secret_has_no_frame(db):
    mail = OutgoingMailFactory.create(html="<p>secret-link</p>", text="secret-link", secret="secret-link")
    shown = signed_in(Role.OPERATOR).get(reverse("admin:core_outgoingmail_change", args=[mail.pk])).content.decode()
    assert "<iframe" not in shown


def test_a_marketer_sees_what_a_campaign_would_have_sent_without_the_links_that_act_for_the_customer(
    campaign, reader, plan
):
    html = {"en": '<body><p>Tea</p><a href="{{unsubscribe_url}}">no</a></body>'}
    campaign.steps.update(template_version=TemplateVersionFactory.create(html=html, text={"en": "Tea for you"}))
    plan(reader)
    working.run()
    mail = OutgoingMail.objects.get()
    client, address = signed_in(Role.MARKETER), reverse("admin:core_outgoingmail_change", args=[mail.pk])

    listed = client.get(reverse("admin:core_outgoingmail_changelist")).content.decode()
    assert address in listed
    assert mail.to not in listed
    by_address = {"q": mail.to[:6]}
    assert address not in client.get(reverse("admin:core_outgoingmail_changelist"), by_address).content.decode()
    shown = client.get(address).content.decode()

    assert "Tea for you" in shown
    assert "/unsubscribe/…" in shown
    assert "can be copied" not in shown  # what was masked opens nothing
    assert mail.to not in shown
    assert f"…{mail.to[mail.to.index('@') :]}" in shown
    token = mail.headers["List-Unsubscribe"].partition("/unsubscribe/")[2].strip(">")
    assert len(token) > 20
    assert token not in shown
    assert token in signed_in(Role.OWNER).get(address).content.decode()
    mail.refresh_from_db()
    assert token in mail.text


@pytest.mark.parametrize("kind", ["invitation", "password_reset", "alert", "consent_confirmation", "ticket_reply"])
def test_a_marketer_sees_no_other_mail(db, kind):
    mail, client = OutgoingMailFactory.create(kind=kind, subject="For others"), signed_in(Role.MARKETER)

    assert "For others" not in client.get(reverse("admin:core_outgoingmail_changelist")).content.decode()
    assert client.get(reverse("admin:core_outgoingmail_change", args=[mail.pk])).status_code == 404
    history = client.get(reverse("admin:core_outgoingmail_history", args=[mail.pk]), follow=True).content.decode()
    assert "For others" not in history
    assert client.post(reverse("admin:core_outgoingmail_again", args=[mail.pk])).status_code == 403


def test_a_marketer_sees_how_far_their_own_job_is_and_no_other(client):
    """Planning and counting show their progress to who asked for them, who need not see all jobs."""
    mia = StaffUserFactory.create(role=Role.MARKETER)
    client.force_login(mia)
    own, other = JobFactory.create(created_by=mia), JobFactory.create()

    answers = [client.get(reverse("admin:core_job_progress", args=[job.pk])).status_code for job in (own, other)]

    assert answers == [200, 403]


def test_the_list_is_called_as_in_the_menu_and_its_cells_have_two_lines():
    row = RecipientFactory.create(campaign=CampaignFactory.create(name="Teas"))
    client = signed_in()

    text = page(client, LIST)
    assert '<h1>Messages<span class="zg-count">1</span></h1>' in text
    assert "catalog/catalog.css" in text  # lays out cells of two lines
    assert f'<a href="{reverse(LIST)}">Messages</a>' in page(client, "admin:marketing_recipient_change", row.pk)


def test_a_page_that_shows_a_job_lets_its_bar_ask_on_whoever_started_it(client, monkeypatch):
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    colleagues, nightly = JobFactory.create(created_by=StaffUserFactory.create()), JobFactory.create()
    polls = [progress.progress_of(job).poll_url for job in (colleagues, nightly)]
    signature = polls[0].partition("?")[2]

    assert [client.get(poll).status_code for poll in polls] == [200, 200]
    assert client.get(f"{reverse('admin:core_job_progress', args=[nightly.pk])}?{signature}").status_code == 403
    assert client.get(f"{polls[0]}x").status_code == 403
    monkeypatch.setattr(progress, "SHOWN_FOR", timedelta(seconds=-1))
    assert client.get(polls[0]).status_code == 403
