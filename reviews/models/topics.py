"""What reviews of one language are about, as a model finds it, and what rises and falls among them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel

NAMED_BY = 3
"""So many words stand for a name while nobody gave one."""


class Topic(TimestampedModel):
    """What many reviews of one language are about. Found anew again and again; one that is found again keeps its key
    and the name that staff gave it."""

    key = models.CharField(pgettext_lazy("name in the program", "key"), max_length=20, unique=True)
    language = models.CharField(_("language"), max_length=10)
    name = models.CharField(_("name"), max_length=80, blank=True, help_text=_("Empty: its first words."))
    words = models.JSONField(_("words"), default=list, help_text=_("With their weights, the heaviest first."))
    reviews = models.PositiveIntegerField(_("reviews"), default=0, db_default=0)
    position = models.PositiveSmallIntegerField(_("position"), default=0, db_default=0)
    archived_at = models.DateTimeField(_("not found since"), null=True, blank=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["language", "position", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.name or " · ".join(word for word, _weight in self.words[:NAMED_BY]) or self.key


class ReviewTopic(models.Model):
    """The topic that a review is nearest to; none where its words are near no topic."""

    review = models.OneToOneField(
        "reviews.Review", models.CASCADE, primary_key=True, related_name="topic", verbose_name=_("review")
    )
    topic = models.ForeignKey(
        Topic, models.CASCADE, null=True, blank=True, related_name="members", verbose_name=_("topic"), db_index=False
    )
    near = models.FloatField(_("nearness"), help_text=_("Cosine of its words with those of the topic, 0 to 1."))
    exemplar = models.PositiveSmallIntegerField(
        _("place among the examples"), null=True, blank=True, help_text=_("Reviews that stand for their topic.")
    )
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )

    class Meta:
        verbose_name = _("topic of a review")
        verbose_name_plural = _("topics of reviews")
        constraints = [
            models.CheckConstraint(condition=Q(near__range=(0, 1)), name="review_topic_near_0_to_1"),
        ]
        indexes = [
            models.Index(fields=["topic", "review"], condition=Q(topic__isnull=False), name="review_topic_of"),
            models.Index(fields=["topic", "exemplar"], condition=Q(exemplar__isnull=False), name="review_topic_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.topic_id}"


class TopicWeek(models.Model):
    """How many reviews of a week were about a topic, how many of those were negative, and among how many."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="weeks", verbose_name=_("topic"), db_index=False)
    week = models.DateField(_("week"), help_text=_("Its Monday, in the hours of the shop."))
    reviews = models.PositiveIntegerField(_("reviews"))
    negative = models.PositiveIntegerField(_("negative reviews"))
    of = models.PositiveIntegerField(_("reviews of its language"))

    class Meta:
        verbose_name = _("week of a topic")
        verbose_name_plural = _("weeks of topics")
        ordering = ["topic", "week"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "week"], name="topic_week_once"),
            models.CheckConstraint(
                condition=Q(negative__lte=F("reviews")) & Q(reviews__lte=F("of")), name="topic_week_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic_id} {self.week}"


class ReviewTrend(models.Model):
    """The last seven days of one question against the eight weeks before: complaints about an aspect (of a product or
    of the whole shop), negative reviews of a product, or reviews about a topic. Made anew by each look."""

    class Kind(models.TextChoices):
        ASPECT = "aspect", _("complaints about an aspect")
        SENTIMENT = "sentiment", _("negative reviews")
        TOPIC = "topic", _("reviews about a topic")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product"),
        help_text=_("Empty: the whole shop."),
    )  # fmt: skip
    aspect = models.ForeignKey(
        "reviews.Aspect", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("aspect")
    )
    topic = models.ForeignKey(
        Topic, models.CASCADE, null=True, blank=True, related_name="trends", verbose_name=_("topic")
    )
    hits = models.PositiveIntegerField(_("in the last 7 days"))
    reviews = models.PositiveIntegerField(_("of so many reviews"))
    hits_before = models.PositiveIntegerField(_("in the 8 weeks before"))
    reviews_before = models.PositiveIntegerField(_("of so many reviews then"))
    leans = models.SmallIntegerField(_("direction"), choices=[(1, _("rises")), (-1, _("falls"))])
    p = models.FloatField(_("chance"), help_text=_("p value of both sides, of this question alone."))
    adjusted = models.FloatField(_("chance after correction"), help_text=_("For all questions of the same look."))
    alarm = models.FloatField(
        _("chance as an alarm"), help_text=_("Of a rise alone, corrected for all questions and the looks of a week.")
    )
    looked_at = models.DateTimeField(_("looked at"))

    class Meta:
        verbose_name = _("trend of reviews")
        verbose_name_plural = _("trends of reviews")
        ordering = ["p", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "product", "aspect", "topic"], name="review_trend_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(hits__lte=F("reviews")) & Q(hits_before__lte=F("reviews_before")),
                name="review_trend_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """By which alerts know it. Holds no personal data."""
        parts = (("product", self.product_id), ("aspect", self.aspect_id), ("topic", self.topic_id))
        return ":".join([self.kind, *(f"{name}={pk}" for name, pk in parts if pk is not None)])

    @property
    def share(self) -> float:
        return self.hits / self.reviews if self.reviews else 0.0

    @property
    def share_before(self) -> float:
        return self.hits_before / self.reviews_before if self.reviews_before else 0.0
