"""Care programmes: what the shop does for a customer when something happens, who got it and why, and next steps."""

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel
from core.shipped import told
from crm.models.programme import MOST_POINTS

OCCASION_LENGTH = 60
LONGEST_WAIT = 730


class CareProgrammeQuerySet(models.QuerySet["CareProgramme"]):
    def running(self) -> Self:
        return self.filter(state=CareProgramme.State.ON)


class CareProgramme(TimestampedModel):
    """When something happens to a customer (`trigger`), wait, look at conditions, act.

    An occasion counts while it became due in the last `reach_days`: nobody is written to about what was long ago.
    `conditions` holds what was chosen from an allow-list (crm.care.conditions). `control_percent` of the customers,
    drawn by HMAC, get nothing, so that it can be said what the programme brings; `experiment` is that comparison.
    """

    class Trigger(models.TextChoices):
        WELCOME = "welcome", pgettext_lazy("care trigger", "new customer")
        POST_PURCHASE = "post_purchase", pgettext_lazy("care trigger", "after a purchase")
        BIRTHDAY = "birthday", pgettext_lazy("care trigger", "birthday")
        WIN_BACK = "win_back", pgettext_lazy("care trigger", "no order for a while")
        BAD_REVIEW = "bad_review", pgettext_lazy("care trigger", "bad review")
        LATE_ORDER = "late_order", pgettext_lazy("care trigger", "late order")

    class Action(models.TextChoices):
        POINTS = "points", pgettext_lazy("care action", "give points")
        WORKLIST = "worklist", pgettext_lazy("care action", "put on a worklist")
        TICKET = "ticket", pgettext_lazy("care action", "open a ticket")
        MESSAGE = "message", pgettext_lazy("care action", "send a message")

    class State(models.TextChoices):
        OFF = "off", pgettext_lazy("care programme", "off")
        ON = "on", pgettext_lazy("care programme", "on")
        PAUSED = "paused", pgettext_lazy("care programme", "paused")

    name = models.CharField(_("name"), max_length=80)
    trigger = models.CharField(_("when"), max_length=13, choices=Trigger)
    wait_days = models.PositiveSmallIntegerField(
        _("wait, days"), default=0, validators=[MaxValueValidator(LONGEST_WAIT)],
        help_text=_("After it happened. For “no order for a while” and “late order”: days without an order, or since "
                    "payment without anything sent."),
    )  # fmt: skip
    reach_days = models.PositiveSmallIntegerField(
        _("counts for, days"), default=3, validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Somebody whose time came longer ago is left alone, also when the programme is switched on."),
    )  # fmt: skip
    conditions = models.JSONField(_("only for"), default=dict, blank=True)
    action = models.CharField(_("what happens"), max_length=8, choices=Action)
    points = models.PositiveIntegerField(
        _("points"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    template_public_id = models.CharField(_("message template"), max_length=40, blank=True)
    instructions = models.TextField(
        _("what to do"), max_length=2000, blank=True, help_text=_("Read by whoever gets the ticket or the worklist.")
    )
    control_percent = models.PositiveSmallIntegerField(
        _("control group, %"), default=20, validators=[MaxValueValidator(50)],
        help_text=_("Drawn by chance, gets nothing: only so can be said what the programme brings. 0: not measured."),
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OFF, editable=False)
    switched_on_at = models.DateTimeField(_("on since"), null=True, blank=True, editable=False)
    last_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    experiment = models.ForeignKey(
        "core.Experiment", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects = CareProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name = _("care programme")
        verbose_name_plural = _("care programmes")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(control_percent__lte=50), name="care_control_is_half_at_most"),
            models.CheckConstraint(
                condition=~Q(action="points") | Q(points__gt=0), name="care_points_are_given",
                violation_error_message=_("Say how many points."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its name; one that came with the demo shop in the language of the reader."""
        return told(self.name)

    @property
    def task(self) -> str:
        """What to do, in the same way."""
        return told(self.instructions)

    def clean(self) -> None:
        from crm.care import conditions

        errors: dict[str, Any] = {}
        if self.action == self.Action.POINTS and not self.points:
            errors["points"] = _("Say how many points.")
        if self.action == self.Action.MESSAGE and not self.template_public_id:
            errors["template_public_id"] = _("Choose the message.")
        least = {"win_back": 7, "late_order": 1}.get(str(self.trigger), 0)
        if self.wait_days is not None and self.wait_days < least:
            errors["wait_days"] = _("At least %(days)d days for this.") % {"days": least}
        wrong = conditions.refused(self.conditions)
        if wrong:
            errors["conditions"] = wrong
        if errors:
            raise ValidationError(errors)


class CareEnrolment(models.Model):
    """One customer and one occasion in one programme: written before anything happens, so that nothing happens twice.

    `occasion` names what it was for, such as `order:12` or `birthday:2026`. `why` holds the facts of that moment
    (numbers and names of rows, for sentences), `result` what came of the action.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("care enrolment", "under way")
        DONE = "done", pgettext_lazy("care enrolment", "done")
        CONTROL = "control", pgettext_lazy("care enrolment", "control group")
        SKIPPED = "skipped", pgettext_lazy("care enrolment", "not needed any more")
        FAILED = "failed", pgettext_lazy("care enrolment", "failed")

    programme = models.ForeignKey(
        CareProgramme, models.CASCADE, related_name="enrolments", verbose_name=_("care programme")
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="care_enrolments", verbose_name=_("customer")
    )
    occasion = models.CharField(max_length=OCCASION_LENGTH)
    occurred_at = models.DateTimeField(_("happened"))
    enrolled_at = models.DateTimeField(_("enrolled"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    action = models.CharField(_("what happens"), max_length=8, choices=CareProgramme.Action)
    why = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("care received")
        verbose_name_plural = _("care received")
        ordering = ["-enrolled_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "customer", "occasion"], name="care_once_for_an_occasion")
        ]
        indexes = [
            models.Index(fields=["programme", "-enrolled_at", "-id"], name="care_log"),
            models.Index(fields=["customer", "-enrolled_at"], name="care_of_customer"),
            models.Index(fields=["programme", "id"], condition=Q(state="waiting"), name="care_under_way"),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id}: {self.customer_id} {self.occasion}"


class NextStepOutcome(models.Model):
    """What staff said of a step that was proposed for a customer. `occasion` names what it was about; the same step is
    not proposed again for it."""

    class Outcome(models.TextChoices):
        DONE = "done", pgettext_lazy("next step", "done")
        DISMISSED = "dismissed", pgettext_lazy("next step", "not wanted")

    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="next_steps")
    step = models.CharField(max_length=20)
    occasion = models.CharField(max_length=OCCASION_LENGTH)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    at = models.DateTimeField()
    by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("outcome of a next step")
        verbose_name_plural = _("outcomes of next steps")
        default_permissions = ()
        permissions = [("record_next_step", _("Can say what came of a next step"))]
        constraints = [
            models.UniqueConstraint(fields=["customer", "step", "occasion"], name="next_step_once_for_an_occasion")
        ]
        indexes = [models.Index(F("at").desc(), name="next_step_newest")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.step}"
