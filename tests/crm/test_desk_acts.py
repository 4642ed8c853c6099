"""Assigning, priority, tags, macros, merging and splitting: each with its exact way back."""

from datetime import timedelta

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from crm.exceptions import BadInput, SomebodyElseReplied, UndoRefused
from crm.models import Conversation, Message, Ticket
from crm.selectors_desk import thread_of
from crm.services import desk, desk_acts
from crm.services.merge_tags import fill, unknown_tags
from tests.factories import (
    ConversationFactory,
    CustomerTraitFactory,
    MacroFactory,
    StaffUserFactory,
    TeamFactory,
    TeamMemberFactory,
)

pytestmark = pytest.mark.django_db


def opened(text="Where is it?", at=None):
    conversation = desk.start(
        customer=None, visitor="", channel="chat", language="en", contact={"name": "Ana"}, subject="It", at=at
    )
    desk.say(conversation, author="customer", text=text, at=at)
    return desk.hand_over(conversation, reason="asked", at=at)


def rows():
    """All that merging and splitting could touch, but for when a row was saved."""
    tickets = [{**model_to_dict(one), "updated_at": None} for one in Ticket.objects.order_by("pk")]
    threads = [model_to_dict(one) for one in Conversation.objects.order_by("pk")]
    said = list(Message.objects.order_by("pk").values())
    return tickets, threads, said


@pytest.fixture
def lin(db):
    return StaffUserFactory.create(first_name="Lin")


def test_what_was_assigned_can_be_taken_back(lin):
    ticket = opened()

    event = desk_acts.assign(ticket, lin, lin)
    assert Ticket.objects.get().assignee == lin
    desk_acts.undo(event, lin)

    assert Ticket.objects.get().assignee is None
    assert desk_acts.assign(ticket, None, lin) is None


def test_what_somebody_changed_since_is_not_taken_back(lin):
    ticket, wu = opened(), StaffUserFactory.create()
    event = desk_acts.assign(ticket, lin, lin)
    desk_acts.assign(ticket, wu, lin)

    with pytest.raises(UndoRefused):
        desk_acts.undo(event, lin)

    assert Ticket.objects.get().assignee == wu


def test_the_clocks_follow_the_priority_and_go_back_with_it(lin):
    ticket = opened()
    before = Ticket.objects.get().due_at

    event = desk_acts.set_priority(ticket, "urgent", lin)
    urgent = Ticket.objects.get()
    desk_acts.undo(event, lin)

    assert urgent.due_at < before
    assert Ticket.objects.get().due_at == before
    with pytest.raises(BadInput):
        desk_acts.set_priority(ticket, "very", lin)


def test_tags_are_words_without_order(lin):
    ticket = opened()

    event = desk_acts.set_tags(ticket, ["refund", " late  parcel ", "refund", ""], lin)

    assert Ticket.objects.get().tags == ["late parcel", "refund"]
    desk_acts.undo(event, lin)
    assert Ticket.objects.get().tags == []


def test_an_end_by_mistake_is_taken_back_with_all_clocks(lin):
    ticket = opened(at=timezone.now() - timedelta(hours=1))
    before = rows()

    for act in (desk.resolve, desk.close, desk.wait_for_customer):
        act(ticket, lin)
        desk_acts.undo(ticket.events.filter(kind="state").latest("pk"), lin)

        assert rows() == before


def test_an_end_is_not_taken_back_when_the_customer_wrote_since(lin):
    ticket = opened()
    desk.resolve(ticket, lin)
    event = ticket.events.filter(kind="state").get()
    desk.say(ticket.conversation, author="customer", text="Thanks")

    with pytest.raises(UndoRefused):
        desk_acts.undo(event, lin)

    assert Ticket.objects.get().state == "resolved"


def test_a_macro_answers_and_does_all_it_says(lin):
    team = TeamFactory.create()
    TeamMemberFactory.create(team=team, is_available=False)
    macro = MacroFactory.create(state="resolved", priority="low", add_tags=["parcel"], to_me=True)
    ticket = opened()

    message = desk_acts.use_macro(ticket, macro, lin, text="It is on its way.", expected_sequence=1)
    found = Ticket.objects.get()

    assert message.text == "It is on its way."
    assert (found.state, found.priority, found.tags, found.assignee) == ("resolved", "low", ["parcel"], lin)


def test_a_macro_does_nothing_when_somebody_else_answered(lin):
    ticket, macro = opened(), MacroFactory.create(state="resolved", add_tags=["parcel"])
    desk.reply(ticket, StaffUserFactory.create(), "Hello")

    with pytest.raises(SomebodyElseReplied):
        desk_acts.use_macro(ticket, macro, lin, text="Bye", expected_sequence=1)

    assert (Ticket.objects.get().state, Ticket.objects.get().tags) == ("open", [])


def test_merging_gives_one_clock_and_one_thread_and_the_way_back_is_exact(lin):
    old = opened("First", at=timezone.now() - timedelta(hours=3))
    new = opened("Second")
    before = rows()

    event = desk_acts.merge(new, old, lin)
    desk.say(new.conversation, author="customer", text="And this?")
    merged, root = Ticket.objects.get(pk=new.pk), Ticket.objects.get(pk=old.pk)
    assert (merged.merged_into, merged.state, merged.due_at) == (root, "closed", None)
    assert root.awaiting_since == old.awaiting_since
    assert root.state == "open"
    Message.objects.filter(text="And this?").delete()
    Conversation.objects.filter(pk=new.conversation_id).update(
        **{name: before[1][1][name] for name in ("last_sequence", "last_text", "last_message_at", "last_customer_at")}
    )
    desk_acts.undo(event, lin)

    assert rows() == before


