"""What happens in the shop right now, counted for everybody who watches."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LiveSnapshot(models.Model):
    """The one row that every watcher reads (analytics.live.counting): figures of the last hour, made again every few
    seconds from the rows of events alone, so it may be lost at any time."""

    made_at = models.DateTimeField(_("counted"))
    seconds = models.FloatField(_("seconds"))
    figures = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("live figures")
        verbose_name_plural = _("live figures")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="live_snapshot_is_one")]

    def __str__(self) -> str:
        return f"{self.made_at}"
