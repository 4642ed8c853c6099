"""What marketing tells on the timeline of a customer, and of them to programs (their portrait)."""

from datetime import datetime
from typing import Any

from django.db.models import Case, QuerySet, When
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Customer
from catalog.timeline import Moment
from core.components import money
from marketing import services
from marketing.models import Campaign, ConsentEvent, ConsentState, CouponCode, Recipient
from marketing.roles import CAMPAIGNS_SEEN

NEWEST = 10


def messages(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """What went out, or may have. Who was left out or is in a control group got nothing, so nothing is told of it."""
    return [
        Moment(
            row.went_at, "messages", "outgoing_mail",
            pgettext("timeline", "Message by %(channel)s") % {"channel": row.get_channel_display()},
            " · ".join([_name(row), row.get_state_display()]), _address(row.campaign), CAMPAIGNS_SEEN,
        )
        for row in _went_out(customer).filter(went_at__lt=before)[:limit]
    ]  # fmt: skip


def consents(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """Each change, with how it is known; those of records that were merged stand with them."""
    whose = services.records_of(customer.pk)
    titles = {
        ConsentState.GIVEN: _("Consent given"), ConsentState.WITHDRAWN: _("Consent taken back"),
        ConsentState.PENDING: _("Consent waits for confirmation"),
    }  # fmt: skip
    return [
        Moment(
            row.at, "consents", "mark_email_read" if row.state == ConsentState.GIVEN else "unsubscribe",
            titles[ConsentState(row.state)],
            " · ".join([capfirst(row.get_purpose_display()), row.get_channel_display(), row.get_source_display()]),
        )
        for row in ConsentEvent.objects.filter(customer__in=whose, at__lt=before).order_by("-at", "-id")[:limit]
    ]  # fmt: skip


def coupons(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """When an offer was given, and when its code was used."""
    last = Greatest("created_at", Case(When(used_at__lt=before, then="used_at")))
    rows = CouponCode.objects.filter(customer=customer, created_at__lt=before).select_related("offer", "campaign")
    found = []
    for row in rows.annotate(last=last).order_by("-last", "-pk")[:limit]:
        told = " · ".join(filter(None, [str(row.offer), str(row.campaign or "")]))
        link = _address(row.campaign), CAMPAIGNS_SEEN
        found.append(Moment(row.created_at, "coupons", "sell", _("Offer given"), told, *link))
        if row.used_at is not None and row.used_at < before:
            took = money(row.amount) if row.amount is not None else ""
            told = " · ".join(filter(None, [told, took]))
            found.append(Moment(row.used_at, "coupons", "redeem", _("Offer used"), told, *link))
    return found


def _went_out(customer: Customer) -> QuerySet[Any]:
    """Newest first, by the moment it was handed over."""
    rows = Recipient.objects.filter(customer=customer, state__in=Recipient.WENT_OUT).select_related("campaign")
    return rows.annotate(went_at=Coalesce("sent_at", "claimed_at", "due_at")).order_by("-went_at", "-id")


def _name(row: Recipient) -> str:
    return str(row.campaign) if row.campaign is not None else capfirst(row.get_purpose_display())


def _address(campaign: Campaign | None) -> str:
    return reverse("admin:marketing_campaign_change", args=[campaign.pk]) if campaign is not None else ""


# --- the portrait -----------------------------------------------------------------------------------------------------


def consents_of(customer: Customer) -> list[dict[str, Any]]:
    """What the customer says of each purpose and channel; what is missing was never asked. One query."""
    rows = sorted(services.current(customer.pk).values(), key=lambda one: (one.purpose, one.channel))
    return [
        {"purpose": one.purpose, "channel": one.channel, "state": one.state, "since": one.at, "source": one.source}
        for one in rows
    ]


def sent_to(customer: Customer) -> list[dict[str, Any]]:
    """The newest that went out, or may have. One query."""
    return [
        {
            "campaign": {"id": row.campaign.public_id, "name": str(row.campaign)} if row.campaign else None,
            "purpose": row.purpose, "channel": row.channel, "state": row.state, "at": row.went_at,
        }
        for row in _went_out(customer)[:NEWEST]
    ]  # fmt: skip
