"""What was brought in from files."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportBatch(models.Model):
    """One run of the importer over one folder: what it read, wrote and refused."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    format = models.CharField(_("format"), max_length=20)
    source = models.CharField(_("source"), max_length=500)
    mapping = models.JSONField(
        _("mapping"), default=dict, blank=True, help_text=_("Per file: column of the file to column of the format.")
    )
    checkpoint = models.JSONField(
        _("checkpoint"), default=dict, blank=True, help_text=_("Groups of sections that are written, with their sums.")
    )
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RUNNING)
    report = models.JSONField(
        _("report"),
        default=dict,
        help_text=_("Per section: rows read, new, changed, same, refused, and the rules applied."),
    )
    error = models.TextField(_("error"), blank=True)
    refused_file = models.CharField(_("refused rows"), max_length=300, blank=True)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("started by")
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("undone by"), related_name="+"
    )
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import batch")
        verbose_name_plural = _("import batches")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.format} #{self.pk}"
