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
        indexes = [
            models.Index(fields=["kind", "value", "product"], name="tag_by_value"),
            # what a value is called in other languages
            models.Index(fields=["kind", "value", "id"], condition=~models.Q(value_translations={}), name="tag_names"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class SearchDocument(models.Model):
    """What search knows about a product.

    The facts are copied by triggers of catalog_product in the same transaction, so a hidden product is gone at once;
    tokens and fields follow within a minute by a job (catalog.search.index). Values of more than 2 KB together lie
    beside the table, so products with long texts do not slow the counting of facets.
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

    product_id = models.BigIntegerField(db_index=True)

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
    strong = models.PositiveIntegerField(default=0, db_default=0)
    """Products that hold it outside their description: only such words are suggested or meant."""

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


class SearchQuery(models.Model):
    """One search as it was answered. Written in batches beside the requests (catalog.search.log).

    Who searched stands here only for people who allow it.
    """

    key = models.UUIDField(unique=True)
    text = models.CharField(_("query"), max_length=200)
    normalised = models.CharField(_("query in normal form"), max_length=200)
    language = models.CharField(_("language"), max_length=10, blank=True)
    results = models.PositiveIntegerField(_("products found"))
    matched = models.CharField(max_length=4)
    filters = models.JSONField(_("filters"), default=dict, db_default={})
    searched_at = models.DateTimeField(_("time"))
    visitor = models.ForeignKey(
        "catalog.Visitor", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    refined_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False,
        verbose_name=_("search before"),
    )  # fmt: skip
    clicked_at = models.DateTimeField(_("clicked"), null=True)
    clicked_product = models.ForeignKey(
        "catalog.Product", models.DO_NOTHING, db_constraint=False, null=True, db_index=False, related_name="+"
    )

    class Meta:
        verbose_name = _("search")
        verbose_name_plural = _("searches")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-searched_at"], name="search_by_time"),
            models.Index(fields=["visitor", "-searched_at"], name="search_of_visitor"),
            models.Index(fields=["customer", "-searched_at"], name="search_of_customer"),
        ]

    def __str__(self) -> str:
        return self.text