def test_an_answer_after_merging_goes_where_the_customer_wrote_last(lin):
    old, new = opened("First"), opened("Second")
    desk_acts.merge(new, old, lin)

    message = desk.reply(old, lin, "Here")

    assert message.conversation_id == new.conversation_id
    assert Ticket.objects.get(pk=old.pk).first_responder == lin


def test_parts_of_a_part_become_parts_of_the_whole_and_go_back_with_it(lin):
    first, second, third = opened("A"), opened("B"), opened("C")
    desk_acts.merge(first, second, lin)
    before = rows()

    event = desk_acts.merge(second, third, lin)
    desk.say(first.conversation, author="customer", text="Still A")
    assert set(Ticket.objects.filter(merged_into=third).values_list("pk", flat=True)) == {first.pk, second.pk}
    assert "Still A" in [one.text for one in thread_of(first.pk).messages]
    assert desk.reply(third, lin, "Here").conversation_id == first.conversation_id
    desk_acts.undo(event, lin)

    assert Ticket.objects.get(pk=first.pk).merged_into == second
    assert [one["merged_into"] for one in rows()[0]] == [one["merged_into"] for one in before[0]]


def test_a_part_that_is_taken_out_of_what_ended_can_be_written_in(lin):
    whole, part = opened("First"), opened("Second")
    event = desk_acts.merge(part, whole, lin)
    desk.close(whole, lin)

    desk_acts.undo(event, lin)

    assert desk.reply(part, lin, "Here").conversation_id == part.conversation_id
    assert desk.say(part.conversation, author="customer", text="Thanks").sequence == 3
    assert Conversation.objects.get(pk=whole.conversation_id).state == "closed"


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_nothing_is_merged_into_what_is_over(lin, state):
    old, new = opened(), opened()
    desk.set_state(old, state, lin)

    with pytest.raises(BadInput):
        desk_acts.merge(new, old, lin)
    with pytest.raises(BadInput):
        desk_acts.merge(new, new, lin)

    assert Ticket.objects.get(pk=new.pk).merged_into is None


def test_closing_the_whole_ends_the_parts_and_its_undo_opens_them(lin):
    old, new = opened(), opened()
    desk_acts.merge(new, old, lin)

    desk.close(old, lin)
    assert Conversation.objects.get(pk=new.conversation_id).state == "closed"
    desk_acts.undo(old.events.filter(kind="state").get(), lin)

    assert Conversation.objects.get(pk=new.conversation_id).state == "with_person"


def test_splitting_moves_messages_and_the_way_back_is_exact(lin):
    ticket = opened("First")
    desk.say(ticket.conversation, author="customer", text="By the way, a refund?")
    desk.say(ticket.conversation, author="customer", text="And the parcel?")
    second = ticket.conversation.messages.get(sequence=2)
    before = rows()

    event = desk_acts.split(ticket, [second.pk], lin)
    new = Ticket.objects.get(pk=event.after["ticket"])
    assert list(new.conversation.messages.values_list("sequence", "text")) == [(1, "By the way, a refund?")]
    assert list(ticket.conversation.messages.values_list("sequence", flat=True)) == [1, 3]
    assert (new.conversation.last_text, new.conversation.contact_name) == ("By the way, a refund?", "Ana")
    desk_acts.undo(event, lin)

    assert rows() == before


def test_what_was_said_after_a_split_is_not_lost_with_its_undo(lin):
    ticket = opened("First")
    desk.say(ticket.conversation, author="customer", text="A refund?")
    event = desk_acts.split(ticket, [ticket.conversation.messages.get(sequence=2).pk], lin)
    new = Ticket.objects.get(pk=event.after["ticket"])
    desk.say(new.conversation, author="customer", text="Please")

    desk_acts.undo(event, lin)

    assert list(ticket.conversation.messages.values_list("sequence", "text").order_by("sequence")) == [
        (1, "First"), (2, "A refund?"), (3, "Please"),
    ]  # fmt: skip


def test_a_split_needs_a_message_on_each_side(lin):
    ticket = opened("First")

    with pytest.raises(BadInput):
        desk_acts.split(ticket, [ticket.conversation.messages.get().pk], lin)
    with pytest.raises(BadInput):
        desk_acts.split(ticket, [], lin)

    assert Ticket.objects.count() == 1


def test_many_are_taken_back_at_once(lin):
    events = [desk_acts.assign(opened(), lin, lin) for _ in range(3)]

    assert desk_acts.undo_many([one.pk for one in events], lin) == 3
    assert desk_acts.undo_many([one.pk for one in events], lin) == 0
    assert not Ticket.objects.exclude(assignee=None).exists()


def test_merge_tags_are_filled_once_and_never_read_again():
    assert fill("Dear {name}, {shop} {what}", {"name": "{shop}", "shop": "Tea"}) == "Dear {shop}, Tea {what}"
    assert unknown_tags("{name} {customer.password} {0}") == {"customer.password", "0"}


@pytest.mark.parametrize(("segment", "priority"), [("champions", "high"), ("cannot_lose", "high"), ("new", "normal")])
def test_tickets_of_the_best_customers_are_one_step_more_urgent(segment, priority):
    trait = CustomerTraitFactory.create(kind="rfm", value=segment)
    CustomerTraitFactory.create(kind="cluster", value="champions")

    conversation = ConversationFactory.create(customer=trait.customer, channel="form")

    assert desk.hand_over(conversation, reason="asked").priority == priority
