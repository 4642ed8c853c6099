"""Customers whom a review shows to be unhappy, and what was done about it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NOTE_LENGTH = 500


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def listed(self) -> Self:
        """What staff see: everybody but the control group."""
        return self.exclude(state=FollowUp.State.CONTROL)

    def open(self) -> Self:
        return self.filter(state=FollowUp.State.OPEN)


class FollowUp(models.Model):
    """An unhappy customer whom somebody may make happy again, known by the review."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("follow-up", "open")
        HANDLED = "handled", pgettext_lazy("follow-up", "handled")
        NEEDLESS = "needless", pgettext_lazy("follow-up", "not needed")
        CONTROL = "control", pgettext_lazy("follow-up", "control group")

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, primary_key=True, related_name="follow_up", verbose_name=_("review")
    )
    order = models.ForeignKey(
        "catalog.Order", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("order"),
        help_text=_("The last one that held the product before the review."),
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    since = models.DateTimeField(_("since"))
    note = models.CharField(_("note"), max_length=NOTE_LENGTH, blank=True)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("unhappy customer")
        verbose_name_plural = _("unhappy customers")
        ordering = ["-since", "-review"]
        indexes = [
            models.Index(fields=["state", "-since", "-review"], name="follow_up_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.review)
