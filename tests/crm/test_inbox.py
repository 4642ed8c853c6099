"""Staff pages of the inbox: list, thread, acting, live changes, bulk."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import Alert, Job, OutgoingMail
from crm.dashboard import card
from crm.models import DeskSettings, Ticket
from crm.services import desk, desk_acts, desk_upkeep
from reviews.signals import review_judged_negative
from reviews.trends import following, trials
from tests.factories import (
    CannedReplyFactory,
    CustomerFactory,
    MacroFactory,
    OrderFactory,
    ReviewFactory,
    ShopProfileFactory,
    StaffUserFactory,
)
from tests.reviews.trends.world import unhappy

pytestmark = pytest.mark.django_db
PAGE = "/admin/crm/inbox/"


@pytest.fixture
def lin(db):
    ShopProfileFactory.create()
    return StaffUserFactory.create(role=Role.SUPPORT, first_name="Lin", last_name="")


@pytest.fixture
def client(lin):
    client = Client()
    client.force_login(lin)
    return client


def opened(text="Where is my parcel?", customer=None, channel="chat", at=None, name="Ana"):
    conversation = desk.start(
        customer=customer, visitor="", channel=channel, language="en", subject="Parcel", at=at,
        contact={"name": name, "email": "ana@example.com"},
    )  # fmt: skip
    desk.say(conversation, author="customer", text=text, at=at)
    return desk.hand_over(conversation, reason="asked", at=at)


def post(client, ticket, **fields):
    return client.post(
        f"{PAGE}?ticket={ticket.pk}", {"ticket": ticket.pk, **fields}, headers={"Accept": "application/json"}
    )


def test_the_list_and_a_thread_stay_within_twelve_queries_each(client, lin, django_assert_max_num_queries):
    for number in range(40):
        ticket = opened(f"Message {number}", customer=CustomerFactory.create(name=f"Ana {number}"))
        desk.reply(ticket, lin, "Hello")
    CannedReplyFactory.create()
    MacroFactory.create()
    client.get(PAGE)

    with django_assert_max_num_queries(12):
        page = client.get(PAGE)
    assert page.content.decode().count("data-inbox-row") == 30

    desk.note(ticket, lin, "@lin look", mentions=[lin])
    with django_assert_max_num_queries(12):
        thread = client.get(f"{PAGE}?ticket={ticket.pk}")
    assert "Message 39" in thread.content.decode()
    assert [one.mentions for one in thread.context["said"] if one.side == "note"] == [[f"@{lin}"]]


def test_texts_to_answer_with_come_after_the_conversation(client, django_assert_max_num_queries):
    ticket = opened(customer=CustomerFactory.create(name="Ana"), name="Ana")
    CannedReplyFactory.create(title="Greeting", text_en="Dear {name},", shortcut="hi")
    MacroFactory.create(title="Resolve it", state="resolved")

    with django_assert_max_num_queries(8):
        page = client.get(reverse("admin:crm_inbox_texts"), {"ticket": ticket.pk}).content.decode()

    assert 'data-text="Dear Ana,"' in page
    assert "Resolve it" in page
    assert client.get(reverse("admin:crm_inbox_texts"), {"ticket": "x"}).status_code == 404


def test_what_a_customer_typed_is_shown_as_typed(client):
    ticket = opened("<script>alert(1)</script>")

    page = client.get(f"{PAGE}?ticket={ticket.pk}").content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_empty_inbox_says_what_will_be_there(client):
    assert "Nobody has written yet" in client.get(PAGE).content.decode()


def test_tabs_hold_what_they_say(client, lin):
    mine, free = opened("mine"), opened("free")
    desk_acts.assign(mine, lin, lin)
    done = opened("done")
    desk.resolve(done, lin)

    def shown(view):
        return [line.ticket.pk for line in client.get(f"{PAGE}?view={view}").context["lines"]]

    assert shown("mine") == [mine.pk]
    assert shown("unassigned") == [free.pk]
    assert shown("done") == [done.pk]
    assert set(shown("open")) == {mine.pk, free.pk}


def test_a_search_finds_numbers_names_addresses_and_words(client):
    ticket = opened("A broken teapot", customer=CustomerFactory.create(name="Zhao Min"))
    opened("Something else", name="Bo")

    for term in (f"#{ticket.pk}", "teapot", "zhao", "TEAPOT"):
        found = client.get(PAGE, {"q": term}).context["lines"]
        assert [line.ticket.pk for line in found] == [ticket.pk], term
    assert client.get(PAGE, {"q": "nothing like it"}).context["lines"] == []


def test_a_reply_is_sent_once_and_by_mail_where_the_customer_wrote_by_mail(client, lin):
    ticket = opened(channel="email")

    for _ in range(2):
        answer = post(client, ticket, act="reply", text="On its way", expected=1, key="k1")
        assert (answer.status_code, answer.json()["sent"]) == (200, True)

    assert ticket.conversation.messages.filter(author="staff").count() == 1
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == ("ticket_reply", "ana@example.com")
    assert f"[#{ticket.pk}]" in mail.subject
    assert "On its way" in mail.text


def test_who_answers_second_is_told_and_keeps_the_text(client, lin):
    ticket = opened()
    desk.reply(ticket, StaffUserFactory.create(first_name="Wu", last_name=""), "First")

    answer = post(client, ticket, act="reply", text="Second", expected=1)
    plain = client.post(
        f"{PAGE}?ticket={ticket.pk}", {"ticket": ticket.pk, "act": "reply", "text": "Second", "expected": 1}
    )

    assert answer.status_code == 409
    assert "Wu answered in the meantime" in answer.json()["text"]
    assert answer.json()["seen"] == 2
    assert plain.status_code == 409
    assert ">Second</textarea>" in plain.content.decode()
    assert ticket.conversation.messages.filter(author="staff").count() == 1

    post(client, ticket, act="reply", text="Second", expected=answer.json()["seen"])
    assert list(ticket.conversation.messages.values_list("text", flat=True).order_by("sequence"))[1:] == [
        "First", "Second",
    ]  # fmt: skip


def test_send_and_resolve_is_all_or_nothing(client, lin):
    ticket = opened()
    desk.reply(ticket, StaffUserFactory.create(), "First")

    post(client, ticket, act="reply", text="Second", expected=1, then="resolved")
    assert Ticket.objects.get().state == "open"
    post(client, ticket, act="reply", text="Second", expected=2, then="resolved")

    assert Ticket.objects.get().state == "resolved"


def test_a_reply_that_comes_after_the_end_is_refused_with_its_text(client, lin):
    ticket = opened()
    desk.close(ticket, lin)

    answer = post(client, ticket, act="reply", text="Too late", expected=1)

    assert (answer.status_code, ticket.conversation.messages.count()) == (409, 1)


def test_every_change_of_the_page_has_its_undo(client, lin):
    ticket = opened()
    before = Ticket.objects.values("state", "priority", "tags", "assignee", "due_at").get()

    for fields in (
        {"act": "take"}, {"act": "assign", "to": lin.pk}, {"act": "priority", "priority": "urgent"},
        {"act": "tags", "tags": "late, 退款"}, {"act": "state", "state": "resolved"},
        {"act": "state", "state": "pending"}, {"act": "state", "state": "closed"},
    ):  # fmt: skip
        told = post(client, ticket, **fields).json()
        assert told["undo"], fields
        post(client, ticket, act="undo", event=told["undo"])
        assert Ticket.objects.values("state", "priority", "tags", "assignee", "due_at").get() == before, fields


def test_a_note_names_a_colleague_who_finds_it_under_mentions(client, lin):
    ticket, wu = opened(), StaffUserFactory.create(role=Role.SUPPORT, username="wu.mei")
    other = Client()
    other.force_login(wu)

    post(client, ticket, act="note", text="@wu.mei can you look? mail@wu.mei is no name")

    assert [line.ticket.pk for line in other.get(f"{PAGE}?view=mentions").context["lines"]] == [ticket.pk]
    assert client.get(f"{PAGE}?view=mentions").context["lines"] == []
    assert Ticket.objects.get().first_responded_at is None


def test_whoever_a_note_names_gets_a_mail_that_leads_to_the_ticket_and_holds_none_of_it(client, lin, settings):
    settings.PUBLIC_URL = "https://shop.example"
    ticket = opened()
    wu = StaffUserFactory.create(role=Role.SUPPORT, username="wu", email="wu@shop.example", language="zh-hans")
    StaffUserFactory.create(role=Role.EDITOR, username="bo", email="bo@shop.example")

    told = post(client, ticket, act="note", text=f"@wu and @{lin.username}: the red teapot").json()["text"]
    blind = post(client, ticket, act="note", text="@bo look").json()["text"]

    (mail,) = OutgoingMail.objects.filter(kind="ticket_mention")
    assert (mail.to, mail.language, told) == (wu.email, "zh-hans", "Note added")
    assert f"https://shop.example{PAGE}?ticket={ticket.pk}" in mail.text
    assert f"#{ticket.number}" in mail.subject
    assert "teapot" not in mail.subject + mail.text
    assert blind == "Note added. @bo may not open tickets and gets no notice."


def test_names_in_a_note_end_where_the_user_name_does_and_nobodys_name_is_told(client, lin):
    ticket, wu = opened(), StaffUserFactory.create(role=Role.SUPPORT, username="wu")
    mei = StaffUserFactory.create(role=Role.SUPPORT, username="wu.mei")

    for text, named, told in (
        ("@wu看一下", [wu], "Note added"), ("问@WU.", [wu], "Note added"),
        ("@wu.mei. And @wu", [mei, wu], "Note added"),
        ("@nosuch look", [], "Note added. Nobody here is called @nosuch."), ("me@wu", [], "Note added"),
    ):  # fmt: skip
        assert post(client, ticket, act="note", text=text).json()["text"] == told, text
        note = ticket.conversation.messages.order_by("sequence").last()
        assert set(note.mentions.all()) == set(named), text


def test_a_mention_is_done_with_its_ticket(client, lin):
    ticket = opened()
    post(client, ticket, act="note", text=f"@{lin.username} look")
    assert [line.ticket.pk for line in client.get(f"{PAGE}?view=mentions").context["lines"]] == [ticket.pk]

    desk.set_state(ticket, "resolved", lin)

    assert client.get(f"{PAGE}?view=mentions").context["lines"] == []


def test_the_home_says_what_waits_in_the_inbox_and_leads_to_as_many(client, lin):
    mine, _nobodys, other = opened(), opened(), opened()
    desk.take(mine, lin)
    desk.take(other, StaffUserFactory.create(role=Role.SUPPORT))
    post(client, other, act="note", text=f"@{lin.username} look")

    found = card(client.get("/admin/").wsgi_request)

    assert [(item.label, item.count) for item in found.work] == [
        ("ticket of yours to answer", 1), ("ticket that nobody has", 1), ("open ticket with a note for you", 1),
    ]  # fmt: skip
    assert [len(client.get(item.url).context["lines"]) for item in found.work] == [1, 1, 1]


def test_the_list_says_what_people_said_last_and_not_the_place_in_the_queue(client):
    ticket = opened("Where is my parcel?")
    desk.say(ticket.conversation, author="system", text="You are number 1 in the queue.")

    assert [line.text for line in client.get(PAGE).context["lines"]] == ["Where is my parcel?"]


def test_who_may_only_look_changes_nothing(lin):
    ticket = opened()
    auditor = Client()
    auditor.force_login(StaffUserFactory.create(role=Role.AUDITOR))

    assert auditor.get(f"{PAGE}?ticket={ticket.pk}").status_code == 200
    assert "data-inbox-write" not in auditor.get(f"{PAGE}?ticket={ticket.pk}").content.decode()
    assert post(auditor, ticket, act="reply", text="x").status_code == 403
    assert ticket.conversation.messages.count() == 1


def test_merging_leads_to_the_other_ticket_and_the_old_address_too(client):
    old, new = opened("First"), opened("Second")

    told = post(client, new, act="merge", into=f"#{old.pk}").json()

    assert told["ticket"] == old.pk
    page = client.get(f"{PAGE}?ticket={new.pk}", follow=True)
    assert page.redirect_chain[-1][0].endswith(f"ticket={old.pk}")
    assert "Second" in page.content.decode()
    assert post(client, new, act="merge", into="999999").status_code == 409


def test_what_two_customers_said_keeps_their_names_when_their_tickets_become_one(client):
    bo, cy = CustomerFactory.create(name="Bo"), CustomerFactory.create(name="Cy")
    old, new = opened("First", customer=bo, name=""), opened("Second", customer=cy, name="")

    told = post(client, new, act="merge", into=old.pk).json()
    said = client.get(f"{PAGE}?ticket={old.pk}").context["said"]

    assert told["text"] == f"Now part of #{old.pk}, of another customer: Bo"
    assert [(one.who, one.message.text) for one in said] == [("Bo", "First"), ("Cy", "Second")]


def test_what_was_said_in_a_part_is_found_in_its_whole(client, lin):
    whole, part = opened("First"), opened("A broken teapot", name="Bo")
    desk.note(part, lin, "@lin look", mentions=[lin])
    desk_acts.merge(part, whole, lin)

    for address in (f"?q=%23{part.pk}", "?q=teapot", "?q=bo", "?view=mentions"):
        found = client.get(f"{PAGE}{address}").context["lines"]
        assert [line.ticket.pk for line in found] == [whole.pk], address


def test_splitting_by_ticked_messages(client):
    ticket = opened()
    desk.say(ticket.conversation, author="customer", text="And a refund")
    second = ticket.conversation.messages.get(sequence=2)

    told = post(client, ticket, act="split", messages=[second.pk]).json()

    assert Ticket.objects.count() == 2
    assert told["undo"]
    assert post(client, ticket, act="split", messages=[]).status_code == 409


def test_the_mark_changes_when_something_happened_and_costs_little(client, lin, django_assert_max_num_queries):
    ticket = opened()
    address = reverse("admin:crm_inbox_changes")
    client.get(address)

    with django_assert_max_num_queries(5):
        first = client.get(address).json()["mark"]
    assert client.get(address).json()["mark"] == first
    desk.say(ticket.conversation, author="customer", text="Hello?")

    assert client.get(address).json()["mark"] != first


def test_colleagues_at_the_same_ticket_see_each_other(client, lin):
    ticket, address = opened(), reverse("admin:crm_inbox_changes")
    other = Client()
    other.force_login(StaffUserFactory.create(role=Role.SUPPORT, first_name="Wu", last_name=""))

    assert client.get(address, {"ticket": ticket.pk}).json()["others"] == ""
    assert other.get(address, {"ticket": ticket.pk, "typing": 1}).json()["others"] == "Lin is looking at this too"
    told = client.get(address, {"ticket": ticket.pk}).json()

    assert (told["others"], told["is_typing"]) == ("Wu is writing an answer", True)


def test_the_side_shows_orders_and_other_tickets(client, django_assert_max_num_queries):
    customer = CustomerFactory.create(name="Ana")
    OrderFactory.create(customer=customer, number="A-77")
    ticket, other = opened(customer=customer), opened("Another", customer=customer)

    with django_assert_max_num_queries(14):
        page = client.get(reverse("admin:crm_inbox_side"), {"ticket": ticket.pk}).content.decode()

    assert "A-77" in page
    assert f"#{other.pk}" in page
    assert client.get(reverse("admin:crm_inbox_side"), {"ticket": "9" * 30}).status_code == 404


def test_many_tickets_are_resolved_at_once_and_put_back(client, lin):
    tickets = [opened(f"M{number}") for number in range(3)]
    chosen = [ticket.pk for ticket in tickets[:2]]

    page = client.post(
        reverse("admin:crm_ticket_changelist"), {"action": "resolve_chosen", "_selected_action": chosen}, follow=True
    )
    assert set(Ticket.objects.filter(state="resolved").values_list("pk", flat=True)) == set(chosen)
    message = next(iter(page.context["messages"]))
    client.post(reverse("admin:crm_ticket_undo"), json.loads(message.extra_tags)["fields"])

    assert Ticket.objects.filter(state="open").count() == 3


def test_the_list_of_tickets_stays_within_its_queries(client, django_assert_max_num_queries):
    for number in range(20):
        opened(f"M{number}")
    address = reverse("admin:crm_ticket_changelist")
    client.get(address)

    with django_assert_max_num_queries(16):
        page = client.get(address)

    assert page.status_code == 200
    assert client.get(address, {"target": "missed", "channel": "chat", "tag": "x", "q": "M1"}).status_code == 200


def test_an_alert_says_what_is_due_before_it_is_late_and_goes_by_itself(lin):
    opened(at=timezone.now())
    Ticket.objects.update(due_at=timezone.now() + timedelta(minutes=10))

    desk_upkeep.watch_clocks()
    alert = Alert.objects.get(rule="tickets_due")
    assert (alert.text_values["count"], alert.text_values["late"], alert.resolved_at) == (1, 0, None)
    desk.resolve(Ticket.objects.get(), lin)
    desk_upkeep.watch_clocks()

    assert Alert.objects.get(rule="tickets_due").resolved_at is not None


def test_a_ticket_that_is_late_is_noted_once_and_becomes_more_urgent(lin):
    opened(at=timezone.now() - timedelta(days=9))

    for _ in range(2):
        desk_upkeep.watch_clocks()
    ticket = Ticket.objects.get()

    assert ticket.priority == "high"
    assert ticket.priority_reasons == [{"key": "late"}]
    assert ticket.events.filter(kind="late").count() == 1


def test_a_late_ticket_keeps_the_priority_that_a_person_chose(lin):
    ticket = opened(at=timezone.now() - timedelta(days=9))
    desk_acts.set_priority(ticket, "low", lin)

    desk_upkeep.watch_clocks()

    assert Ticket.objects.get().priority == "low"


def test_clocks_follow_new_targets_and_a_second_run_changes_nothing(lin):
    opened(at=timezone.now())
    before = Ticket.objects.get().due_at
    Ticket.objects.get().policy.targets.update(first_response=10_000, resolution=20_000)

    assert (desk_upkeep.set_clocks_anew(), desk_upkeep.set_clocks_anew()) == (1, 0)
    assert Ticket.objects.get().due_at > before


def test_what_is_long_resolved_is_closed(lin):
    old, new = opened(channel="form"), opened(channel="form")
    desk.resolve(old, lin, at=timezone.now() - timedelta(days=8))
    desk.resolve(new, lin)

    assert (desk_upkeep.close_resolved(), desk_upkeep.close_resolved()) == (1, 0)
    assert list(Ticket.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "resolved"]


def test_a_bad_review_opens_one_ticket_where_the_shop_wants_it(lin):
    review = ReviewFactory.create(customer=CustomerFactory.create(), rating=1, text="Broken")

    assert desk_upkeep.open_for_review(review.pk) is None
    DeskSettings.objects.update(tickets_from_reviews=True)
    first, again = desk_upkeep.open_for_review(review.pk), desk_upkeep.open_for_review(review.pk)

    assert first == again
    assert (first.priority, first.priority_reasons) == ("high", [{"key": "bad_review"}])
    assert first.conversation.handover_reason == "review"
    assert first.conversation.messages.get().text.endswith("Broken")


def test_tickets_follow_the_list_of_unhappy_customers_and_its_control_group_gets_none(
    lin, monkeypatch, django_capture_on_commit_callbacks
):
    DeskSettings.objects.update(tickets_from_reviews=True)
    now = timezone.now()
    listed, left = unhappy(now), unhappy(now)
    monkeypatch.setattr(trials, "is_listed", lambda subject: subject.customer == listed.customer.public_id)

    with django_capture_on_commit_callbacks(execute=True):
        review_judged_negative.send(sender=None, review_id=left.pk)
    assert not Job.objects.filter(kind="crm.desk.review").exists(), "nobody is asked before it is decided who is helped"
    with django_capture_on_commit_callbacks(execute=True):
        following.follow(now=now)
    for job in Job.objects.filter(kind="crm.desk.review"):
        desk_upkeep.open_for_review(**job.arguments)

    assert [one.conversation.review for one in Ticket.objects.all()] == [listed]
    assert desk_upkeep.open_for_review(left.pk) is None
