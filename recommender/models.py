"""Where recommendations stand, and what staff want there."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import Brand, Category, Customer, Product
from catalog.models.base import NamedModel
from core.models import MoneyField, TimestampedModel
from recommender.online.models import (
    CreditState,
    DriftCheck,
    RecommendationDay,
    RefusedCredit,
    ServedEvaluation,
    ShownProduct,
    TouchedHour,
)

__all__ = [
    "CreditState",
    "DriftCheck",
    "Placement",
    "PlacementRule",
    "PlacementVersion",
    "RecommendationDay",
    "RefusedCredit",
    "ServedEvaluation",
    "ShownProduct",
    "TouchedHour",
]

MOST_SLOTS = 50
BACK_TO = "back_to"
"""In the settings of a version: the number of the one that it brought back."""


class PlacementQuerySet(models.QuerySet["Placement"]):
    def on(self) -> Self:
        return self.filter(is_on=True)

    def with_rules(self) -> Self:
        return self.select_related("category").prefetch_related("rules__category", "rules__brand")


class Placement(NamedModel, TimestampedModel):
    """One place of the storefront that shows recommendations. `name` is what customers read above it."""

    class Surface(models.TextChoices):
        HOME = "home", _("home page")
        PRODUCT = "product", _("product page")
        CART = "cart", _("cart")
        CATEGORY = "category", _("category page")
        SEARCH = "search", _("search page")
        EMAIL = "email", _("e-mail")

    class Strategy(models.TextChoices):
        AUTOMATIC = "automatic", _("for this customer")
        SIMILAR = "similar", _("like the product on the page")
        TOGETHER = "together", _("bought together with the product or basket")
        CATEGORY = "category", _("popular in the category")
        TRENDING = "trending", _("popular right now")
        RISING = "rising", _("rising fast")
        POPULAR = "popular", _("popular")
        NEWEST = "newest", _("newest")
        AFFINITY = "affinity", _("popular in the categories this person likes")
        ITEM_KNN = "item_knn", _("item neighbours")
        IALS = "ials", _("matrix factorisation")
        EASE = "ease", _("linear item model")
        RP3BETA = "rp3beta", _("random walk")
        SEQUENCE_RULES = "sequence_rules", _("what came after")
        CONTENT = "content", _("descriptions")
        TWO_TOWER = "two_tower", _("two-tower network")

    class Fallback(models.TextChoices):
        POPULAR = "popular", _("what fits best, then popular products, then the newest")
        NEWEST = "newest", _("the newest products")
        NOTHING = "nothing", _("a shorter list")

    key = models.SlugField(
        _("key"), max_length=40, unique=True, help_text=_("The storefront asks for the placement by this word.")
    )
    surface = models.CharField(_("where"), max_length=10, choices=Surface)
    strategy = models.CharField(_("strategy"), max_length=16, choices=Strategy, default=Strategy.AUTOMATIC)
    fallback = models.CharField(_("when too little is found"), max_length=8, choices=Fallback, default=Fallback.POPULAR)
    slots = models.PositiveSmallIntegerField(
        _("products"), default=10, validators=[MinValueValidator(1), MaxValueValidator(MOST_SLOTS)]
    )
    repeats_allowed = models.BooleanField(
        _("show what was bought before"), default=False, help_text=_("For things that people buy again and again.")
    )
    diversity = models.FloatField(
        _("variety"), default=0.0, validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("0 shows the best matches, however alike; 1 shows what differs most."),
    )  # fmt: skip
    category_cap = models.PositiveSmallIntegerField(
        _("most per category"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    exploration = models.FloatField(
        _("share for new products"), default=0.0, validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text=_("New products have no clicks yet. This share of the slots tries them."),
    )  # fmt: skip
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("only this category")
    )
    brand = models.ForeignKey(
        Brand, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("only this brand")
    )
    price_min = MoneyField(_("price from"), null=True, blank=True)
    price_max = MoneyField(_("price to"), null=True, blank=True)
    is_on = models.BooleanField(_("on"), default=True)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)

    objects = PlacementQuerySet.as_manager()

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(condition=Q(slots__range=(1, MOST_SLOTS)), name="placement_slots_1_to_50"),
            models.CheckConstraint(condition=Q(diversity__range=(0, 1)), name="placement_diversity_0_to_1"),
            models.CheckConstraint(condition=Q(exploration__range=(0, 0.5)), name="placement_exploration_to_half"),
            models.CheckConstraint(
                condition=Q(price_min=None) | Q(price_max=None) | Q(price_min__lte=F("price_max")),
                name="placement_prices_in_order",
            ),
        ]

    @property
    def is_built_in(self) -> bool:
        """There in every shop: a storefront asks for it whether staff ever opened it or not."""
        return self.key in self.Surface.values


class PlacementRuleQuerySet(models.QuerySet["PlacementRule"]):
    def in_force(self) -> Self:
        now = timezone.now()
        return self.filter(Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now))


class PlacementRule(models.Model):
    """What staff want for a product, a category with all below it, or a brand, at one placement."""

    class Kind(models.TextChoices):
        PIN = "pin", _("pin")
        BOOST = "boost", _("boost")
        BURY = "bury", _("bury")
        EXCLUDE = "exclude", _("exclude")

    placement = models.ForeignKey(Placement, models.CASCADE, related_name="rules", verbose_name=_("placement"))
    kind = models.CharField(_("rule"), max_length=8, choices=Kind)
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    brand = models.ForeignKey(Brand, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("brand"))
    slot = models.PositiveSmallIntegerField(_("slot"), null=True, blank=True, validators=[MinValueValidator(1)])
    strength = models.FloatField(
        _("strength"), default=2.0, validators=[MinValueValidator(1.1), MaxValueValidator(10)],
        help_text=_("How many times as relevant a boosted product counts, or a buried one less."),
    )  # fmt: skip
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    note = models.CharField(_("why"), max_length=200, blank=True)

    objects = PlacementRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("placement rule")
        verbose_name_plural = _("placement rules")
        ordering = ["placement", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False, category=None, brand=None)
                | Q(product=None, category__isnull=False, brand=None)
                | Q(product=None, category=None, brand__isnull=False),
                name="placement_rule_has_one_target",
            ),
            models.CheckConstraint(
                condition=~Q(kind="pin") | Q(product__isnull=False, slot__isnull=False), name="placement_pin_has_slot"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="placement_rule_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self.get_kind_display())}: {self.target}"

    @property
    def target(self) -> Product | Category | Brand | None:
        return self.product or self.category or self.brand

    @property
    def is_in_force(self) -> bool:
        now = timezone.now()
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or self.ends_at > now)


class PlacementVersion(models.Model):
    """What a placement and its rules were after one change: to compare, and to go back to."""

    placement = models.ForeignKey(Placement, models.CASCADE, related_name="versions", verbose_name=_("placement"))
    number = models.PositiveIntegerField(_("version"))
    settings = models.JSONField(_("settings"))
    note = models.CharField(_("what was changed"), max_length=200, blank=True)
    saved_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    saved_at = models.DateTimeField(_("saved"), auto_now_add=True)

    class Meta:
        verbose_name = _("placement version")
        verbose_name_plural = _("placement versions")
        ordering = ["placement", "-number"]
        constraints = [models.UniqueConstraint(fields=["placement", "number"], name="placement_version_once")]

    def __str__(self) -> str:
        return f"{self.placement_id} v{self.number}"

    @property
    def told(self) -> str:
        """The note; that a version came back is said in the reader's language, whoever brought it back."""
        number = self.settings.get(BACK_TO)
        return self.note if number is None else gettext("Back to version %(number)d") % {"number": number}


