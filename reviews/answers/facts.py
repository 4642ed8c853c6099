"""What the shop says of itself in several articles: named in braces, kept once, filled in when an article is published.

`FACTS` are all that staff fill in; `OWN` follow from the shop profile. A name that is in neither is refused when an
article is saved, and an article that names a fact without a value stays a draft.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.models import ShopProfile
from reviews.models import ShopFact
from reviews.models.articles import LANGUAGES, TEXTS

_TAG = re.compile(r"\{([^{}\n]{0,80})\}")
Values = Mapping[str, Mapping[str, str]]
"""Language to name to text."""


@dataclass(frozen=True)
class Fact:
    """How staff are asked for it, with an example of an answer."""

    title: Any
    example: Any = ""


FACTS: dict[str, Fact] = {
    "delivery_days": Fact(_("Delivery takes"), _("2 to 4 working days")),
    "dispatch_time": Fact(_("Orders leave the warehouse"), _("within 24 hours")),
    "carriers": Fact(_("Carriers"), _("the post and a parcel service")),
    "delivery_area": Fact(_("Where you deliver"), _("the whole country without islands")),
    "shipping_fee": Fact(_("Delivery costs"), _("¥10 an order")),
    "free_shipping_from": Fact(_("Delivery is free from"), _("¥99")),
    "return_address": Fact(_("Address for returns"), _("Returns, 1 Warehouse Road, Hangzhou")),
    "return_shipping": Fact(_("Who pays for sending back"), _("the customer, unless something was wrong")),
    "refund_days": Fact(_("A refund arrives within"), _("3 to 5 working days")),
    "price_protection_days": Fact(_("Lower prices are made good within"), _("7 days")),
    "payment_methods": Fact(_("Ways of paying"), _("WeChat Pay, Alipay and bank cards")),
    "invoice_time": Fact(_("An invoice is sent within"), _("2 working days")),
    "warranty": Fact(_("Warranty"), _("one year for electrical products")),
    "points_rule": Fact(_("How points are earned"), _("one point for each whole yuan paid")),
    "service_hours": Fact(_("Somebody answers"), _("Monday to Friday, 9:00 to 18:00")),
    "service_phone": Fact(_("Telephone of the service"), _("the number as customers dial it")),
    "service_email": Fact(_("E-mail of the service"), _("the address that customers write to")),
    "bulk_from": Fact(_("Larger orders begin at"), _("50 pieces")),
}

OWN: dict[str, Any] = {
    "shop": _("Name of the shop"),
    "return_days": _("Return window in days"),
    "currency": _("Base currency"),
}
"""From the shop profile."""


def names_in(texts: Iterable[str]) -> list[str]:
    """What stands in braces, each once, in order."""
    return list(dict.fromkeys(name for text in texts for name in _TAG.findall(text)))


def unknown_in(texts: Iterable[str]) -> list[str]:
    """Names that nobody can fill in."""
    return [name for name in names_in(texts) if name not in FACTS and name not in OWN]


def current() -> Values:
    """Everything that is known now, by language. Two queries. Facts without a value are left out."""
    shop = ShopProfile.current()
    own = {"shop": shop.name, "return_days": str(shop.return_window_days), "currency": shop.base_currency}
    rows = list(ShopFact.objects.filter(key__in=FACTS))
    known: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        told = {row.key: getattr(row, f"value_{language}").strip() for row in rows}
        known[language] = own | {key: value for key, value in told.items() if value}
    return known


def missing_in(source: Mapping[str, str], known: Values) -> list[str]:
    """Names of facts that a text needs in its language and that have no value there."""
    missing: dict[str, None] = {}
    for language in LANGUAGES:
        texts = [source[name] for name in TEXTS if name.endswith(f"_{language}")]
        missing |= dict.fromkeys(name for name in names_in(texts) if name not in known[language])
    return list(missing)


def filled(source: Mapping[str, str], known: Values) -> dict[str, str]:
    """The texts with values in place of names; a name without a value stays as it is."""
    texts = {}
    for name in TEXTS:
        values = known[name.rpartition("_")[2]]
        texts[name] = _TAG.sub(lambda found, values=values: values.get(found[1], found[0]), source[name])  # type: ignore[misc]
    return texts


def in_braces(names: Iterable[str]) -> list[str]:
    """As they stand in a text."""
    return [f"{{{name}}}" for name in names]
