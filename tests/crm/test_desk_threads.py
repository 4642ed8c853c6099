"""Two at once at one ticket: neither waits for the other for ever, and each sees what the other did."""

import threading

import pytest
from django.db import connections

from core.exceptions import DomainError
from core.rights.erasing import erase
from crm.models import Conversation, Message, Ticket
from crm.services import desk, desk_acts
from tests.factories import CustomerFactory, MacroFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lin(db):
    ShopProfileFactory.create()
    return StaffUserFactory.create(first_name="Lin", last_name="")


def opened(text="Where is it?", customer=None):
    conversation = desk.start(customer=customer, visitor="", channel="form", language="en", subject="It")
    desk.say(conversation, author="customer", text=text)
    return desk.hand_over(conversation, reason="asked")


def at_once(*acts):
    """What came of acts that begin together: what each returned, or raised."""
    found: list[object] = [None] * len(acts)
    begin = threading.Barrier(len(acts))

    def run(place, act):
        try:
            begin.wait(timeout=20)
            found[place] = act()
        except Exception as error:
            found[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def test_of_two_agents_who_answer_at_the_same_moment_one_is_told(lin):
    ticket, wu = opened(), StaffUserFactory.create(first_name="Wu", last_name="")

    found = at_once(
        lambda: desk.reply(ticket, lin, "From Lin", expected_sequence=1),
        lambda: desk.reply(ticket, wu, "From Wu", expected_sequence=1),
    )

    assert sorted(type(one).__name__ for one in found) == ["Message", "SomebodyElseReplied"]
    (sent,) = Message.objects.filter(author="staff")
    assert Ticket.objects.get().first_responder == sent.staff


def test_a_macro_without_words_and_a_message_do_not_wait_for_each_other(lin):
    macro = MacroFactory.create(state="pending", priority="low", to_me=True)
    for _each in range(12):
        ticket = opened()

        found = at_once(
            lambda ticket=ticket: desk_acts.use_macro(ticket, macro, lin, text="", expected_sequence=None),
            lambda ticket=ticket: desk.say(ticket.conversation, author="customer", text="Hello?"),
        )

        assert not isinstance(found[0], Exception), found
        assert isinstance(found[1], Message), found


def test_the_end_of_a_whole_and_a_message_in_its_part_do_not_wait_for_each_other(lin):
    for _each in range(12):
        part, whole = opened("Part"), opened("Whole")
        desk_acts.merge(part, whole, lin)

        closed, said, answered = at_once(
            lambda whole=whole: desk.close(whole, lin),
            lambda part=part: desk.say(part.conversation, author="customer", text="Hello?"),
            lambda whole=whole: desk.reply(whole, lin, "Here"),
        )

        assert isinstance(closed, Ticket), closed
        for one in (said, answered):
            assert isinstance(one, Message | DomainError), one
        assert set(Conversation.objects.filter(ticket__in=[part, whole]).values_list("state", flat=True)) == {"closed"}


def test_two_that_become_one_while_somebody_writes(lin):
    for _each in range(12):
        part, whole = opened("Part"), opened("Whole")

        merged, said, other = at_once(
            lambda part=part, whole=whole: desk_acts.merge(part, whole, lin),
            lambda part=part: desk.say(part.conversation, author="customer", text="Hello?"),
            lambda whole=whole: desk.say(whole.conversation, author="customer", text="Hello?"),
        )

        assert [type(one).__name__ for one in (merged, said, other)] == ["TicketEvent", "Message", "Message"]
        assert Ticket.objects.get(pk=whole.pk).state == "open"
        assert Ticket.objects.get(pk=part.pk).state == "closed"


def test_an_answer_that_is_sent_while_its_customer_is_erased_leaves_no_word(lin):
    for _each in range(8):
        customer = CustomerFactory.create(name="Ana Li", email="ana@example.com")
        ticket = opened(customer=customer)

        erased, sent, said = at_once(
            lambda customer=customer: erase("catalog.Customer", customer.pk),
            lambda ticket=ticket: desk.reply(ticket, lin, "Dear Ana Li"),
            lambda ticket=ticket: desk.say(ticket.conversation, author="customer", text="I am Ana Li"),
        )

        assert not isinstance(erased, Exception), erased
        for one in (sent, said):
            assert isinstance(one, Message | DomainError), one
        assert Ticket.objects.get(pk=ticket.pk).state == "closed"
        assert set(ticket.conversation.messages.values_list("text", flat=True)) == {""}