class TrainingSettings(models.Model):
    """How this shop wants its recommendations learned: one row. Without it RECOMMENDER_DEEP decides."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    with_network = models.BooleanField(_("with a two-tower network"))

    class Meta:
        verbose_name = _("settings of the training")
        verbose_name_plural = _("settings of the training")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="training_settings_once")]

    def __str__(self) -> str:
        return str(self.with_network)

    @classmethod
    def learns_with_network(cls) -> bool:
        """Whether the next training has a two-tower network among its sources. One query."""
        found = cls.objects.values_list("with_network", flat=True).first()
        return bool(settings.RECOMMENDER_DEEP if found is None else found)


class ItemDay(models.Model):
    """How many different people did something with a product on one day (UTC). Nobody is named."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    people = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "day"], name="item_day_once")]
        indexes = [models.Index(fields=["day"], name="item_day_by_day")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.day}: {self.people}"


class ServedListQuerySet(models.QuerySet["ServedList"]):
    def small(self) -> Self:
        """Those that every web process keeps in memory."""
        return self.exclude(kind=ServedList.Kind.TOGETHER)


class ServedList(models.Model):
    """Products for everybody, best first, counted from what people did a moment ago.

    `key` is the category, the segment or the product that the list belongs to, empty for the whole shop. For products
    bought together `lifts` stands beside `product_ids` and `total` counts the orders that hold the product `key`.
    `version` is the count that last changed the list.
    """

    class Kind(models.TextChoices):
        TRENDING = "trending"
        RISING = "rising"
        CATEGORY = "category"
        SEGMENT = "segment"
        TOGETHER = "together"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=200, blank=True)
    product_ids = ArrayField(models.BigIntegerField(), default=list)
    lifts = ArrayField(models.FloatField(), default=list)
    total = models.PositiveIntegerField(default=0)
    version = models.BigIntegerField()

    objects = ServedListQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="served_list_once")]
        indexes = [models.Index(fields=["version"], name="served_list_by_version")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".strip()


class RecommendationList(models.Model):
    """What a customer would be shown, written ahead: for e-mail, and for answers while there is no model.

    `speaker_ids` names for each product the one that speaks for it, 0 for none.
    """

    customer = models.OneToOneField(
        Customer, models.CASCADE, related_name="recommendation_list", verbose_name=_("customer")
    )
    product_ids = ArrayField(models.BigIntegerField(), verbose_name=_("products"))
    speaker_ids = ArrayField(models.BigIntegerField())
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("list of recommendations")
        verbose_name_plural = _("lists of recommendations")

    def __str__(self) -> str:
        return str(self.customer)


class ListCount(models.Model):
    """How far the lists are counted: one row. `counted_until` is the moment up to which acts were looked at."""

    version = models.BigIntegerField(default=0)
    whole_version = models.BigIntegerField(default=0)
    """When everything was counted anew: lists may be gone since."""
    whole_at = models.DateTimeField()
    counted_until = models.DateTimeField()
    orders = models.PositiveIntegerField(default=0)
    """Orders of the last whole count: with those since, the baskets that chance is reckoned from."""
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="list_count_is_one_row")]

    def __str__(self) -> str:
        return f"v{self.version}"
