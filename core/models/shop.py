"""The one shop of this installation."""

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import TimestampedModel
from core.models.experiments import new_salt


class ShopProfile(TimestampedModel):
    """Name, money, time and languages. Exactly one row, made by a migration."""

    class WeekStart(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    class CreditHours(models.IntegerChoices):
        HOUR = 1, _("1 hour")
        DAY = 24, _("24 hours")
        THREE_DAYS = 72, _("3 days")
        WEEK = 168, _("7 days")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=120, default="Zhanggui")
    base_currency = models.CharField(
        _("base currency"),
        max_length=3,
        default="CNY",
        help_text=_("Three letters, such as CNY. Reports are in this currency."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", help_text=_("Days in reports begin at midnight here.")
    )
    week_start = models.PositiveSmallIntegerField(_("week starts on"), choices=WeekStart, default=WeekStart.MONDAY)
    languages = models.JSONField(_("shop languages"), default=list, help_text=_("Languages that customers can choose."))
    return_window_days = models.PositiveSmallIntegerField(
        _("return window (days)"), default=30, help_text=_("An order closes this long after delivery.")
    )
    opening_hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    sender_email = models.EmailField(_("sender address"), blank=True)
    second_factor_roles = models.JSONField(
        _("roles that need a second factor"), default=list, blank=True,
        help_text=_("People in these roles enter a code from their telephone when they sign in."),
    )  # fmt: skip
    holdout_percent = models.PositiveSmallIntegerField(
        _("holdout (%)"), default=5, db_default=5, validators=[MaxValueValidator(50)],
        help_text=_(
            "This share of people sees the shop without what models decide and takes part in no experiment. So the "
            "impact page can say what all capabilities bring together."
        ),
    )  # fmt: skip
    credit_hours = models.PositiveSmallIntegerField(
        _("time that counts for recommendations"), choices=CreditHours, default=CreditHours.DAY,
        db_default=CreditHours.DAY,
        help_text=_("A click or purchase later than this after a recommendation is not credited to it."),
    )  # fmt: skip
    holdout_salt = models.CharField(_("salt of the holdout"), max_length=32, default=new_salt, editable=False)
    logo = models.ImageField(_("logo"), upload_to="shop/", blank=True)
    is_demo = models.BooleanField(_("demo shop"), default=False, editable=False)

    class Meta:
        verbose_name = _("shop profile")
        verbose_name_plural = _("shop profile")
        permissions = [("export_data", _("Can export lists"))]
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="shop_profile_is_one"),
            models.CheckConstraint(condition=models.Q(holdout_percent__lte=50), name="shop_holdout_at_most_half"),
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("The shop profile cannot be deleted.")

    @classmethod
    def current(cls) -> "ShopProfile":
        """The profile; made with defaults when a test or a new installation has none."""
        profile, _created = cls.objects.get_or_create(pk=1)
        return profile
