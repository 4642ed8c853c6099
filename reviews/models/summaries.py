"""What the published reviews of a product come to, in their own words. Texts stand in the reviews alone."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewSummary(models.Model):
    """Of one product, kept by a job (`reviews.summaries`). It holds places in reviews, never their words: what is
    erased or withdrawn is gone from the summary at once."""

    product = models.OneToOneField(
        "catalog.Product", models.CASCADE, primary_key=True, related_name="review_summary", verbose_name=_("product")
    )
    reviews = models.PositiveIntegerField(_("published reviews"), default=0, help_text=_("Counted at its making."))
    read = models.PositiveIntegerField(_("reviews read"), default=0)
    positive = models.PositiveIntegerField(_("positive reviews"), default=0)
    aspects = models.JSONField(
        _("aspects"), default=list, help_text=_("List of aspect (key), positive, neutral and negative reviews.")
    )
    quotes = models.JSONField(
        _("quotes"), default=list,
        help_text=_("List of review (key), start, end, digest, side, aspect (key), language and support."),
    )  # fmt: skip
    made_at = models.DateTimeField(_("as of"), null=True, blank=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version"),
        help_text=_("That read the newest review. Empty: the list of words that the product brings."),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("reviews changed"), null=True, blank=True)
    """When one of its reviews was published, withdrawn or read again; empty once a job has seen to it."""

    class Meta:
        verbose_name = _("summary of reviews")
        verbose_name_plural = _("summaries of reviews")
        permissions = [("hide_quote", _("Can hide quotes of summaries"))]
        indexes = [
            models.Index(fields=["changed_at"], condition=models.Q(changed_at__isnull=False), name="summary_to_make")
        ]

    def __str__(self) -> str:
        return str(self.product_id)


class HiddenQuote(models.Model):
    """A sentence that staff want in no summary. It stays out when the summary is made again."""

    review = models.ForeignKey("reviews.Review", models.CASCADE, related_name="+", verbose_name=_("review"))
    digest = models.CharField(max_length=32, editable=False, help_text=_("Of the sentence."))
    hidden_at = models.DateTimeField(_("hidden"), auto_now_add=True)
    hidden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("hidden by")
    )

    class Meta:
        verbose_name = _("hidden quote")
        verbose_name_plural = _("hidden quotes")
        constraints = [models.UniqueConstraint(fields=["review", "digest"], name="hidden_quote_once")]

    def __str__(self) -> str:
        return str(self.review_id)
