"""Conversations and tickets: messages in order, clocks, hand-over, states."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from core.shop import forget_shop
from crm.exceptions import BadInput, ConversationClosed, SomebodyElseReplied
from crm.models import Conversation, Message, SlaPolicy, Ticket
from crm.selectors_desk import opening, place_in_queue
from crm.services import desk, desk_acts, desk_mood
from reviews.reader import Reader
from reviews.understanding import Understanding, Why
from tests.factories import (
    CustomerFactory,
    ShopProfileFactory,
    SlaPolicyFactory,
    SlaTargetFactory,
    StaffUserFactory,
    TeamFactory,
    TeamMemberFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def promise(db):
    """60 minutes for the first answer, 120 for the next, 480 for the solution; around the clock."""
    ShopProfileFactory.create(time_zone="Asia/Shanghai")
    forget_shop()
    SlaPolicy.objects.update(is_on=False)
    policy = SlaPolicyFactory.create()
    for priority in ("low", "normal", "high", "urgent"):
        SlaTargetFactory.create(policy=policy, priority=priority)
    return policy


def asked(channel="form", at=NOW, **more):
    conversation = desk.start(
        customer=more.pop("customer", None), visitor="", channel=channel, language="en",
        contact={"name": "Ana", "email": "ana@example.com"}, subject="Where is it?", at=at, **more,
    )  # fmt: skip
    desk.say(conversation, author="customer", text="Where is my parcel?", at=at)
    return conversation


def ticket_of(conversation):
    return Ticket.objects.select_related("conversation").get(conversation=conversation)


def opened(at=NOW, **more):
    conversation = asked(at=at, **more)
    return desk.hand_over(conversation, reason="asked", at=at)


def test_messages_are_numbered_and_the_newest_is_known():
    conversation = asked()

    desk.say(conversation, author="customer", text="  Hello?\n ", at=NOW)

    assert list(conversation.messages.values_list("sequence", "text")) == [(1, "Where is my parcel?"), (2, "Hello?")]
    assert Conversation.objects.get().last_text == "Hello?"
    assert conversation.last_sequence == 2


def test_the_same_message_sent_twice_is_one():
    conversation = asked()

    first = desk.say(conversation, author="customer", text="One", client_key="k1")
    again = desk.say(conversation, author="customer", text="One", client_key="k1")

    assert first.pk == again.pk
    assert conversation.messages.count() == 2


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001])
def test_nothing_and_too_much_is_refused(text):
    conversation = asked()

    with pytest.raises(BadInput):
        desk.say(conversation, author="customer", text=text)

    assert conversation.messages.count() == 1


def test_html_and_odd_characters_are_kept_as_typed():
    conversation = asked()

    message = desk.say(conversation, author="customer", text="<b>hi</b>\x00 😀 \ud800")

    assert Message.objects.get(pk=message.pk).text == "<b>hi</b> 😀"


def test_a_hand_over_opens_one_ticket_with_its_clocks():
    ticket = opened()

    again = desk.hand_over(ticket.conversation, reason="rule")

    assert again.pk == ticket.pk
    assert ticket.first_response_due == NOW + timedelta(minutes=60)
    assert ticket.resolve_due == NOW + timedelta(minutes=480)
    assert ticket.due_at == ticket.first_response_due
    found = Conversation.objects.get()
    assert (found.state, found.outcome, found.handover_reason) == ("waiting", "handed_over", "asked")


def test_new_tickets_go_round_the_team_that_has_the_skill():
    team, other = TeamFactory.create(skills=["refunds"]), TeamFactory.create()
    members = [TeamMemberFactory.create(team=team).staff for _ in range(2)]
    TeamMemberFactory.create(team=team, is_available=False)
    general = TeamMemberFactory.create(team=other).staff

    found = [desk.hand_over(asked(), reason="asked", skill="refunds").assignee for _ in range(4)]

    assert found == [members[0], members[1], members[0], members[1]]
    assert opened().assignee == general


def test_who_has_as_much_as_they_can_take_gets_no_more():
    team = TeamFactory.create()
    TeamMemberFactory.create(team=team, capacity=1)

    assert opened().assignee is not None
    assert opened().assignee is None


def test_the_first_answer_ends_its_clock_and_the_next_question_starts_another():
    ticket, lin = opened(), StaffUserFactory.create()

    desk.reply(ticket, lin, "It is on its way.", at=NOW + timedelta(minutes=20))
    answered = ticket_of(ticket.conversation)
    desk.say(ticket.conversation, author="customer", text="When?", at=NOW + timedelta(minutes=30))
    waiting = ticket_of(ticket.conversation)

    assert answered.first_response_seconds == 20 * 60
    assert answered.first_responder == lin == answered.assignee
    assert answered.due_at == NOW + timedelta(minutes=480)
    assert waiting.awaiting_since == NOW + timedelta(minutes=30)
    assert waiting.due_at == NOW + timedelta(minutes=150)
    assert waiting.late_responses == 0


def test_a_late_answer_counts_as_late():
    ticket = opened()

    desk.reply(ticket, StaffUserFactory.create(), "Sorry", at=NOW + timedelta(minutes=61))

    assert ticket_of(ticket.conversation).late_responses == 1


def test_the_clock_of_the_solution_stands_while_the_shop_waits_for_the_customer():
    ticket, lin = opened(), StaffUserFactory.create()
    desk.reply(ticket, lin, "Which parcel?", at=NOW + timedelta(minutes=10))

    waiting = desk.wait_for_customer(ticket, lin, at=NOW + timedelta(minutes=10))
    desk.say(ticket.conversation, author="customer", text="Number 7", at=NOW + timedelta(minutes=310))
    found = ticket_of(ticket.conversation)

    assert waiting.due_at is None
    assert found.state == "open"
    assert found.resolve_due == NOW + timedelta(minutes=480 + 300)
    assert [event.after["state"] for event in found.events.filter(kind="state").order_by("id")] == ["pending", "open"]


def test_a_note_is_no_answer():
    ticket, lin = opened(), StaffUserFactory.create()

    noted = desk.note(ticket, lin, "Ask the warehouse", mentions=[lin])

    assert noted.is_internal
    assert list(noted.mentions.all()) == [lin]
    assert ticket_of(ticket.conversation).first_responded_at is None
    assert Conversation.objects.get().last_text == "Where is my parcel?"


def test_of_two_agents_who_answer_at_once_the_second_is_told():
    ticket, lin, wu = opened(), StaffUserFactory.create(first_name="Lin"), StaffUserFactory.create()
    seen = ticket.conversation.last_sequence
    desk.reply(ticket, lin, "It is on its way.", expected_sequence=seen)

    with pytest.raises(SomebodyElseReplied, match="Lin"):
        desk.reply(ticket, wu, "It is lost.", expected_sequence=seen)

    assert ticket.conversation.messages.filter(author="staff").get().text == "It is on its way."


def test_the_same_agent_may_answer_twice():
    ticket, lin = opened(), StaffUserFactory.create()
    seen = ticket.conversation.last_sequence

    desk.reply(ticket, lin, "One", expected_sequence=seen)
    desk.reply(ticket, lin, "Two", expected_sequence=seen)

    assert ticket.conversation.messages.filter(author="staff").count() == 2


def test_a_reply_after_the_end_is_refused_and_nothing_changes():
    ticket, lin = opened(), StaffUserFactory.create()
    desk.close(ticket, lin)

    with pytest.raises(ConversationClosed):
        desk.reply(ticket, lin, "Too late")
    with pytest.raises(ConversationClosed):
        desk.say(ticket.conversation, author="customer", text="Hello?")

    assert ticket.conversation.messages.count() == 1
    assert ticket_of(ticket.conversation).state == "closed"


def test_a_customer_who_writes_after_the_solution_opens_it_again():
    ticket, lin = opened(), StaffUserFactory.create()
    desk.reply(ticket, lin, "Done", at=NOW + timedelta(minutes=5))
    solved = desk.resolve(ticket, lin, at=NOW + timedelta(minutes=5))
    assert (solved.resolver, solved.resolve_seconds, solved.due_at) == (lin, 300, None)

    desk.say(ticket.conversation, author="customer", text="It is not", at=NOW + timedelta(hours=2))
    found = ticket_of(ticket.conversation)

    assert (found.state, found.reopened, found.resolved_at) == ("open", 1, None)
    assert found.due_at == NOW + timedelta(hours=4)


def test_in_the_chat_the_assistant_answers_again_after_the_solution():
    conversation = asked(channel="chat")
    lin = StaffUserFactory.create()
    ticket = desk.hand_over(conversation, reason="asked")
    desk.reply(ticket, lin, "Done")
    desk.resolve(ticket, lin)

    desk.say(conversation, author="customer", text="Thanks")

    assert Conversation.objects.get().state == "assistant"
    assert ticket_of(conversation).state == "resolved"
    assert Conversation.objects.get().outcome == "handed_over"
    again = desk.hand_over(conversation, reason="asked")
    assert (again.pk, again.state, again.reopened) == (ticket.pk, "open", 1)


def test_the_place_in_the_queue_counts_who_waits_longer():
    first = asked(channel="chat")
    second = asked(channel="chat")
    desk.hand_over(first, reason="asked", at=NOW)
    desk.hand_over(second, reason="asked", at=NOW + timedelta(minutes=1))

    assert (place_in_queue(first), place_in_queue(second)) == (1, 2)

    desk.take(ticket_of(first), StaffUserFactory.create())
    first.refresh_from_db()

    assert (place_in_queue(first), place_in_queue(second)) == (0, 1)


def test_the_place_in_the_queue_counts_only_who_waits_in_the_chat():
    """Not a form, not what was resolved without an answer, not what became part of another ticket."""
    lin = StaffUserFactory.create()
    desk.hand_over(asked(channel="form"), reason="asked", at=NOW)
    resolved, part, whole = (
        desk.hand_over(asked(channel="chat"), reason="asked", at=NOW + timedelta(minutes=n)) for n in range(3)
    )
    desk.resolve(resolved, lin)
    desk_acts.merge(part, whole, lin)
    mine = asked(channel="chat")
    desk.hand_over(mine, reason="asked", at=NOW + timedelta(minutes=9))

    assert place_in_queue(mine) == 2


def test_a_solution_that_came_late_leaves_its_line_before_anybody_looked():
    ticket, lin = opened(), StaffUserFactory.create()
    desk.reply(ticket, lin, "Wait", at=NOW + timedelta(minutes=5))

    desk.resolve(ticket, lin, at=NOW + timedelta(minutes=481))

    assert ticket.events.filter(kind="late").count() == 1
    assert ticket_of(ticket.conversation).late_responses == 0


class OneWord:
    """A model that finds "awful" bad and everything else good."""

    classes = ("negative", "positive")

    def probabilities(self, texts):
        bad = np.array([0.99 if "awful" in text else 0.02 for text in texts])
        return np.stack([bad, 1.0 - bad], axis=1)


@pytest.mark.parametrize(
    ("version", "text", "priority", "reasons"),
    [
        (None, "This is awful.", "normal", []),
        (7, "This is awful.", "high", ["unhappy"]),
        (7, "Where is my parcel?", "normal", []),
    ],
)
def test_words_that_sound_unhappy_are_one_step_more_urgent_where_a_model_reads_them(
    monkeypatch, version, text, priority, reasons
):
    monkeypatch.setattr(desk_mood, "scorer", lambda: Reader(OneWord(), version))
    conversation = desk.start(customer=None, visitor="", channel="form", language="en")
    desk.say(conversation, author="customer", text=text)

    ticket = desk.hand_over(conversation, reason="asked")

    assert (ticket.priority, [one["key"] for one in ticket.priority_reasons]) == (priority, reasons)


def test_what_the_assistant_is_sure_to_have_an_answer_to_is_a_question_and_not_unhappy(monkeypatch):
    """A model of reviews takes questions for complaints, which hardly stand in reviews."""
    monkeypatch.setattr(desk_mood, "scorer", lambda: Reader(OneWord(), 7))
    understood = {"Is awful weather bad for it?": "answer", "It was awful.": "hand_over"}
    monkeypatch.setattr(
        desk_mood.understanding, "understand", lambda text: Understanding(understood[text], Why.UNKNOWN, "en")
    )
    told = []
    for texts in (["Is awful weather bad for it?"], ["Is awful weather bad for it?", "It was awful."]):
        conversation = desk.start(customer=None, visitor="", channel="form", language="en")
        for text in texts:
            desk.say(conversation, author="customer", text=text)
        told.append(desk_mood.sounds_unhappy(conversation))

    assert told == [False, True]


def test_a_ticket_that_is_opened_again_by_unhappy_words_is_one_step_more_urgent_once(monkeypatch):
    monkeypatch.setattr(desk_mood, "scorer", lambda: Reader(OneWord(), 7))
    ticket, lin = opened(), StaffUserFactory.create()
    for _each in range(2):
        desk.reply(ticket, lin, "So.")
        desk.resolve(ticket, lin)
        desk.say(ticket.conversation, author="customer", text="This is awful.")

    found = ticket_of(ticket.conversation)

    assert (found.priority, found.priority_reasons) == ("high", [{"key": "unhappy"}])


def test_the_shop_says_when_it_opens():
    """Saturday; the shipped hours are Monday to Friday from nine to six in the shop's zone."""
    found = opening(datetime(2026, 11, 28, 3, 0, tzinfo=UTC))

    assert (found.is_open, found.opens_at) == (False, datetime(2026, 11, 30, 1, 0, tzinfo=UTC))
    assert opening(NOW).is_open


