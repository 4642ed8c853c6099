"""The shop profile: one row, one form."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from core.admin.base import StaffModelAdmin
from core.admin.widgets import Checkboxes
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = self.instance.base_currency
        self.fields["base_currency"].choices = [(code, code) for code in sorted({*SYMBOLS, now})]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]

    class Meta:
        model = ShopProfile
        fields = ("name", "base_currency", "time_zone", "week_start", "languages", "return_window_days")


@admin.register(ShopProfile)
class ShopProfileAdmin(StaffModelAdmin):
    form = ShopProfileForm
    actions = ()
    fieldsets = (
        (_("Shop"), {"fields": ("name", "languages")}),
        (_("Money and time"), {"fields": ("base_currency", "time_zone", "week_start")}),
        (_("Orders"), {"fields": ("return_window_days",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        ShopProfile.current()
        return HttpResponseRedirect(reverse("admin:core_shopprofile_change", args=[1]))

    def save_model(self, request: HttpRequest, obj: ShopProfile, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        forget_shop()

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:core_shopprofile_change", args=[1]))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["page_title"] = _("Shop profile")
        context["hide_crumbs"] = True
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)
