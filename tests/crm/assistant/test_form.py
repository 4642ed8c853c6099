"""A form on the shop's pages: a ticket at once, answered by mail."""

import pytest

from crm.models import Conversation, Ticket

pytestmark = pytest.mark.django_db


def test_a_form_becomes_a_ticket_at_once_and_needs_a_text_and_an_address(call):
    form = {"channel": "form", "email": "ana@example.com", "subject": "Parcel", "text": "Where is it?"}

    assert call("post", "conversations", {**form, "text": " "}).status_code == 422
    assert call("post", "conversations", {**form, "email": ""}).status_code in (400, 422)
    assert not Conversation.objects.filter(channel="form").exists()
    answer = call("post", "conversations", form)

    assert (answer.status_code, answer.json()["state"]) == (201, "waiting")
    ticket = Ticket.objects.get()
    assert (ticket.conversation.channel, ticket.subject) == ("form", "Parcel")
    assert ticket.conversation.reply_email == "ana@example.com"
