"""Kinds of models about customers, and how the words of their figures are called."""

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind

VALUE = ModelKind(
    name="customer_value", schema_version=1, primary_metric="gain", builder="analytics.ml.serving.build_lifetime"
)
CHURN = ModelKind(
    name="customer_churn", schema_version=1, primary_metric="auc", builder="analytics.ml.serving.build_scorers"
)
PROPENSITY = ModelKind(
    name="customer_propensity", schema_version=1, primary_metric="auc", builder="analytics.ml.serving.build_scorers"
)

VALUE_METRICS = {
    "gain": _("Error smaller than that of the rate so far"),
    "mae": _("Mean error, purchases"),
    "naive_mae": _("The same by the rate so far"),
    "total_error": _("Purchases foretold above those that came"),
    "money_total_error": _("Money foretold above what came"),
}
CHURN_METRICS = {
    "auc": _("Told apart (AUC), mean"),
    "auc_30": _("Told apart (AUC), 30 days"),
    "auc_60": _("Told apart (AUC), 60 days"),
    "auc_90": _("Told apart (AUC), 90 days"),
    "brier_90": _("Brier score, 90 days"),
    "level_error_90": _("Share foretold was off by, 90 days"),
}
PROPENSITY_METRICS = {
    "auc": _("Told apart (AUC)"),
    "brier_30": _("Brier score"),
    "level_error_30": _("Share foretold was off by"),
}

VALUE_DAYS = 365
"""Ahead that value and expected orders look."""
ORDER_DAYS = 30
"""Ahead that the chance of an order looks."""
MARGIN = 0.02
"""A candidate may be this much worse on its held-back dates before the gate refuses it: dates differ by more."""
