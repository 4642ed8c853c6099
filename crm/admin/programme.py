"""The programme's settings, its levels, earning rules and rewards."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from catalog.admin import cells as shared
from core.admin.base import SettingsAdmin, StaffModelAdmin
from core.components import Meaning, figure, money, pill
from core.components.words import day_text
from core.shop import current_shop
from crm import services
from crm.models import EarnRule, LoyaltyProgramme, LoyaltyTier, Reward
from crm.models.programme import titled
from crm.services import calendar

STYLES = {"all": ("catalog/catalog.css",)}


@admin.register(LoyaltyProgramme)
class LoyaltyProgrammeAdmin(SettingsAdmin):
    settings_title = gettext_lazy("Loyalty programme")
    fieldsets = (
        (gettext_lazy("Programme"), {"fields": ("is_on", "started_at")}),
        (gettext_lazy("Earning"), {"fields": ("points_per_unit", "rounding", "undelivered_days")}),
        (gettext_lazy("Redeeming"), {"fields": ("point_value", "least_redeemed", "code_days", "expiry_months")}),
        (pgettext_lazy("loyalty", "Levels"), {"fields": ("tier_basis",)}),
    )
    readonly_fields = ("started_at",)

    def save_model(self, request: HttpRequest, obj: LoyaltyProgramme, form: Any, change: bool) -> None:
        """Switching is an act of its own: from that moment on orders earn."""
        wanted = obj.is_on
        obj.is_on = LoyaltyProgramme.objects.values_list("is_on", flat=True).get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        services.switch(on=wanted)

    def after_undo(self, request: HttpRequest, obj: LoyaltyProgramme) -> None:
        """Switched on again by taking a change back: from now on, not from before."""
        if not obj.is_on:
            LoyaltyProgramme.objects.filter(pk=obj.pk, is_on=True).update(started_at=timezone.now())

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj: LoyaltyProgramme | None = kwargs.get("obj") or context.get("original")
        if obj is not None:
            context["head_pill"] = _switched(obj.is_on)
        return super().render_change_form(request, context, *args, **kwargs)


def _switched(is_on: bool) -> SafeString:
    return (
        pill(Meaning.GOOD, pgettext("programme", "On")) if is_on else pill(Meaning.IDLE, pgettext("programme", "Off"))
    )


def _dates(row: Any) -> Any:
    """The days between which a row counts, in words."""
    start = day_text(row.starts_on) if row.starts_on else ""
    end = day_text(row.ends_on) if row.ends_on else ""
    return f"{start} – {end}" if start or end else shared.quiet(pgettext("dates", "always"))


def _works(row: Any) -> SafeString:
    """Whether it counts today."""
    today = calendar.today()
    if not row.is_on:
        return pill(Meaning.IDLE, pgettext("programme", "Off"))
    if row.starts_on and row.starts_on > today:
        return pill(Meaning.MOVING, pgettext("dates", "Not yet"))
    if row.ends_on and row.ends_on < today:
        return pill(Meaning.IDLE, pgettext("dates", "Ended"))
    return pill(Meaning.GOOD, pgettext("programme", "On"))


@admin.register(LoyaltyTier)
class LoyaltyTierAdmin(StaffModelAdmin):
    list_display = ("name_cell", "from_cell", "multiplier_cell", "people_cell")
    ordering = ("threshold",)
    number_columns = ("from_cell", "multiplier_cell", "people_cell")
    fields = (("name_en", "name_zh"), ("threshold", "multiplier"))
    export_fields = ("name_en", "name_zh", "threshold", "multiplier")
    empty_title = gettext_lazy("No levels yet")
    empty_text = gettext_lazy("A level thanks those who buy much: it is reached by what somebody spent in 12 months.")
    empty_action = (gettext_lazy("Add level"), "admin:crm_loyaltytier_add")

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[LoyaltyTier]:
        return super().get_queryset(request).annotate(people=Count("accounts"))

    @admin.display(description=gettext_lazy("Name"))
    def name_cell(self, row: LoyaltyTier) -> str:
        return titled(row)

    @admin.display(description=gettext_lazy("From"), ordering="threshold")
    def from_cell(self, row: LoyaltyTier) -> SafeString:
        return shared.number(figure(row.threshold))

    @admin.display(description=gettext_lazy("Multiplier"), ordering="multiplier")
    def multiplier_cell(self, row: LoyaltyTier) -> SafeString:
        return shared.number(f"×{row.multiplier.normalize():f}")

    @admin.display(description=gettext_lazy("Customers"))
    def people_cell(self, row: LoyaltyTier) -> SafeString:
        return shared.number(figure(getattr(row, "people", 0)))


@admin.register(EarnRule)
class EarnRuleAdmin(StaffModelAdmin):
    list_display = ("name_cell", "trigger_cell", "brings_cell", "dates_cell", "state_cell")
    list_select_related = ("category",)
    list_filter = ("trigger",)
    ordering = ("trigger", "id")
    fields = (("name_en", "name_zh"), ("trigger", "is_on"), ("points", "multiplier"), "category",
              ("starts_on", "ends_on"))  # fmt: skip
    autocomplete_fields = ("category",)
    export_fields = (
        "name_en",
        "name_zh",
        "trigger",
        "points",
        "multiplier",
        "category",
        "starts_on",
        "ends_on",
        "is_on",
    )
    empty_title = gettext_lazy("No rules yet")
    empty_text = gettext_lazy(
        "Orders earn what the programme says. A rule adds to that: double points for a category, a welcome, a birthday."
    )
    empty_action = (gettext_lazy("Add earning rule"), "admin:crm_earnrule_add")

    class Media:
        css = STYLES

    @admin.display(description=gettext_lazy("Name"))
    def name_cell(self, row: EarnRule) -> str:
        return titled(row)

    @admin.display(description=pgettext_lazy("loyalty", "When"), ordering="trigger")
    def trigger_cell(self, row: EarnRule) -> str:
        return row.get_trigger_display()

    @admin.display(description=pgettext_lazy("loyalty", "Brings"))
    def brings_cell(self, row: EarnRule) -> str:
        parts = []
        if row.multiplier != 1:
            where = str(row.category) if row.category else _("all products")
            parts.append(
                f"×{row.multiplier.normalize():f} · {where}" if not _is_lost(row) else _("its category is gone")
            )
        if row.points:
            parts.append(_("%(points)s points") % {"points": figure(row.points)})
        return " · ".join(parts)

    @admin.display(description=gettext_lazy("Days"))
    def dates_cell(self, row: EarnRule) -> Any:
        return _dates(row)

    @admin.display(description=gettext_lazy("State"), ordering="is_on")
    def state_cell(self, row: EarnRule) -> SafeString:
        return pill(Meaning.STOPPED, _("No category")) if _is_lost(row) else _works(row)


def _is_lost(row: EarnRule) -> bool:
    return row.has_category and row.category_id is None


@admin.register(Reward)
class RewardAdmin(StaffModelAdmin):
    list_display = ("name_cell", "kind_cell", "cost_cell", "redeemed_cell", "stock_cell", "dates_cell", "state_cell")
    list_select_related = ("product",)
    list_filter = ("kind",)
    ordering = ("cost", "id")
    number_columns = ("cost_cell", "redeemed_cell", "stock_cell")
    compact_columns = ("cost_cell", "redeemed_cell", "state_cell")
    fields = (("name_en", "name_zh"), ("kind", "is_on"), ("cost", "stock"), ("amount", "product"),
              ("starts_on", "ends_on"))  # fmt: skip
    autocomplete_fields = ("product",)
    export_fields = (
        "name_en",
        "name_zh",
        "kind",
        "cost",
        "amount",
        "product",
        "stock",
        "starts_on",
        "ends_on",
        "is_on",
    )
    empty_title = gettext_lazy("No rewards yet")
    empty_text = gettext_lazy("A reward is what points are exchanged for: an amount off, free shipping, a product.")
    empty_action = (gettext_lazy("Add reward"), "admin:crm_reward_add")

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reward]:
        return super().get_queryset(request).annotate(redeemed=Count("redemptions"))

    @admin.display(description=gettext_lazy("Name"))
    def name_cell(self, row: Reward) -> str:
        return titled(row)

    @admin.display(description=gettext_lazy("What it is"), ordering="kind")
    def kind_cell(self, row: Reward) -> str:
        if row.kind == Reward.Kind.AMOUNT and row.amount is not None:
            return _("%(amount)s off") % {"amount": money(row.amount, current_shop().base_currency)}
        if row.kind == Reward.Kind.PRODUCT:
            return row.product.localised("name") if row.product is not None else _("its product is gone")
        return row.get_kind_display()

    @admin.display(description=gettext_lazy("Points"), ordering="cost")
    def cost_cell(self, row: Reward) -> SafeString:
        return shared.number(figure(row.cost))

    @admin.display(description=gettext_lazy("Redeemed"))
    def redeemed_cell(self, row: Reward) -> SafeString:
        return shared.number(figure(getattr(row, "redeemed", 0)))

    @admin.display(description=gettext_lazy("Left"), ordering="stock")
    def stock_cell(self, row: Reward) -> SafeString:
        return shared.number("∞" if row.stock is None else figure(row.stock))

    @admin.display(description=gettext_lazy("Days"))
    def dates_cell(self, row: Reward) -> Any:
        return _dates(row)

    @admin.display(description=gettext_lazy("State"), ordering="is_on")
    def state_cell(self, row: Reward) -> SafeString:
        return pill(Meaning.STOPPED, _("Sold out")) if row.stock == 0 and row.is_on else _works(row)
