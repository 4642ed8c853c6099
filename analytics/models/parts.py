"""Days of sales in parts: by the hour, by channel, by country."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField


class SalesPart(models.Model):
    """What one part of a day of the shop brought. The parts of each kind add up to the day's row in `DailySales`; a
    refund without an order belongs to the part without a name."""

    class Kind(models.TextChoices):
        HOUR = "hour", _("hour")
        CHANNEL = "channel", _("channel")
        COUNTRY = "country", _("country")

    day = models.DateField(_("day"))
    kind = models.CharField(_("by"), max_length=7, choices=Kind)
    part = models.CharField(_("part"), max_length=60, blank=True, help_text=_("00 to 23, or the name; may be empty."))
    orders = models.PositiveIntegerField(_("paid orders"), default=0)
    gross = MoneyField(_("paid"), default=0)
    refunded = MoneyField(_("refunded"), default=0)

    class Meta:
        verbose_name = _("part of a day of sales")
        verbose_name_plural = _("parts of days of sales")
        constraints = [models.UniqueConstraint(fields=["day", "kind", "part"], name="sales_part_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.part}"
