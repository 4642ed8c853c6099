"""Checking events one by one. Written out by hand: five hundred serializers per call would cost more than storing."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.devices import DEVICES
from catalog.models import Interaction
from catalog.services.events import NewEvent, RefusedEvent, event_id_of, oldest_moment
from core.api import ids

KINDS = frozenset(Interaction.Kind.values) - {Interaction.Kind.PURCHASE}
AHEAD = timedelta(minutes=5)
CLOCKS_AGREE = timedelta(seconds=10)
"""A difference that may be the way of the call as well as a clock set wrong."""
LARGEST_VALUE = 1e9
CONTEXT = {"query": 200, "recommendation": 300, "search": 300}
LAST_POSITION = 1_000
MOST_SHOWN = 60
"""Products of one list that an impression may name."""


class _Bad(Exception):
    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


class EventReader:
    """Reads the events of one call. `customer` is that of the caller's token; only servers may name one.

    `sent_at` is what the caller's clock said when the call was sent: by its difference to ours all times are corrected.
    `device` is the one that the call came from, for events that name none.
    """

    def __init__(
        self, *, customer: str | None, may_name_customers: bool, sent_at: datetime | None = None, device: str = ""
    ) -> None:
        self._customer = customer
        self._device = device
        self._may_name = may_name_customers
        now = timezone.now()
        self._latest = now + AHEAD
        self._oldest = oldest_moment()
        difference = now - sent_at if sent_at is not None else timedelta(0)
        self._correction = difference if abs(difference) > CLOCKS_AGREE else timedelta(0)

    def read(self, index: int, raw: Any) -> NewEvent | RefusedEvent:
        """The event, or the first thing that is wrong with it."""
        try:
            if not isinstance(raw, dict):
                raise _Bad("", "not_an_object", _("An event is an object."))
            return self._event(index, raw)
        except _Bad as bad:
            return RefusedEvent(index, bad.field, bad.code, bad.message)

    def _event(self, index: int, raw: dict[str, Any]) -> NewEvent:
        kind = raw.get("kind")
        if kind == Interaction.Kind.PURCHASE:
            raise _Bad("kind", "purchase_by_order", _("Purchases come from orders, not from events."))
        if not isinstance(kind, str) or kind not in KINDS:
            raise _Bad("kind", "unknown_kind", _("One of: %(kinds)s.") % {"kinds": ", ".join(sorted(KINDS))})
        product = _text(raw, "product", ids.LONGEST)
        context = _context(raw)
        if kind == Interaction.Kind.IMPRESSION:
            product = None
            if not {"recommendation", "search"} & context.keys():
                raise _Bad("recommendation", "required", _("An impression is of a recommendation or of a search."))
        elif product is None and kind != Interaction.Kind.SEARCH:
            raise _Bad("product", "required", _("This kind of event needs a product."))
        device = self._device_of(raw)
        if product is not None and device:
            context["device"] = device
        visitor = _text(raw, "visitor", 64)
        customer = self._who(raw)
        if visitor is None and customer is None:
            raise _Bad("visitor", "required", _("An event needs a visitor or a customer."))
        event_id = _text(raw, "event_id", 64)
        return NewEvent(
            index=index,
            kind=kind,
            event_id=event_id_of(event_id) if event_id else None,
            occurred_at=self._moment(raw.get("occurred_at")),
            product=product,
            customer=customer,
            visitor=visitor,
            value=_value(raw.get("value"), kind),
            context=context,
            shown=_shown(raw) if kind == Interaction.Kind.IMPRESSION else (),
        )

    def _who(self, raw: dict[str, Any]) -> str | None:
        named = _text(raw, "customer", ids.LONGEST)
        if named is None or named == self._customer:
            return self._customer
        if not self._may_name:
            raise _Bad("customer", "not_allowed", _("Customers are named by server keys or by their own token."))
        return named

    def _device_of(self, raw: dict[str, Any]) -> str:
        named = raw.get("device")
        if named is None:
            return self._device
        if named not in DEVICES:
            raise _Bad("device", "unknown_device", _("One of: %(kinds)s.") % {"kinds": ", ".join(DEVICES)})
        return str(named)

    def _moment(self, value: Any) -> datetime | None:
        if value is None:
            return None
        try:
            moment = moment_of(value) + self._correction
        except (ValueError, OverflowError):
            raise _Bad("occurred_at", "not_a_time", _("A time such as 2026-11-20T14:05:00Z.")) from None
        if not self._oldest <= moment <= self._latest:
            raise _Bad(
                "occurred_at", "out_of_range", _("This time is in the future, or longer ago than events are kept.")
            )
        return moment


def moment_of(value: Any) -> datetime:
    """A time in UTC; without a zone it is meant so. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, OverflowError) as error:
        raise ValueError("not a time") from error


def _text(raw: dict[str, Any], name: str, longest: int) -> str | None:
    value = raw.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _Bad(name, "not_a_text", _("This is a text."))
    if len(value) > longest:
        raise _Bad(name, "too_long", _("At most %(longest)d characters.") % {"longest": longest})
    return value


def _value(value: Any, kind: str) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == Interaction.Kind.RATING:
        if not is_number or not 1 <= value <= 5:
            raise _Bad("value", "out_of_range", _("A rating has 1 to 5 stars."))
        return float(value)
    if value is None:
        return None
    if not is_number or not math.isfinite(value) or abs(value) > LARGEST_VALUE:
        raise _Bad("value", "not_a_number", _("This is a number."))
    if value < 0:
        raise _Bad("value", "out_of_range", _("This number is negative."))
    return float(value)


def _context(raw: dict[str, Any]) -> dict[str, Any]:
    """What led here: the words of a search, the id of an answer, and the place in its list."""
    found: dict[str, Any] = {name: _text(raw, name, longest) for name, longest in CONTEXT.items()}
    found = {name: text for name, text in found.items() if text}
    position = raw.get("position")
    if position is not None:
        if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position <= LAST_POSITION:
            raise _Bad("position", "out_of_range", _("A place in a list, counted from 0."))
        found["position"] = position
    return found


def _shown(raw: dict[str, Any]) -> tuple[str, ...]:
    """The products of a list that was in sight, each once."""
    named = raw.get("products")
    if named is None:
        return ()
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise _Bad("products", "not_a_list", _("This is a list of product IDs."))
    if len(named) > MOST_SHOWN:
        raise _Bad("products", "too_many", _("At most %(most)d products.") % {"most": MOST_SHOWN})
    if any(len(one) > ids.LONGEST for one in named):
        raise _Bad("products", "too_long", _("At most %(longest)d characters.") % {"longest": ids.LONGEST})
    return tuple(dict.fromkeys(one for one in named if one))
