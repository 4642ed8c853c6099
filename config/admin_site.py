"""The staff site: Django's admin in the theme, with a page of one's own, languages and the home page."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from core.extensions import Entry, staff_pages

NOT_OURS = {"axes", "django_celery_beat", "otp_static", "otp_totp"}


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
        from core.admin import exports, profile, saved_views, security, sign_in, tokens

        def own(view: Any) -> Any:
            return self.admin_view(view)

        pages = [path(entry.meta["path"], self.admin_view(_page(entry)), name=entry.key) for entry in staff_pages]
        files = [
            path(
                f"{entry.meta['path']}export/", own(require_POST(partial(exports.export_page, key=entry.key))),
                name=f"{entry.key}_export",
            )
            for entry in staff_pages
            if "table" in entry.meta
        ]  # fmt: skip
        return [
            *pages,
            *files,
            path("views/", own(saved_views.act), name="saved_view"),
            path("views/counts/", own(saved_views.counts), name="saved_view_counts"),
            path("profile/", own(profile.profile), name="profile"),
            path("profile/second-factor/", own(security.second_factor_page), name="second_factor"),
            path("profile/second-factor/off/", own(security.turn_off), name="second_factor_off"),
            path("profile/recovery-codes/", own(security.recovery_codes), name="recovery_codes"),
            path("profile/sign-out-elsewhere/", own(security.sign_out_elsewhere), name="sign_out_elsewhere"),
            path("profile/tokens/add/", own(tokens.add), name="staff_token_add"),
            path("profile/tokens/<int:pk>/revoke/", own(tokens.revoke), name="staff_token_revoke"),
            path("forgotten/", sign_in.forgotten, name="password_forgotten"),
            path("forgotten/<str:token>/", sign_in.choose_password, name="password_reset"),
            path("invitation/<str:token>/", sign_in.accept_invitation, name="invitation"),
        ]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What the palette shows for a few letters; kept nowhere, so rights that were taken show at once."""
        from core import palette

        term = request.GET.get("s", "").strip()
        return render(request, "core/palette_results.html", {"found": palette.search(request, term), "term": term})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        from core.admin import sign_in

        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return sign_in.login(request, extra_context or {})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        from core.accounts import people

        response = super().password_change(request, extra_context)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            people.tell_password_changed(request.user)
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """All tables with their rights and addresses cost a twentieth of a page, which shows our own menu instead."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        return SimpleLazyObject(partial(super().get_app_list, request))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from core.exports.notices import say_when_ready

        say_when_ready(request)
        context = super().each_context(request)
        context["is_nav_sidebar_enabled"] = True
        return context
