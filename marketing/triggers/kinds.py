"""Which triggers there are, what may be set for each, and which fields of a message they fill in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.exceptions import BadInput
from marketing.models import Campaign, Trigger


@dataclass(frozen=True)
class Parameter:
    """A whole number that a campaign with this trigger may set."""

    name: str
    title: Any
    default: int
    least: int
    most: int
    help: Any = ""


@dataclass(frozen=True)
class Kind:
    """One trigger. `reach`: how long ago an occasion may have come due and still counts, when nobody looked."""

    key: str
    title: Any
    text: Any
    parameters: tuple[Parameter, ...]
    fields: frozenset[str]
    reach: timedelta = timedelta(days=1)


def _wait(default: int, most: int = 720) -> Parameter:
    return Parameter("wait_hours", gettext_lazy("Hours to wait"), default, 0, most)


def _repeat(default: int) -> Parameter:
    return Parameter(
        "repeat_days", gettext_lazy("Again after days"), default, 1, 730,
        gettext_lazy("So long nobody takes part in this campaign a second time."),
    )  # fmt: skip


_PRODUCTS = {"products", "product_url"}
KINDS: Mapping[str, Kind] = {
    one.key: one
    for one in (
        Kind(
            Trigger.ABANDONED_CART, Trigger.ABANDONED_CART.label,
            gettext_lazy("Something was put into the cart and nothing ordered. An order takes the message back."),
            (_wait(4, 168), _repeat(7)), frozenset(_PRODUCTS),
        ),
        Kind(
            Trigger.PRICE_DROP, Trigger.PRICE_DROP.label,
            gettext_lazy("A favourite costs less than before."),
            (
                Parameter("least_percent", gettext_lazy("Lower by at least, %"), 5, 1, 90),
                _repeat(7),
            ),
            frozenset(_PRODUCTS | {"price_before", "price_now"}),
        ),
        Kind(
            Trigger.BACK_IN_STOCK, Trigger.BACK_IN_STOCK.label,
            gettext_lazy("A favourite that was sold out can be bought again."),
            (_repeat(7),), frozenset(_PRODUCTS | {"price_now"}),
        ),
        Kind(
            Trigger.FIRST_ORDER, Trigger.FIRST_ORDER.label,
            gettext_lazy("The first order was paid."),
            (_wait(24),), frozenset(_PRODUCTS), timedelta(days=3),
        ),
        Kind(
            Trigger.WIN_BACK, Trigger.WIN_BACK.label,
            gettext_lazy("No order for a while. An order takes the message back."),
            (
                Parameter("days", gettext_lazy("Days without an order"), 90, 7, 730),
                Parameter(
                    "least_churn", gettext_lazy("Churn risk of at least, %"), 0, 0, 99,
                    gettext_lazy("Customers without a score take part by the days alone."),
                ),
                _repeat(180),
            ),
            frozenset(), timedelta(days=14),
        ),
    )
}  # fmt: skip
FIELDS = frozenset(name for one in KINDS.values() for name in one.fields)
"""Fields of messages that only an occasion fills in."""
ONCE = 36_500
"""Days after which a first order may be a second one: never."""


def kind_of(campaign: Campaign) -> Kind:
    """Raises KeyError for a campaign without a trigger."""
    return KINDS[campaign.trigger]


def settings_of(campaign: Campaign) -> dict[str, int]:
    """What the campaign says, or else what holds without a word."""
    said = campaign.trigger_settings or {}
    return {one.name: int(said.get(one.name, one.default)) for one in kind_of(campaign).parameters}


def cleaned(trigger: str, given: Mapping[str, Any]) -> dict[str, int]:
    """Settings as a campaign keeps them; what is not given is left out. Raises BadInput."""
    if not trigger:
        return {}
    if trigger not in KINDS:
        raise BadInput(_("There is no such trigger."), extra={"field": "trigger"})
    found = {}
    for one in KINDS[trigger].parameters:
        value = given.get(one.name)
        if value is None or value == "":
            continue
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = one.least - 1
        if not one.least <= number <= one.most:
            text = _("“%(name)s” is a whole number from %(least)d to %(most)d.")
            raise BadInput(
                text % {"name": one.title, "least": one.least, "most": one.most}, extra={"field": one.name}
            )  # fmt: skip
        found[one.name] = number
    return found
