"""What changed, who changed it, and proof that nobody rewrote it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerEntry(models.Model):
    """One change of a price, a stock, a right, a model, a consent, or one export. Written by triggers on those tables
    and, for what is no change of a row, by `core.ledger.record`.

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
        EXPERIMENT = "experiment", _("experiment")
        POINTS = "points", _("points")
        OPERATION = "operation", _("operation")

    index = models.BigIntegerField(_("place in the chain"), null=True, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    subject = models.CharField(_("about"), max_length=120)
    actor = models.CharField(_("by"), max_length=60)
    body = models.TextField(_("details"), help_text=_("JSON: what stood before and what stands after."))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    hash = models.CharField(_("hash"), max_length=64, null=True, editable=False)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["kind", "-id"], name="ledger_by_kind"),
            models.Index(fields=["subject", "-id"], name="ledger_by_subject"),
            BrinIndex(fields=["at"], name="ledger_time", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class LedgerRoot(models.Model):
    """The head of the chain as it was signed on a day, with a key that is not in the database.

    Who cuts the end of the chain off, or writes it anew from some entry on, cannot make these fit. The same lines
    stand in `ledger/roots.jsonl` below VAR_DIR.
    """

    at = models.DateTimeField(_("signed"), auto_now_add=True)
    index = models.BigIntegerField(_("place in the chain"))
    hash = models.CharField(_("hash"), max_length=64)
    mac = models.CharField(_("signature"), max_length=64)

    class Meta:
        verbose_name = _("signed head of the ledger")
        verbose_name_plural = _("signed heads of the ledger")
        ordering = ["index", "id"]

    def __str__(self) -> str:
        return f"{self.index} {self.hash[:12]}"
