"""Making, changing and closing offers. What was promised with a code stays as it was."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from crm.models.programme import MOST_POINTS
from marketing.models import CouponCode, Offer
from marketing.offers import keeping

LONGEST_TITLE = 120
PROMISED = ("kind", "unit", "value", "least_order", "most_off")
"""What a code says. It does not change once somebody has one."""


@dataclass(frozen=True)
class OfferData:
    """An offer as somebody wants it. Money is in the base currency."""

    name: str
    kind: str
    unit: str = Offer.Unit.PERCENT
    value: Decimal = Decimal(0)
    title: dict[str, str] = field(default_factory=dict)
    least_order: Decimal = Decimal(0)
    most_off: Decimal | None = None
    max_codes: int | None = None
    valid_days: int | None = None
    budget: Decimal | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    categories: tuple[int, ...] = ()
    """What it is about, which may change at any time: codes do not say it."""


class OfferPromised(DomainError):
    """Somebody has a code of it, so this part stays."""

    code = "offer_promised"


def create(data: OfferData) -> Offer:
    """Raises BadInput whose `extra["field"]` is the part that has to change."""
    with transaction.atomic():
        offer = Offer.objects.create(**_checked(data))
        offer.categories.set(data.categories)
    return offer


@transaction.atomic
def change(offer_id: int, data: OfferData) -> Offer:
    """Raises BadInput, and OfferPromised for what codes already say. An end that moves to a later day holds for codes
    that were given, an earlier one only for those to come."""
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    fields = _checked(data)
    if offer.given:
        for name in PROMISED:
            if fields[name] != getattr(offer, name):
                raise OfferPromised(
                    _("Customers have codes that say this. Close this offer and make another one."),
                    extra={"field": name},
                )
    if fields["max_codes"] is not None and fields["max_codes"] < offer.given:
        raise BadInput(_("%(given)d codes were given already.") % {"given": offer.given}, extra={"field": "max_codes"})
    held = offer.spent + offer.promised
    if fields["budget"] is not None and fields["budget"] < held:
        raise BadInput(_("More than that is spent or promised already."), extra={"field": "budget"})
    was = offer.ends_at
    for name, value in fields.items():
        setattr(offer, name, value)
    offer.save()
    offer.categories.set(data.categories)
    if was is not None and offer.valid_days is None and (offer.ends_at is None or offer.ends_at > was):
        CouponCode.objects.filter(offer=offer, used_at=None, expires_at=was).update(expires_at=offer.ends_at)
        keeping.recount(offer.pk, now=timezone.now())
        offer.refresh_from_db()
    return offer


@transaction.atomic
def close(offer_id: int, *, ends_codes: bool = False) -> int:
    """Nobody gets a code any more. With `ends_codes` those that were given and not used end now too. How many ended."""
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    now, ended = timezone.now(), 0
    offer.is_active = False
    offer.save(update_fields=["is_active", "updated_at"])
    if ends_codes:
        good = CouponCode.objects.filter(offer=offer, used_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))
        ended = good.update(expires_at=now)
        keeping.recount(offer.pk, now=now)
    return ended


def reopen(offer_id: int) -> None:
    """Codes are given again."""
    Offer.objects.filter(pk=offer_id).update(is_active=True, updated_at=timezone.now())


def _checked(data: OfferData) -> dict[str, Any]:
    found = asdict(data)
    found.pop("categories")
    found["name"] = data.name.strip()
    found["title"] = {code: text.strip() for code, text in data.title.items() if text.strip()}
    if not found["name"] or len(found["name"]) > 120:
        raise _bad("name", _("A name has 1 to 120 characters."))
    if any(len(text) > LONGEST_TITLE for text in found["title"].values()):
        raise _bad("title", _("A title has at most %(most)d characters.") % {"most": LONGEST_TITLE})
    if data.kind not in Offer.Kind.values:
        raise _bad("kind", _("There is no such kind of offer."))
    found |= _value(data)
    for name in ("max_codes", "valid_days"):
        if found[name] is not None and not 1 <= found[name] <= (32_767 if name == "valid_days" else 2_147_483_647):
            raise _bad(name, _("At least 1, or empty."))
    if data.budget is not None and data.budget <= 0:
        raise _bad("budget", _("More than 0, or empty."))
    if data.starts_at is not None and data.ends_at is not None and data.ends_at <= data.starts_at:
        raise _bad("ends_at", _("An offer ends after it starts."))
    if data.budget is not None and data.kind != Offer.Kind.POINTS and not Offer(**found).ceiling:
        raise _bad("most_off", _("With a budget, say how much one order gets off at most."))
    return found


def _value(data: OfferData) -> dict[str, Any]:
    """Unit and value as the kind has them; what a kind does not have is emptied."""
    kinds, units = Offer.Kind, Offer.Unit
    if data.least_order < 0:
        raise _bad("least_order", _("Not below 0."))
    if data.most_off is not None and data.most_off <= 0:
        raise _bad("most_off", _("More than 0, or empty."))
    if data.kind == kinds.POINTS:
        if data.value != data.value.to_integral_value() or not 1 <= data.value <= MOST_POINTS:
            raise _bad("value", _("Say how many points, at least 1."))
        if data.least_order or data.most_off is not None:
            raise _bad("least_order", _("Points are booked at once, so no order comes first."))
        return {"unit": units.POINTS, "valid_days": None}
    if data.kind == kinds.FREE_SHIPPING:
        return {"unit": units.AMOUNT, "value": Decimal(0)}
    if data.unit not in (units.PERCENT, units.AMOUNT):
        raise _bad("unit", _("A discount is in percent or an amount."))
    if data.value <= 0 or (data.unit == units.PERCENT and data.value > 100):
        words = _("Between 0 and 100 percent.") if data.unit == units.PERCENT else _("More than 0.")
        raise _bad("value", words)
    return {}


def _bad(name: str, words: str) -> BadInput:
    return BadInput(words, extra={"field": name})
