"""What was found in the shop's data: a report of every night and of every import, one row for each kind of trouble."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DataQualityReport(models.Model):
    """One look at the data: all of them, or what one import made."""

    batch = models.ForeignKey(
        "catalog.ImportBatch", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("import batch")
    )
    as_of = models.DateTimeField(_("as of"))
    seconds = models.FloatField(_("seconds"))
    rows = models.PositiveBigIntegerField(_("rows looked at"))
    columns = models.JSONField(
        _("columns of models"), default=list, help_text=_("Per column: missing values, outliers, and what is done.")
    )

    class Meta:
        verbose_name = _("data quality report")
        verbose_name_plural = _("data quality reports")
        ordering = ["-as_of", "-id"]
        indexes = [models.Index(fields=["-as_of", "-id"], name="quality_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["batch"], condition=models.Q(batch__isnull=False), name="quality_once_per_import"
            )
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"


class QualityFinding(models.Model):
    """How many rows one check found. Kept also when it found none, so that there is a trend."""

    report = models.ForeignKey(DataQualityReport, models.CASCADE, related_name="findings", verbose_name=_("report"))
    check_name = models.CharField(_("check"), max_length=40)
    rows = models.PositiveBigIntegerField(_("rows found"))
    of = models.PositiveBigIntegerField(_("of rows"))
    is_estimate = models.BooleanField(_("estimated"), default=False, help_text=_("Counted on a part of the rows."))
    low = models.FloatField(_("lowest usual value"), null=True)
    high = models.FloatField(_("highest usual value"), null=True)
    examples = models.JSONField(_("examples"), default=list, help_text=_("Numbers of rows, or days."))

    class Meta:
        verbose_name = _("finding about data")
        verbose_name_plural = _("findings about data")
        constraints = [models.UniqueConstraint(fields=["report", "check_name"], name="quality_finding_once")]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.rows}"
