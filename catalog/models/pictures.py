"""Pictures of products that are on their way in, and those that were taken off."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models.products import LONGEST_ADDRESS
from core.models.base import NewPublicId, TimestampedModel
from core.said import Said


class ArrivingPictureQuerySet(models.QuerySet["ArrivingPicture"]):
    def waiting(self) -> Self:
        return self.filter(state=ArrivingPicture.State.WAITING)

    def failed(self) -> Self:
        return self.filter(state=ArrivingPicture.State.FAILED)

    def due(self) -> Self:
        """What may be tried now. A row that somebody works on is due again when their time is over."""
        return self.waiting().filter(next_attempt_at__lte=timezone.now())


class ArrivingPicture(TimestampedModel):
    """A picture that a product shall get and does not have yet: it lies at an address, or was sent and is too large to
    be decoded while somebody waits. The row goes when the picture is there; a job does it (`catalog.arrivals`)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        FAILED = "failed", _("failed")

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, related_name="arriving_pictures", verbose_name=_("product")
    )
    address = models.CharField(_("address"), max_length=LONGEST_ADDRESS, blank=True)
    host = models.CharField(_("host"), max_length=260, blank=True, editable=False)
    staged = models.CharField(_("file sent"), max_length=100, blank=True, editable=False)
    name = models.CharField(_("name of the file sent"), max_length=300, blank=True)
    alt = models.CharField(_("description for people who cannot see it"), max_length=300, blank=True)
    position = models.PositiveIntegerField(_("position"), null=True, blank=True, help_text=_("Empty: at the end."))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    reason = models.JSONField(_("reason"), default=dict, blank=True, help_text=_("Why the last try did not work."))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_attempt_at = models.DateTimeField(_("next try"), default=timezone.now)
    batch = models.ForeignKey(
        "catalog.ImportBatch", models.CASCADE, null=True, blank=True, related_name="arriving_pictures",
        verbose_name=_("import batch"),
    )  # fmt: skip
    file = models.CharField(_("file of the import"), max_length=200, blank=True)
    line = models.PositiveIntegerField(_("line"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )

    objects = ArrivingPictureQuerySet.as_manager()

    class Meta:
        verbose_name = _("arriving picture")
        verbose_name_plural = _("arriving pictures")
        default_permissions = ("view",)
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(address="") & ~Q(staged="")) | (~Q(address="") & Q(staged="")),
                name="arriving_from_one_place",
            ),
            models.UniqueConstraint(
                fields=["product", "address"], condition=~Q(address=""), name="arriving_address_once_per_product"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], condition=Q(state="waiting"), name="arriving_due"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.address or self.name or self.public_id

    @property
    def why(self) -> str:
        """Why the last try did not work, in the language of the reader; empty before the first."""
        return str(_said(self.reason)) if self.reason else ""


def _said(kept: dict[str, Any]) -> Said:
    """A sentence as it was kept; what stands in its places may be a sentence itself."""
    values = {
        name: _said(value) if isinstance(value, dict) else value for name, value in kept.get("values", {}).items()
    }
    return Said(kept["text"], values)


class RemovedPicture(models.Model):
    """A picture that staff or another program took off its product. For 30 days it can come back as it was."""

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+", verbose_name=_("product"))
    kept = models.JSONField(_("as it was"), help_text=_("Columns of the row."))
    file = models.CharField(_("file"), max_length=200, db_index=True)
    removed_at = models.DateTimeField(_("removed"), db_index=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("removed by")
    )

    class Meta:
        verbose_name = _("removed picture")
        verbose_name_plural = _("removed pictures")
        default_permissions = ()

    def __str__(self) -> str:
        return self.file
