"""Reads about offers and codes. Each says how many queries it costs."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from catalog.models import Customer
from core.components.words import day_text
from core.money import amount_text
from core.shop import current_shop
from marketing.models import CouponCode, Offer
from marketing.offers import codes
from marketing.offers.saying import title_of
from marketing.services import language_of

REASONS = ("message", "given")


def open_codes(customer_id: int) -> QuerySet[CouponCode]:
    """Codes of a customer that count now and were not used, with their offer and campaign."""
    now = timezone.now()
    return (
        CouponCode.objects.filter(customer=customer_id, used_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), Q(offer__starts_at=None) | Q(offer__starts_at__lte=now))
        .exclude(offer__kind=Offer.Kind.POINTS)
        .select_related("offer", "campaign")
    )


def offer_row(row: CouponCode, customer: Customer) -> dict[str, Any]:
    """As the customer reads it. Pure: everything was read with the code."""
    offer, language = row.offer, language_of(customer)
    with override(language):
        reason = (
            _("It came with a message to you on %(day)s.") if row.campaign is not None
            else _("The shop gave it to you on %(day)s.")
        ) % {"day": day_text(row.created_at)}  # fmt: skip
    return {
        "id": offer.public_id,
        "title": title_of(offer, language),
        "kind": offer.kind,
        "unit": offer.unit,
        "amount": amount_text(offer.value) if offer.kind == Offer.Kind.DISCOUNT else None,
        "currency": current_shop().base_currency,
        "least_order": amount_text(offer.least_order) if offer.least_order else None,
        "most_off": amount_text(offer.most_off) if offer.most_off is not None else None,
        "code": codes.spoken(row.code),
        "given_at": row.created_at,
        "ends_at": row.expires_at,
        "reason": {"kind": REASONS[0] if row.campaign is not None else REASONS[1], "text": reason},
        "campaign": row.campaign.public_id if row.campaign is not None else None,
    }
