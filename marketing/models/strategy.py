"""Proposals of offers for groups of customers, and who decided what about them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import MoneyField
from marketing.models.offers import Offer


class StrategyRun(models.Model):
    """One look at how groups of customers took up discounts, free shipping and points. The newest one is shown."""

    class Basis(models.TextChoices):
        CLUSTER = "cluster", _("clusters of customers")
        RFM = "rfm", _("RFM segments")

    number = models.PositiveIntegerField(_("number"), unique=True)
    basis = models.CharField(_("groups"), max_length=7, choices=Basis)
    as_of = models.DateTimeField(_("as of"))
    since = models.DateTimeField(_("orders from"))
    customers = models.PositiveIntegerField(_("customers"))
    stability = models.FloatField(_("stability"), null=True, blank=True)
    groups_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("look at offers per group")
        verbose_name_plural = _("looks at offers per group")
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.number}"


class StrategyProposal(models.Model):
    """What one group took up, with its evidence, and the offer that this proposes.

    `answers`: by kind of offer `{"value", "low", "high", "customers", "everybody", "strength"}` with 90 % ranges, and
    under `fits` what the group likes and which open offers fit it (marketing.strategy.tastes).
    `kind` is empty where nothing tells this group from everybody.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("proposal", "to decide")
        ACCEPTED = "accepted", pgettext_lazy("proposal", "accepted")
        CHANGED = "changed", pgettext_lazy("proposal", "accepted with changes")
        REFUSED = "refused", pgettext_lazy("proposal", "refused")

    run = models.ForeignKey(StrategyRun, models.CASCADE, related_name="proposals", verbose_name=_("look"))
    segment = models.ForeignKey("analytics.Segment", models.CASCADE, related_name="+", verbose_name=_("group"))
    size = models.PositiveIntegerField(_("customers"))
    answers = models.JSONField(_("evidence"), default=dict)
    kind = models.CharField(_("proposed"), max_length=13, choices=Offer.Kind, blank=True)
    value = MoneyField(_("value"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True)
    campaign = models.ForeignKey(
        "marketing.Campaign", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("campaign")
    )

    class Meta:
        verbose_name = _("proposal for a group")
        verbose_name_plural = _("proposals for groups")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "segment"], name="strategy_proposal_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.segment_id}"
