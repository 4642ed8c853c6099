"""Who asked to be told, once, when something can be bought again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketing.models.sending import Recipient


class StockRequest(models.Model):
    """A customer waits for one variant. It goes with the one message about it; sold out before that, it waits on."""

    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="stock_requests", verbose_name=_("customer")
    )
    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="+", verbose_name=_("variant"))
    asked_at = models.DateTimeField(_("asked"))
    recipient = models.OneToOneField(
        Recipient, models.SET_NULL, null=True, editable=False, related_name="stock_request", verbose_name=_("message")
    )
    rounds = models.PositiveSmallIntegerField(
        _("messages planned"), default=0, editable=False, help_text=_("Each has a key of its own.")
    )

    class Meta:
        verbose_name = _("request to be told of stock")
        verbose_name_plural = _("requests to be told of stock")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["customer", "variant"], name="stock_request_once")]
        indexes = [models.Index(fields=["asked_at"], name="stock_request_oldest")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.variant_id}"
