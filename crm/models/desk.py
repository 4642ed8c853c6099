"""What customers write and what the shop answers: one thread of messages, and a ticket where a person is needed."""

from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel
from core.models.base import PublicIdModel
from core.shipped import told
from crm.models.desk_rules import SlaPolicy, Team

TEXT_LENGTH = 10_000
"""A longer message is refused: nobody reads it, and somebody sends it to do harm."""
SUBJECT_LENGTH = 200
PREVIEW_LENGTH = 200


class Channel(models.TextChoices):
    CHAT = "chat", pgettext_lazy("channel", "chat")
    FORM = "form", pgettext_lazy("channel", "form")
    EMAIL = "email", pgettext_lazy("channel", "e-mail")
    REVIEW = "review", pgettext_lazy("channel", "review")
    CARE = "care", pgettext_lazy("channel", "care programme")


class Priority(models.TextChoices):
    LOW = "low", pgettext_lazy("ticket priority", "low")
    NORMAL = "normal", pgettext_lazy("ticket priority", "normal")
    HIGH = "high", pgettext_lazy("ticket priority", "high")
    URGENT = "urgent", pgettext_lazy("ticket priority", "urgent")


class Conversation(PublicIdModel):
    """One thread of messages. `customer` is somebody who proved who they are (signed in, or a signed identity); what a
    guest or a mail says about themselves stands in the contact fields and proves nothing.

    `last_sequence` counts the messages, `last_staff_sequence` is the newest answer of a person that the customer can
    read; `last_text` is the beginning of what the customer or a colleague said last, for lists.
    """

    class State(models.TextChoices):
        ASSISTANT = "assistant", pgettext_lazy("conversation", "assistant answers")
        WAITING = "waiting", pgettext_lazy("conversation", "waits for a person")
        WITH_PERSON = "with_person", pgettext_lazy("conversation", "with a person")
        CLOSED = "closed", pgettext_lazy("conversation", "closed")

    class Reason(models.TextChoices):
        ASKED = "asked", pgettext_lazy("handed over because", "the customer asked for a person")
        RULE = "rule", pgettext_lazy("handed over because", "a rule sends this to a person")
        UNSURE = "unsure", pgettext_lazy("handed over because", "the assistant was not sure")
        SILENCE = "silence", pgettext_lazy("handed over because", "nobody answered for a while")
        STAFF = "staff", pgettext_lazy("handed over because", "staff took it")
        TRIAL = "trial", pgettext_lazy("handed over because", "an experiment lets a person answer first")
        REVIEW = "review", pgettext_lazy("handed over because", "a bad review")
        CARE = "care", pgettext_lazy("handed over because", "a care programme")

    class Outcome(models.TextChoices):
        RESOLVED = "resolved", pgettext_lazy("conversation", "resolved")
        HANDED_OVER = "handed_over", pgettext_lazy("conversation", "handed over")
        ABANDONED = "abandoned", pgettext_lazy("conversation", "abandoned")

    customer = models.ForeignKey(
        "catalog.Customer", models.SET_NULL, null=True, blank=True, related_name="conversations",
        verbose_name=_("customer"),
    )  # fmt: skip
    visitor = models.CharField(_("visitor ID"), max_length=64, blank=True)
    channel = models.CharField(_("channel"), max_length=6, choices=Channel)
    language = models.CharField(_("language"), max_length=10, blank=True)
    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH, blank=True)
    contact_name = models.CharField(_("name"), max_length=200, blank=True)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    contact_phone = models.CharField(_("phone"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=11, choices=State, default=State.ASSISTANT)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    handover_reason = models.CharField(max_length=7, choices=Reason, blank=True)
    started_at = models.DateTimeField(_("started"))
    last_message_at = models.DateTimeField(_("last message"))
    last_customer_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=11, choices=Outcome, blank=True)
    last_sequence = models.PositiveIntegerField(default=0, db_default=0)
    last_staff_sequence = models.PositiveIntegerField(default=0, db_default=0)
    last_text = models.CharField(max_length=PREVIEW_LENGTH, blank=True)
    review = models.OneToOneField(
        "reviews.Review", models.SET_NULL, null=True, blank=True, related_name="conversation"
    )  # fmt: skip

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["customer", "-last_message_at"], name="conversation_of_customer"),
            models.Index(fields=["visitor", "-last_message_at"], condition=~Q(visitor=""), name="conversation_visitor"),
            models.Index(fields=["state", "last_message_at"], name="conversation_by_state"),
            models.Index(fields=["-started_at"], name="conversation_newest"),
            models.Index(Upper("contact_email"), condition=~Q(contact_email=""), name="conversation_email"),
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="conversation_subject_trgm"),
            GinIndex(OpClass(Upper("contact_name"), name="gin_trgm_ops"), name="conversation_contact_trgm"),
            GinIndex(OpClass(Upper("contact_email"), name="gin_trgm_ops"), name="conversation_email_trgm"),
        ]

    def __str__(self) -> str:
        return self.title or self.who or f"#{self.pk}"

    @property
    def title(self) -> str:
        """What it is about; what a programme of ours is called, in the language of the reader."""
        return told(self.subject) if self.channel == Channel.CARE else self.subject

    @property
    def who(self) -> str:
        """What staff call the other side; empty for a guest who said nothing about themselves."""
        return str(self.customer) if self.customer is not None else self.contact_name or self.contact_email

    @property
    def reply_email(self) -> str:
        """Where an answer by mail goes; empty where there is no address."""
        return self.contact_email or (self.customer.email if self.customer is not None else "")


