"""The kind of model, and the words of its verdict."""

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind

UPLIFT = ModelKind(name="uplift", schema_version=1, primary_metric="qini")
METRICS = {
    "qini": _("Ranking by effect (Qini)"),
    "qini_low": _("Qini, low end (90%)"),
    "response_qini": _("The same by who orders anyway"),
    "uplift_30": _("More orders among the best 30%"),
}
WHY = {
    "too_few": _("Too few people, or too few orders, with or without the message."),
    "arms_not_random": _("What is known of people tells who was left out: it was not by chance."),
    "not_above_chance": _("The ranking is not surely better than chance."),
    "not_above_response": _("The ranking is not surely better than asking who orders anyway."),
}
MARGIN = 1.0
"""A later campaign's ranking takes the place of an earlier one: each proves itself, and they are not of one crowd."""
ARM = "message"
