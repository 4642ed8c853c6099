"""What was counted of campaigns against those who were left out by chance."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketing.models.campaigns import Campaign


class EffectLook(models.Model):
    """The newest count of one campaign, by segment, or of all campaigns of a year (no campaign). Written by a job."""

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="effect_looks", db_index=False,
        verbose_name=_("campaign"),
    )  # fmt: skip
    looked_at = models.DateTimeField(_("counted"))
    results = models.JSONField(_("results"), default=dict, help_text=_("Sums and ranges; names nobody."))

    class Meta:
        verbose_name = pgettext_lazy("table", "count of an effect")
        verbose_name_plural = pgettext_lazy("table", "counts of effects")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["campaign"], name="effect_look_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id or '*'} {self.looked_at:%Y-%m-%d}"
