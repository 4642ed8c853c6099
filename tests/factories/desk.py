"""Conversations, tickets, and the rules of the inbox."""

from datetime import date, time

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from crm import models
from tests.factories.core import StaffUserFactory


class ConversationFactory(DjangoModelFactory):
    class Meta:
        model = models.Conversation

    channel = "form"
    language = "en"
    state = "waiting"
    subject = factory.Sequence(lambda n: f"Question {n}")
    contact_name = "Ana"
    started_at = factory.LazyFunction(timezone.now)
    last_message_at = factory.LazyFunction(timezone.now)


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = models.Message

    conversation = factory.SubFactory(ConversationFactory)
    sequence = factory.Sequence(lambda n: n + 1)
    author = "customer"
    text = "Where is my order?"
    created_at = factory.LazyFunction(timezone.now)


class AnswerProposalFactory(DjangoModelFactory):
    class Meta:
        model = models.AnswerProposal

    language = "en"


class LookupTryFactory(DjangoModelFactory):
    class Meta:
        model = models.LookupTry

    subject = factory.Sequence(lambda n: f"{n:064x}")
    failures = 1
    since = factory.LazyFunction(timezone.now)


class TicketFactory(DjangoModelFactory):
    class Meta:
        model = models.Ticket

    conversation = factory.SubFactory(ConversationFactory)
    clock_started_at = factory.LazyFunction(timezone.now)


class TicketEventFactory(DjangoModelFactory):
    class Meta:
        model = models.TicketEvent

    ticket = factory.SubFactory(TicketFactory)
    kind = "opened"
    at = factory.LazyFunction(timezone.now)


class SatisfactionScoreFactory(DjangoModelFactory):
    class Meta:
        model = models.SatisfactionScore

    conversation = factory.SubFactory(ConversationFactory)
    score = 5
    at = factory.LazyFunction(timezone.now)


class BusinessHoursFactory(DjangoModelFactory):
    class Meta:
        model = models.BusinessHours

    name = factory.Sequence(lambda n: f"Hours {n}")


class BusinessPeriodFactory(DjangoModelFactory):
    class Meta:
        model = models.BusinessPeriod

    hours = factory.SubFactory(BusinessHoursFactory)
    weekday = 1
    opens = time(9)
    closes = time(18)


class HolidayFactory(DjangoModelFactory):
    class Meta:
        model = models.Holiday

    hours = factory.SubFactory(BusinessHoursFactory)
    day = date(2026, 10, 1)


class SlaPolicyFactory(DjangoModelFactory):
    class Meta:
        model = models.SlaPolicy

    name = factory.Sequence(lambda n: f"Policy {n}")


class SlaTargetFactory(DjangoModelFactory):
    class Meta:
        model = models.SlaTarget

    policy = factory.SubFactory(SlaPolicyFactory)
    priority = "normal"
    first_response = 60
    next_response = 120
    resolution = 480


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = models.Team

    name = factory.Sequence(lambda n: f"Team {n}")


class TeamMemberFactory(DjangoModelFactory):
    class Meta:
        model = models.TeamMember

    team = factory.SubFactory(TeamFactory)
    staff = factory.SubFactory(StaffUserFactory)


class CannedReplyFactory(DjangoModelFactory):
    class Meta:
        model = models.CannedReply

    title = factory.Sequence(lambda n: f"Reply {n}")
    text_en = "Dear {name}"
    shortcut = factory.Sequence(lambda n: f"reply-{n}")


class MacroFactory(DjangoModelFactory):
    class Meta:
        model = models.Macro

    title = factory.Sequence(lambda n: f"Macro {n}")
    text_en = "Dear {name}"


class DeskSettingsFactory(DjangoModelFactory):
    class Meta:
        model = models.DeskSettings
        django_get_or_create = ("id",)

    id = 1
