"""Experiments on the assistant: whether people are answered sooner, and content, where it comes before a person.

A conversation parts at its first message: in one arm the assistant answers it, in the other a person does, as in a shop
without an assistant. Rules for risks and for who asks for a person hold in both.
"""

from django.utils.translation import gettext_lazy as _

from core.experiments import (
    ArmChoice,
    ExperimentKind,
    OutcomeMetric,
    Placed,
    Subject,
    arm_for,
    expose,
    expose_to_models,
)
from core.impact import Capability, Start
from crm.assistant.answering import ANSWERED, Talk
from crm.models import Channel, Conversation, Message

KIND, TARGET = "assistant", "chat"
FIRST, PERSON = "assistant", "person"

ASSISTANT = ExperimentKind(
    title=_("Assistant"),
    targets={TARGET: _("Chat in the storefront")},
    choices=[
        ArmChoice(FIRST, _("The assistant answers first"), {"person_first": False}),
        ArmChoice(PERSON, _("A person first"), {"person_first": True}),
    ],
    control=PERSON,
    metrics=["first_answer", "satisfaction", "conversion", "revenue"],
)

IMPACT = Capability(
    title=_("Assistant"),
    control=_("a person first"),
    kind=KIND,
    ways=frozenset({FIRST}),
    measures=("first_answer", "satisfaction"),
    guardrails=("conversion",),
    start=Start(name=_("Are people answered sooner, and content, where the assistant answers first?"), target=TARGET,
                ways=(PERSON, FIRST), metric="first_answer"),
)  # fmt: skip


def is_person_first(conversation: Conversation, talk: Talk) -> bool:
    """Whether a person answers this chat from its first message on: never outside experiments, but for the shop's
    holdout. Notes the exposure; who does not want to be followed takes part in nothing."""
    customer, visitor = talk.customer, talk.visitor
    if (customer is not None and not customer.is_personalised) or (visitor is not None and not visitor.may_track):
        return False
    subject = Subject(conversation.visitor or None, customer.public_id if customer is not None else None)
    placed: Placed | None = arm_for(kind=KIND, target=TARGET, subject=subject)
    if placed is not None and not placed.is_held_out:
        expose(placed)
    expose_to_models(subject)
    return placed is not None and bool(placed.settings.get("person_first", False))


# --- what is measured -------------------------------------------------------------------------------------------------

_CHATS = {
    "customer": "JOIN catalog_customer c ON c.public_id = e.subject JOIN crm_conversation k ON k.customer_id = c.id",
    "visitor": "JOIN crm_conversation k ON k.visitor = e.subject",
}
_ANSWERS = ", ".join(f"'{act.value}'" for act in ANSWERED)
# A person is exposed by the first message, an instant after it was kept.
_SINCE = "e.exposed_at - interval '1 minute'"


def _first_answer(chats: str) -> str:
    """Minutes from a chat's first message to the first answer, over chats. What tells that a person takes over is no
    answer; who got none by the end of the days counted waited that long."""
    return f"""
        SELECT e.subject, sum(extract(epoch FROM coalesce(a.at, e.until) - m.at)) / 60 AS y, count(*) AS d, 0 AS x
        FROM exposed e {chats} AND k.channel = '{Channel.CHAT.value}'
        CROSS JOIN LATERAL (
            SELECT min(created_at) AS at FROM crm_message
            WHERE conversation_id = k.id AND author = '{Message.Author.CUSTOMER.value}'
        ) m
        LEFT JOIN LATERAL (
            SELECT min(s.created_at) AS at FROM crm_message s
            WHERE s.conversation_id = k.id AND NOT s.is_internal AND s.created_at >= m.at AND s.created_at < e.until
                AND (s.author = '{Message.Author.STAFF.value}'
                    OR (s.author = '{Message.Author.ASSISTANT.value}' AND s.answer ->> 'act' IN ({_ANSWERS})))
        ) a ON true
        WHERE m.at >= {_SINCE} AND m.at < e.until GROUP BY e.subject"""  # noqa: S608 (our own words only)


def _satisfaction(chats: str) -> str:
    """Stars from 1 to 5 over chats that were rated."""
    return f"""
        SELECT e.subject, sum(s.score) AS y, count(*) AS d, 0 AS x
        FROM exposed e {chats} AND k.channel = '{Channel.CHAT.value}'
        JOIN crm_satisfactionscore s ON s.conversation_id = k.id
        WHERE s.at >= {_SINCE} AND s.at < e.until GROUP BY e.subject"""  # noqa: S608 (our own words only)


FIRST_ANSWER = OutcomeMetric(
    title=_("Minutes until the first answer in a chat"), more=_("%(range)s longer until the first answer"),
    fewer=_("%(range)s less time until the first answer"), is_ratio=True, is_good=False,
    sql={unit: _first_answer(chats) for unit, chats in _CHATS.items()},
    help=_("A ratio: minutes from the first message to an answer by anybody, over chats; a hand-over is no answer."),
)  # fmt: skip
SATISFACTION = OutcomeMetric(
    title=_("Stars per rated chat"), more=_("%(range)s more stars per rated chat"),
    fewer=_("%(range)s fewer stars per rated chat"), is_ratio=True,
    sql={unit: _satisfaction(chats) for unit, chats in _CHATS.items()},
    help=_("A ratio: stars from 1 to 5 over chats that were rated; who rates nothing is not counted."),
)  # fmt: skip
