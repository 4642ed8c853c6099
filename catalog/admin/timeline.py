"""The timeline of a customer: the newest on their page, all of it on its own."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from catalog import timeline
from catalog.models import Customer
from core.panels import MAIN, Panel

NEWEST, LINES = 150, 12
"""Moments that the card looks at, and lines of it: many of the same kind are one."""
PER_PAGE = 50


class TimelineMixin:
    """One address of the customers' admin."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.timeline_view)
        return [path("<int:pk>/timeline/", view, name="catalog_customer_timeline"), *super().get_urls()]  # type: ignore[misc]

    def timeline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`?before=` (a moment) and `?kind=` narrow it; both stand in the address."""
        if not self.has_view_or_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        customer = get_object_or_404(Customer.objects.existing(), pk=pk)
        kinds = timeline.sources(request.user.has_perm)
        kind = request.GET.get("kind", "")
        kind = kind if kind in dict(kinds) else ""
        found = timeline.story(
            customer, may=request.user.has_perm, before=_moment(request.GET.get("before", "")), kind=kind,
            limit=PER_PAGE,
        )  # fmt: skip
        context = {
            **self.admin_site.each_context(request),
            "title": _("Timeline"),
            "crumbs": [
                {"title": _("Customers"), "url": reverse("admin:catalog_customer_changelist")},
                {"title": str(customer), "url": reverse("admin:catalog_customer_change", args=[pk])},
            ],
            "story": found,
            "lines": found.runs,
            "kinds": [("", _("All")), *kinds],
            "kind": kind,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/customer/timeline.html", context)


def timeline_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """The newest moments of all sources."""
    found = timeline.story(customer, may=request.user.has_perm, limit=NEWEST)
    lines = found.runs
    return Panel(
        title=_("Timeline"),
        template="admin/catalog/panels/timeline.html",
        context={"story": found, "lines": lines[:LINES]},
        place=MAIN,
        url=reverse("admin:catalog_customer_timeline", args=[customer.pk]) if found.older or len(lines) > LINES else "",
        url_label=_("Whole timeline"),
        empty="" if found.moments or found.failed else _("Nothing happened yet."),
    )


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
