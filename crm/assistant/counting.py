"""What came of conversations with the assistant, counted honestly: nothing is called resolved that the customer did
not call so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate

from core.shop import shop_zone
from crm.assistant.answering import ANSWERED, Act
from crm.models import Channel, Conversation, Message

Outcome = Conversation.Outcome
RECENT = 30
COULD_NOT = Q(answer__act=Act.UNKNOWN) | Q(answer__act=Act.HAND_OVER, answer__handover=Conversation.Reason.UNSURE)


@dataclass(frozen=True)
class Outcomes:
    """Chats that began in some days and in which the customer wrote. The four add up to `conversations`."""

    conversations: int = 0
    resolved: int = 0
    handed_over: int = 0
    abandoned: int = 0
    """The customer left without a word on whether it helped."""

    @property
    def open(self) -> int:
        return self.conversations - self.resolved - self.handed_over - self.abandoned

    def share(self, count: int) -> float | None:
        return count / self.conversations if self.conversations else None


@dataclass(frozen=True)
class Counted:
    """`acts` counts what the assistant did with messages, `reasons` why conversations went to a person, `rules` which
    rule sent them. `person_first` are chats that an experiment left to a person: they are no hand-over of the
    assistant's, and in none of the other counts."""

    outcomes: Outcomes
    days: Sequence[tuple[date, Outcomes]]
    acts: Counter[str]
    reasons: Counter[str]
    rules: Counter[str]
    person_first: int = 0

    @property
    def messages(self) -> int:
        return sum(self.acts.values())

    @property
    def answered(self) -> int:
        return sum(self.acts[act] for act in ANSWERED)


@dataclass(frozen=True)
class Unanswered:
    """A message that the assistant had no answer to, as its customer wrote it."""

    message: Message
    why: str
    intents: Sequence[dict[str, Any]]


def _chats(begin: datetime, end: datetime) -> QuerySet[Conversation]:
    """Chats that began then and in which the customer wrote, in this shop: imported ones never met the assistant."""
    return Conversation.objects.filter(
        channel=Channel.CHAT, external_id=None, started_at__gte=begin, started_at__lt=end,
        last_customer_at__isnull=False,
    )  # fmt: skip


def newest(begin: datetime, end: datetime, *, most: int = RECENT) -> list[Conversation]:
    """The chats that began last. One query."""
    return list(_chats(begin, end).select_related("customer").order_by("-started_at", "-pk")[:most])


def counted(begin: datetime, end: datetime) -> Counted:
    """Of chats that began then. Five queries."""
    all_chats = _chats(begin, end)
    chats = all_chats.exclude(handover_reason=Conversation.Reason.TRIAL)
    numbers = {
        "conversations": Count("pk"),
        **{one.value: Count("pk", filter=Q(outcome=one)) for one in Outcome},
    }
    by_day = chats.annotate(day=TruncDate("started_at", tzinfo=shop_zone())).values("day").annotate(**numbers)
    names = list(Outcomes.__dataclass_fields__)
    days = [(day, Outcomes(*numbers)) for day, *numbers in by_day.order_by("day").values_list("day", *names)]
    whole = Outcomes(*(sum(getattr(one, name) for _day, one in days) for name in names))
    said = Message.objects.filter(conversation__in=chats, author=Message.Author.ASSISTANT, answer__isnull=False)
    acts: Counter[str] = Counter()
    for act, why, count in (
        said.annotate(act=KT("answer__act"), why=KT("answer__why")).values_list("act", "why").annotate(Count("pk"))
    ):
        if why not in ("greeting", "solved", "silence"):
            acts[act] += count
    reasons = chats.exclude(handover_reason="").values_list("handover_reason").annotate(Count("pk")).order_by()
    rules = said.filter(answer__act=Act.HAND_OVER).annotate(skill=KT("answer__skill")).filter(skill__isnull=False)
    return Counted(
        whole,
        days,
        acts,
        Counter(dict(reasons)),
        Counter(dict(rules.values_list("skill").annotate(Count("pk")).order_by())),
        all_chats.filter(handover_reason=Conversation.Reason.TRIAL).count(),
    )


def unanswered(begin: datetime, end: datetime, *, most: int = RECENT) -> list[Unanswered]:
    """The newest messages that the assistant could not answer, one for each. Two queries."""
    failed = Message.objects.filter(
        COULD_NOT, author=Message.Author.ASSISTANT, created_at__gte=begin, created_at__lt=end,
        client_key__startswith="re:",
    ).order_by("-created_at")[:most]  # fmt: skip
    answers = {(row.conversation_id, int(row.client_key.removeprefix("re:"))): row for row in failed}
    if not answers:
        return []
    wanted = Q()
    for conversation, sequence in answers:
        wanted |= Q(conversation=conversation, sequence=sequence)
    rows = Message.objects.filter(wanted).select_related("conversation").order_by("-created_at")
    found = []
    for row in rows:
        answer = answers[row.conversation_id, row.sequence].answer or {}
        found.append(Unanswered(row, str(answer.get("why", "")), answer.get("intents", [])))
    return found
