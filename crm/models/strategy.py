"""Service strategies: groups of customers by how they were served, what is proposed for each, what people decided."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel
from crm.models.care import CareProgramme
from crm.models.desk_rules import MOST_MINUTES, SlaTarget

REASON_LENGTH = 300


class ServiceRun(models.Model):
    """One look for groups: who wrote to the shop in the days before `as_of`, parted by how they were served.

    `stability`: how far groups agree when customers are drawn anew (mean adjusted Rand index). `overall` holds what is
    true of everybody. A run that found nothing holds the sentence of why (`refusal`: text and values) and no groups.
    """

    as_of = models.DateTimeField(_("as of"))
    window_days = models.PositiveSmallIntegerField(_("days looked at"))
    customers = models.PositiveIntegerField(_("customers"), default=0)
    k = models.PositiveSmallIntegerField(_("groups"), default=0)
    stability = models.FloatField(_("stability"), null=True)
    overall = models.JSONField(default=dict)
    refusal = models.JSONField(_("why there are none"), default=dict)

    class Meta:
        verbose_name = _("look for service groups")
        verbose_name_plural = _("looks for service groups")
        ordering = ["-as_of", "-id"]
        indexes = [models.Index(fields=["-as_of", "-id"], name="service_run_newest")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"


class ServiceGroup(models.Model):
    """One group of a run. `key` (c1, c2, …) stays with the same customers from run to run.

    `evidence`: for each measure the mean with its range, of all days and of the later part alone; `profile`: what its
    customers are like; the rest is what is proposed. `reasons` name the ranges on the worse side of everybody's mean.
    """

    run = models.ForeignKey(ServiceRun, models.CASCADE, related_name="groups")
    key = models.CharField(max_length=12)
    place = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    share = models.FloatField()
    evidence = models.JSONField(default=dict)
    profile = models.JSONField(default=dict)
    priority = models.CharField(max_length=6, choices=SlaTarget.For)
    target_minutes = models.PositiveIntegerField(null=True)
    programme = models.CharField(max_length=13, choices=CareProgramme.Trigger, blank=True)
    reasons = models.JSONField(default=list)

    class Meta:
        verbose_name = _("service group")
        verbose_name_plural = _("service groups")
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["run", "key"], name="service_group_once_in_a_run"),
            models.UniqueConstraint(fields=["run", "place"], name="service_group_has_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.key}"

    @property
    def number(self) -> int:
        """What people call it by."""
        return int(self.key[1:])


class ServiceMember(models.Model):
    """Whose group it is. Kept for the newest run and for strategies that are in force or may be put back."""

    group = models.ForeignKey(ServiceGroup, models.CASCADE, related_name="members")
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="service_groups")

    class Meta:
        verbose_name = _("customer of a service group")
        verbose_name_plural = _("customers of service groups")
        constraints = [models.UniqueConstraint(fields=["group", "customer"], name="service_member_once")]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.customer_id}"


class ServiceStrategyQuerySet(models.QuerySet["ServiceStrategy"]):
    def standing(self) -> Self:
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def in_force(self) -> Self:
        return self.standing().filter(decision=ServiceStrategy.Decision.ACCEPTED)


class ServiceStrategy(TimestampedModel):
    """What a person decided about a group, and why. While it is in force (accepted, not withdrawn) new tickets of its
    customers get the priority and the target, and with a programme its customers are enrolled there; `control_percent`
    of them, drawn by HMAC, are served as before."""

    class Decision(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("service strategy", "accepted")
        REFUSED = "refused", pgettext_lazy("service strategy", "refused")

    group = models.ForeignKey(ServiceGroup, models.CASCADE, related_name="strategies")
    decision = models.CharField(_("decision"), max_length=8, choices=Decision)
    priority = models.CharField(_("priority"), max_length=6, choices=SlaTarget.For)
    target_minutes = models.PositiveIntegerField(
        _("first answer (minutes)"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)],
    )  # fmt: skip
    programme = models.ForeignKey(
        CareProgramme, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("care programme")
    )
    control_percent = models.PositiveSmallIntegerField(_("served as before, %"), default=50)
    is_changed = models.BooleanField(_("differs from the proposal"), default=False)
    decided_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"))
    reason = models.CharField(_("why"), max_length=REASON_LENGTH)
    withdrawn_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=REASON_LENGTH, blank=True)
    experiment = models.ForeignKey("core.Experiment", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ServiceStrategyQuerySet.as_manager()

    class Meta:
        verbose_name = _("service strategy")
        verbose_name_plural = _("service strategies")
        ordering = ["-decided_at", "-id"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["group"], condition=Q(withdrawn_at=None), name="service_strategy_one_for_a_group"
            ),
            models.CheckConstraint(
                condition=Q(control_percent__lte=50), name="service_strategy_control_is_half_at_most"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.decision}"

    @property
    def is_in_force(self) -> bool:
        return self.decision == self.Decision.ACCEPTED and self.withdrawn_at is None
