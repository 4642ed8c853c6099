"""The kind of model that knows intents, and how its figures are called."""

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind

INTENTS = ModelKind(
    name="intents", schema_version=1, primary_metric="recall", builder="reviews.answers.serving.build_intents"
)
METRICS = {
    "recall": _("Right, mean of intents"),
    "accuracy": _("Right, mean of examples"),
    "answered": _("Answered at 90% right"),
    "known_apart": _("Told apart from what nothing covers (AUC)"),
    "articles_right": _("Right article first"),
}
MARGIN = 0.01
"""A candidate may be this much worse on the examples that both versions know before the gate refuses it."""
