"""The staff site: Django's admin in the theme, with a page of one's own, languages and the home page."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from core.extensions import Entry, staff_pages

NOT_OURS = {"django_celery_beat"}


def _page(entry: Entry) -> Callable[..., HttpResponseBase]:
    """The view of a registered page behind its permission; it is imported when somebody opens it."""

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        permission = entry.meta.get("permission")
        if permission and not request.user.has_perm(permission):
            raise PermissionDenied
        return entry.resolve()(request, *args, **kwargs)

    return view


class StaffSite(UnfoldAdminSite):
    """Shows what the shop works with. Tables of packages, such as the scheduler's timetable, stay out."""

    site_title = _("Zhanggui")
    site_header = _("Zhanggui")
    index_title = _("Home")
    enable_nav_sidebar = True
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        own = [model for model in models if model._meta.app_label not in NOT_OURS]
        if own:
            super().register(own, admin_class, **options)

    def extra_urls(self) -> list[URLPattern]:
        from core.admin import profile

        pages = [path(entry.meta["path"], self.admin_view(_page(entry)), name=entry.key) for entry in staff_pages]
        return [*pages, path("profile/", self.admin_view(profile.profile), name="profile")]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        context["is_nav_sidebar_enabled"] = True
        return context
