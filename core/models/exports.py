"""Files that staff asked for: made by a job, fetched with a link, removed after a week."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import PublicIdModel


class Export(PublicIdModel):
    """Rows of one list as a file. Only the person who asked may fetch it."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    external_id = None  # type: ignore[assignment]
    source = models.CharField(
        _("list"), max_length=80, help_text=_("Model label of the list, such as catalog.order, or name of the page.")
    )
    query = models.JSONField(_("filters"), default=dict, blank=True)
    format = models.CharField(_("format"), max_length=4, choices=Format, default=Format.CSV)
    rows = models.BigIntegerField(_("rows"), null=True, blank=True)
    bytes = models.BigIntegerField(_("size"), null=True, blank=True)
    file = models.CharField(_("file"), max_length=200, blank=True)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_by = models.ForeignKey("core.StaffUser", models.CASCADE, verbose_name=_("asked for by"))
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    expires_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.source} #{self.pk}"
