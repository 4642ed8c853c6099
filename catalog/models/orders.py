"""What was bought, paid and returned. Money is in the order's currency; `base_rate` converts to the shop's."""

from decimal import Decimal
from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField, PublicIdModel, TimestampedModel

ZERO = Decimal("0")


class OrderQuerySet(models.QuerySet["Order"]):
    def bought(self) -> Self:
        """Orders that count as purchases."""
        return self.filter(status__in=Order.BOUGHT)


class Order(PublicIdModel, TimestampedModel):
    """One purchase of one customer, or of a guest when the customer is empty."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLACED = "placed", _("placed")
        PAID = "paid", _("paid")
        PARTLY_SHIPPED = "partly_shipped", _("partly shipped")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    BOUGHT = (Status.PAID, Status.PARTLY_SHIPPED, Status.SHIPPED, Status.DELIVERED, Status.CLOSED)

    number = models.CharField(_("number"), max_length=80, unique=True)
    customer = models.ForeignKey(
        "catalog.Customer", models.SET_NULL, null=True, blank=True, related_name="orders", verbose_name=_("customer")
    )
    visitor = models.ForeignKey(
        "catalog.Visitor", models.SET_NULL, null=True, blank=True, db_index=False, related_name="orders",
        editable=False, verbose_name=_("visitor"), help_text=_("The browser in which it was placed."),
    )  # fmt: skip
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.PLACED)
    currency = models.CharField(_("currency"), max_length=3)
    base_rate = models.DecimalField(
        _("rate to the base currency"), max_digits=18, decimal_places=8, default=Decimal("1"), db_default=Decimal("1")
    )
    lines_total = MoneyField(_("products"), default=ZERO, db_default=ZERO)
    shipping = MoneyField(_("shipping"), default=ZERO, db_default=ZERO)
    discount = MoneyField(_("discount"), default=ZERO, db_default=ZERO)
    total = MoneyField(_("total"), default=ZERO, db_default=ZERO)
    paid_total = MoneyField(_("paid"), default=ZERO, db_default=ZERO)
    refunded_total = MoneyField(_("refunded"), default=ZERO, db_default=ZERO)
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)
    placed_at = models.DateTimeField(_("placed"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [("refund_order", _("Can refund orders"))]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=Q(total=F("lines_total") + F("shipping") - F("discount")), name="order_total_adds_up"
            ),
            models.CheckConstraint(condition=Q(refunded_total__lte=F("paid_total")), name="order_refund_within_paid"),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
            models.Index(fields=["visitor"], condition=Q(visitor__isnull=False), name="order_of_visitor"),
            models.Index(fields=["paid_at"], name="order_paid_at"),
            models.Index(fields=["status", "placed_at", "id"], name="order_by_status"),
            models.Index(fields=["total", "placed_at", "id"], name="order_by_total"),
            models.Index(fields=["country", "placed_at", "id"], name="order_by_country"),
            GinIndex(OpClass(Upper("number"), name="gin_trgm_ops"), name="order_number_trgm"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """A product of an order as it was when bought; name and price do not follow later changes."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    line = models.PositiveIntegerField(_("line"))
    product = models.ForeignKey(
        "catalog.Product", models.SET_NULL, null=True, blank=True, related_name="order_lines", verbose_name=_("product")
    )
    variant = models.ForeignKey(
        "catalog.Variant", models.SET_NULL, null=True, blank=True, related_name="order_lines", verbose_name=_("variant")
    )
    sku = models.CharField(_("SKU"), max_length=80)
    name = models.CharField(_("name"), max_length=300, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = MoneyField(_("unit price"))
    discount = MoneyField(_("discount"), default=ZERO, db_default=ZERO)
    refunded_quantity = models.PositiveIntegerField(_("returned"), default=0, db_default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["order", "line"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price_not_negative"),
            models.CheckConstraint(
                condition=Q(refunded_quantity__lte=F("quantity")), name="order_line_returned_within_bought"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name or self.sku}"

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price - self.discount


class OrderEvent(models.Model):
    """The timeline of an order. Rows are only added."""

    class Kind(models.TextChoices):
        PLACED = "placed", _("placed")
        PAID = "paid", _("paid")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        CANCELLED = "cancelled", _("cancelled")
        REFUNDED = "refunded", _("refunded")
        CLOSED = "closed", _("closed")
        NOTE = "note", _("note")

    order = models.ForeignKey(Order, models.CASCADE, related_name="events", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    occurred_at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True, db_default={})
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("by"))

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        ordering = ["occurred_at", "id"]

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind}"


class Payment(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="payments", verbose_name=_("order"))
    external_id = models.CharField(_("shop's own ID"), max_length=120, unique=True, null=True, blank=True)
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    method = models.CharField(_("method"), max_length=40, blank=True)
    paid_at = models.DateTimeField(_("paid at"))

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["paid_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Refund(models.Model):
    """Money given back. Old systems record returns without the order; then only customer and product are known."""

    order = models.ForeignKey(
        Order, models.CASCADE, null=True, blank=True, related_name="refunds", verbose_name=_("order")
    )
    order_line = models.ForeignKey(
        OrderLine, models.SET_NULL, null=True, blank=True, related_name="refunds", verbose_name=_("order line")
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.SET_NULL, null=True, blank=True, related_name="refunds", verbose_name=_("customer")
    )
    product = models.ForeignKey(
        "catalog.Product", models.SET_NULL, null=True, blank=True, related_name="refunds", verbose_name=_("product")
    )
    external_id = models.CharField(_("shop's own ID"), max_length=120, unique=True, null=True, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=0, db_default=0)
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    refunded_at = models.DateTimeField(_("refunded at"))

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["refunded_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="refund_not_negative")]
        indexes = [models.Index(fields=["refunded_at"], name="refund_time")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
