"""Days of recommendations: counts only, nobody can be found in them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.models.base import MoneyField


class RecommendationDay(models.Model):
    """What lists of one placement, arm, source and model version brought on one day of the shop.

    A list counts once for each person who saw it, however often; sums of squares and products over people are kept
    beside the sums, so that rates of any number of days have a likely range. A person is one browser (or one customer
    where no browser is known) on one day.
    """

    day = models.DateField(_("day"))
    placement = models.CharField(_("placement"), max_length=40)
    arm_id = models.BigIntegerField(_("arm"), default=0, help_text=_("0 outside experiments."))
    source = models.CharField(_("source"), max_length=12, blank=True)
    version_id = models.BigIntegerField(_("model version"), default=0, help_text=_("0 when no model answered."))
    people = models.PositiveIntegerField(_("people"), default=0)
    lists = models.PositiveIntegerField(_("lists seen"), default=0)
    slots = models.PositiveBigIntegerField(_("products seen"), default=0)
    clicked = models.PositiveIntegerField(_("lists clicked"), default=0)
    carted = models.PositiveIntegerField(_("lists with something put into the basket"), default=0)
    bought = models.PositiveIntegerField(_("lists with something bought"), default=0)
    revenue = MoneyField(_("revenue"), default=0)
    lists_lists = models.FloatField(default=0)
    clicked_clicked = models.FloatField(default=0)
    carted_carted = models.FloatField(default=0)
    bought_bought = models.FloatField(default=0)
    revenue_revenue = models.FloatField(default=0)
    lists_clicked = models.FloatField(default=0)
    lists_carted = models.FloatField(default=0)
    lists_bought = models.FloatField(default=0)
    lists_revenue = models.FloatField(default=0)

    class Meta:
        verbose_name = _("day of recommendations")
        verbose_name_plural = _("days of recommendations")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "placement", "arm_id", "source", "version_id"], name="recommendation_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.placement}"


class ShownProduct(models.Model):
    """How often people saw a product at one placement and in one arm on one day."""

    day = models.DateField(_("day"))
    placement = models.CharField(_("placement"), max_length=40)
    arm_id = models.BigIntegerField(_("arm"), default=0)
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, related_name="+", verbose_name=_("product"), db_index=True
    )
    times = models.PositiveIntegerField(_("times seen"))

    class Meta:
        verbose_name = _("product seen")
        verbose_name_plural = _("products seen")
        constraints = [
            models.UniqueConstraint(fields=["day", "placement", "arm_id", "product"], name="shown_product_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.placement} {self.product_id}"


class RefusedCredit(models.Model):
    """Acts of one day whose recommendation id could not be credited to anything."""

    class Reason(models.TextChoices):
        FORGED = "forged", _("not signed by this shop")
        FOREIGN = "foreign", _("of something else than a placement")
        EXPIRED = "expired", _("later than the time that counts")

    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=8, choices=Reason)
    acts = models.PositiveIntegerField(_("acts"))

    class Meta:
        verbose_name = _("acts credited to nothing")
        verbose_name_plural = _("acts credited to nothing")
        constraints = [models.UniqueConstraint(fields=["day", "reason"], name="refused_credit_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}"


class TouchedHour(models.Model):
    """An hour in which something happened that days may not know yet. Triggers add rows, the count removes them.

    A row becomes visible with the change it speaks of, so none is missed, whenever a transaction ends.
    """

    hour = models.DateTimeField(_("hour"))
    is_order = models.BooleanField(_("of an order"), default=False)

    class Meta:
        verbose_name = _("hour to count")
        verbose_name_plural = _("hours to count")

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"


class CreditState(models.Model):
    """How far the count is. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    counted_at = models.DateTimeField(_("counted"), db_default=Now())
    hours = models.PositiveSmallIntegerField(_("hours that count"))

    class Meta:
        verbose_name = _("state of the count")
        verbose_name_plural = _("state of the count")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="credit_state_is_one")]

    def __str__(self) -> str:
        return f"{self.counted_at:%Y-%m-%d %H:%M}"


class DriftCheck(models.Model):
    """How far the newest week of training data lies from what the live model learned from, in one respect."""

    class Feature(models.TextChoices):
        KINDS = "kinds", _("what people do")
        CATEGORIES = "categories", _("which categories they look at")
        LENGTHS = "lengths", _("how much each of them does")

    day = models.DateField(_("day"))
    feature = models.CharField(_("feature"), max_length=12, choices=Feature)
    index = models.FloatField(_("stability index"))
    acts = models.PositiveBigIntegerField(_("acts in the newest week"))
    acts_before = models.PositiveBigIntegerField(_("acts before"))

    class Meta:
        verbose_name = _("drift check")
        verbose_name_plural = _("drift checks")
        constraints = [models.UniqueConstraint(fields=["day", "feature"], name="drift_check_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.feature}"


class ServedEvaluation(models.Model):
    """How the model that served did, offline, on what customers chose after it last saw data."""

    day = models.DateField(_("day"))
    version = models.ForeignKey("core.ModelVersion", models.CASCADE, related_name="+", verbose_name=_("model version"))
    since = models.DateTimeField(_("judged on acts since"))
    customers = models.PositiveIntegerField(_("customers judged"))
    measures = models.JSONField(_("measures"), default=dict)

    class Meta:
        verbose_name = _("evaluation of what serves")
        verbose_name_plural = _("evaluations of what serves")
        constraints = [models.UniqueConstraint(fields=["day", "version"], name="served_evaluation_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.version_id}"
