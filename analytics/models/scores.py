"""What models and rules say about a customer, in columns, so that segments and lists filter and sort by them.

The same values stand as `catalog.CustomerTrait` rows with their reasons, written in the same transaction, for readers
on other floors. Everything here is computed: it can be thrown away and made again.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField


class CustomerScore(models.Model):
    """Scores of one customer; empty where nothing can be said. Probabilities are 0 to 1."""

    customer = models.OneToOneField(
        "catalog.Customer", models.CASCADE, primary_key=True, related_name="score", verbose_name=_("customer")
    )
    recency = models.PositiveSmallIntegerField(_("recency score"), null=True, help_text=_("1 long ago to 5 lately."))
    frequency = models.PositiveSmallIntegerField(_("frequency score"), null=True, help_text=_("1 rare to 5 often."))
    money = models.PositiveSmallIntegerField(_("money score"), null=True, help_text=_("1 little to 5 much."))
    rfm_segment = models.CharField(_("RFM segment"), max_length=20, blank=True, db_default="")
    rfm_as_of = models.DateField(_("RFM as of"), null=True)
    cluster_id = models.BigIntegerField(
        _("cluster"), null=True, help_text=_("The segment that the customer's cluster is.")
    )
    alive = models.FloatField(_("chance to buy again"), null=True)
    expected_orders = models.FloatField(_("expected orders, 12 months"), null=True)
    value = MoneyField(_("lifetime value, 12 months"), null=True)
    churn_30 = models.FloatField(_("churn risk, 30 days"), null=True)
    churn_60 = models.FloatField(_("churn risk, 60 days"), null=True)
    churn_90 = models.FloatField(_("churn risk, 90 days"), null=True)
    propensity_30 = models.FloatField(_("chance of an order within 30 days"), null=True)
    scored_at = models.DateTimeField(_("scored"), null=True)

    class Meta:
        verbose_name = _("customer's scores")
        verbose_name_plural = _("customers' scores")
        indexes = [
            models.Index(fields=["rfm_segment"], include=["customer"], name="score_by_rfm_segment"),
            models.Index(fields=["cluster_id"], include=["customer"], name="score_by_cluster"),
            models.Index(fields=["churn_90"], name="score_by_churn"),
            models.Index(fields=["value"], name="score_by_value"),
            models.Index(fields=["propensity_30"], name="score_by_propensity"),
            models.Index(models.F("value") * models.F("churn_90"), name="score_by_loss"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}"
