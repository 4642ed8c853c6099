"""What customers speak of: aspects with their terms, which staff edit, and where each review names one."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.models import TimestampedModel

TERM_LENGTH = 60
QUOTE_LENGTH = 500
SURE = 0.65
"""Chance of praise from which a mention is praise, and below 1 − SURE a complaint: between them labels of real reviews
were met no more often than by a coin (adr/0084)."""


class Aspect(TimestampedModel):
    """One thing that customers praise or blame: quality, delivery, price."""

    key = models.CharField(
        pgettext_lazy("name in the program", "key"), max_length=40, unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z")],
        help_text=_("Small letters, digits and underscores. Charts, exports and the API know it by this."),
    )  # fmt: skip
    title_en = models.CharField(_("name in English"), max_length=80)
    title_zh = models.CharField(_("name in Chinese"), max_length=80)
    position = models.PositiveIntegerField(_("position"), default=0, db_default=0)
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    class Meta:
        verbose_name = _("aspect")
        verbose_name_plural = _("aspects")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """In the language of this request."""
        return self.title_zh if (get_language() or "").startswith("zh") else self.title_en


class AspectTermQuerySet(models.QuerySet["AspectTerm"]):
    def in_use(self) -> Self:
        """What reviews are read with."""
        return self.filter(state=AspectTerm.State.IN_USE, aspect__is_active=True)

    def offered(self) -> Self:
        """What was found in reviews and waits for a member of staff."""
        return self.filter(state=AspectTerm.State.OFFERED)


class AspectTerm(TimestampedModel):
    """A word or phrase by which an aspect is named, as models read it (`reviews.ml.text.normalise`)."""

    class State(models.TextChoices):
        IN_USE = "in_use", pgettext_lazy("term", "in use")
        OFFERED = "offered", pgettext_lazy("term", "suggested")
        DISMISSED = "dismissed", pgettext_lazy("term", "dismissed")

    class Source(models.TextChoices):
        SHIPPED = "shipped", _("came with the product")
        STAFF = "staff", _("added by staff")
        FOUND = "found", _("found in reviews")

    aspect = models.ForeignKey(
        Aspect, models.CASCADE, null=True, blank=True, related_name="terms", verbose_name=_("aspect"),
        help_text=_("Empty while a term is only suggested."),
    )  # fmt: skip
    term = models.CharField(_("term"), max_length=TERM_LENGTH)
    language = models.CharField(_("language"), max_length=10, choices=[("zh", _("Chinese")), ("en", _("English"))])
    category = models.ForeignKey(
        "catalog.Category", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category"),
        help_text=_("With everything below it. Empty: everywhere."),
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.IN_USE)
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.STAFF)
    mentions = models.PositiveIntegerField(
        _("reviews"), default=0, db_default=0, help_text=_("Reviews that named it when they were last counted.")
    )
    score = models.FloatField(_("score"), default=0, db_default=0, help_text=_("Suggestions: the best come first."))
    examples = ArrayField(
        models.BigIntegerField(), verbose_name=_("examples"), default=list, blank=True, db_default=[],
        help_text=_("Reviews to show with a suggestion. Keys only: words of a review stand in the review alone."),
    )  # fmt: skip

    objects = AspectTermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term of an aspect")
        verbose_name_plural = _("terms of aspects")
        ordering = ["aspect__position", "language", "term", "id"]
        constraints = [
            models.UniqueConstraint(fields=["term", "category"], name="aspect_term_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=~Q(state="in_use") | Q(aspect__isnull=False), name="aspect_term_in_use_of_an_aspect"
            ),
        ]
        indexes = [models.Index(fields=["-score", "id"], condition=Q(state="offered"), name="aspect_term_offered")]

    def __str__(self) -> str:
        return self.term


class Polarity(models.TextChoices):
    """What a review says of an aspect."""

    POSITIVE = "positive", pgettext_lazy("polarity", "praise")
    NEUTRAL = "neutral", pgettext_lazy("polarity", "neither")
    NEGATIVE = "negative", pgettext_lazy("polarity", "complaint")

    @classmethod
    def of(cls, chance: float) -> "Polarity":
        """By the chance of praise."""
        return cls.POSITIVE if chance >= SURE else cls.NEGATIVE if chance <= 1.0 - SURE else cls.NEUTRAL


class ReviewAspect(models.Model):
    """A review names an aspect: one row for each mention.

    `score` is what the model made of it; `polarity` and `is_clearest` follow from it unless staff said otherwise
    (AspectCorrection). `start` and `end` are characters in what is shown (`text_read`: title, a new line, text) and
    `quote` is the clause around them, word for word; both are empty where it could not be found again. A review counts
    once for an aspect, with its clearest mention (`is_clearest`).
    """

    review = models.ForeignKey(
        "reviews.Review", models.CASCADE, related_name="aspects", verbose_name=_("review"), db_index=False
    )
    aspect = models.ForeignKey(
        Aspect, models.CASCADE, related_name="mentions", verbose_name=_("aspect"), db_index=False
    )  # fmt: skip
    term = models.CharField(_("term"), max_length=TERM_LENGTH)
    start = models.PositiveIntegerField(_("start"), null=True)
    end = models.PositiveIntegerField(_("end"), null=True)
    quote = models.CharField(_("quote"), max_length=QUOTE_LENGTH, blank=True)
    polarity = models.CharField(_("polarity"), max_length=8, choices=Polarity)
    score = models.FloatField(_("chance of praise"))
    is_clearest = models.BooleanField(_("counts for the review"), default=True, db_default=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )

    class Meta:
        verbose_name = _("aspect of a review")
        verbose_name_plural = _("aspects of reviews")
        ordering = ["review", "start", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "aspect"], condition=Q(is_clearest=True), name="review_aspect_clearest_once"
            ),
            models.CheckConstraint(condition=Q(score__range=(0, 1)), name="review_aspect_score_0_to_1"),
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True, quote="") | Q(start__lt=models.F("end")),
                name="review_aspect_place_or_none",
            ),
        ]
        indexes = [
            models.Index(fields=["review"], name="review_aspect_of"),
            # Counting reads this index alone.
            models.Index(
                fields=["aspect", "polarity", "review"], condition=Q(is_clearest=True), name="review_aspect_counted"
            ),
        ]

    def __str__(self) -> str:
        return self.quote or self.term


class AspectCorrection(models.Model):
    """What a member of staff says that a review says of an aspect. It counts whatever models think, also once the
    review was read anew; where it is not meant, the review does not count for the aspect."""

    class Said(models.TextChoices):
        POSITIVE = "positive", pgettext_lazy("polarity", "praise")
        NEUTRAL = "neutral", pgettext_lazy("polarity", "neither")
        NEGATIVE = "negative", pgettext_lazy("polarity", "complaint")
        NOT_MEANT = "not_meant", pgettext_lazy("polarity", "not meant")

    review = models.ForeignKey(
        "reviews.Review", models.CASCADE, related_name="aspect_corrections", verbose_name=_("review"), db_index=False
    )
    aspect = models.ForeignKey(Aspect, models.CASCADE, related_name="+", verbose_name=_("aspect"))
    said = models.CharField(_("corrected to"), max_length=9, choices=Said)
    corrected_at = models.DateTimeField(_("corrected"))
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("corrected by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("correction of an aspect")
        verbose_name_plural = _("corrections of aspects")
        ordering = ["review", "aspect"]
        constraints = [models.UniqueConstraint(fields=["review", "aspect"], name="aspect_correction_once")]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.said}"
