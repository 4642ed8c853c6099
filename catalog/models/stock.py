"""The ledger of stock."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class StockMovement(models.Model):
    """One change of one variant's stock. Rows are only added; the balance is the stock after the change."""

    class Reason(models.TextChoices):
        COUNT = "count", _("counted")
        RECEIPT = "receipt", _("received")
        SALE = "sale", _("sold")
        RETURN = "return", _("returned")
        CANCEL = "cancel", _("order cancelled")
        CORRECTION = "correction", _("corrected")
        IMPORT = "import", _("imported")

    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="movements", verbose_name=_("variant"))
    delta = models.IntegerField(_("change"))
    balance = models.IntegerField(_("stock afterwards"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    order = models.ForeignKey("catalog.Order", models.SET_NULL, null=True, blank=True, verbose_name=_("order"))
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("by"))
    created_at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["reason", "id"], name="movement_by_reason"),
            BrinIndex(fields=["created_at"], name="movement_time", pages_per_range=32),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(delta=0), name="stock_movement_moves"),
            models.CheckConstraint(condition=models.Q(balance__gte=0), name="stock_balance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.delta:+d}"
