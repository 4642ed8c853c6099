"""The kind of model, and what makes two offers the same."""

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind
from marketing.models import Offer

OFFER_EFFECTS = ModelKind(name="offer_effects", schema_version=1, primary_metric="measured")
METRICS = {
    "measured": _("Offers measured"),
    "ranked": _("Offers with a reliable ranking"),
}
MARGIN = 1_000_000.0
"""The newest serves: what it knows of each offer was proved, or is the mean of everybody."""
WHY = {
    "": _("Better than chance and than who orders anyway."),
    "too_few": _("Too few people, or too few orders, with or without the offer to tell people apart."),
    "arms_not_random": _("What is known of people tells who was left out: it was not by chance."),
    "not_above_chance": _("The ranking is not surely better than chance."),
    "not_above_response": _("The ranking is not surely better than asking who orders anyway."),
}


def terms_of(offer: Offer) -> str:
    """Offers that say the same to customers are measured together."""
    most = "" if offer.most_off is None else f"{offer.most_off.normalize():f}"
    return f"{offer.kind}|{offer.unit}|{offer.value.normalize():f}|{offer.least_order.normalize():f}|{most}"
