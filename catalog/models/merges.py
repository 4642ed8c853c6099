"""Two records that were one person: which was kept, what moved, and the way back."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CustomerMerge(models.Model):
    """One merge. `before` and `became` hold the columns of the kept record that the merge changed, as PostgreSQL writes
    them in JSON; the fingerprints are of all rows of either record just before (see catalog.merging.tables)."""

    class State(models.TextChoices):
        MERGED = "merged", pgettext_lazy("customers", "merged")
        UNDONE = "undone", pgettext_lazy("customers", "taken back")
        FINAL = "final", pgettext_lazy("customers", "merged for good")

    kept = models.ForeignKey("catalog.Customer", models.PROTECT, related_name="merges", verbose_name=_("kept"))
    gone = models.ForeignKey("catalog.Customer", models.PROTECT, related_name="left_by", verbose_name=_("merged"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.MERGED)
    before = models.JSONField(default=dict)
    became = models.JSONField(default=dict)
    kept_fingerprint = models.CharField(max_length=64, blank=True)
    gone_fingerprint = models.CharField(max_length=64, blank=True)
    is_exact = models.BooleanField(null=True, help_text="After an undo: whether all rows of both are as they were.")
    merged_at = models.DateTimeField(_("merged at"))
    undo_until = models.DateTimeField(_("can be taken back until"))
    merged_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    undone_at = models.DateTimeField(_("taken back"), null=True)
    undone_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        default_permissions = ("view",)
        permissions = [("merge_customers", _("Can merge customers"))]
        constraints = [
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_of_two"),
            models.UniqueConstraint(fields=["gone"], condition=~Q(state="undone"), name="merged_once"),
        ]
        indexes = [models.Index(fields=["undo_until"], condition=Q(state="merged"), name="merge_ending")]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"

    def can_be_undone(self, now: datetime) -> bool:
        return self.state == self.State.MERGED and now <= self.undo_until


class CustomerMergeRows(models.Model):
    """Rows of one table in one merge: the keys of those that moved, or those of the merged record that others count
    anew, whole. Kept while the merge can be taken back."""

    class Kind(models.TextChoices):
        MOVED = "moved"
        ASIDE = "aside"

    merge = models.ForeignKey(CustomerMerge, models.CASCADE, related_name="rows")
    link = models.CharField(max_length=120, help_text="app.Model.field")
    kind = models.CharField(max_length=5, choices=Kind)
    content = models.JSONField()

    class Meta:
        verbose_name = _("rows of a merge")
        verbose_name_plural = _("rows of merges")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.link} {self.kind}"
