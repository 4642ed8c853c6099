"""What staff note about people beyond what the shop knows."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DuplicateCustomers(models.Model):
    """Two records that may be one person, `one` the older. A decision stays, so that nobody is asked twice."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("duplicates", "to decide")
        DIFFERENT = "different", pgettext_lazy("duplicates", "not the same")
        MERGED = "merged", pgettext_lazy("duplicates", "merged")

    one = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))
    other = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("other record"))
    reasons = models.JSONField(_("reasons"), default=list, help_text="Names of crm.people.duplicates.SIGNS.")
    strength = models.PositiveSmallIntegerField(_("strength"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(_("found"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicates_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicates_in_order"),
        ]
        indexes = [models.Index(fields=["-strength", "one"], condition=Q(state="open"), name="duplicates_to_decide")]

    def __str__(self) -> str:
        return f"{self.one_id} = {self.other_id}?"
