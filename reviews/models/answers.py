"""What people may want, and in which words: what the assistant learns intents from."""

from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.models import TimestampedModel

EXAMPLE_LENGTH = 300
NORMAL_LENGTH = 500
"""Some single characters become several when they are brought to one form."""
REPLY_LENGTH = 500
NEARLY_THE_SAME = 0.85
"""Likeness from which two examples teach little more than one."""


class ExampleLanguage(models.TextChoices):
    """Languages that the shipped examples are in, each by its own name."""

    EN = "en", "English"
    ZH = "zh", "简体中文"


class IntentQuerySet(models.QuerySet["Intent"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Intent(TimestampedModel):
    """One thing that people want from a shop."""

    class AnswersWith(models.TextChoices):
        ARTICLE = "article", _("an article")
        ORDER = "order", _("what is known of the order")
        PRODUCT = "product", _("what is known of the product")
        ACCOUNT = "account", _("what is known of the customer")
        WORDS = "words", _("words of its own")

    key = models.CharField(
        pgettext_lazy("name in the program", "key"), max_length=40, unique=True,
        validators=[RegexValidator(r"^[a-z]+(_[a-z]+)*$", _("Use small Latin letters and underscores."))],
    )  # fmt: skip
    title_en = models.CharField(_("title, English"), max_length=100)
    title_zh = models.CharField(_("title, Chinese"), max_length=100)
    description_en = models.TextField(_("what it is, English"), max_length=500, blank=True)
    description_zh = models.TextField(_("what it is, Chinese"), max_length=500, blank=True)
    belongs_en = models.TextField(_("belongs here, English"), max_length=500, blank=True)
    belongs_zh = models.TextField(_("belongs here, Chinese"), max_length=500, blank=True)
    elsewhere_en = models.TextField(_("belongs elsewhere, English"), max_length=500, blank=True)
    elsewhere_zh = models.TextField(_("belongs elsewhere, Chinese"), max_length=500, blank=True)
    hand_over = models.BooleanField(
        _("always to a person"), default=False, help_text=_("The assistant never answers this by itself.")
    )
    answers_with = models.CharField(_("answers with"), max_length=10, choices=AnswersWith, default=AnswersWith.ARTICLE)
    words_en = models.TextField(_("words, English"), max_length=REPLY_LENGTH, blank=True)
    words_zh = models.TextField(_("words, Chinese"), max_length=REPLY_LENGTH, blank=True)
    is_active = models.BooleanField(
        pgettext_lazy("intent", "in use"), default=True, help_text=_("What is not in use is not learned.")
    )

    objects = IntentQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("what somebody wants", "intent")
        verbose_name_plural = pgettext_lazy("what people want", "intents")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return str(self.in_language("title"))

    def in_language(self, name: str, language: str | None = None) -> str:
        """One of the pairs of fields in a language, or the reader's; the other one where that is empty."""
        return pair(self, name, language)


class IntentExampleQuerySet(models.QuerySet["IntentExample"]):
    def background(self) -> Self:
        """What no intent of the shop covers."""
        return self.filter(intent=None)

    def learned(self) -> Self:
        """What a training reads."""
        return self.filter(models.Q(intent=None) | models.Q(intent__is_active=True))

    def mistaken(self) -> Self:
        """Read as another intent by a model that had not seen them."""
        return self.filter(taken_for__isnull=False)

    def doubled(self) -> Self:
        """Nearly the same as another one."""
        return self.filter(likeness__gte=NEARLY_THE_SAME)


class IntentExample(TimestampedModel):
    """One way to say something. Without an intent: something the shop has no answer to."""

    class Source(models.TextChoices):
        SHIPPED = "shipped", pgettext_lazy("comes with the program", "shipped")
        STAFF = "staff", pgettext_lazy("who wrote an example", "staff")
        CONVERSATION = "conversation", _("a conversation")

    intent = models.ForeignKey(
        Intent, models.CASCADE, null=True, blank=True, related_name="examples",
        verbose_name=pgettext_lazy("what somebody wants", "intent"),
        help_text=_("Empty: nothing that the shop answers."),
    )  # fmt: skip
    language = models.CharField(_("language"), max_length=2, choices=ExampleLanguage)
    text = models.CharField(_("words"), max_length=EXAMPLE_LENGTH)
    normal = models.CharField(_("as it is learned"), max_length=NORMAL_LENGTH, unique=True, editable=False)
    source = models.CharField(_("source"), max_length=12, choices=Source, default=Source.STAFF)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("added by"),
        editable=False,
    )  # fmt: skip
    taken_for = models.ForeignKey(
        Intent, models.SET_NULL, null=True, blank=True, related_name="mistaken", verbose_name=_("taken for"),
        editable=False,
    )  # fmt: skip
    confidence = models.FloatField(_("confidence"), null=True, blank=True, editable=False)
    """Of the likeliest intent, by a model that had not seen this example; 0 to 1."""

    nearest = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("most like it"), editable=False
    )
    likeness = models.FloatField(_("likeness"), null=True, blank=True, editable=False)
    """Cosine to the example that is most like it, 0 to 1."""

    objects = IntentExampleQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("of an intent", "example")
        verbose_name_plural = pgettext_lazy("of an intent", "examples")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["intent", "language"], name="example_by_intent"),
            models.Index(
                fields=["taken_for", "intent"], name="example_mistaken", condition=models.Q(taken_for__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(likeness__isnull=True) | models.Q(likeness__range=(0, 1)),
                name="example_likeness_0_to_1",
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__range=(0, 1)),
                name="example_confidence_0_to_1",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class StarterItem(models.Model):
    """A part of the shipped set that was brought once, so that what staff removed or changed stays as they left it."""

    key = models.CharField(pgettext_lazy("name in the program", "key"), max_length=80, primary_key=True)
    brought_at = models.DateTimeField(_("brought"), auto_now_add=True)

    class Meta:
        verbose_name = _("part of the shipped set")
        verbose_name_plural = _("parts of the shipped set")

    def __str__(self) -> str:
        return self.key


def pair(row: Any, name: str, language: str | None = None) -> str:
    """`name_zh` or `name_en` of a row, as the language says; the other where that is empty."""
    first, second = ("zh", "en") if (language or get_language() or "").startswith("zh") else ("en", "zh")
    return str(getattr(row, f"{name}_{first}") or getattr(row, f"{name}_{second}"))
