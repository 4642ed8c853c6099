"""Customers whose question went by mail are asked once how they were helped, and say so without signing in."""

from datetime import timedelta

import pytest
from django.core.signing import TimestampSigner
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import OutgoingMail
from crm.models import DeskSettings, SatisfactionScore, Ticket
from crm.services import asking, desk
from tests.factories import ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "https://shop.example"


@pytest.fixture
def lin(db):
    ShopProfileFactory.create(name="Tea House")
    return StaffUserFactory.create(role=Role.SUPPORT)


def solved(lin, *, channel="email", ago=timedelta(hours=2), language="en", email="ana@example.com"):
    conversation = desk.start(
        customer=None, visitor="", channel=channel, language=language, subject="Parcel",
        contact={"name": "Ana", "email": email},
    )  # fmt: skip
    desk.say(conversation, author="customer", text="Where is it?")
    ticket = desk.hand_over(conversation, reason="asked")
    desk.reply(ticket, lin, "On its way")
    desk.resolve(ticket, lin)
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - ago)
    return conversation


def asked():
    return list(OutgoingMail.objects.filter(kind="ticket_rating").values_list("to", flat=True))


def test_whoever_wrote_a_mail_is_asked_once(lin):
    solved(lin)

    assert asking.ask_for_ratings() == 1
    assert asking.ask_for_ratings() == 0

    assert asked() == ["ana@example.com"]
    assert "https://shop.example/inbox/rate/" in OutgoingMail.objects.get(kind="ticket_rating").text


def test_the_mail_speaks_the_language_of_the_customer(lin):
    solved(lin, language="zh-hans")

    asking.ask_for_ratings()

    assert "您的问题" in OutgoingMail.objects.get(kind="ticket_rating").text


@pytest.mark.parametrize(
    "case",
    [
        {"channel": "chat"},  # the widget asks there
        {"ago": timedelta(minutes=30)},  # may still write back
        {"ago": timedelta(days=4)},  # long forgotten
        {"email": ""},
    ],
    ids=["chat", "just solved", "long ago", "no address"],
)
def test_others_are_not_asked(lin, case):
    solved(lin, **case)

    asking.ask_for_ratings()

    assert asked() == []


def test_nobody_is_asked_who_wrote_back_or_rated_or_while_it_is_switched_off(lin, settings):
    wrote, rated = solved(lin), solved(lin)
    desk.say(wrote, author="customer", text="Still not here")
    desk.rate(rated, score=4)
    assert asking.ask_for_ratings() == 0

    solved(lin)
    DeskSettings.objects.update_or_create(pk=1, defaults={"asks_by_mail": False})
    assert asking.ask_for_ratings() == 0
    DeskSettings.objects.update(asks_by_mail=True)
    settings.PUBLIC_URL = ""
    assert asking.ask_for_ratings() == 0


def test_the_link_shows_the_question_and_keeps_nothing_until_it_is_sent(lin):
    conversation = solved(lin)
    address = reverse("rate_conversation", args=[asking.token_of(conversation)])
    stranger = Client(enforce_csrf_checks=True)

    page = stranger.get(address)
    assert "How did we help?" in page.content.decode()
    assert 'rel="icon"' in page.content.decode()  # else browsers ask for /favicon.ico, which is not there
    assert not SatisfactionScore.objects.exists()

    thanks = stranger.post(address, {"score": "5", "comment": "Quick <b>and</b> kind"})
    assert "Thank you" in thanks.content.decode()
    row = SatisfactionScore.objects.get()
    assert (row.conversation, row.score, row.comment, row.staff) == (conversation, 5, "Quick <b>and</b> kind", lin)

    stranger.post(address, {"score": "2"})
    assert SatisfactionScore.objects.get().score == 2


@pytest.mark.parametrize("score", ["", "0", "6", "12", "x", "５"])
def test_what_is_no_score_is_refused_and_the_words_stay(lin, score):
    address = reverse("rate_conversation", args=[asking.token_of(solved(lin))])

    page = Client().post(address, {"score": score, "comment": "My words"})

    assert page.status_code == 422
    assert "Give 1 to 5." in page.content.decode()
    assert "My words" in page.content.decode()
    assert not SatisfactionScore.objects.exists()


def test_links_that_are_not_ours_or_too_old_open_nothing(lin, monkeypatch):
    conversation = solved(lin)
    old = TimestampSigner(salt="crm.rating")
    monkeypatch.setattr(old, "timestamp", lambda: "1")

    for token in ("nothing", asking.token_of(conversation) + "x", old.sign(conversation.public_id)):
        page = Client().post(reverse("rate_conversation", args=[token]), {"score": "5"})
        assert page.status_code == 404
    assert not SatisfactionScore.objects.exists()
