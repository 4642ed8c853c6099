"""What search keeps: a document for each product, the words of the shop, synonyms, and what people looked for."""

from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField, TimestampedModel


class ProductTag(TimestampedModel):
    """A tag that counts: given by staff, by an import, or by a model and applied."""

    class Source(models.TextChoices):
        STAFF = "staff", _("staff")
        IMPORT = "import", _("import")
        MODEL = "model", _("model")

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="tags", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=40, help_text=_("Such as colour, pattern or style."))
    value = models.CharField(_("value"), max_length=80)
    value_translations = models.JSONField(_("value in other languages"), default=dict, blank=True, db_default={})
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.STAFF)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, verbose_name=_("model version")
    )

    class Meta:
        verbose_name = _("product tag")
        verbose_name_plural = _("product tags")
        constraints = [models.UniqueConstraint(fields=["product", "kind", "value"], name="tag_once_per_product")]
        indexes = [models.Index(fields=["kind", "value", "product"], name="tag_by_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class SearchDocument(models.Model):
    """What search knows about a product.

    The facts are copied by triggers of catalog_product in the same transaction, so a hidden product is gone at once;
    tokens and fields follow within a minute by a job (catalog.search.index). Long values lie beside the table, so
    counting facets reads few pages.
    """

    product = models.OneToOneField(
        "catalog.Product", models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="search_document"
    )
    is_shown = models.BooleanField(default=False, db_default=False)
    is_in_stock = models.BooleanField(default=False, db_default=False)
    price = MoneyField(default=0, db_default=0)
    category_id = models.BigIntegerField(null=True)
    brand_id = models.BigIntegerField(null=True)
    published_at = models.DateTimeField(null=True)
    popularity = models.FloatField(default=0, db_default=0)
    tokens = SearchVectorField(null=True)
    fields = models.TextField(default="", db_default="")
    indexed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")
        default_permissions = ()
        indexes = [GinIndex(fields=["tokens"], name="search_tokens", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.pk)


class SearchChange(models.Model):
    """A product whose document may be out of date. Only added to, by triggers; a product may stand here often."""

    product_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("change for search")
        verbose_name_plural = _("changes for search")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.product_id)


class SearchTerm(models.Model):
    """A token of the shop's products and how many have it; words are also what people are offered and corrected to."""

    term = models.CharField(max_length=60, primary_key=True)
    token = models.CharField(max_length=60)
    is_word = models.BooleanField(default=False)
    is_han = models.BooleanField(default=False)
    products = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("search term")
        verbose_name_plural = _("search terms")
        default_permissions = ()
        indexes = [
            models.Index(fields=["token"], name="search_term_token"),
            GinIndex(
                OpClass(models.F("term"), name="gin_trgm_ops"),
                name="search_term_trgm",
                condition=models.Q(is_word=True),
            ),
            models.Index(
                OpClass(models.F("term"), name="varchar_pattern_ops"),
                name="search_term_prefix",
                condition=models.Q(is_word=True),
            ),
        ]

    def __str__(self) -> str:
        return self.term


class SearchSynonymQuerySet(models.QuerySet["SearchSynonym"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class SearchSynonym(TimestampedModel):
    """Words that mean the same to customers. Looked up when somebody searches, so a change counts at once."""

    class Direction(models.TextChoices):
        BOTH = "both", _("all of them mean the same")
        ONE_WAY = "one_way", _("the first finds the others too")

    class Language(models.TextChoices):
        ANY = "", _("every language")
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Chinese")

    language = models.CharField(
        _("language"), max_length=10, choices=Language, blank=True, default=Language.ANY,
        help_text=_("Of the words, for your overview. Searches find them in every language."),
    )  # fmt: skip
    direction = models.CharField(_("direction"), max_length=8, choices=Direction, default=Direction.BOTH)
    words = models.TextField(_("words"), help_text=_("One word or phrase on each line, at least two."))
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    objects = SearchSynonymQuerySet.as_manager()

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering = ["id"]

    def __str__(self) -> str:
        return ", ".join(self.phrases()[:6])

    def phrases(self) -> list[str]:
        """The words, each once, in order."""
        return list(dict.fromkeys(line.strip() for line in self.words.splitlines() if line.strip()))

    def pairs(self) -> list[tuple[str, str]]:
        """(phrase, what to look for as well)."""
        phrases = self.phrases()
        if self.direction == self.Direction.ONE_WAY:
            return [(phrases[0], other) for other in phrases[1:]] if phrases else []
        return [(one, other) for one in phrases for other in phrases if one != other]
