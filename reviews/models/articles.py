"""Questions that come again and again, and the shop's answers, word for word."""

from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel
from core.shop import shop_zone
from reviews.models.answers import Intent, pair

TITLE_LENGTH, BODY_LENGTH, QUESTIONS_LENGTH = 150, 6_000, 2_000
LANGUAGES = ("en", "zh")
PARTS = ("title", "body", "questions")
TEXTS = tuple(f"{part}_{language}" for language in LANGUAGES for part in PARTS)
"""Columns that a version keeps."""


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> Self:
        return self.filter(state=Article.State.PUBLISHED)

    def shown(self) -> Self:
        """Published and valid today."""
        today = timezone.localdate(timezone=shop_zone())
        return self.published().filter(
            Q(valid_from=None) | Q(valid_from__lte=today), Q(valid_until=None) | Q(valid_until__gte=today)
        )


class Article(TimestampedModel):
    """An answer as staff write it. What customers read is its last published version."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", pgettext_lazy("article", "published")

    class Category(models.TextChoices):
        ORDERS = "orders", _("orders")
        DELIVERY = "delivery", _("delivery")
        RETURNS = "returns", _("returns and refunds")
        PAYMENT = "payment", _("payment and prices")
        PRODUCTS = "products", _("products")
        ACCOUNT = "account", _("account")
        SHOP = "shop", _("the shop")

    key = models.CharField(
        pgettext_lazy("name in the program", "key"), max_length=60, unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small Latin letters, digits and hyphens."))],
        help_text=_("Stands in the address of the article."),
    )  # fmt: skip
    category = models.CharField(_("category"), max_length=10, choices=Category)
    intent = models.ForeignKey(
        Intent, models.SET_NULL, null=True, blank=True, related_name="articles",
        verbose_name=pgettext_lazy("what somebody wants", "intent"), help_text=_("What it is the answer to."),
    )  # fmt: skip
    title_en = models.CharField(_("title, English"), max_length=TITLE_LENGTH, blank=True)
    title_zh = models.CharField(_("title, Chinese"), max_length=TITLE_LENGTH, blank=True)
    body_en = models.TextField(_("text, English"), max_length=BODY_LENGTH, blank=True)
    body_zh = models.TextField(_("text, Chinese"), max_length=BODY_LENGTH, blank=True)
    questions_en = models.TextField(
        _("questions, English"), max_length=QUESTIONS_LENGTH, blank=True,
        help_text=_("One a line: how customers ask what this article answers."),
    )  # fmt: skip
    questions_zh = models.TextField(_("questions, Chinese"), max_length=QUESTIONS_LENGTH, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    live = models.OneToOneField(
        "reviews.ArticleVersion", models.RESTRICT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("version that customers read"),
    )  # fmt: skip
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["category", "key"]
        permissions = [("publish_article", _("Can publish articles and change facts of the shop"))]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | Q(live__isnull=False), name="article_published_has_version"
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_from__lte=F("valid_until")),
                name="article_valid_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def title(self) -> str:
        return pair(self, "title")

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    @property
    def source(self) -> dict[str, str]:
        """Its texts with the names of facts in braces, as a version keeps them."""
        return {name: getattr(self, name) for name in TEXTS}

    @property
    def has_changes(self) -> bool:
        """Whether somebody wrote on since the version that customers read. Reads `live`."""
        return self.live is not None and self.live.source != self.source


class ArticleVersion(models.Model):
    """What an article said from one day on. Never changed, so a quote that names its version can be checked."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="versions", verbose_name=_("article"))
    number = models.PositiveIntegerField(_("version"))
    source = models.JSONField(_("as written"))
    """`title_en`, `body_en`, `questions_en` and the same in `zh`, with names of facts in braces."""
    texts = models.JSONField(_("as read"))
    """The same with the facts of that day filled in."""
    published_at = models.DateTimeField(_("published"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("published by"), help_text=_("Nobody: facts of the shop changed."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("version of an article")
        verbose_name_plural = _("versions of articles")
        ordering = ["article", "-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="article_version_once")]

    def __str__(self) -> str:
        return f"{self.article_id} v{self.number}"  # type: ignore[attr-defined]


class ArticleHelp(models.Model):
    """How often readers of one version said that it helped or did not. Counts alone: nobody is known by them."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="helps", verbose_name=_("article"))
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=2, choices=[(one, one) for one in LANGUAGES])
    helped = models.PositiveIntegerField(_("helped"), default=0, db_default=0)
    did_not = models.PositiveIntegerField(_("did not help"), default=0, db_default=0)

    class Meta:
        verbose_name = _("whether an article helped")
        verbose_name_plural = _("whether articles helped")
        constraints = [
            models.UniqueConstraint(fields=["article", "version", "language"], name="article_help_of_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.article_id} v{self.version} {self.language}"  # type: ignore[attr-defined]


class ShopFact(TimestampedModel):
    """What the shop says of itself in several articles, such as how long delivery takes (see reviews.answers.facts)."""

    key = models.CharField(pgettext_lazy("name in the program", "key"), max_length=40, unique=True)
    value_en = models.CharField(_("in English"), max_length=300, blank=True)
    value_zh = models.CharField(_("in Chinese"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fact of the shop")
        verbose_name_plural = _("facts of the shop")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
