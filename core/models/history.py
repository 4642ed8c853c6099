"""What was changed on rows that have no ledger of their own."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RowChange(models.Model):
    """One update of one row: the watched columns that are different, before and after. Written by triggers, so it is
    there whoever writes (a page, the API, an import by COPY, an operator's psql).

    Columns about a person are named and their values left out: nothing here has to be erased.
    """

    subject = models.CharField(_("about"), max_length=120)
    actor = models.CharField(_("by"), max_length=60)
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("change of a row")
        verbose_name_plural = _("changes of rows")
        ordering = ["-id"]
        indexes = [models.Index(fields=["subject", "-id"], name="row_change_by_subject")]

    def __str__(self) -> str:
        return self.subject
