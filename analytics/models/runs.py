"""When models scored the customers, what came of it, and how right earlier scores turned out."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScoreKind(models.TextChoices):
    VALUE = "value", _("lifetime value")
    CHURN = "churn", _("churn risk")
    PROPENSITY = "propensity", _("chance of an order")


class ScoreRun(models.Model):
    """One scoring of everybody who bought. The newest of a kind is what pages show; a refusal has no version."""

    kind = models.CharField(_("score"), max_length=12, choices=ScoreKind)
    as_of = models.DateField(_("as of"), help_text=_("The last day that the scores know."))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    customers = models.PositiveIntegerField(_("customers scored"), default=0)
    changed = models.PositiveIntegerField(_("scores that changed"), default=0)
    figures = models.JSONField(_("distribution"), default=dict)
    refusal = models.JSONField(_("why there are none"), default=dict, help_text=_("What is needed and what is there."))
    finished_at = models.DateTimeField(_("finished"))

    class Meta:
        verbose_name = _("scoring")
        verbose_name_plural = _("scorings")
        ordering = ["-finished_at"]
        indexes = [models.Index(fields=["kind", "-finished_at"], name="score_run_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.as_of}"


class ScoreCheck(models.Model):
    """The serving version on the newest days whose outcome is known: what it foretells of them and what happened."""

    kind = models.CharField(_("score"), max_length=12, choices=ScoreKind)
    horizon = models.PositiveSmallIntegerField(_("days ahead"))
    day = models.DateField(_("last day of the outcome"))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    customers = models.PositiveIntegerField(_("customers"))
    foretold = models.FloatField(_("share foretold"))
    actual = models.FloatField(_("share that happened"))
    auc = models.FloatField(_("AUC"), null=True)
    stability = models.FloatField(
        _("stability index"), null=True, help_text=_("Scores of today against those of the day the model learned.")
    )

    class Meta:
        verbose_name = _("check of scores")
        verbose_name_plural = _("checks of scores")
        ordering = ["-day", "horizon"]
        constraints = [models.UniqueConstraint(fields=["kind", "horizon", "day"], name="score_check_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.horizon} {self.day}"
