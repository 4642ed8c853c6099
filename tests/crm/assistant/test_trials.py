"""The assistant against a person first: who gets what, what is measured, and what stays outside."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Visitor
from core.experiments import metrics, placing, services
from core.experiments.services import NewArm
from core.models import Exposure, ShopProfile
from crm.assistant import conversing, counting, trials
from crm.assistant.answering import Talk
from crm.assistant.trials import IMPACT
from crm.models import Conversation, Message, SatisfactionScore, Ticket
from crm.services import desk

pytestmark = pytest.mark.django_db
ARMS = [
    NewArm("Person", 50, {"person_first": True}, is_control=True),
    NewArm("Assistant", 50, {"person_first": False}),
]  # fmt: skip


@pytest.fixture(autouse=True)
def noted(monkeypatch):
    """Who was exposed, in which arm; no experiment is remembered from another test."""
    found = []
    monkeypatch.setattr(trials, "expose", found.append)
    placing.forget()
    yield found
    placing.forget()


@pytest.fixture
def experiment(profile):
    ShopProfile.objects.update(holdout_percent=0)
    made = services.create(
        name="Chat", kind="assistant", target="chat", primary_metric="first_answer", arms=ARMS, outcome_days=1
    )
    return services.start(made)


def states(text="xyzzy plugh", people=24):
    found = {}
    for n in range(people):
        Visitor.objects.get_or_create(key=f"v{n}")
        row = conversing.start_chat(customer=None, visitor=f"v{n}", language="en")
        visitor = Visitor.objects.get(key=f"v{n}")
        conversing.receive(row, text, Talk("en", visitor=visitor))
        row.refresh_from_db()
        answer = row.messages.filter(author=Message.Author.ASSISTANT).order_by("sequence").last().answer
        found.setdefault((row.state, answer["why"]), set()).add(f"v{n}")
    return found


def test_half_of_the_chats_go_to_a_person_at_their_first_message(experiment, noted):
    found = states()

    assert set(found) == {("waiting", "person_first"), ("assistant", "unknown")}
    assert len(noted) == 24
    assert {one.subject for one in noted if one.is_control} == found["waiting", "person_first"]


def test_what_a_person_answers_first_is_neither_urgent_nor_a_hand_over_of_the_assistant(experiment):
    states()

    first = Ticket.objects.filter(conversation__handover_reason="trial")
    assert {(one.priority, len(one.priority_reasons)) for one in first} == {("normal", 0)}
    assert not Conversation.objects.filter(handover_reason="rule").exists()
    now = timezone.now()
    found = counting.counted(now - timedelta(hours=1), now + timedelta(hours=1))
    assert (found.person_first, found.outcomes.conversations) == (first.count(), 24 - first.count())
    assert (found.outcomes.handed_over, dict(found.reasons), dict(found.acts)) == (
        0,
        {},
        {"unknown": 24 - first.count()},
    )


def test_outside_experiments_the_assistant_answers(profile, noted):
    ShopProfile.objects.update(holdout_percent=0)

    assert {state for state, _why in states(people=3)} == {"assistant"}
    assert noted == []


def test_who_does_not_want_to_be_followed_takes_no_part(experiment, noted):
    for n in range(24):
        Visitor.objects.create(key=f"v{n}", may_track=False)

    assert {state for state, _why in states()} == {"assistant"}
    assert noted == []


def test_a_risk_keeps_its_own_words_in_both_arms(experiment):
    assert set(states("I cut my hand on the edge and it is bleeding")) == {("waiting", "rule:injury")}


def test_first_answers_and_stars_are_added_up_by_arm(experiment):
    now = timezone.now()
    began = now - timedelta(days=2)
    arms = {arm.is_control: arm for arm in experiment.arms.all()}
    # By visitor: arm, minutes to an answer (None: none within the day), by whom, stars.
    planted = [
        ("a", False, 1, Message.Author.ASSISTANT, 5), ("b", False, 3, Message.Author.ASSISTANT, None),
        ("c", True, 30, Message.Author.STAFF, 3), ("d", True, None, None, None),
    ]  # fmt: skip
    for key, is_control, minutes, author, stars in planted:
        chat = Conversation.objects.create(
            visitor=key, channel="chat", started_at=began, last_message_at=began, language="en"
        )
        desk.say(chat, author=Message.Author.CUSTOMER, text="hello", at=began)
        told = {"act": "hand_over"}
        desk.say(chat, author=Message.Author.ASSISTANT, text="A person.", answer=told, at=began)
        if minutes is not None:
            answer = {"act": "words"} if author == Message.Author.ASSISTANT else None
            at = began + timedelta(minutes=minutes)
            Message.objects.create(
                conversation=chat, sequence=9, author=author, text="So.", answer=answer, created_at=at
            )
        if stars:
            SatisfactionScore.objects.create(conversation=chat, score=stars, at=began + timedelta(hours=1))
        Exposure.objects.create(experiment=experiment, arm=arms[is_control], subject=key, exposed_at=began)

    waited = metrics.count(experiment, metrics.known("first_answer"), now=now).sums
    stars = metrics.count(experiment, metrics.known("satisfaction"), now=now).sums

    own, control = waited[arms[False].pk], waited[arms[True].pk]
    assert (own.y, own.d) == (4.0, 2.0)
    assert (control.y, control.d) == (30.0 + 24 * 60, 2.0)
    assert (stars[arms[False].pk].y, stars[arms[False].pk].d) == (5.0, 1.0)
    assert (stars[arms[True].pk].y, stars[arms[True].pk].d) == (3.0, 1.0)


def test_the_impact_page_compares_with_a_person_first(experiment):
    assert IMPACT.arms_of(experiment) == ["arm-b"]
    assert str(IMPACT.control) == "a person first"
