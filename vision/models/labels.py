"""Labels that photos of products can have, what machines suggest of them, and what people said."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.models import TimestampedModel

KEY = RegexValidator(r"^[a-z0-9][a-z0-9_-]*\Z")
_SHARE = [MinValueValidator(0.5), MaxValueValidator(0.999)]


class NamedInTwo(TimestampedModel):
    """A name in both languages of the product."""

    name_en = models.CharField(_("name in English"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    position = models.PositiveIntegerField(_("position"), default=0, db_default=0)
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the language of this request."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class LabelSet(NamedInTwo):
    """Labels that answer one question, such as which pattern. Tags of products have its key as their kind."""

    class Kind(models.TextChoices):
        CATEGORY = "category", _("categories of the catalogue")
        COLOUR = "colour", _("colours")
        ATTRIBUTE = "attribute", _("attributes")

    key = models.CharField(
        pgettext_lazy("name in the program", "key"), max_length=40, unique=True, validators=[KEY],
        help_text=_("Small letters, digits, hyphens. Tags, search and the API know it by this; it stays as it is."),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ATTRIBUTE, editable=False)
    is_multiple = models.BooleanField(
        _("several at once"), default=True, help_text=_("A product may have several of these labels.")
    )
    is_automatic = models.BooleanField(
        _("tags by itself"), default=True,
        help_text=_("Sure suggestions become tags without a person. Off: somebody looks at each."),
    )  # fmt: skip
    apply_precision = models.FloatField(
        _("right when applied"), default=0.95, validators=_SHARE,
        help_text=_("So many of the tags given without a person must be right."),
    )  # fmt: skip
    suggest_precision = models.FloatField(
        _("right when suggested"), default=0.7, validators=_SHARE,
        help_text=_("So many of the suggestions shown to staff must be right."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("label set")
        verbose_name_plural = _("label sets")
        default_permissions = ("view", "add", "change")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(apply_precision__gte=F("suggest_precision")), name="label_set_applies_what_it_is_surer_of",
                violation_error_message=_("What is applied must be at least as sure as what is suggested."),
            )
        ]  # fmt: skip


class LabelQuerySet(models.QuerySet["Label"]):
    def in_use(self) -> Self:
        """Without those whose category is deleted."""
        found = self.filter(is_active=True, label_set__is_active=True)
        return found.exclude(label_set__kind=LabelSet.Kind.CATEGORY, category=None)


class Label(NamedInTwo):
    """One answer of its set. In the set of categories it stands for a category of the catalogue; where that is deleted
    it goes out of use."""

    label_set = models.ForeignKey(LabelSet, models.PROTECT, related_name="labels", verbose_name=_("label set"))
    key = models.CharField(
        pgettext_lazy("name in the program", "key"), max_length=60, validators=[KEY],
        help_text=_("Small letters, digits, hyphens. Models know the label by this; it stays as it is."),
    )  # fmt: skip
    category = models.ForeignKey(
        "catalog.Category", models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("category"),
    )  # fmt: skip
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children", editable=False,
        verbose_name=_("label above"),
    )  # fmt: skip

    objects = LabelQuerySet.as_manager()

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        default_permissions = ("view", "add", "change")
        ordering = ["label_set__position", "label_set", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["label_set", "key"], name="label_once_per_set"),
            models.UniqueConstraint(fields=["category"], name="label_once_per_category"),
        ]

    @property
    def is_category(self) -> bool:
        """Also one whose category is deleted. The set was read."""
        return self.label_set.kind == LabelSet.Kind.CATEGORY


class TagSuggestionQuerySet(models.QuerySet["TagSuggestion"]):
    def pending(self) -> Self:
        return self.filter(state=TagSuggestion.State.PENDING)

    def on_shelf(self) -> Self:
        """Of products and labels that still count."""
        return self.filter(product__deleted_at=None, label__is_active=True, label__label_set__is_active=True)


class TagSuggestion(models.Model):
    """What a machine reads on the photos of a product: waiting for a person, applied as a tag, or settled."""

    class Source(models.TextChoices):
        COLOURS = "colours", _("colours of the photo")
        NETWORK = "network", _("trained model")

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("suggestion", "to review")
        APPLIED = "applied", pgettext_lazy("suggestion", "applied")
        ACCEPTED = "accepted", pgettext_lazy("suggestion", "accepted")
        REJECTED = "rejected", pgettext_lazy("suggestion", "rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("suggestion", "withdrawn")

    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, related_name="tag_suggestions", verbose_name=_("product")
    )
    image = models.ForeignKey(
        "catalog.ProductImage", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("photo")
    )
    label = models.ForeignKey(Label, models.CASCADE, related_name="suggestions", verbose_name=_("label"))
    source = models.CharField(_("read by"), max_length=8, choices=Source)
    confidence = models.FloatField(_("confidence"))
    reasons = models.JSONField(_("reasons"), default=list, help_text=_("Figures by which it was found."))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING)
    is_audit = models.BooleanField(
        _("in the sample"), default=False, help_text=_("Was applied without a person and is looked at afterwards.")
    )
    priority = models.FloatField(
        _("urgency"), default=0.0, help_text=_("How unsure it is, times how often the product is seen.")
    )
    made_at = models.DateTimeField(_("made"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    objects = TagSuggestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suggested tag")
        verbose_name_plural = _("suggested tags")
        default_permissions = ("view",)
        permissions = [("review_tags", _("Can accept and reject suggested tags and label photos"))]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "label"], condition=Q(state__in=["pending", "applied"]), name="suggestion_open_once"
            ),
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="suggestion_confidence_is_a_chance"),
        ]
        indexes = [
            models.Index(
                fields=["label", "-priority", "-id"], condition=Q(state="pending"), name="suggestion_queue_of_label"
            ),
            models.Index(fields=["-priority", "-id"], condition=Q(state="pending"), name="suggestion_queue"),
            models.Index(
                fields=["-made_at"], condition=Q(is_audit=True, decided_at=None), name="suggestion_audit_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.product_id}"


class ReviewDecision(models.Model):
    """A person said whether a photo (or product) shows a label: the one truth of staff labels that models learn from.

    The newest of a content and label counts. It speaks of what the file held (`content_sha256`), so it counts for the
    same photo wherever it appears again."""

    class CameFrom(models.TextChoices):
        QUEUE = "queue", _("suggested tags")
        LABELLING = "labelling", _("labelling")
        AUDIT = "audit", _("sample of applied tags")
        ERRORS = "errors", _("probable label errors")
        PRODUCT = "product", _("page of the product")

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+", verbose_name=_("product"))
    image = models.ForeignKey(
        "catalog.ProductImage", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("photo")
    )
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    label = models.ForeignKey(Label, models.CASCADE, related_name="decisions", verbose_name=_("label"))
    is_right = models.BooleanField(_("shows it"))
    came_from = models.CharField(_("decided on"), max_length=10, choices=CameFrom)
    suggestion = models.ForeignKey(
        TagSuggestion, models.SET_NULL, null=True, blank=True, related_name="decisions", verbose_name=_("suggestion")
    )
    undo = models.JSONField(default=dict, editable=False)
    """What stood there before, to put back."""
    decided_at = models.DateTimeField(_("decided"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("decision about a label")
        verbose_name_plural = _("decisions about labels")
        default_permissions = ()
        indexes = [
            models.Index(fields=["label", "content_sha256"], name="decision_of_content"),
            models.Index(fields=["-decided_at"], name="decision_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.label_id}{'✓' if self.is_right else '✗'} {self.product_id}"