class MessageQuerySet(models.QuerySet["Message"]):
    def public(self) -> Self:
        """What the customer can read."""
        return self.filter(is_internal=False)


class Message(models.Model):
    """One thing said. Texts are plain: whatever looks like HTML is shown as it was typed.

    `answer` is what the assistant decided: act, why, intents, citation, buttons, products, version.
    """

    class Author(models.TextChoices):
        CUSTOMER = "customer", pgettext_lazy("author", "customer")
        ASSISTANT = "assistant", pgettext_lazy("author", "assistant")
        STAFF = "staff", pgettext_lazy("author", "staff")
        SYSTEM = "system", pgettext_lazy("author", "shop")

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    sequence = models.PositiveIntegerField()
    author = models.CharField(max_length=9, choices=Author)
    staff = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField(_("text"))
    is_internal = models.BooleanField(default=False, help_text=_("A note that only staff read."))
    created_at = models.DateTimeField()
    client_key = models.CharField(max_length=80, blank=True, help_text=_("The same message sent twice is one."))
    mail_id = models.CharField(max_length=250, blank=True, help_text=_("Message-ID of a mail."))
    answer = models.JSONField(null=True, blank=True)
    mentions = models.ManyToManyField("core.StaffUser", blank=True, related_name="mentioned_in")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="message_in_order"),
            models.UniqueConstraint(
                fields=["conversation", "client_key"], condition=~Q(client_key=""), name="message_said_once"
            ),
            models.UniqueConstraint(fields=["mail_id"], condition=~Q(mail_id=""), name="message_mail_once"),
        ]
        indexes = [
            GinIndex(OpClass(Upper("text"), name="gin_trgm_ops"), name="message_text_trgm"),
            models.Index(fields=["author", "created_at"], name="message_by_author"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.sequence}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def unfinished(self) -> Self:
        """Somebody has something to do, or waits for the customer."""
        return self.filter(state__in=Ticket.UNFINISHED)

    def listed(self) -> Self:
        """Without those that became part of another."""
        return self.filter(merged_into=None)

    def for_listing(self) -> Self:
        return self.select_related("conversation__customer", "assignee", "team")


class Ticket(TimestampedModel):
    """What a person has to do about a conversation, with clocks in business time.

    `awaiting_since`: the customer's oldest message that nobody answered. Clocks: the first answer, the next answer to a
    waiting customer, the solution; `due_at` is the nearest that runs, for lists. While the shop waits for the customer
    (`pending`) the clock of the solution stands: `paused_at`, and `paused_seconds` of business time so far.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("ticket", "open")
        PENDING = "pending", pgettext_lazy("ticket", "waits for the customer")
        RESOLVED = "resolved", pgettext_lazy("ticket", "resolved")
        CLOSED = "closed", pgettext_lazy("ticket", "closed")

    UNFINISHED = (State.OPEN, State.PENDING)

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="ticket")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.NORMAL)
    priority_reasons = models.JSONField(default=list, blank=True)
    priority_is_set = models.BooleanField(default=False, help_text=_("A person chose it; rules leave it alone."))
    assignee = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("assigned to")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("team")
    )
    skill = models.CharField(_("skill"), max_length=40, blank=True)
    policy = models.ForeignKey(SlaPolicy, models.SET_NULL, null=True, blank=True, related_name="tickets")
    strategy = models.ForeignKey(
        "crm.ServiceStrategy", models.SET_NULL, null=True, blank=True, related_name="tickets",
        verbose_name=_("service strategy"),
    )  # fmt: skip
    target_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Of the service strategy: minutes until the first answer.")
    )
    clock_started_at = models.DateTimeField()
    first_response_due = models.DateTimeField(null=True, blank=True)
    next_response_due = models.DateTimeField(null=True, blank=True)
    resolve_due = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    awaiting_since = models.DateTimeField(null=True, blank=True)
    first_responded_at = models.DateTimeField(_("first answer"), null=True, blank=True)
    first_responder = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("first answer by")
    )
    first_response_seconds = models.PositiveIntegerField(null=True, blank=True, help_text=_("Business time."))
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolver = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    resolve_seconds = models.PositiveIntegerField(null=True, blank=True, help_text=_("Business time."))
    closed_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.PositiveIntegerField(default=0, db_default=0)
    late_responses = models.PositiveSmallIntegerField(default=0, db_default=0)
    warned_for = models.DateTimeField(null=True, blank=True, help_text=_("The due time that an alert was raised for."))
    rating_asked_at = models.DateTimeField(null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(_("reopened"), default=0, db_default=0)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged")
    tags = models.JSONField(_("tags"), default=list, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        permissions = [("view_desk_report", _("Can see the reports of the inbox"))]
        constraints = [
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="ticket_not_in_itself"),
        ]
        indexes = [
            models.Index(
                F("due_at").asc(nulls_last=True), "id", condition=Q(state="open", merged_into=None), name="ticket_due"
            ),
            models.Index(fields=["assignee", "state", "due_at"], name="ticket_of_assignee"),
            models.Index(fields=["state", "-updated_at", "-id"], name="ticket_by_state"),
            models.Index(fields=["-updated_at", "-id"], name="ticket_changed"),
            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
            models.Index(fields=["resolved_at"], condition=Q(resolved_at__isnull=False), name="ticket_resolved"),
            models.Index(fields=["first_responded_at"], name="ticket_answered"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="ticket_merged"),
            models.Index(fields=["strategy"], condition=Q(strategy__isnull=False), name="ticket_of_strategy"),
            GinIndex(fields=["tags"], name="ticket_tags"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def number(self) -> int:
        """What people call it by."""
        return int(self.pk)

    @property
    def subject(self) -> str:
        return self.conversation.title


class TicketEvent(models.Model):
    """What happened to a ticket: who, when, from what to what. `before` and `after` hold states and numbers of rows,
    never what somebody wrote."""

    class Kind(models.TextChoices):
        OPENED = "opened", pgettext_lazy("ticket event", "opened")
        ASSIGNED = "assigned", pgettext_lazy("ticket event", "assigned")
        STATE = "state", pgettext_lazy("ticket event", "state")
        PRIORITY = "priority", pgettext_lazy("ticket event", "priority")
        TAGS = "tags", pgettext_lazy("ticket event", "tags")
        MACRO = "macro", pgettext_lazy("ticket event", "quick reply")
        MERGED = "merged", pgettext_lazy("ticket event", "merged")
        SPLIT = "split", pgettext_lazy("ticket event", "split")
        RATED = "rated", pgettext_lazy("ticket event", "rated")
        LATE = "late", pgettext_lazy("ticket event", "past its time")
        CLOCKS = "clocks", pgettext_lazy("ticket event", "clocks set anew")
        ERASED = "erased", pgettext_lazy("ticket event", "customer erased")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    actor = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
        indexes = [models.Index(fields=["ticket", "-at", "-id"], name="ticket_history")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"


class SatisfactionScore(models.Model):
    """What the customer said after the end: 1 (bad) to 5 (good). Said again, the newer counts."""

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="satisfaction")
    score = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.CharField(max_length=1000, blank=True)
    staff = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("rated"))

    class Meta:
        verbose_name = _("satisfaction")
        verbose_name_plural = _("satisfaction")
        constraints = [models.CheckConstraint(condition=Q(score__range=(1, 5)), name="satisfaction_1_to_5")]
        indexes = [models.Index(fields=["-at"], name="satisfaction_newest")]

    def __str__(self) -> str:
        return f"{self.score}/5"
