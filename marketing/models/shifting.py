"""How the versions of each batch were chosen, where a campaign shifts towards the better one."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketing.models.campaigns import Campaign


class BatchChoice(models.Model):
    """What was known when a batch was to go, and the shares that followed. Written once by a job; what it says is then
    carried out, so that a job that was cut off goes on by the same choice."""

    class Reason(models.TextChoices):
        FIRST = "first", pgettext_lazy("choice of versions", "nothing is known yet")
        FEW = "few", pgettext_lazy("choice of versions", "too few results to shift")
        SHIFTED = "shifted", pgettext_lazy("choice of versions", "shifted towards what did better")
        ALONE = "alone", pgettext_lazy("choice of versions", "only one version is left")

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="batch_choices", db_index=False, verbose_name=_("campaign")
    )
    batch = models.PositiveSmallIntegerField(_("batch"))
    as_of = models.DateTimeField(_("as of"))
    reason = models.CharField(_("why"), max_length=7, choices=Reason)
    versions = models.JSONField(
        _("versions"), default=list, help_text=_("Results, likely rates and shares of each; names nobody.")
    )
    shares = models.JSONField(
        _("shares"), default=dict, help_text=_("Of each version by language; for all others under no name.")
    )
    people = models.PositiveIntegerField(_("people"), default=0)
    released_at = models.DateTimeField(_("let go"), null=True)

    class Meta:
        verbose_name = pgettext_lazy("table", "choice of versions")
        verbose_name_plural = pgettext_lazy("table", "choices of versions")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["campaign", "batch"], name="batch_choice_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.batch}"
