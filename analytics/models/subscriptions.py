"""Who gets the sales report by mail, and up to when it was written."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportSubscription(models.Model):
    """A member of staff who wants the sales of every whole day, week or month."""

    class Every(models.TextChoices):
        DAY = "day", _("Every day")
        WEEK = "week", _("Every week")
        MONTH = "month", _("Every month")

    person = models.OneToOneField(
        "core.StaffUser", models.CASCADE, related_name="report_subscription", verbose_name=_("for")
    )
    every = models.CharField(_("how often"), max_length=5, choices=Every)
    done_until = models.DateField(
        _("written up to"), help_text=_("Last day of the newest period that was written, or that was over before.")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("report by mail")
        verbose_name_plural = _("reports by mail")

    def __str__(self) -> str:
        return f"{self.person_id} {self.every}"
