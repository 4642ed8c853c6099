"""Reviews and their photos."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import PublicIdModel, TimestampedModel

AUTHOR_LENGTH = 80
TITLE_LENGTH = 200
TEXT_LENGTH = 10_000
LANGUAGE_LENGTH = 10
PHOTOS = 6
"""Of one review."""


WAITING = (
    Q(status="pending")
    | Q(status="published", open_reports__gt=0)
    | Q(status="published", is_suspected=True)
    | Q(status="published", has_new_photos=True)
)


class ReviewQuerySet(models.QuerySet["Review"]):
    def published(self) -> Self:
        return self.filter(status=Review.Status.PUBLISHED)

    def waiting(self) -> Self:
        """What staff have to look at: new ones, and published ones that somebody complained about, that the rules
        find suspicious, or to which photos came that nobody has looked at."""
        return self.filter(WAITING)

    def counted(self, until: datetime) -> Self:
        """What trends count of the last seven days before a moment: what was read and not rejected."""
        rows = self.filter(reading__isnull=False, written_at__gt=until - timedelta(days=7), written_at__lte=until)
        return rows.exclude(status=Review.Status.REJECTED)

    def suspected(self) -> Self:
        """Those of them that the rules find suspicious and nobody found genuine."""
        return self.waiting().filter(is_suspected=True)


class Review(PublicIdModel, TimestampedModel):
    """What one customer wrote about one product. An imported one may name no customer of this shop."""

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("review", "to review")
        PUBLISHED = "published", pgettext_lazy("review", "published")
        REJECTED = "rejected", pgettext_lazy("review", "rejected")

    class Reason(models.TextChoices):
        """Why a review is not shown. The customer is told."""

        OFF_TOPIC = "off_topic", _("not about the product")
        ADVERTISING = "advertising", _("advertising or links")
        PERSONAL_DATA = "personal_data", _("personal data")
        ABUSIVE = "abusive", _("abusive words")
        NOT_GENUINE = "not_genuine", _("not a genuine experience")
        UNREADABLE = "unreadable", _("cannot be understood")
        OTHER = "other", _("another reason")

    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, related_name="reviews", verbose_name=_("product"), db_index=False
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, null=True, blank=True, related_name="reviews", verbose_name=_("customer")
    )
    author = models.CharField(
        _("author"),
        max_length=AUTHOR_LENGTH,
        blank=True,
        help_text=_("The name shown beside the review; empty: a customer."),
    )
    rating = models.PositiveSmallIntegerField(_("stars"))
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, blank=True)
    text = models.TextField(_("text"), max_length=TEXT_LENGTH, blank=True)
    language = models.CharField(_("language"), max_length=LANGUAGE_LENGTH, blank=True)
    is_verified = models.BooleanField(
        _("verified purchase"), default=False, db_default=False,
        help_text=_("The customer had paid for this product when the review came."),
    )  # fmt: skip
    written_at = models.DateTimeField(_("written"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason, blank=True)
    reason_note = models.CharField(_("note to the customer"), max_length=300, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    helpful_votes = models.PositiveIntegerField(_("found helpful"), default=0, db_default=0)
    open_reports = models.PositiveIntegerField(_("complaints"), default=0, db_default=0)
    is_suspected = models.BooleanField(
        _("suspicious"), default=False, db_default=False, editable=False,
        help_text=_("Its suspicion is high and nobody has found it genuine."),
    )  # fmt: skip
    has_new_photos = models.BooleanField(
        _("new photos"), default=False, db_default=False, editable=False,
        help_text=_("Nobody has looked at some of its photos."),
    )  # fmt: skip

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("moderate_review", _("Can publish and reject reviews"))]
        constraints = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="review_rating_1_to_5"),
            models.UniqueConstraint(fields=["product", "customer"], name="review_once_per_customer"),
            models.CheckConstraint(
                condition=(Q(status="rejected") & ~Q(reason="")) | (~Q(status="rejected") & Q(reason="")),
                name="review_rejected_with_reason",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-written_at", "-id"], name="review_newest"),
            models.Index(fields=["updated_at"], name="review_changed"),
            # Counting what customers say reads this index alone.
            models.Index(
                fields=["written_at"],
                include=["id", "product", "language"],
                condition=~Q(status="rejected"),
                name="review_counted",
            ),
            models.Index(
                fields=["product", "-written_at", "-id"], condition=Q(status="published"), name="review_newest_of"
            ),
            models.Index(
                fields=["product", "-helpful_votes", "-id"], condition=Q(status="published"), name="review_helpful_of"
            ),
            models.Index(fields=["product", "rating", "status"], name="review_stars_of"),
            models.Index(fields=["written_at", "id"], condition=WAITING, name="review_to_check"),
            GinIndex(OpClass(Upper("text"), name="gin_trgm_ops"), name="review_text_trgm"),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="review_title_trgm"),
            GinIndex(OpClass(Upper("author"), name="gin_trgm_ops"), name="review_author_trgm"),
        ]

    def __str__(self) -> str:
        return self.title or self.text[:60] or f"{self.rating} ★"

    @property
    def act_key(self) -> str:
        """By which its stars are known among the acts. Imports make the same one in SQL."""
        return f"review:{self.external_id or self.public_id}"


class ReviewPhotoQuerySet(models.QuerySet["ReviewPhoto"]):
    def shown(self) -> Self:
        """What others may see where the review is published."""
        return self.filter(state=ReviewPhoto.State.SHOWN)

    def new(self) -> Self:
        """What nobody has looked at."""
        return self.filter(state=ReviewPhoto.State.NEW)


class ReviewPhoto(models.Model):
    """A photo that a customer sent with a review, drawn anew. Others see it once a member of staff has looked at it."""

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("photo", "not looked at")
        SHOWN = "shown", pgettext_lazy("photo", "shown")
        HIDDEN = "hidden", pgettext_lazy("photo", "hidden")

    review = models.ForeignKey(Review, models.CASCADE, related_name="photos", verbose_name=_("review"))
    file = models.ImageField(_("picture"), upload_to="reviews/", width_field="width", height_field="height")
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    content_sha256 = models.CharField(max_length=64, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.NEW, db_default=State.NEW)
    looked_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("looked at by"),
    )  # fmt: skip

    objects = ReviewPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo of a review")
        verbose_name_plural = _("photos of reviews")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["review", "content_sha256"], name="review_photo_once"),
            models.UniqueConstraint(fields=["review", "position"], name="review_photo_places"),
        ]

    def __str__(self) -> str:
        return str(self.file)
