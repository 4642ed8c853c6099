"""Reads about offers and codes. Each says how many queries it costs."""

from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from catalog.models import Customer
from core.components.words import day_text
from core.money import amount_text
from core.shop import current_shop
from marketing.models import Channel, CouponCode, Offer
from marketing.offers import codes, using
from marketing.offers.saying import title_of
from marketing.offers.showing import Shown
from marketing.services import language_of

REASONS = ("message", "given", "shown")


def open_codes(customer_id: int) -> QuerySet[CouponCode]:
    """Codes of a customer that count now and were not used, with their offer and campaign."""
    now = timezone.now()
    return (
        CouponCode.objects.filter(customer=customer_id, used_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), Q(offer__starts_at=None) | Q(offer__starts_at__lte=now))
        .exclude(offer__kind=Offer.Kind.POINTS)
        .select_related("offer", "campaign")
    )


def offer_row(row: CouponCode, customer: Customer, shown: Shown | None = None) -> dict[str, Any]:
    """As the customer reads it, with the words that the shop shows beside it. Pure: everything was read before."""
    offer, language = row.offer, language_of(customer)
    is_in_shop = row.campaign is not None and row.campaign.channel == Channel.IN_SITE
    kind = REASONS[1] if row.campaign is None else REASONS[2] if is_in_shop else REASONS[0]
    with override(language):
        reason = {
            "message": _("It came with a message to you on %(day)s."),
            "given": _("The shop gave it to you on %(day)s."),
            "shown": _("The shop shows it to you since %(day)s."),
        }[kind] % {"day": day_text(row.created_at)}
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
        "reason": {"kind": kind, "text": reason},
        "message": {"title": shown.title, "text": shown.text, "seen": shown.is_seen} if shown is not None else None,
        "campaign": row.campaign.public_id if row.campaign is not None else None,
    }


def takes_off(offer: Offer, products: Decimal | None, shipping: Decimal | None) -> str | None:
    """What a code takes off an order of so much in the base currency, as the order would say. None where it does not
    count."""
    if products is None or products < offer.least_order:
        return None
    return amount_text(using.worth(offer, products=products, shipping=shipping or Decimal(0)))
