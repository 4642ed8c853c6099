"""What changed, who changed it, and proof that nobody rewrote it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerEntry(models.Model):
    """One change of a price, a stock, a right, a model, a consent, or one export. Written by `core.ledger.record`.

    PostgreSQL gives the place in the chain and the hash when the transaction commits (a deferred trigger under a
    lock), so writers never wait for each other before that; another trigger forbids changing and deleting.
    No personal data: subjects and actors are ids.
    """

    class Kind(models.TextChoices):
        PRICE = "price", _("price")
        STOCK = "stock", _("stock")
        PERMISSION = "permission", _("permission")
        MODEL = "model", _("model activation")
        EXPORT = "export", _("export")
        CONSENT = "consent", _("consent")
        RIGHTS = "rights", _("personal data")

    index = models.BigIntegerField(_("place in the chain"), null=True, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    subject = models.CharField(_("about"), max_length=120)
    actor = models.CharField(_("by"), max_length=60)
    body = models.TextField(
        _("details"), help_text=_("JSON with sorted keys: what stood before and what stands after.")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)
    hash = models.CharField(_("hash"), max_length=64, null=True, editable=False)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["kind", "-id"], name="ledger_by_kind"),
            models.Index(fields=["subject", "-id"], name="ledger_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
