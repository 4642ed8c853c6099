"""The staff site: Django's admin in the theme, with a page of one's own, languages and the home page."""

from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class StaffSite(UnfoldAdminSite):
    site_title = _("Zhanggui")
    site_header = _("Zhanggui")
    index_title = _("Home")
    enable_nav_sidebar = True
    empty_value_display = "–"

    def extra_urls(self) -> list[URLPattern]:
        from core.admin import profile

        return [
            path("language/", profile.set_language, name="set_language"),
            path("profile/", self.admin_view(profile.profile), name="profile"),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        context["is_nav_sidebar_enabled"] = True
        return context
