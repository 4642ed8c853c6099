"""How offers and codes look on staff pages."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.components import Meaning, figure, money, pill
from core.components.words import day_text
from marketing.models import CouponCode, Offer
from marketing.offers.codes import spoken
from marketing.offers.saying import value_of

value = value_of


def state_pill(offer: Offer) -> Any:
    """Whether codes are given now, and if not why."""
    now = timezone.now()
    if not offer.is_active:
        return pill(Meaning.IDLE, pgettext("offer", "Closed"))
    if offer.ends_at is not None and offer.ends_at <= now:
        return pill(Meaning.IDLE, pgettext("offer", "Over"))
    if offer.max_codes is not None and offer.given >= offer.max_codes:
        return pill(Meaning.STOPPED, pgettext("offer", "No codes left"))
    if offer.budget is not None and offer.spent + offer.promised + offer.ceiling > offer.budget:
        return pill(Meaning.STOPPED, pgettext("offer", "Budget used up"))
    if offer.starts_at is not None and now < offer.starts_at:
        return pill(Meaning.WAITING, pgettext("offer", "Not begun"))
    return pill(Meaning.GOOD, pgettext("offer", "Open"))


def period(offer: Offer) -> str:
    """From when to when."""
    start = day_text(offer.starts_at) if offer.starts_at else ""
    end = day_text(offer.ends_at) if offer.ends_at else ""
    return f"{start} – {end}" if start or end else pgettext("period of an offer", "always")


def of_budget(offer: Offer) -> str:
    """¥120.00 of ¥500.00; without a budget what was spent."""
    if offer.budget is None:
        return money(offer.spent)
    return _("%(spent)s of %(budget)s") % {"spent": money(offer.spent), "budget": money(offer.budget)}


def of_codes(offer: Offer) -> str:
    """120 of 500."""
    if offer.max_codes is None:
        return figure(offer.given)
    return _("%(given)s of %(most)s") % {"given": figure(offer.given), "most": figure(offer.max_codes)}


def conditions(offer: Offer) -> str:
    """From ¥100.00 · at most ¥20.00 off · 14 days."""
    parts = []
    if offer.least_order:
        parts.append(_("from %(amount)s") % {"amount": money(offer.least_order)})
    if offer.most_off is not None:
        parts.append(_("at most %(amount)s off") % {"amount": money(offer.most_off)})
    if offer.valid_days is not None:
        parts.append(ngettext("%(count)d day", "%(count)d days", offer.valid_days) % {"count": offer.valid_days})
    return " · ".join(parts)


def code(row: CouponCode) -> str:
    """The code as people read it; points have none."""
    return "–" if row.offer.kind == Offer.Kind.POINTS else spoken(row.code)


def took(row: CouponCode) -> str:
    return money(row.amount) if row.amount is not None else "–"


def code_pill(row: CouponCode) -> Any:
    if row.offer.kind == Offer.Kind.POINTS:
        return pill(Meaning.GOOD, pgettext("points of an offer", "Booked"))
    if row.used_at is not None:
        return pill(Meaning.GOOD, pgettext("code", "Used"))
    if row.expires_at is not None and row.expires_at <= timezone.now():
        return pill(Meaning.IDLE, pgettext("code", "Ran out"))
    return pill(Meaning.WAITING, pgettext("code", "Not used"))
