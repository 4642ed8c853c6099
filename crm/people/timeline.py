"""What customer care tells on the timeline of a customer."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Customer
from catalog.timeline import Moment
from core.components import figure
from crm.care import words
from crm.models import CareEnrolment, Conversation, CustomerNote, LoyaltyTransaction, WorklistItem

PREVIEW = 100
Kind = LoyaltyTransaction.Kind


def points(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """Movements but those in which points only become final."""
    rows = LoyaltyTransaction.objects.filter(account__customer=customer, created_at__lt=before).exclude(
        kind=Kind.MATURE
    )
    return [
        Moment(
            row.created_at, "points", "loyalty",
            pgettext("timeline", "Points %(event)s") % {"event": row.get_kind_display()},
            f"{'+' if row.points > 0 else ''}{figure(row.points)}",
        )
        for row in rows.order_by("-created_at", "-id")[:limit]
    ]  # fmt: skip


def conversations(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    rows = Conversation.objects.filter(customer=customer, started_at__lt=before)
    return [
        Moment(
            row.started_at, "conversations", "forum",
            _("Conversation by %(channel)s") % {"channel": row.get_channel_display()},
            (row.subject or row.last_text)[:PREVIEW], f"{reverse('admin:crm_chat')}?conversation={row.pk}",
        )
        for row in rows.order_by("-started_at", "-id")[:limit]
    ]  # fmt: skip


def notes(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    rows = CustomerNote.objects.filter(customer=customer, removed_at=None, created_at__lt=before)
    return [
        Moment(row.created_at, "notes", "sticky_note_2", _("Note"), row.text[:PREVIEW])
        for row in rows.order_by("-created_at", "-id")[:limit]
    ]


def contacts(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """Outcomes noted in worklists."""
    rows = WorklistItem.objects.filter(customer=customer, done_at__lt=before).select_related("worklist__programme")
    return [
        Moment(
            row.done_at, "contacts", "call", _("Worklist “%(name)s”") % {"name": row.worklist.title},
            " · ".join(filter(None, [str(row.get_outcome_display()), row.note])),
        )
        for row in rows.order_by("-done_at")[:limit]
        if row.done_at is not None
    ]  # fmt: skip


def care(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """What care programmes did. The control group got nothing, so nothing is told of it."""
    rows = CareEnrolment.objects.filter(customer=customer, state=CareEnrolment.State.DONE, done_at__lt=before)
    return [
        Moment(
            row.done_at, "care", "volunteer_activism", _("Care programme “%(name)s”") % {"name": row.programme.title},
            " · ".join(filter(None, [words.sentence(row.why), words.came_of(row)])),
        )
        for row in rows.select_related("programme").order_by("-done_at", "-id")[:limit]
        if row.done_at is not None
    ]  # fmt: skip
