"""What the coming days are expected to bring, and the days that were out of the ordinary."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Measure(models.TextChoices):
    REVENUE = "revenue", _("revenue")
    ITEMS = "items", _("pieces")
    ORDERS = "orders", _("orders")


class Forecast(models.Model):
    """One series carried on from one day. A series that is too short has `needed` and `known` and no values.

    `values`, `low` and `high` are one number per day from `as_of` + 1; 8 of 10 days land between `low` and `high`. The
    first row of a series is the newest; earlier ones stay for a while, so that they can be held against what came.
    """

    class Scope(models.TextChoices):
        SHOP = "shop", _("shop")
        CATEGORY = "category", _("category")
        PRODUCT = "product", _("product")

    scope = models.CharField(_("of"), max_length=8, choices=Scope)
    measure = models.CharField(_("measure"), max_length=8, choices=Measure)
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    category = models.ForeignKey(
        "catalog.Category", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    as_of = models.DateField(_("as of"), help_text=_("The last day that the forecast knows."))
    is_newest = models.BooleanField(_("newest"), default=True)
    method = models.CharField(_("method"), max_length=24, blank=True)
    values = models.JSONField(_("expected"), default=list)
    low = models.JSONField(_("from"), default=list)
    high = models.JSONField(_("to"), default=list)
    week = models.JSONField(_("next seven days"), default=dict, help_text=_("Their sum with its range."))
    tried = models.JSONField(_("back-test"), default=dict, help_text=_("Errors of every method on earlier windows."))
    mase = models.FloatField(_("MASE of the back-test"), null=True)
    wape = models.FloatField(_("WAPE of the back-test"), null=True)
    days_known = models.PositiveIntegerField(_("days known"), default=0)
    days_judged = models.PositiveSmallIntegerField(_("days that came"), default=0)
    days_inside = models.PositiveSmallIntegerField(_("of them within the range"), default=0)
    sum_error = models.FloatField(_("sum of their errors"), default=0.0)
    sum_actual = models.FloatField(_("sum of their values"), default=0.0)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        ordering = ["-as_of"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "measure", "product", "category", "as_of"],
                name="forecast_once_a_day",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="forecast_of_its_scope",
                condition=Q(scope="shop", product=None, category=None)
                | Q(scope="product", product__isnull=False, category=None)
                | Q(scope="category", product=None, category__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["scope", "measure"], condition=Q(is_newest=True), name="forecast_newest"),
            models.Index(fields=["as_of"], name="forecast_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.measure} {self.as_of}"


class Anomaly(models.Model):
    """One day of the shop that was far from what its weekday had been, with what likely drove it."""

    class Decision(models.TextChoices):
        OPEN = "open", _("to look at")
        EXPLAINED = "explained", _("explained")
        IGNORED = "ignored", _("ignored")

    day = models.DateField(_("day"))
    measure = models.CharField(_("measure"), max_length=8, choices=Measure)
    value = models.FloatField(_("value"))
    expected = models.FloatField(_("expected"), help_text=_("Median of the same weekday in the eight weeks before."))
    score = models.FloatField(_("robust standard deviations"))
    drivers = models.JSONField(_("likely drivers"), default=dict)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.OPEN)
    note = models.CharField(_("explanation"), max_length=300, blank=True)
    decided_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")
        ordering = ["-day", "measure"]
        constraints = [models.UniqueConstraint(fields=["day", "measure"], name="anomaly_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.measure}"
