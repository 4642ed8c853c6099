"""Lists as somebody likes to see them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """Filters, order and columns of one list under a name. Its owner sees it, and the roles it is shared with.

    What is kept are names of the list's own filters and columns; what a list does not know any more is left out when
    the view is opened. Nobody sees more through a view than the list shows them anyway.
    """

    source = models.CharField(_("list"), max_length=80, help_text=_("Model label of the list, such as catalog.order."))
    name = models.CharField(_("name"), max_length=60)
    owner = models.ForeignKey("core.StaffUser", models.CASCADE, verbose_name=_("owner"), related_name="saved_views")
    roles = ArrayField(models.CharField(max_length=20), verbose_name=_("shared with"), default=list, blank=True)
    query = models.JSONField(_("filters"), default=dict, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "source", "name"], name="saved_view_name_once")]
        indexes = [models.Index(fields=["source", "position", "id"], name="saved_view_of_list")]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view that a list opens with for one person."""

    person = models.ForeignKey("core.StaffUser", models.CASCADE, verbose_name=_("person"), related_name="default_views")
    source = models.CharField(_("list"), max_length=80)
    view = models.ForeignKey(SavedView, models.CASCADE, verbose_name=_("saved view"), related_name="+")

    class Meta:
        verbose_name = _("default view")
        verbose_name_plural = _("default views")
        constraints = [models.UniqueConstraint(fields=["person", "source"], name="default_view_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.view_id}"
