"""What was told about customers by models that leave the house, and what it may come to."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PrivacyBudget(models.Model):
    """One row: how much ε releases may come to since `since`, and what learning privately costs in this shop."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    total = models.FloatField(
        _("privacy budget (ε)"), default=4.0, validators=[MinValueValidator(0.1), MaxValueValidator(100)]
    )
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    report = models.JSONField(_("report"), default=dict, editable=False)
    measured_at = models.DateTimeField(_("measured"), null=True, editable=False)

    class Meta:
        verbose_name = _("privacy budget")
        verbose_name_plural = _("privacy budgets")
        permissions = [("reset_privacybudget", _("Can begin a new privacy budget"))]
        constraints = [models.CheckConstraint(condition=Q(id=1), name="privacy_budget_once")]

    def __str__(self) -> str:
        return ""

    @classmethod
    def current(cls) -> "PrivacyBudget":
        return cls.objects.get_or_create(id=1)[0]


class PrivacyRelease(models.Model):
    """Weights of a model that were made to leave the house, or the beginning of a new budget. Rows are only added."""

    class Kind(models.TextChoices):
        RELEASE = "release", pgettext_lazy("of a model", "release")
        RESET = "reset", pgettext_lazy("of a budget", "new budget")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("release", "being learned")
        DONE = "done", pgettext_lazy("release", "released")
        REFUSED = "refused", pgettext_lazy("release", "too little data")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.RELEASE)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    epsilon = models.FloatField(_("ε"), default=0.0)
    reason = models.CharField(_("reason"), max_length=200)
    customers = models.PositiveIntegerField(_("customers"), default=0)
    weights = models.JSONField(_("weights"), default=dict, help_text=_("With noise; what was released."))
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("release under a privacy budget")
        verbose_name_plural = _("releases under a privacy budget")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(epsilon__gte=0), name="privacy_epsilon_not_negative")]
        indexes = [models.Index(fields=["-at", "-id"], name="privacy_release_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.epsilon:g}"
