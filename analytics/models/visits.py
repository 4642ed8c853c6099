"""Days of visits: how far people came from looking at a product to an order."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FunnelDay(models.Model):
    """People of one day who used one kind of device and found products in one way. A person counts once for each day,
    for as far as they came on that day: `carted` are among those who viewed, `bought` among those who also put
    something in the basket."""

    class Way(models.TextChoices):
        """What led to what they looked at or put into the basket on that day."""

        OTHER = "", _("neither, or not known")
        SEARCH = "search", _("search")
        RECOMMENDED = "recommended", _("recommendations")
        BOTH = "both", _("search and recommendations")

    day = models.DateField(_("day"))
    device = models.CharField(_("device"), max_length=10, blank=True, help_text=_("Empty where nobody said."))
    way = models.CharField(_("found through"), max_length=12, choices=Way, blank=True, default=Way.OTHER)
    viewed = models.PositiveIntegerField(_("looked at a product"), default=0)
    carted = models.PositiveIntegerField(_("put it in the basket"), default=0)
    bought = models.PositiveIntegerField(_("ordered"), default=0)
    skipped = models.PositiveIntegerField(
        _("ordered otherwise"), default=0, help_text=_("Ordered without a look or a basket on that day.")
    )

    class Meta:
        verbose_name = _("day of the funnel")
        verbose_name_plural = _("days of the funnel")
        constraints = [models.UniqueConstraint(fields=["day", "device", "way"], name="funnel_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.device}"


class FunnelCustomer(models.Model):
    """How far a customer who is known came on one day."""

    class Step(models.IntegerChoices):
        VIEWED = 1, _("looked")
        CARTED = 2, _("filled a basket")
        BOUGHT = 3, _("ordered")

    day = models.DateField(_("day"))
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))
    step = models.PositiveSmallIntegerField(_("step"), choices=Step)

    class Meta:
        verbose_name = _("customer in the funnel")
        verbose_name_plural = _("customers in the funnel")
        constraints = [models.UniqueConstraint(fields=["day", "customer"], name="funnel_customer_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.customer_id} {self.step}"


class TouchedVisit(models.Model):
    """An hour in which somebody's visit changed since the last count. Written by triggers, many times if need be."""

    hour = models.DateTimeField()

    class Meta:
        verbose_name = _("hour of visits to count")
        verbose_name_plural = _("hours of visits to count")

    def __str__(self) -> str:
        return f"{self.hour}"


class LateEvents(models.Model):
    """How many events of one writing happened more than an hour before they arrived. Written by a trigger; what is
    imported did not arrive late."""

    arrived_at = models.DateTimeField(_("arrived"))
    events = models.PositiveIntegerField(_("events"))

    class Meta:
        verbose_name = _("late events")
        verbose_name_plural = _("late events")

    def __str__(self) -> str:
        return f"{self.arrived_at} {self.events}"
