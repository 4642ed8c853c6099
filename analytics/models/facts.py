"""What was bought, added up by customer, day, product and month, so that pages and models never read every order.

Money is in the shop's base currency and days are the shop's. An order counts on the day it was paid, with what was
paid; a refund counts on the day it was given, so a day may be below zero. Rows follow from orders and refunds alone:
`analytics.facts` adds what is new and counts anew whatever else changed. Keys are not checked by the database: a row
about somebody who is gone is as wrong as any other that no order speaks for, and goes with the next count.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField


class CustomerStats(models.Model):
    """Everything one customer has paid for and got back so far. A customer without a paid order has no row.

    No index on what changes with every order: so a row is rewritten in its page, and reading all of a few hundred
    thousand takes milliseconds.
    """

    customer = models.OneToOneField(
        "catalog.Customer", models.CASCADE, primary_key=True, db_constraint=False, related_name="stats",
        verbose_name=_("customer"),
    )  # fmt: skip
    orders = models.PositiveIntegerField(_("paid orders"))
    purchase_days = models.PositiveIntegerField(_("days with an order"))
    items = models.PositiveBigIntegerField(_("pieces"), default=0)
    gross = MoneyField(_("paid"))
    refunds = models.PositiveIntegerField(_("refunds"), default=0)
    refunded = MoneyField(_("refunded"), default=0)
    revenue = MoneyField(_("revenue"), help_text=_("Paid, less refunds."))
    first_day = models.DateField(_("first order"))
    last_day = models.DateField(_("last order"))

    class Meta:
        verbose_name = _("customer in figures")
        verbose_name_plural = _("customers in figures")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.orders}"


class DailySales(models.Model):
    """One day of the shop. Days on which nothing happened have no row."""

    day = models.DateField(_("day"), primary_key=True)
    orders = models.PositiveIntegerField(_("paid orders"), default=0)
    buyers = models.PositiveIntegerField(_("buyers"), default=0, help_text=_("Customers who paid; guests apart."))
    new_buyers = models.PositiveIntegerField(_("first-time buyers"), default=0)
    guest_orders = models.PositiveIntegerField(_("orders of guests"), default=0)
    items = models.PositiveBigIntegerField(_("pieces"), default=0)
    gross = MoneyField(_("paid"), default=0)
    refunds = models.PositiveIntegerField(_("refunds"), default=0)
    refunded = MoneyField(_("refunded"), default=0)
    revenue = MoneyField(_("revenue"), default=0, help_text=_("Paid, less refunds of this day."))

    class Meta:
        verbose_name = _("day of sales")
        verbose_name_plural = _("days of sales")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}"


class ProductDay(models.Model):
    """What one product sold on one day: amounts of its lines as they were paid, shipping left out."""

    pk = models.CompositePrimaryKey("day", "product")
    day = models.DateField(_("day"))
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, db_constraint=False, db_index=False, related_name="+",
        verbose_name=_("product"),
    )  # fmt: skip
    orders = models.PositiveIntegerField(_("orders"), default=0)
    items = models.PositiveBigIntegerField(_("pieces"), default=0)
    gross = MoneyField(_("sold for"), default=0)
    returned = models.PositiveBigIntegerField(_("pieces returned"), default=0)
    refunded = MoneyField(_("refunded"), default=0)

    class Meta:
        verbose_name = _("product on a day")
        verbose_name_plural = _("products by day")
        indexes = [models.Index(fields=["product", "day"], name="product_days")]

    def __str__(self) -> str:
        return f"{self.day} {self.product_id}"


class CustomerMonth(models.Model):
    """What one customer paid for and got back in one month."""

    pk = models.CompositePrimaryKey("customer", "month")
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, db_constraint=False, db_index=False, related_name="+",
        verbose_name=_("customer"),
    )  # fmt: skip
    month = models.DateField(_("month"), help_text=_("Its first day."))
    orders = models.PositiveIntegerField(_("paid orders"), default=0)
    purchase_days = models.PositiveSmallIntegerField(_("days with an order"), default=0)
    items = models.PositiveBigIntegerField(_("pieces"), default=0)
    gross = MoneyField(_("paid"), default=0)
    refunds = models.PositiveIntegerField(_("refunds"), default=0)
    refunded = MoneyField(_("refunded"), default=0)
    revenue = MoneyField(_("revenue"), default=0)
    first_day = models.DateField(_("first order"), null=True, help_text=_("Empty when there were only refunds."))
    last_day = models.DateField(_("last order"), null=True)

    class Meta:
        verbose_name = _("customer's month")
        verbose_name_plural = _("customers by month")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.month}"


class CohortCell(models.Model):
    """Of the customers who first bought in one week or month: who bought again so many weeks or months later, and what
    they paid less what they got back then. No row: nobody did."""

    class Grain(models.TextChoices):
        WEEK = "week", _("week")
        MONTH = "month", _("month")

    grain = models.CharField(_("by"), max_length=5, choices=Grain)
    cohort = models.DateField(_("first bought"), help_text=_("First day of the week or month."))
    offset = models.PositiveSmallIntegerField(_("periods later"), help_text=_("0: the period of the first order."))
    customers = models.PositiveIntegerField(_("customers who bought"))
    orders = models.PositiveIntegerField(_("paid orders"))
    revenue = MoneyField(_("revenue"))
    is_frozen = models.BooleanField(
        _("final"), default=False, help_text=_("The period is over: counted again only when an old order changes.")
    )

    class Meta:
        verbose_name = _("cohort cell")
        verbose_name_plural = _("cohort cells")
        constraints = [models.UniqueConstraint(fields=["grain", "cohort", "offset"], name="cohort_cell_once")]

    def __str__(self) -> str:
        return f"{self.cohort} +{self.offset} {self.grain}"


class TouchedSale(models.Model):
    """Somebody's order or refund changed since the last count. Written by triggers, many times if need be.

    The customer is empty for guests and is not checked: who is gone has to be counted, too. A sale is new when it
    counted for nothing until then: an order that becomes a paid one, a refund that is written.
    """

    customer_id = models.BigIntegerField(null=True)
    moment = models.DateTimeField()
    order_id = models.BigIntegerField(null=True)
    refund_id = models.BigIntegerField(null=True)
    is_new = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("sale to count")
        verbose_name_plural = _("sales to count")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.moment}"


class FactsState(models.Model):
    """The one row that says what the figures stand for: until when they are counted, in which zone and currency."""

    counted_at = models.DateTimeField(_("counted"))
    time_zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    week_start = models.PositiveSmallIntegerField(_("week starts on"), default=1, db_default=1)

    class Meta:
        verbose_name = _("state of the figures")
        verbose_name_plural = _("state of the figures")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="facts_state_is_one")]

    def __str__(self) -> str:
        return f"{self.counted_at}"


class FactsCheck(models.Model):
    """One nightly comparison of the figures with a count of everything. `drift` must be 0."""

    checked_at = models.DateTimeField(_("checked"), auto_now_add=True)
    seconds = models.FloatField(_("seconds"))
    rows = models.PositiveBigIntegerField(_("rows compared"))
    drift = models.PositiveBigIntegerField(_("rows that differed"), help_text=_("They were put right."))
    differences = models.JSONField(_("where"), default=dict, help_text=_("Table to the number of rows."))

    class Meta:
        verbose_name = _("check of the figures")
        verbose_name_plural = _("checks of the figures")
        ordering = ["-checked_at"]

    def __str__(self) -> str:
        return f"{self.checked_at}"
