"""How likely a review is not genuine, and why."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

FAKE = frozenset({"advertising", "not_genuine"})
"""Reasons of rejection after which a review counts as not genuine, and its stars as nobody's."""


class SuspicionScore(models.Model):
    """Written by a job (`reviews.suspicion`) from rules that `reviews.ml.suspicion` explains. It decides nothing: a
    person does, and what they said counts from then on."""

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, primary_key=True, related_name="suspicion", verbose_name=_("review")
    )  # fmt: skip
    score = models.FloatField(_("suspicion"), validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    reasons = models.JSONField(
        _("reasons"), default=list, help_text=_("List of code, weight and facts, the heaviest first.")
    )
    rules_version = models.PositiveSmallIntegerField(_("version of the rules"))
    scored_at = models.DateTimeField(_("as of"))
    bands = ArrayField(models.BigIntegerField(), default=list, editable=False)
    """By which texts that say nearly the same find each other; empty for short ones."""
    flagged_at = models.DateTimeField(_("suspicious since"), null=True, blank=True)
    genuine_at = models.DateTimeField(_("found genuine"), null=True, blank=True)
    genuine_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("suspicion")
        verbose_name_plural = _("suspicions")
        constraints = [models.CheckConstraint(condition=Q(score__range=(0, 1)), name="suspicion_0_to_1")]
        indexes = [
            # Each review looks for its like at once: a list of what is still to be sorted in would be read each time.
            GinIndex(fields=["bands"], name="suspicion_bands", fastupdate=False),
            models.Index(fields=["-score"], condition=Q(flagged_at__isnull=False), name="suspicion_flagged"),
        ]

    def __str__(self) -> str:
        return f"{self.score:.2f}"
