"""What the assistant decided, as staff read it: in the inbox, and in chats that never needed a person."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from catalog import timeline
from core.choices import Role
from crm.admin import log_words
from crm.assistant import conversing
from crm.assistant.answering import Talk
from crm.services import desk
from tests.factories import CustomerFactory, IntentFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
ANSWER = {
    "act": "article", "why": "intent", "version": "7", "intents": [{"intent": "return_item", "confidence": 0.923}],
    "citation": {"article": "r", "title": "Return a product", "version": 3, "language": "en", "link": ""},
    "products": [{"name": "Red bag"}, {"name": "Blue bag"}],
}  # fmt: skip


def sign_in(role=Role.OWNER):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


def talked(customer=None, messages=1):
    conversation = desk.start(customer=customer, visitor="", channel="chat", language="en")
    for number in range(messages):
        desk.say(conversation, author="customer", text=f"How do I return it? {number}")
        desk.say(conversation, author="assistant", text="Like this.", answer=ANSWER)
    return conversation


def test_a_decision_is_said_in_words_of_the_reader(profile):
    IntentFactory.create(key="return_item", title_en="Return an item", title_zh="退货")
    row = talked().messages.get(author="assistant")

    told = log_words.logged(row.answer, log_words.titles_of([row]))
    with translation.override("zh-hans"):
        chinese = log_words.logged(row.answer, log_words.titles_of([row]))

    assert (told.act, told.why) == ("Quoted an article", "Sure what was meant")
    assert told.lines == [
        "Likeliest intent: Return an item, score 0.92", "From “Return a product”, version 3",
        "Products: Red bag, Blue bag", "Model 7",
    ]  # fmt: skip
    assert "退货" in chinese.intents
    assert chinese.why == "意图明确"
    assert log_words.why_words("rule:injury") == "Injury or danger"
    assert log_words.why_words("intent:human_agent") == "What was likely meant always goes to a person"


def test_every_reason_that_the_assistant_gives_has_its_words(profile):
    """Those of its code, and those of the library."""
    import re
    from pathlib import Path

    from crm.assistant import answering
    from reviews.understanding import Why

    folder = Path(answering.__file__).parent
    code = "".join((folder / name).read_text("utf-8") for name in ("answering.py", "conversing.py"))
    given = {*re.findall(r'why="([a-z_]+)"', code), *re.findall(r'Act\.[A-Z_]+, "([a-z_]+)"', code), *Why}

    assert len(given) > 12
    assert given - set(log_words.WHYS) == set()


def test_a_chat_that_needed_no_person_is_read_from_the_page_of_the_assistant_and_of_the_customer(
    profile, django_assert_max_num_queries
):
    ana = CustomerFactory.create(name="Ana")
    conversation = talked(ana, messages=30)
    client, address = sign_in(), f"{reverse('admin:crm_chat')}?conversation={conversation.pk}"

    assert address in client.get(reverse("admin:crm_assistant")).content.decode()
    (moment,) = timeline.story(ana, may=lambda right: True, kind="conversations").moments
    assert moment.url == address
    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()
    assert page.count("Quoted an article: Sure what was meant") == 30
    assert "Products: Red bag, Blue bag" in page
    for odd in ("", "x", "9" * 30, "0"):
        assert client.get(reverse("admin:crm_chat"), {"conversation": odd}).status_code == 404
    assert sign_in(Role.MARKETER).get(address).status_code == 403
    assert address not in sign_in(Role.ANALYST).get(reverse("admin:crm_assistant")).content.decode()


def test_the_inbox_says_why_the_assistant_stepped_aside(profile):
    row = conversing.start_chat(customer=None, language="en")
    conversing.receive(row, "I will call my lawyer", Talk("en"))
    row.refresh_from_db()

    page = sign_in().get(f"{reverse('admin:crm_inbox')}?ticket={row.ticket.pk}").content.decode()

    assert "Handed over to a person: Legal threat" in page
    assert row.handed_over_at <= timezone.now()
