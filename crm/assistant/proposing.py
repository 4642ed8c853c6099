"""Questions that only people could answer, grouped, with what they answered: articles that could be written.

A question counts where the assistant had no answer, or asked which of its articles was meant and none was, and a person
answered it in public afterwards; notes and what the assistant said itself never become an article. Rows hold numbers of
messages: the words stay in their conversations, and go with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.models import StaffUser
from crm.assistant.answering import ANSWERED, CHOSEN_OTHER, Act
from crm.assistant.counting import COULD_NOT
from crm.exceptions import BadInput
from crm.models import AnswerProposal, Conversation, Message
from reviews.answers.examples import kept, language_of
from reviews.ml.retrieval import KINDS
from reviews.ml.text import normalise
from reviews.ml.vocabulary import CountedTexts
from reviews.models import Article

LOOKED_BACK = timedelta(days=90)
MOST_QUESTIONS = 5_000
FEWEST = 2
"""Customers who asked it, from which it may be worth an article."""
ALIKE = 0.3
"""Cosine of TF-IDF grams to the first question of a group from which another belongs to it."""
SHOWN_QUESTIONS = 8
AT_ONCE = 256
Author = Message.Author
State = AnswerProposal.State


@dataclass(frozen=True)
class Proposal:
    """What staff read: questions as they were asked, without addresses and numbers, and one answer of a person."""

    row: AnswerProposal
    questions: Sequence[str]
    reply: str


def groups_of(texts: Sequence[str]) -> list[list[int]]:
    """Places of texts that ask the same, largest group first. Each text goes to the first earlier one that it is at
    least ALIKE to (leader clustering, Hartigan 1975): no number of groups has to be guessed, and nothing is forced
    into one. Likenesses are held for AT_ONCE texts at a time."""
    if not texts:
        return []
    counted = CountedTexts.of([normalise(text) for text in texts], KINDS)
    rows = counted.rows(counted.vocabulary(in_texts=1))
    groups: list[list[int]] = []
    led: dict[int, int] = {}
    for start in range(0, len(texts), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        alike = (part @ rows[: start + AT_ONCE].T).tocsr()
        for row in range(part.shape[0]):
            here = slice(alike.indptr[row], alike.indptr[row + 1])
            found = zip(alike.indices[here], alike.data[here], strict=True)
            best = max(((float(near), led[int(at)]) for at, near in found if int(at) in led), default=(0.0, -1))
            if best[0] >= ALIKE:
                groups[best[1]].append(start + row)
            else:
                led[start + row] = len(groups)
                groups.append([start + row])
    return sorted(groups, key=len, reverse=True)


@transaction.atomic
def propose() -> int:
    """Make the open proposals anew from the last 90 days; what was decided stays decided. Returns how many."""
    decided = {
        pk
        for row in AnswerProposal.objects.exclude(state=State.OPEN).values_list("message_ids", flat=True)
        for pk in row
    }
    AnswerProposal.objects.filter(state=State.OPEN).delete()
    asked = [row for row in _asked() if row.pk not in decided]
    made = []
    for language in ("en", "zh"):
        own = [row for row in asked if language_of(row.text) == language]
        for group in groups_of([row.text for row in own]):
            rows = [own[place] for place in group]
            if len({_person(row.conversation) for row in rows}) >= FEWEST:
                made.append(
                    AnswerProposal(language=language, message_ids=[row.pk for row in rows], reply_id=rows[0].reply_id)
                )
    AnswerProposal.objects.bulk_create(made)
    return len(made)


def _person(conversation: Conversation) -> tuple[str, object]:
    """Who asked, as far as can be told: somebody who asks again in another chat is still one."""
    if conversation.customer_id is not None:
        return "customer", conversation.customer_id
    if conversation.contact_email:
        return "email", conversation.contact_email.casefold()
    return ("visitor", conversation.visitor) if conversation.visitor else ("conversation", conversation.pk)


def _asked() -> list[Any]:
    """Customers' messages without an answer of the assistant's, with the number of a person's first answer after. The
    button that says that no article was meant holds no words of the customer's: the question before it counts."""
    failed = Message.objects.filter(
        COULD_NOT | Q(answer__act=Act.ASK), conversation=OuterRef("conversation"), author=Author.ASSISTANT,
        sequence__gt=OuterRef("sequence"),
    ).order_by("sequence")  # fmt: skip
    replied = Message.objects.public().filter(
        conversation=OuterRef("conversation"), author=Author.STAFF, sequence__gt=OuterRef("sequence")
    ).order_by("sequence")  # fmt: skip
    helped = Message.objects.filter(
        answer__act__in=ANSWERED, conversation=OuterRef("conversation"), author=Author.ASSISTANT,
        sequence__gt=OuterRef("sequence"), sequence__lt=OuterRef("reply_sequence"),
    )  # fmt: skip
    rows = (
        Message.objects.filter(author=Author.CUSTOMER, created_at__gte=timezone.now() - LOOKED_BACK)
        .annotate(
            answer_key=Subquery(failed.values("client_key")[:1]),
            answered_with=Subquery(failed.values("answer")[:1]),
            reply_id=Subquery(replied.values("pk")[:1]),
            reply_sequence=Subquery(replied.values("sequence")[:1]),
        )
        .annotate(was_helped=Exists(helped))
        .filter(reply_id__isnull=False, answer_key__isnull=False)
        .select_related("conversation")
        .order_by("-created_at")[:MOST_QUESTIONS]
    )
    return [row for row in rows if row.answer_key == f"re:{row.sequence}" and _is_open(row)]


