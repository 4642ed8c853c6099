"""The ledger on screen: what was changed, from what to what, by whom, and whether the chain is whole."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin.base import LedgerAdmin
from core.components import ago, figure, when
from core.filters import DaysFilter
from core.ledger import words
from core.lists import StaffChangeList
from core.models import Job, LedgerEntry

VERIFIED_BY = "core.ledger.verify"
MOST_OTHERS = 5


class NamedChangeList(StaffChangeList):
    """Looks up the names on the page at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: list[Any] = list(self.result_list)  # type: ignore[has-type]
        names = words.Names(self.result_list)
        for entry in self.result_list:
            entry.names = names


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LedgerAdmin):
    list_before_template = "admin/core/ledger_state.html"
    list_display = ("about", "kind_cell", "details_cell", "by", "time")
    list_filter = (("kind", ChoicesDropdownFilter), ("at", DaysFilter))
    search_fields = ("subject",)
    search_help_text = gettext_lazy("SKU, or a subject such as catalog.product:12")
    compact_columns = ("kind_cell", "details_cell", "time")
    ordering = ("-id",)
    actions = ("export_as_csv", "export_as_xlsx")
    export_fields = ("index", "at", "kind", "subject", "about", "details_text", "by", "hash")
    empty_title = gettext_lazy("Nothing has been changed yet")
    empty_text = gettext_lazy("Changes of prices, stock, rights, models and consent are kept here, and every export.")

    # --- cells --------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("About"))
    def about(self, entry: LedgerEntry) -> str:
        return _names(entry).subject(entry).name

    @display(description=gettext_lazy("Kind"), ordering="kind")
    def kind_cell(self, entry: LedgerEntry) -> str:
        return capfirst(str(entry.get_kind_display()))

    @display(description=gettext_lazy("What changed"))
    def details_cell(self, entry: LedgerEntry) -> str:
        return words.short(entry)

    @display(description=gettext_lazy("By"))
    def by(self, entry: LedgerEntry) -> str:
        return _names(entry).actor(entry)

    @display(description=gettext_lazy("Time"), ordering="id")
    def time(self, entry: LedgerEntry) -> SafeString | str:
        return ago(entry.at)

    @display(description=gettext_lazy("Details"))
    def details_text(self, entry: LedgerEntry) -> str:
        return " · ".join(map(str, words.details(entry)))

    # --- list ---------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffChangeList]:
        return NamedChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LedgerEntry], search_term: str
    ) -> tuple[QuerySet[LedgerEntry], bool]:
        """A subject as it stands in the entry, or whatever is named so (each by index)."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(subject__in=[term, *words.subjects_named(term)]), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"ledger_state": _state(), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404
        entry = get_object_or_404(LedgerEntry, pk=int(object_id))
        others = LedgerEntry.objects.filter(subject=entry.subject).exclude(pk=entry.pk)[:MOST_OTHERS]
        names = _names(entry)
        subject = names.subject(entry)
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": subject.name,
            "opts": self.opts,
            "entry": entry,
            "kind": self.kind_cell(entry),
            "details": words.details(entry),
            "actor": names.actor(entry),
            "page": self._page(request, subject),
            "others": [(one, words.short(one)) for one in others],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/core/ledger_entry.html", context)

    @staticmethod
    def _page(request: HttpRequest, subject: words.Named) -> str:
        """Where the thing itself is, for those who may see it."""
        app, _line, rest = subject.page.partition("_")
        if not subject.page or not request.user.has_perm(f"{app}.view_{rest.removesuffix('_change')}"):
            return ""
        try:
            return reverse(f"admin:{subject.page}", args=[subject.pk])
        except NoReverseMatch:
            return ""


def _names(entry: Any) -> words.Names:
    """Those of the page; an export has none and looks up one by one."""
    found: words.Names = getattr(entry, "names", None) or words.Names([entry])
    entry.names = found
    return found


def _state() -> dict[str, Any]:
    """What the last verification found."""
    job = Job.objects.filter(kind=VERIFIED_BY, state=Job.State.DONE).order_by("-id").first()
    if job is None or "is_whole" not in job.result:
        return {"text": _("The chain has not been verified yet. It is, every night."), "is_whole": True}
    values = {"time": when(job.finished_at), "count": figure(job.result["entries"])}
    if job.result["is_whole"]:
        return {"text": _("Chain verified at %(time)s, %(count)s entries.") % values, "is_whole": True}
    values["index"] = figure(job.result["first_broken"])
    return {"text": _("The chain is broken at entry %(index)s (verified at %(time)s).") % values, "is_whole": False}
