"""A message comes in, and what the assistant says goes out: the only place where it writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from catalog.models import Customer
from core.metrics import count
from crm.assistant import answering, trials, wording
from crm.assistant.answering import Act, Reply, Talk
from crm.assistant.rules import rule_of
from crm.exceptions import ConversationClosed
from crm.models import Channel, Conversation, Message
from crm.selectors_desk import opening, place_in_queue
from crm.services import desk

log = structlog.get_logger(__name__)
Author = Message.Author
State = Conversation.State
Reason = Conversation.Reason
GREETED = "greeting"
ANSWERS = "re:"
"""Begins the key of an answer, with the number of the message that it answers: each message is answered once."""


@transaction.atomic
def start_chat(
    *, customer: Customer | None, visitor: str = "", language: str = "", contact: Mapping[str, str] | None = None
) -> Conversation:
    """A conversation in which the assistant has introduced itself, as a machine."""
    spoken = wording.CHINESE if language.startswith(wording.CHINESE) else wording.ENGLISH
    conversation = desk.start(
        customer=customer, visitor=visitor, channel=Channel.CHAT, language=spoken, contact=dict(contact or {})
    )
    with translation.override(wording.code_of(spoken)):
        greeting = Reply(Act.WORDS, GREETED, spoken, wording.greeting())
    desk.say(conversation, author=Author.ASSISTANT, text=greeting.text, answer=greeting.as_json())
    return conversation


def receive(conversation: Conversation, text: str, talk: Talk, *, client_key: str = "") -> Message:
    """Keep what the customer said and, while the assistant has the conversation, answer it.

    The message is kept first: when the answer fails, or this process ends, it waits for a person (`hand_over_silent`).
    The same `client_key` again is the same message, answered once. Raises ConversationClosed and BadInput.
    """
    message = desk.say(conversation, author=Author.CUSTOMER, text=text, client_key=client_key)
    if conversation.state != State.ASSISTANT or _is_answered(message):
        return message
    talk = replace(talk, language=conversation.language, last=_last_answer(conversation, message))
    try:
        reply = _person_first(conversation, message, talk) or answering.decide(message.text, talk)
    except DatabaseError:
        raise
    except Exception:  # whatever it is: the customer gets a person instead of an error
        log.exception("assistant.failed", conversation=conversation.pk)
        reply = _failed(talk.language)
    try:
        _answer(conversation, message, reply)
    except ConversationClosed:
        log.info("assistant.closed_meanwhile", conversation=conversation.pk)
    return message


def _person_first(conversation: Conversation, message: Message, talk: Talk) -> Reply | None:
    """A hand-over at the first message, where an experiment lets a person answer this chat. None everywhere else, and
    where a rule has its own words."""
    if talk.last.get("why") != GREETED or not trials.is_person_first(conversation, talk) or rule_of(message.text):
        return None
    language = wording.language_of(message.text, talk.language)
    with translation.override(wording.code_of(language)):
        return Reply(Act.HAND_OVER, "person_first", language, wording.to_person("person"), handover=Reason.TRIAL)


def ask_for_person(conversation: Conversation) -> None:
    """By the button, without words. Twice is as good as once."""
    if conversation.state == State.ASSISTANT:
        _answer(conversation, None, answering.decide("", Talk(conversation.language, choice=answering.PERSON)))


def hand_over_silent(conversation: Conversation) -> None:
    """Nobody answered the customer's last message."""
    with translation.override(wording.code_of(conversation.language)):
        reply = Reply(Act.HAND_OVER, "silence", conversation.language, wording.gone_silent(), handover=Reason.SILENCE)
    _answer(conversation, None, reply)


def _is_answered(message: Message) -> bool:
    key = f"{ANSWERS}{message.sequence}"
    return Message.objects.filter(conversation_id=message.conversation_id, client_key=key).exists()


def _last_answer(conversation: Conversation, before: Message) -> dict[str, Any]:
    """What the assistant decided last; nothing where a person spoke after it: then everything begins anew."""
    spoken = conversation.messages.public().filter(sequence__lt=before.sequence).exclude(author=Author.CUSTOMER)
    last = spoken.order_by("sequence").last()
    return dict(last.answer or {}) if last is not None and last.author == Author.ASSISTANT else {}


def _failed(language: str) -> Reply:
    with translation.override(wording.code_of(language)):
        return Reply(Act.HAND_OVER, "failed", language, wording.no_answer(), handover=Reason.UNSURE)


@transaction.atomic
def _answer(conversation: Conversation, message: Message | None, reply: Reply) -> None:
    """Say it, and where it is for a person, hand over: both or none. Nothing where a person took over meanwhile."""
    held = desk.hold_threads(conversation.pk)
    if held.state != State.ASSISTANT:
        return
    if held.language != reply.language:
        held.language = conversation.language = reply.language
        held.save(update_fields=["language"])
    key = f"{ANSWERS}{message.sequence}" if message is not None else ""
    desk.say(conversation, author=Author.ASSISTANT, text=reply.text, answer=reply.as_json(), client_key=key)
    count("assistant_answers", act=reply.act)
    if reply.why == "solved":
        open_yet = Conversation.objects.filter(pk=held.pk, outcome__in=("", Conversation.Outcome.ABANDONED))
        open_yet.update(outcome=Conversation.Outcome.RESOLVED)
    if reply.handover:
        desk.hand_over(conversation, reason=reply.handover, skill=reply.skill)
        tell_waiting(conversation)


def tell_waiting(conversation: Conversation) -> None:
    """The place in the queue and when people answer, in words of their own."""
    now = opening(timezone.now())
    with translation.override(wording.code_of(conversation.language)):
        text = wording.waiting(place_in_queue(conversation), now.is_open, now.opens_at)
    desk.say(conversation, author=Author.SYSTEM, text=text)
