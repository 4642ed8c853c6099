"""What was brought in from files, and what it would take to undo it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ImportBatch(models.Model):
    """One run of the importer over one folder: what it read, wrote and refused."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    format = models.CharField(_("format"), max_length=20)
    source = models.CharField(_("source"), max_length=500)
    title = models.CharField(
        _("title"), max_length=200, blank=True, help_text=_("What the uploaded files were called.")
    )
    mapping = models.JSONField(
        _("mapping"), default=dict, blank=True, help_text=_("Per file: column of the file to column of the format.")
    )
    checkpoint = models.JSONField(
        _("checkpoint"), default=dict, blank=True, help_text=_("Groups of sections that are written, with their sums.")
    )
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
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
        permissions = [("undo_importbatch", _("Can undo imports"))]

    def __str__(self) -> str:
        return f"{self.format} #{self.pk}"


class ImportChange(models.Model):
    """One row that an import wrote: what it was before, and a hash of what it became.

    Rows that belong to an order which the same import made are not listed: they come and go with it.
    """

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="changes", verbose_name=_("import batch"))
    table_name = models.CharField(_("table"), max_length=60)
    row_id = models.BigIntegerField(_("row"))
    before = models.JSONField(_("before"), null=True, help_text=_("Empty: the import made the row."))
    after = models.BigIntegerField(_("hash afterwards"), null=True, help_text=_("Empty: the import removed the row."))
    person = models.BigIntegerField(
        _("customer"), null=True, help_text=_("Whom the row before is about, so that it goes when they are erased.")
    )
    outcome = models.CharField(_("what became of it"), max_length=20, blank=True, db_default="", default="")

    class Meta:
        verbose_name = _("change of an import")
        verbose_name_plural = _("changes of imports")
        constraints = [models.UniqueConstraint(fields=["table_name", "row_id", "batch"], name="import_change_once")]
        indexes = [models.Index(fields=["person"], condition=Q(person__isnull=False), name="import_change_of_person")]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class ImportedEvents(models.Model):
    """Ids of events that an import wrote between two moments; some thousands in one row."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="events", verbose_name=_("import batch"))
    since = models.DateTimeField(_("first"))
    until = models.DateTimeField(_("last"))
    event_ids = ArrayField(models.UUIDField(), verbose_name=_("event IDs"))

    class Meta:
        verbose_name = _("events of an import")
        verbose_name_plural = _("events of imports")

    def __str__(self) -> str:
        return f"{self.batch_id} {self.since:%Y-%m-%d}"
