"""Requests of people about their own data, with the clock that the law sets."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import PublicIdModel


class DataRequest(PublicIdModel):
    """A person wants a copy of what is stored, or wants it gone. The row itself holds no personal data."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("copy of the data")
        ERASE = "erase", _("erasure")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    external_id = None  # type: ignore[assignment]
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    subject_model = models.CharField(_("about a"), max_length=60, help_text=_("Model label, such as catalog.customer."))
    subject_id = models.BigIntegerField(_("number"), db_index=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.OPEN, db_index=True)
    is_approved = models.BooleanField(
        _("approved"), default=True, help_text=_("Off: somebody who may carry it out has to agree first.")
    )
    channel = models.CharField(_("came by"), max_length=20, blank=True)
    reason = models.CharField(_("why refused"), max_length=300, blank=True)
    result = models.JSONField(_("what was done"), default=dict, blank=True)
    file = models.CharField(_("file"), max_length=200, blank=True)
    expires_at = models.DateTimeField(_("file removed"), null=True, blank=True)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("entered by")
    )
    received_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("due"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_model", "subject_id"],
                condition=models.Q(state__in=["open", "running"]),
                name="data_request_once_while_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_model} #{self.subject_id}"
