"""What holds for all messages, with the switch that stops them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.admin.base import StaffModelAdmin
from marketing.models import MarketingSettings


@admin.register(MarketingSettings)
class MarketingSettingsAdmin(StaffModelAdmin):
    actions = ()
    fieldsets = (
        (pgettext_lazy("section of settings", "Sending"), {"fields": ("is_sending", "per_second")}),
        (gettext_lazy("How often and when"), {"fields": ("cap_messages", "cap_days", "quiet_from", "quiet_until")}),
        (
            gettext_lazy("Safeguards"),
            {"fields": ("double_opt_in", "second_person_above", "most_bounces", "most_complaints")},
        ),
        (gettext_lazy("Sender"), {"fields": ("sender_name", "postal_address")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        MarketingSettings.current()
        return HttpResponseRedirect(reverse("admin:marketing_marketingsettings_change", args=[1]))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:marketing_marketingsettings_change", args=[1]))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["page_title"] = _("Message settings")
        context["hide_crumbs"] = True
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)
