"""The shop profile: one row, one form."""

import copy
import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from core.accounts import second_factor
from core.admin.base import SettingsAdmin
from core.admin.widgets import Checkboxes
from core.choices import Role
from core.components.words import SYMBOLS
from core.models import ShopProfile
from core.shop import forget_shop

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]


def time_zones() -> list[tuple[str, str]]:
    """Zones named after places; the old short names are left out."""
    return [
        (name, name.replace("_", " "))
        for name in sorted(zoneinfo.available_timezones())
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
    ] + [("UTC", "UTC")]


class ShopProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    base_currency = forms.ChoiceField(
        label=_("Base currency"), widget=UnfoldAdminSelectWidget(),
        help_text=_("Reports are in this currency. Orders keep their own."),
    )  # fmt: skip
    time_zone = forms.ChoiceField(
        label=_("Time zone"), widget=UnfoldAdminSelect2Widget(), help_text=_("Days in reports begin at midnight here.")
    )
    languages = forms.MultipleChoiceField(
        label=_("Shop languages"), choices=LANGUAGES, widget=Checkboxes(),
        help_text=_("Languages that customers can choose."),
    )  # fmt: skip

    second_factor_roles = forms.MultipleChoiceField(
        label=_("Roles that need a second step"), choices=Role.choices, widget=Checkboxes(), required=False,
        help_text=_(
            "They sign in with their password and a code from their telephone. Members who have not set it up are "
            "signed out when you save, and set it up when they come back."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = self.instance.base_currency
        self.fields["base_currency"].choices = [(code, code) for code in sorted({*SYMBOLS, now})]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]

    class Meta:
        model = ShopProfile
        fields = (
            "name", "base_currency", "time_zone", "week_start", "languages", "return_window_days", "sender_email",
            "holdout_percent", "credit_hours",
        )  # fmt: skip


@admin.register(ShopProfile)
class ShopProfileAdmin(SettingsAdmin):
    form = ShopProfileForm
    settings_title = _("Shop profile")
    fieldsets = (
        (_("Shop"), {"fields": ("name", "languages")}),
        (_("Money and time"), {"fields": ("base_currency", "time_zone", "week_start")}),
        (_("Orders"), {"fields": ("return_window_days",)}),
        (_("Mail"), {"fields": ("sender_email",)}),
        (_("Experiments and recommendations"), {"fields": ("holdout_percent", "credit_hours")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """How people sign in is decided by those who give roles."""
        own = super().get_fieldsets(request, obj)
        if not request.user.has_perm("core.manage_roles"):
            return own
        return (*own, (_("Signing in"), {"fields": ("second_factor_roles",)}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if not request.user.has_perm("core.manage_roles"):
            form.base_fields.pop("second_factor_roles", None)
        elif obj is not None:
            # The field belongs to the form class that all requests share; this one is for this request.
            field: Any = copy.deepcopy(form.base_fields["second_factor_roles"])
            field.initial = obj.second_factor_roles
            form.base_fields["second_factor_roles"] = field
        return form

    def save_model(self, request: HttpRequest, obj: ShopProfile, form: Any, change: bool) -> None:
        # Requiring a second step is an act of its own, with a place in the ledger.
        obj.second_factor_roles = ShopProfile.objects.values_list("second_factor_roles", flat=True).get(pk=obj.pk)
        super().save_model(request, obj, form, change)
        if "second_factor_roles" in form.cleaned_data:
            second_factor.require(form.cleaned_data["second_factor_roles"], by=request.user)  # type: ignore[arg-type]
        forget_shop()
