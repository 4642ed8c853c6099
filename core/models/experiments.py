"""Experiments: who is shown what, since when, and what came of it."""

import secrets
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import TimestampedModel
from core.shipped import told


def new_salt() -> str:
    return secrets.token_hex(16)


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def running(self) -> Self:
        return self.filter(state=Experiment.State.RUNNING)

    def ended(self) -> Self:
        return self.filter(state__in=[Experiment.State.STOPPED, Experiment.State.ARCHIVED])


class Experiment(TimestampedModel):
    """One question, asked of everybody outside the holdout. While it runs neither arms nor weights change."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        ARCHIVED = "archived", _("archived")

    class Unit(models.TextChoices):
        VISITOR = "visitor", _("visitor")
        CUSTOMER = "customer", _("customer")

    class Decision(models.TextChoices):
        ADOPT = "adopt", _("adopt an arm")
        KEEP = "keep", _("keep what was")
        OPEN = "open", _("no decision from this")

    name = models.CharField(_("name"), max_length=120)
    key = models.SlugField(_("key"), max_length=60, unique=True, help_text=_("Answers of the API carry it."))
    kind = models.CharField(_("what it changes"), max_length=40)
    target = models.CharField(_("where"), max_length=60, blank=True)
    hypothesis = models.TextField(_("hypothesis"), blank=True, help_text=_("What you expect, and why."))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    unit = models.CharField(
        _("divided by"), max_length=10, choices=Unit, default=Unit.VISITOR,
        help_text=_("Visitors: one browser sees one arm. Customers: only those signed in take part."),
    )  # fmt: skip
    salt = models.CharField(_("salt"), max_length=32, default=new_salt, editable=False)
    primary_metric = models.CharField(_("primary metric"), max_length=60)
    guardrails = ArrayField(
        models.CharField(max_length=60), verbose_name=_("guardrails"), default=list, blank=True,
        help_text=_("Metrics that must not get worse."),
    )  # fmt: skip
    smallest_effect = models.FloatField(
        _("smallest change that matters"), default=0.05,
        validators=[MinValueValidator(0.001), MaxValueValidator(1.0)],
        help_text=_("As a share of what the control has: 0.05 is 5%."),
    )  # fmt: skip
    outcome_days = models.PositiveSmallIntegerField(
        _("days counted"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text=_("What people do for this long after the first exposure counts. They join the result then."),
    )  # fmt: skip
    planned_people = models.PositiveIntegerField(
        _("people planned"), default=10_000, validators=[MinValueValidator(100)],
        help_text=_("All arms together. Results are sharpest around this number and hold at any other."),
    )  # fmt: skip
    winsorise_at = models.FloatField(
        _("cap amounts at quantile"), null=True, blank=True,
        validators=[MinValueValidator(0.9), MaxValueValidator(0.9999)],
        help_text=_("0.999 caps the largest one in a thousand, so that a single order cannot decide. Empty: no cap."),
    )  # fmt: skip
    holdout_percent = models.PositiveSmallIntegerField(_("holdout when started"), default=0, editable=False)
    replaces = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="versions",
        verbose_name=_("new version of"),
    )  # fmt: skip
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("made by"),
    )  # fmt: skip
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True, editable=False)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, blank=True, editable=False)
    decided_arm = models.ForeignKey(
        "core.ExperimentArm", models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("arm decided for"),
    )  # fmt: skip
    decision_reason = models.CharField(_("why"), max_length=300, blank=True, editable=False)
    decided_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("decided by"),
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-id"]
        permissions = [("run_experiment", _("Can start, stop and decide experiments"))]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"], condition=Q(state="running"), name="experiment_one_running_per_target"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(started_at__isnull=False), name="experiment_started_has_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "running"]) | Q(stopped_at__isnull=False),
                name="experiment_stopped_has_a_time",
            ),
            models.CheckConstraint(condition=Q(smallest_effect__gt=0), name="experiment_effect_above_zero"),
            models.CheckConstraint(condition=Q(outcome_days__range=(1, 90)), name="experiment_days_1_to_90"),
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="experiment_holdout_at_most_half"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name that staff gave it; one that came with the shop in the language of the reader."""
        return told(self.name)

    @property
    def expected(self) -> str:
        """The hypothesis, in the same way."""
        return told(self.hypothesis)

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def metrics(self) -> list[str]:
        """Keys of the metrics it is judged by, the primary one first."""
        return list(dict.fromkeys([self.primary_metric, *self.guardrails]))


class ExperimentArm(models.Model):
    """One way to do it. `settings` are read by the owner of the experiment's kind."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="arms", verbose_name=_("experiment"))
    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    weight = models.PositiveSmallIntegerField(_("share, %"), validators=[MinValueValidator(1), MaxValueValidator(99)])
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    is_control = models.BooleanField(_("control"), default=False)

    class Meta:
        verbose_name = _("experiment arm")
        verbose_name_plural = _("arms")
        ordering = ["-is_control", "id"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "key"], name="arm_key_once"),
            models.UniqueConstraint(fields=["experiment"], condition=Q(is_control=True), name="arm_one_control"),
            models.CheckConstraint(condition=Q(weight__range=(1, 99)), name="arm_weight_1_to_99"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name that staff gave it; where that is only what it shows, in the language of the reader."""
        from core.experiments.kinds import known

        kind = known(self.experiment.kind)
        choice = kind.choice_of(self.settings) if kind is not None else None
        return choice.title_for(self.name) if choice is not None else self.name


class Exposure(models.Model):
    """When somebody was first shown what the experiment changes. Once per subject, whatever process saw it.

    `subject` is the visitor ID that the storefront made, or the customer's public ID: what `unit` says.
    """

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="exposures", verbose_name=_("experiment"))
    arm = models.ForeignKey(ExperimentArm, models.CASCADE, related_name="+", verbose_name=_("arm"), db_index=False)
    subject = models.CharField(_("visitor or customer ID"), max_length=64)
    exposed_at = models.DateTimeField(_("first exposed"))

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        constraints = [models.UniqueConstraint(fields=["experiment", "subject"], name="exposure_once_per_subject")]
        indexes = [models.Index(fields=["subject"], name="exposure_of_subject")]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.subject[:12]}"


class ExperimentLook(models.Model):
    """What was seen at one look. Every look is kept: an experiment that was watched says so."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="looks", verbose_name=_("experiment"))
    looked_at = models.DateTimeField(_("looked at"))
    exposed = models.JSONField(_("exposed per arm"), default=dict)
    sample_ratio_p = models.FloatField(_("p of the sample ratio"))
    results = models.JSONField(_("results"), default=list)

    class Meta:
        verbose_name = _("look at an experiment")
        verbose_name_plural = _("looks at experiments")
        ordering = ["-looked_at", "-id"]
        indexes = [models.Index(fields=["experiment", "-looked_at"], name="look_newest")]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.looked_at:%Y-%m-%d %H:%M}"

    @property
    def people(self) -> int:
        counts: dict[str, Any] = self.exposed
        return sum(counts.values())
