"""Who agreed to which messages, how that is known, and addresses that nobody writes to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketing.models.choices import Channel, Purpose


class ConsentState(models.TextChoices):
    GIVEN = "given", pgettext_lazy("consent", "given")
    WITHDRAWN = "withdrawn", pgettext_lazy("consent", "withdrawn")
    PENDING = "pending", pgettext_lazy("consent", "waits for confirmation")


class ConsentSource(models.TextChoices):
    API = "api", _("API")
    IMPORT = "import", pgettext_lazy("source of a consent", "import")
    STAFF = "staff", pgettext_lazy("source of a consent", "staff")
    PREFERENCE_PAGE = "preference_page", _("preference page")
    UNSUBSCRIBE = "unsubscribe", _("unsubscribe link")
    DOUBLE_OPT_IN = "double_opt_in", _("confirmed by link")


class ConsentValue(models.Model):
    """What a consent says and how that is known."""

    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    state = models.CharField(_("state"), max_length=9, choices=ConsentState)
    at = models.DateTimeField(_("since"))
    source = models.CharField(_("source"), max_length=16, choices=ConsentSource)
    wording_version = models.CharField(_("version of the wording"), max_length=40, blank=True)

    class Meta:
        abstract = True


class Consent(ConsentValue):
    """Today's word of a customer about one purpose and channel. No row: never asked, which is no consent.

    Triggers tell the ledger each change, under the number that was drawn for the customer (`LedgerName`).
    """

    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="consents", verbose_name=_("customer")
    )

    class Meta:
        verbose_name = pgettext_lazy("table", "consent")
        verbose_name_plural = pgettext_lazy("table", "consents")
        constraints = [
            models.UniqueConstraint(fields=["customer", "purpose", "channel"], name="consent_once"),
        ]
        indexes = [
            models.Index(
                fields=["purpose", "channel", "customer"], condition=Q(state="given"), name="consent_given"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.state}"


class ConsentEvent(ConsentValue):
    """One change of a consent with its proof. Rows are only added; an erasure empties the proof."""

    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="consent_events", verbose_name=_("customer")
    )
    proof = models.JSONField(
        _("proof"), default=dict, help_text=_("Keyed hash of the IP address, page, import, who wrote it down.")
    )

    class Meta:
        verbose_name = _("change of a consent")
        verbose_name_plural = _("changes of consents")
        default_permissions = ()
        indexes = [models.Index(fields=["customer", "-at", "-id"], name="consent_history")]

    def __str__(self) -> str:
        return f"{self.purpose}/{self.channel}: {self.state}"


class Restriction(models.Model):
    """A customer who wants no use made of their data (GDPR, article 18): until the row goes no message goes to them and
    personalisation is off, so that nothing is learned from them and nothing chosen for them."""

    customer = models.OneToOneField(
        "catalog.Customer", models.CASCADE, related_name="restriction", verbose_name=_("customer")
    )
    since = models.DateTimeField(_("since"))
    by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    was_personalised = models.BooleanField(
        _("was personalised"), default=False, db_default=False, help_text=_("What comes back when it ends.")
    )

    class Meta:
        verbose_name = _("restriction of processing")
        verbose_name_plural = _("restrictions of processing")

    def __str__(self) -> str:
        return str(self.customer_id)


class LedgerName(models.Model):
    """The number, drawn by chance, under which a customer's consents and restrictions stand in the ledger.

    The database draws it with the first of them. It is the only key to whose entries they are: an erasure deletes the
    row, and the chain stays whole without saying any more whom it speaks of. Records that were merged keep theirs.
    """

    id = models.BigIntegerField(_("number in the ledger"), primary_key=True)
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))

    class Meta:
        verbose_name = _("number in the ledger")
        verbose_name_plural = _("numbers in the ledger")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Suppression(models.Model):
    """An address that nobody writes to, known only by its keyed hash, so that it outlives an erasure."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("bounced")
        COMPLAINT = "complaint", _("complained")
        UNSUBSCRIBE = "unsubscribe", _("unsubscribed")
        ERASED = "erased", _("erased")
        STAFF = "staff", pgettext_lazy("reason of a suppression", "by staff")

    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    address_hash = models.CharField(_("hash of the address"), max_length=64, editable=False)
    reason = models.CharField(_("reason"), max_length=11, choices=Reason)
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppressed_once")]
        indexes = [models.Index(fields=["-at", "-id"], name="suppression_newest")]

    def __str__(self) -> str:
        return f"{self.channel} {self.address_hash[:8]}"