def test_a_rating_belongs_to_who_resolved_it_and_the_newer_counts():
    ticket, lin = opened(), StaffUserFactory.create()
    desk.resolve(ticket, lin)

    desk.rate(ticket.conversation, score=2)
    row = desk.rate(ticket.conversation, score=5, comment="Good after all")

    assert (row.score, row.staff, row.comment) == (5, lin, "Good after all")
    with pytest.raises(BadInput):
        desk.rate(ticket.conversation, score=6)


def test_a_customer_who_is_erased_leaves_a_closed_ticket_without_a_word():
    from core.rights.erasing import erase

    customer = CustomerFactory.create(name="Ana Li", email="ana@example.com")
    ticket = opened(customer=customer)
    guest = opened()
    other = desk.start(customer=None, visitor="", channel="form", language="en", contact={"email": "x@example.com"})
    desk.say(other, author="customer", text="My friend ana@example.com asked too")

    erase("catalog.Customer", customer.pk)

    for one in (ticket, guest):
        found = ticket_of(one.conversation)
        assert (found.state, found.due_at, found.resolved_at) == ("closed", None, None)
        assert found.conversation.contact_email == found.conversation.subject == found.conversation.last_text == ""
        assert set(found.conversation.messages.values_list("text", flat=True)) == {""}
        assert found.events.filter(kind="erased").count() == 1
    assert "ana@example.com" not in other.messages.get().text
    assert not Message.objects.filter(text__contains="ana@").exists()
    assert timezone.now() >= ticket_of(ticket.conversation).closed_at
    with pytest.raises(ConversationClosed):
        desk.reply(ticket, StaffUserFactory.create(), "Dear Ana Li")
    with pytest.raises(ConversationClosed):
        desk.say(ticket.conversation, author="customer", text="ana@example.com again")
