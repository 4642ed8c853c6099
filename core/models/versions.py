"""Trained models that this installation has, and which of them serve."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def active(self) -> Self:
        return self.filter(state=ModelVersion.State.ACTIVE)

    def of(self, kind: str) -> Self:
        return self.filter(kind=kind)


class ModelVersion(models.Model):
    """A folder of arrays and a row. At most one version of a kind is active."""

    class State(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        ACTIVE = "active", _("live")
        RETIRED = "retired", _("retired")
        REFUSED = "refused", _("refused")

    kind = models.CharField(_("kind"), max_length=60)
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CANDIDATE)
    folder = models.CharField(_("folder"), max_length=200, help_text=_("Below the folder of models."))
    manifest_sha256 = models.CharField(_("checksum of the manifest"), max_length=64)
    schema_version = models.PositiveSmallIntegerField(_("format"), default=1)
    trained_from = models.DateTimeField(_("data from"), null=True, blank=True)
    trained_until = models.DateTimeField(_("data until"), null=True, blank=True)
    row_count = models.BigIntegerField(_("rows"), default=0)
    metrics = models.JSONField(_("metrics"), default=dict)
    report = models.JSONField(_("report"), default=dict)
    gate = models.JSONField(_("gate"), default=dict)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_at = models.DateTimeField(_("trained"), auto_now_add=True)
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)
    activated_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("activated by")
    )
    activation_reason = models.CharField(_("why"), max_length=300, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["kind", "-number"]
        permissions = [("activate_modelversion", _("Can activate and roll back models"))]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="model_version_number_once"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(state="active"), name="model_one_active_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What answers and stored predictions carry, such as `recommender.v3`."""
        return f"{self.kind}.v{self.number}"

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE
