"""How reviews are read: what a model makes of each, what staff taught, and how well that goes by an honest sample."""

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from reviews.models.reviews import Review

DEFAULT_ENGINE = "ngram"
_SHARE = (0.0, 1.0)


def text_read(review: "Review") -> str:
    """What is read of a review: title and text as its customer wrote them."""
    return "\n".join(filter(None, [review.title, review.text]))


def text_md5(review: "Review") -> str:
    return hashlib.md5(text_read(review).encode(), usedforsecurity=False).hexdigest()


class Sentiment(models.TextChoices):
    """What a review says as a whole. Mixed: its clauses take both sides."""

    POSITIVE = "positive", pgettext_lazy("sentiment", "positive")
    NEUTRAL = "neutral", pgettext_lazy("sentiment", "neutral")
    NEGATIVE = "negative", pgettext_lazy("sentiment", "negative")
    MIXED = "mixed", pgettext_lazy("sentiment", "mixed")


class ReviewReading(models.Model):
    """What a model made of one review, and what staff say instead. `sentiment` is what counts: theirs, else the
    model's. Can be thrown away and made again, except `corrected`, which also stands as a ReviewLabel."""

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, primary_key=True, related_name="reading", verbose_name=_("review")
    )
    predicted = models.CharField(_("as read"), max_length=8, choices=Sentiment)
    confidence = models.FloatField(_("confidence"), help_text=_("Chance that what was read is right, 0 to 1."))
    positive = models.FloatField(_("chance of positive"), help_text=_("Of positive against negative, 0 to 1."))
    corrected = models.CharField(_("corrected to"), max_length=8, choices=Sentiment, blank=True, db_default="")
    corrected_at = models.DateTimeField(_("corrected"), null=True, blank=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("corrected by"),
    )  # fmt: skip
    sentiment = models.GeneratedField(
        expression=Coalesce(NullIf(F("corrected"), Value("")), F("predicted")),
        output_field=models.CharField(_("sentiment"), max_length=8, choices=Sentiment), db_persist=True,
        verbose_name=_("sentiment"),
    )  # fmt: skip
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("As its words say; und: too little to tell.")
    )
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version"),
        help_text=_("Empty: the list of words that the product brings."),
    )  # fmt: skip
    text_md5 = models.CharField(max_length=32, editable=False, help_text=_("Of what was read: title and text."))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("reading of a review")
        verbose_name_plural = _("readings of reviews")
        permissions = [("correct_reading", _("Can correct how reviews are read"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__range=_SHARE) & Q(positive__range=_SHARE), name="reading_chances_0_to_1"
            ),
        ]
        indexes = [
            models.Index(fields=["sentiment", "review"], name="reading_by_sentiment"),
            models.Index(fields=["read_at"], name="reading_read"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.sentiment}"

    @property
    def sentiment_name(self) -> str:
        return str(Sentiment(self.sentiment).label)

    @property
    def version_name(self) -> str:
        """Such as `sentiment.v3`; empty for the word list."""
        return self.model_version.name if self.model_version is not None else ""


class ReviewLabel(models.Model):
    """What a member of staff said a review is. Models learn from it before they learn from stars."""

    class Source(models.TextChoices):
        CORRECTION = "correction", _("correction")
        SAMPLE = "sample", _("weekly sample")

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, primary_key=True, related_name="label", verbose_name=_("review")
    )
    sentiment = models.CharField(_("sentiment"), max_length=8, choices=Sentiment)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    labelled_at = models.DateTimeField(_("said"))

    class Meta:
        verbose_name = _("label of a review")
        verbose_name_plural = _("labels of reviews")
        indexes = [models.Index(fields=["labelled_at"], name="review_label_since")]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.sentiment}"


class QualitySample(models.Model):
    """Reviews of one week drawn by chance, which staff read without seeing what the model made of them."""

    week = models.DateField(_("week"), unique=True, help_text=_("Its Monday."))
    drawn_at = models.DateTimeField(_("drawn"))
    closed_at = models.DateTimeField(
        _("closed"), null=True, blank=True, help_text=_("Since then its answers teach, too.")
    )

    class Meta:
        verbose_name = _("weekly sample")
        verbose_name_plural = _("weekly samples")
        ordering = ["-week"]

    def __str__(self) -> str:
        return f"{self.week}"


class SampledReview(models.Model):
    """One review of a weekly sample: what the model had made of it when the sample was drawn, and the answer."""

    sample = models.ForeignKey(
        QualitySample, models.CASCADE, related_name="rows", db_index=False, verbose_name=_("sample")
    )
    review = models.ForeignKey("reviews.Review", models.CASCADE, related_name="+", verbose_name=_("review"))
    position = models.PositiveSmallIntegerField(_("position"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    predicted = models.CharField(_("as read"), max_length=8, choices=Sentiment)
    confidence = models.FloatField(_("confidence"))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    answer = models.CharField(_("answer"), max_length=8, choices=Sentiment, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("answered by"),
    )  # fmt: skip
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("review of a weekly sample")
        verbose_name_plural = _("reviews of weekly samples")
        ordering = ["sample", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sample", "position"], name="sampled_review_place"),
            models.UniqueConstraint(fields=["sample", "review"], name="sampled_review_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sample_id}/{self.position}"


class ReadingSettings(models.Model):
    """How this shop wants its reviews read: one row. `engine` is what the next training learns with."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    engine = models.CharField(_("engine"), max_length=30, default=DEFAULT_ENGINE)

    class Meta:
        verbose_name = _("settings of readings")
        verbose_name_plural = _("settings of readings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="reading_settings_once")]

    def __str__(self) -> str:
        return self.engine

    @classmethod
    def current(cls) -> "ReadingSettings":
        """The row, or what holds while there is none."""
        return cls.objects.first() or cls()
