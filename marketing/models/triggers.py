"""What makes a campaign with a trigger write: occasions, and how far it has looked."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketing.models.campaigns import Campaign


class Occasion(models.Model):
    """Something that happened to one customer and that a campaign writes about, once (docs/adr/0118).

    `key` names it, such as `order:12`. `facts` holds numbers that the message needs: products, prices before and
    after. Whoever could not be reached then has a row too, with `is_enrolled` false: it holds no later occasion back.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="occasions", verbose_name=_("campaign"))
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="campaign_occasions", verbose_name=_("customer")
    )
    key = models.CharField(_("key"), max_length=120, editable=False)
    at = models.DateTimeField(_("happened"))
    found_at = models.DateTimeField(_("found"))
    facts = models.JSONField(_("facts"), default=dict)
    is_enrolled = models.BooleanField(_("takes part"), default=True)

    class Meta:
        verbose_name = pgettext_lazy("table", "occasion")
        verbose_name_plural = pgettext_lazy("table", "occasions")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["campaign", "customer", "key"], name="occasion_once")]
        indexes = [models.Index(fields=["customer", "campaign", "-found_at"], name="occasions_of_customer")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.key}"


class TriggerMark(models.Model):
    """How far a campaign has looked for occasions. Whoever looks holds this row, so two never enrol at once, and moves
    it in the transaction that enrols: a look that was cut off is done again from here."""

    campaign = models.OneToOneField(
        Campaign, models.CASCADE, primary_key=True, related_name="trigger_mark", verbose_name=_("campaign")
    )
    ledger_index = models.BigIntegerField(_("place in the chain"), default=0)
    looked_until = models.DateTimeField(_("looked until"), null=True)
    whole_at = models.DateTimeField(_("looked at everything"), null=True)

    class Meta:
        verbose_name = _("look for occasions")
        verbose_name_plural = _("looks for occasions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.ledger_index}"
