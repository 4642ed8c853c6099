"""Articles that could be written: only from what people answered in public."""

import pytest
from django.urls import reverse

from crm.assistant import counting, proposing
from crm.assistant.answering import Talk, decide
from crm.models import AnswerProposal, Conversation, Message
from crm.services import desk
from reviews.answers import articles as publishing
from reviews.answers import library
from reviews.models import Article
from tests.factories import ConversationFactory, StaffUserFactory, TicketFactory

pytestmark = pytest.mark.django_db
RENT = ["Do you rent out costumes?", "do you rent costumes", "Can I rent a costume from you?"]


def asked(text: str, reply: str = "", *, is_internal: bool = False, act: str = "unknown") -> Conversation:
    """A chat whose question the assistant had no answer to; `reply` is what a person said then."""
    conversation = ConversationFactory.create(channel="chat", state="assistant")
    question = desk.say(conversation, author="customer", text=text)
    answer = {"act": act, "why": "unknown", "intents": []}
    if act == "hand_over":
        answer["handover"] = "unsure"
    desk.say(conversation, author="assistant", text="?", answer=answer, client_key=f"re:{question.sequence}")
    if reply:
        TicketFactory.create(conversation=conversation)
        desk.say(
            conversation, author="staff", staff=StaffUserFactory.create(), text=reply, is_internal=is_internal
        )  # fmt: skip
    return conversation


def test_questions_alike_are_one_group_and_others_stay_apart():
    texts = [*RENT, "你们可以上门安装吗", "可以上门安装空调吗", "qwertz"]

    assert [sorted(group) for group in proposing.groups_of(texts)] == [[0, 1, 2], [3, 4], [5]]
    assert proposing.groups_of([]) == []


def test_what_people_answered_becomes_a_proposal_without_addresses():
    for text in RENT:
        asked(f"{text} Write to ana@example.com", "Yes, for a week.\nCall 13800134477.", act="hand_over")

    assert proposing.propose() == 1
    (found,) = proposing.open_proposals()

    assert len(found.row.message_ids) == 3
    assert "ana@" not in " ".join(found.questions)
    assert found.reply == "Yes, for a week.\ncall [phone]." or "13800134477" not in found.reply


def test_notes_and_questions_nobody_answered_propose_nothing():
    for text in RENT:
        asked(text)
        asked(text, "internal: tell them no", is_internal=True)

    assert proposing.propose() == 0


def test_a_question_counts_when_none_of_the_articles_offered_was_meant():
    """ "Which of these do you mean?" before a person took over once hid the question, and "Something else" was one."""
    for text in RENT:
        chat = asked(text, act="ask")
        pressed = desk.say(chat, author="customer", text="Something else")
        other = {"act": "unknown", "why": "chosen_other", "intents": []}
        desk.say(chat, author="assistant", text="?", answer=other, client_key=f"re:{pressed.sequence}")
        TicketFactory.create(conversation=chat)
        desk.say(chat, author="staff", staff=StaffUserFactory.create(), text="Yes, for a week.")

    assert proposing.propose() == 1
    (found,) = proposing.open_proposals()

    assert len(found.questions) >= 2
    assert set(found.questions) <= set(RENT)
    Message.objects.filter(answer__why="chosen_other").update(answer={"act": "article", "why": "chosen"})
    assert proposing.propose() == 0


def test_what_the_assistant_answered_proposes_nothing():
    for text in RENT:
        asked(text, "Yes.", act="article")

    assert proposing.propose() == 0


def test_one_person_who_asks_twice_is_not_two():
    conversation = asked(RENT[0], "Yes.")
    asked(RENT[0])

    assert proposing.propose() == 0
    assert conversation.messages.count() == 3


def test_one_person_who_asks_in_two_chats_is_not_two():
    for text in RENT:
        asked(text, "Yes.")
    Conversation.objects.update(visitor="v1", contact_email="", customer=None)

    assert proposing.propose() == 0


def test_groups_do_not_depend_on_how_many_texts_are_held_at_once(monkeypatch):
    texts = [*RENT, "Where is my parcel?", "Where is my parcel now?"] * 3
    whole = proposing.groups_of(texts)

    monkeypatch.setattr(proposing, "AT_ONCE", 2)

    assert proposing.groups_of(texts) == whole
    assert sorted(place for group in whole for place in group) == list(range(len(texts)))


def test_a_draft_is_made_and_what_was_decided_is_not_proposed_again():
    for text in RENT:
        asked(text, "Yes, for a week.")
    proposing.propose()
    row = AnswerProposal.objects.get()

    article = proposing.accept(row.pk, by=StaffUserFactory.create())

    assert (article.body_en, article.state) == ("Yes, for a week.", Article.State.DRAFT)
    assert article.title_en in RENT
    assert proposing.propose() == 0
    assert AnswerProposal.objects.get().article == article
    publishing.publish([article.pk], by=None)
    library.forget()
    reply = decide(RENT[0], Talk("en"))
    assert (reply.act, reply.citation["article"]) == ("article", article.key)


def test_a_refusal_can_be_taken_back_and_nobody_decides_twice():
    for text in RENT:
        asked(text, "No.")
    proposing.propose()
    row = AnswerProposal.objects.get()
    staff = StaffUserFactory.create()

    proposing.refuse(row.pk, by=staff)
    with pytest.raises(proposing.BadInput):
        proposing.accept(row.pk, by=staff)
    proposing.reconsider(row.pk)

    assert [one.row.pk for one in proposing.open_proposals()] == [row.pk]


def test_words_that_were_erased_are_gone_from_proposals_too():
    for text in RENT:
        asked(text, "No.")
    proposing.propose()
    Message.objects.all().delete()

    assert proposing.open_proposals() == []


def test_outcomes_add_up_and_only_chats_with_a_word_count():
    for outcome in ("resolved", "resolved", "handed_over", "abandoned", ""):
        Conversation.objects.filter(pk=asked("x").pk).update(outcome=outcome)
    ConversationFactory.create(channel="chat", state="assistant")  # opened, nothing written
    ConversationFactory.create(channel="email")
    begin, end = (Conversation.objects.earliest("started_at").started_at, None)
    end = Conversation.objects.latest("started_at").started_at.replace(year=begin.year + 1)

    found = counting.counted(begin, end).outcomes

    assert (found.conversations, found.resolved, found.handed_over, found.abandoned, found.open) == (5, 2, 1, 1, 1)


def test_the_page_shows_what_could_not_be_answered_in_few_queries(admin_client, django_assert_max_num_queries):
    for text in RENT:
        asked(text, "Yes, for a week.")
    asked("<script>alert(1)</script>")
    proposing.propose()
    address = reverse("admin:crm_assistant")
    admin_client.get(address)

    with django_assert_max_num_queries(24):
        page = admin_client.get(address).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Yes, for a week." in page
    row = AnswerProposal.objects.get()
    assert admin_client.post(address, {"proposal": row.pk, "act": "refuse"}).status_code == 302
    assert AnswerProposal.objects.get().state == "refused"
    for body in ({}, {"proposal": "x", "act": "accept"}, {"proposal": row.pk, "act": "burn"}):
        assert admin_client.post(address, body).status_code == 404