def _is_open(row: Any) -> bool:
    """Not a press of a button, nor a question of which a button led to the answer."""
    if row.answered_with["act"] == Act.ASK:
        return not row.was_helped
    return row.answered_with.get("why") != CHOSEN_OTHER


def open_proposals(most: int = 20) -> list[Proposal]:
    """Largest first; those whose words were erased are left out. Three queries."""
    rows = list(AnswerProposal.objects.filter(state=State.OPEN).select_related("reply"))
    rows.sort(key=lambda row: -len(row.message_ids))
    rows = rows[:most]
    wanted = {pk for row in rows for pk in row.message_ids[:SHOWN_QUESTIONS]}
    texts = dict(Message.objects.filter(pk__in=wanted).values_list("pk", "text"))
    found = []
    for row in rows:
        questions = [kept(texts[pk])[:300] for pk in row.message_ids[:SHOWN_QUESTIONS] if pk in texts]
        if questions and row.reply is not None:
            found.append(Proposal(row, list(dict.fromkeys(questions)), kept_lines(row.reply.text)))
    return found


def kept_lines(text: str) -> str:
    """Line by line, without addresses, numbers and tags."""
    return "\n".join(kept(line) if line.strip() else "" for line in text.splitlines())


@transaction.atomic
def accept(proposal_id: int, *, by: StaffUser) -> Article:
    """A draft with the questions and the person's answer, for somebody to edit and publish. Raises BadInput."""
    row = _open(proposal_id)
    found = next((one for one in open_proposals(most=10_000) if one.row.pk == row.pk), None)
    if found is None:
        raise BadInput(_("What this rested on is not there any more."))
    title = found.questions[0][:150]
    article = Article.objects.create(
        key=f"{slugify(title)[:40].strip('-') or 'question'}-{row.pk}", category=Article.Category.SHOP,
        **{
            f"title_{row.language}": title,
            f"body_{row.language}": found.reply,
            f"questions_{row.language}": "\n".join(found.questions[1:]),
        },
    )  # fmt: skip
    row.state, row.article, row.decided_by, row.decided_at = State.ACCEPTED, article, by, timezone.now()
    row.save()
    return article


@transaction.atomic
def refuse(proposal_id: int, *, by: StaffUser) -> None:
    """Not worth an article: these messages are not proposed again."""
    row = _open(proposal_id)
    row.state, row.decided_by, row.decided_at = State.REFUSED, by, timezone.now()
    row.save()


@transaction.atomic
def reconsider(proposal_id: int) -> None:
    """Take a refusal back."""
    row = AnswerProposal.objects.select_for_update().filter(pk=proposal_id, state=State.REFUSED).first()
    if row is not None:
        row.state, row.decided_by, row.decided_at = State.OPEN, None, None
        row.save()


def _open(proposal_id: int) -> AnswerProposal:
    row = AnswerProposal.objects.select_for_update().filter(pk=proposal_id, state=State.OPEN).first()
    if row is None:
        raise BadInput(_("This was decided by somebody else."))
    return row
