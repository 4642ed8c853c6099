"""What people did. Interactions are the largest table, partitioned by month."""

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Visitor(models.Model):
    """A browser, known by an opaque id that the storefront made; joined to a customer when that one signs in."""

    key = models.CharField(_("visitor ID"), max_length=64, unique=True)
    customer = models.ForeignKey(
        "catalog.Customer", models.SET_NULL, null=True, blank=True, related_name="visitors", verbose_name=_("customer")
    )
    may_track = models.BooleanField(_("tracking allowed"), default=True, db_default=True)
    profile_since = models.DateTimeField(_("profile since"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), db_default=Now())
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return self.key[:12]


class Interaction(models.Model):
    """One act of one person on one product. An order writes one `purchase` per line.

    Searches and impressions are of no product: an impression is a list of recommendations or results that was in
    sight, with the id of the answer in `context`, the number of products in `value` and, where the storefront says
    so, the products themselves in `context["shown"]`.

    The table is partitioned by month of `occurred_at`; catalog.partitions makes the partitions. Rows of erased
    products or customers are removed by their services, not by foreign keys: checks on a table this busy cost
    more than they protect.
    """

    class Kind(models.TextChoices):
        VIEW = "view", _("view")
        SEARCH = "search", _("search")
        FAVOURITE = "favourite", _("favourite")
        CART = "cart", _("added to cart")
        REMOVE_FROM_CART = "remove_from_cart", _("removed from cart")
        PURCHASE = "purchase", _("purchase")
        RATING = "rating", _("rating")
        IMPRESSION = "impression", _("saw a list")

    pk = models.CompositePrimaryKey("event_id", "occurred_at")
    event_id = models.UUIDField(_("event ID"), default=uuid.uuid4)
    occurred_at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    product = models.ForeignKey(
        "catalog.Product", models.DO_NOTHING, db_constraint=False, null=True, db_index=False, related_name="+"
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.DO_NOTHING, db_constraint=False, null=True, db_index=False, related_name="+"
    )
    visitor = models.ForeignKey(
        Visitor, models.DO_NOTHING, db_constraint=False, null=True, db_index=False, related_name="+"
    )
    value = models.FloatField(_("value"), null=True, help_text=_("Stars of a rating, pieces of a purchase."))
    context = models.JSONField(_("context"), default=dict, db_default={})

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        indexes = [
            models.Index(fields=["customer", "-occurred_at"], name="interaction_of_customer"),
            models.Index(fields=["visitor", "-occurred_at"], name="interaction_of_visitor"),
            models.Index(fields=["product", "-occurred_at"], name="interaction_of_product"),
            # what came in the last minutes, for counts that are brought up to date
            BrinIndex(fields=["occurred_at"], name="interaction_by_time", autosummarize=True),
            models.Index(
                fields=["occurred_at"], condition=models.Q(context__has_key="search"), name="interaction_after_search"
            ),
            models.Index(
                fields=["occurred_at"],
                condition=models.Q(context__has_key="recommendation"),
                name="interaction_after_recommended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id}"


class KeptHistory(models.Model):
    """The newest acts of one person, as `catalog.recent.RecentAct` in JSON, newest first; behind fifty of them the last
    purchase of each product that was bought before, a thousand at most. `who` is the row of a customer, or less than 0:
    of a browser, whose acts that named a customer are left out.

    Counts only while no HistoryChange names the person; only `catalog.kept` writes it.
    """

    who = models.BigIntegerField(primary_key=True)
    acts = models.TextField()

    class Meta:
        verbose_name = _("kept history")
        verbose_name_plural = _("kept histories")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.who)


class HistoryChange(models.Model):
    """A person whose kept history may be out of date. Only added to, by triggers; a person may stand here often."""

    who = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("change of a history")
        verbose_name_plural = _("changes of histories")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.who)


class DeadEvent(models.Model):
    """An event that was taken and that the table refuses: kept until staff store or discard it."""

    class Reason(models.TextChoices):
        UNREADABLE = "unreadable", _("unreadable")
        REFUSED = "refused", _("refused by the table")
        DEADLY = "deadly", _("ends its consumer")

    entry = models.CharField(_("entry"), max_length=40)
    place = models.PositiveIntegerField(_("place"))
    payload = models.TextField(_("content"))
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1)
    created_at = models.DateTimeField(_("set aside"), db_default=Now())

    class Meta:
        verbose_name = _("event set aside")
        verbose_name_plural = _("events set aside")
        constraints = [models.UniqueConstraint(fields=["entry", "place"], name="dead_event_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
