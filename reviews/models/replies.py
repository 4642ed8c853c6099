"""What the shop answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import TimestampedModel

REPLY_LENGTH = 2_000


class ReviewReply(TimestampedModel):
    """The shop's answer to a review: a draft until a person sends it, then public below the review."""

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, related_name="reply", verbose_name=_("review")
    )  # fmt: skip
    text = models.TextField(_("text"), max_length=REPLY_LENGTH)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")

    def __str__(self) -> str:
        return self.text[:60]


class ReplyTemplate(TimestampedModel):
    """A text that replies begin with. `{name}`, `{product}` and `{shop}` are filled in."""

    title = models.CharField(_("title"), max_length=100)
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: for any language."))
    lowest = models.PositiveSmallIntegerField(_("from stars"), default=1)
    highest = models.PositiveSmallIntegerField(_("to stars"), default=5)
    text = models.TextField(_("text"), max_length=REPLY_LENGTH)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["lowest", "title"]
        constraints = [
            models.UniqueConstraint(fields=["title", "language"], name="reply_template_once"),
            models.CheckConstraint(
                condition=Q(lowest__gte=1) & Q(highest__lte=5) & Q(lowest__lte=models.F("highest")),
                name="reply_template_stars",
            ),
        ]

    def __str__(self) -> str:
        return self.title
