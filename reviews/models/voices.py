"""What other people think of a review."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

OF_SOMEBODY = Q(customer__isnull=False, browser="") | (Q(customer__isnull=True) & ~Q(browser=""))


class _Voice(models.Model):
    """Of one customer or, of somebody unknown, of one browser."""

    review = models.ForeignKey(
        "reviews.Review", models.CASCADE, related_name="%(class)ss", db_index=False, verbose_name=_("review")
    )
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, null=True, blank=True, related_name="+")
    browser = models.CharField(
        max_length=32, blank=True, editable=False,
        help_text=_("A keyed digest of the visitor's id: enough to count somebody once, useless to find them."),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        abstract = True


class ReviewVote(_Voice):
    """Somebody found the review helpful."""

    class Meta:
        verbose_name = _("helpful vote")
        verbose_name_plural = _("helpful votes")
        constraints = [
            models.UniqueConstraint(fields=["review", "customer"], name="vote_once_per_customer"),
            models.UniqueConstraint(
                fields=["review", "browser"], condition=~Q(browser=""), name="vote_once_per_browser"
            ),
            models.CheckConstraint(condition=OF_SOMEBODY, name="vote_of_somebody"),
        ]

    def __str__(self) -> str:
        return str(self.review_id)


class ReviewReport(_Voice):
    """Somebody complained about the review. Open until a member of staff has looked."""

    class Reason(models.TextChoices):
        OFF_TOPIC = "off_topic", _("not about the product")
        ADVERTISING = "advertising", _("advertising or links")
        PERSONAL_DATA = "personal_data", _("personal data")
        ABUSIVE = "abusive", _("abusive words")
        NOT_GENUINE = "not_genuine", _("not a genuine experience")
        OTHER = "other", _("another reason")

    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    note = models.CharField(_("note"), max_length=500, blank=True)
    closed_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("complaint about a review")
        verbose_name_plural = _("complaints about reviews")
        constraints = [
            models.UniqueConstraint(fields=["review", "customer"], name="report_once_per_customer"),
            models.UniqueConstraint(
                fields=["review", "browser"], condition=~Q(browser=""), name="report_once_per_browser"
            ),
            models.CheckConstraint(condition=OF_SOMEBODY, name="report_of_somebody"),
        ]
        indexes = [models.Index(fields=["review"], condition=Q(closed_at__isnull=True), name="report_open")]

    def __str__(self) -> str:
        return self.get_reason_display()
