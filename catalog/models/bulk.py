"""Changes of many products at once, with what stood before."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class BulkChange(models.Model):
    """One change that somebody made to many products.

    The products are written down when it is asked for, one row each; a row that is done holds what stood before, so a
    job that is cut off goes on with the rows that are left, and undo puts back what nobody changed since.
    """

    class Operation(models.TextChoices):
        PRICE = "price", _("price")
        STATUS = "status", _("status")
        CATEGORY = "category", _("category")
        BRAND = "brand", _("brand")
        STOCK = "stock", _("stock")
        LOW_STOCK = "low_stock", _("low-stock limit")
        TAG = "tag", _("tag")
        DELETED = "deleted", _("deleted")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    key = models.UUIDField(_("key of the form"), unique=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(_("what changes"), max_length=12, choices=Operation)
    arguments = models.JSONField(_("how"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(_("products"), default=0)
    changed = models.PositiveIntegerField(pgettext_lazy("products of a bulk change", "changed"), default=0)
    same = models.PositiveIntegerField(_("as they were"), default=0)
    left = models.PositiveIntegerField(_("left alone"), default=0)
    put_back = models.PositiveIntegerField(_("put back"), default=0)
    kept = models.PositiveIntegerField(_("changed by somebody since"), default=0)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, verbose_name=_("by"), related_name="bulk_changes"
    )
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    undone_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("undone by"), related_name="+"
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    forgotten_at = models.DateTimeField(_("rows removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.operation} #{self.pk}"


class BulkChangeRow(models.Model):
    """What one bulk change did to one product."""

    class State(models.TextChoices):
        TODO = "todo", _("waiting")
        CHANGED = "changed", pgettext_lazy("products of a bulk change", "changed")
        SAME = "same", _("as it was")
        LEFT = "left", _("left alone")
        PUT_BACK = "put_back", _("put back")
        KEPT = "kept", _("changed by somebody since")

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="rows", verbose_name=_("bulk change"))
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+", verbose_name=_("product"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.TODO, db_default="todo")
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.CharField(_("why it was left"), max_length=40, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("product of a bulk change")
        verbose_name_plural = _("products of bulk changes")
        constraints = [models.UniqueConstraint(fields=["change", "product"], name="bulk_row_once")]
        indexes = [models.Index(fields=["change", "state", "product"], name="bulk_row_by_state")]

    def __str__(self) -> str:
        return f"{self.change_id} {self.product_id} {self.state}"
