"""A visitor who writes faster than anybody types, by many connections at once: counted together in Redis."""

import threading
from itertools import count

import pytest
from django.db import connections
from django.test import Client

from core.api import throttling
from crm.api.conversation_views import MESSAGES_PER_MINUTE, STARTS_PER_MINUTE
from crm.models import Conversation, Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
WINDOWS = count(9_000_000)


@pytest.fixture
def minute(monkeypatch):
    """Minutes of our own, so that none ends while a test runs; calling it begins the next."""

    def begin() -> None:
        number = next(WINDOWS)
        monkeypatch.setattr(throttling, "this_window", lambda: (number, 30))

    begin()
    return begin


def at_once(threads: int, each: int, post) -> list:
    """What `post` gave, called by so many threads so many times each, all of them beginning together."""
    found: list = []
    begin = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            begin.wait(timeout=20)
            for step in range(each):
                found.append(post(Client(), f"qwertz {number} {step}"))
        finally:
            connections.close_all()

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return found


def sender(key, path: str, **body):
    def post(client: Client, text: str):
        return client.post(
            f"/api/v1/{path}", {"text": text, **body} if path != "conversations" else body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {key.value}", "Origin": "https://shop.example"},
        )  # fmt: skip

    return post


def test_of_a_hundred_messages_at_once_twenty_are_kept_and_the_others_told_when_to_come_back(
    chat, articles, key, minute
):
    talk = chat()

    got = at_once(5, 20, sender(key, f"{talk.path}/messages"))

    codes = [one.status_code for one in got]
    assert MESSAGES_PER_MINUTE == 20
    assert (codes.count(200), codes.count(429), len(codes)) == (20, 80, 100)
    refused = next(one for one in got if one.status_code == 429)
    assert (refused.json()["code"], refused["Retry-After"]) == ("too_many_messages", "30")
    said = Message.objects.filter(author="customer")
    assert said.count() == 20
    every = list(Message.objects.order_by("sequence").values_list("sequence", flat=True))
    assert every == list(range(1, len(every) + 1))
    answered = Message.objects.filter(client_key__startswith="re:")
    assert answered.values("client_key").distinct().count() == answered.count() <= 20
    assert Ticket.objects.count() == Conversation.objects.filter(state="waiting").count() == 1

    minute()
    assert talk.post("still here").status_code == 200


def test_of_many_conversations_at_once_ten_begin(articles, key, minute):
    got = at_once(4, 6, sender(key, "conversations", visitor="v-1", language="en"))

    codes = [one.status_code for one in got]
    assert (codes.count(201), codes.count(429)) == (STARTS_PER_MINUTE, 24 - STARTS_PER_MINUTE)
    assert Conversation.objects.count() == STARTS_PER_MINUTE == 10
