"""Who gets which offer within a budget, and who said so."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import MoneyField


class OfferAllocation(models.Model):
    """Offers of a campaign given to its audience within a budget. Money is in the base currency.

    `results` holds what the job found: people and sums by offer, the curve, and the evidence; nobody is named. What is
    accepted decides which offer each recipient of the campaign gets, and stays.
    """

    class State(models.TextChoices):
        COMPUTING = "computing", pgettext_lazy("allocation", "being worked out")
        PROPOSED = "proposed", pgettext_lazy("allocation", "to decide")
        ACCEPTED = "accepted", pgettext_lazy("allocation", "accepted")
        DROPPED = "dropped", pgettext_lazy("allocation", "taken back")

    class Basis(models.TextChoices):
        RANKING = "ranking", _("a proved ranking")
        MEAN = "mean", _("the mean of all, people by chance")
        CHANCE = "chance", _("chance, as nothing is measured")

    campaign = models.ForeignKey(
        "marketing.Campaign", models.CASCADE, related_name="allocations", verbose_name=_("campaign")
    )
    audience = models.ForeignKey("marketing.Audience", models.PROTECT, related_name="+", verbose_name=_("audience"))
    offers = models.JSONField(_("offers"), default=list, help_text=_("Keys of the offers that may be given."))
    budget = MoneyField(_("budget"))
    margin = models.DecimalField(
        _("margin"), max_digits=4, decimal_places=3, help_text=_("Part of a price that is left to the shop.")
    )
    holdout_share = models.DecimalField(_("share that gets nothing"), max_digits=4, decimal_places=3, default=0)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.COMPUTING)
    basis = models.CharField(_("people are chosen by"), max_length=7, choices=Basis, blank=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    as_of = models.DateTimeField(_("as of"), null=True, blank=True)
    results = models.JSONField(_("results"), default=dict, blank=True)
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    decided_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("allocation of offers")
        verbose_name_plural = _("allocations of offers")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(budget__gt=0, margin__gt=0, margin__lte=1), name="offer_allocation_means_something"
            ),
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(state="accepted"), name="offer_allocation_accepted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.budget}"


class AllocatedOffer(models.Model):
    """The offer of one customer in an allocation, what it is expected to bring beyond its cost (unknown where nothing
    is measured), and what it is expected to cost."""

    allocation = models.ForeignKey(
        OfferAllocation, models.CASCADE, related_name="people", verbose_name=_("allocation of offers")
    )
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))
    offer = models.ForeignKey("marketing.Offer", models.PROTECT, related_name="+", verbose_name=_("offer"))
    gain = models.FloatField(_("expected margin"), null=True, blank=True)
    cost = models.FloatField(_("expected cost"))
    fit = models.FloatField(
        _("fit"), null=True, blank=True,
        help_text=_("Affinity with what the offer is about, where that decided between offers that are alike else."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("offer allocated to a customer")
        verbose_name_plural = _("offers allocated to customers")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["allocation", "customer"], name="allocated_offer_once")]

    def __str__(self) -> str:
        return f"{self.allocation_id}: {self.customer_id}"
