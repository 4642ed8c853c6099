"""Data requests: copies and erasures that people asked for, with the days that are left."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core import ledger, rights
from core.admin.base import LedgerAdmin
from core.components import Meaning, ago, pill, toast
from core.exceptions import DomainError
from core.models import DataRequest, LedgerEntry
from core.rights import copying
from core.rights.holdings import subject
from core.said import Said

State, Kind = DataRequest.State, DataRequest.Kind
MEANINGS = {
    State.OPEN: Meaning.MOVING,
    State.RUNNING: Meaning.MOVING,
    State.DONE: Meaning.GOOD,
    State.REFUSED: Meaning.STOPPED,
    State.FAILED: Meaning.STOPPED,
}
SOON_DAYS = 7


def state_pill(row: DataRequest) -> SafeString:
    if row.state == State.OPEN and not row.is_approved:
        return pill(Meaning.WAITING, _("to approve"))
    return pill(MEANINGS[State(row.state)], row.get_state_display())


def clock(row: DataRequest) -> SafeString | str:
    """Days until the answer is due; when it was answered afterwards."""
    if row.finished_at is not None:
        return ago(row.finished_at)
    days = (timezone.localdate(row.due_at) - timezone.localdate()).days
    if days < 0:
        text = ngettext("%(count)d day late", "%(count)d days late", -days) % {"count": -days}
        return pill(Meaning.STOPPED, text)
    text = ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}
    return pill(Meaning.WAITING, text) if days <= SOON_DAYS else text


def subject_name(row: DataRequest) -> str:
    """Kind of person and number: lists of requests name nobody."""
    return f"{apps.get_model(row.subject_model)._meta.verbose_name} #{row.subject_id}".capitalize()


@admin.register(DataRequest)
class DataRequestAdmin(LedgerAdmin):
    list_display = ("who", "kind_name", "state_cell", "clock_cell", "received_cell", "by_cell")
    list_filter = (("state", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("created_by",)
    search_fields = ("subject_id",)
    search_help_text = gettext_lazy("Number of the person")
    compact_columns = ("kind_name", "state_cell", "clock_cell")
    ordering = ("-id",)
    actions = ()
    empty_title = gettext_lazy("No data requests yet")
    empty_text = gettext_lazy(
        "When somebody wants a copy of their data or its erasure, start it from their customer page."
    )

    @display(description=gettext_lazy("About"))
    def who(self, row: DataRequest) -> str:
        return subject_name(row)

    @display(description=gettext_lazy("Wants"), ordering="kind")
    def kind_name(self, row: DataRequest) -> str:
        return str(row.get_kind_display()).capitalize()

    @display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: DataRequest) -> SafeString:
        return state_pill(row)

    @display(description=gettext_lazy("Answer due"), ordering="due_at")
    def clock_cell(self, row: DataRequest) -> SafeString | str:
        return clock(row)

    @display(description=gettext_lazy("Received"), ordering="received_at")
    def received_cell(self, row: DataRequest) -> SafeString | str:
        return ago(row.received_at)

    @display(description=gettext_lazy("Entered by"))
    def by_cell(self, row: DataRequest) -> str:
        return str(row.created_by) if row.created_by else _("the person, by the storefront")

    # --- rights -------------------------------------------------------------------------------------------------

    @staticmethod
    def may_ask(request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.add_datarequest"))

    @staticmethod
    def may_carry_out(request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.change_datarequest"))

    # --- pages --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("ask/", wrap(require_POST(self.ask_view)), name="core_datarequest_ask"),
            path("<int:pk>/approve/", wrap(require_POST(self.approve_view)), name="core_datarequest_approve"),
            path("<int:pk>/refuse/", wrap(require_POST(self.refuse_view)), name="core_datarequest_refuse"),
            path("<int:pk>/file/", wrap(self.file_view), name="core_datarequest_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        person = subject(row.subject_model)
        waits = row.result.get("waits") if row.state == State.OPEN else None
        is_open = row.state in (State.OPEN, State.FAILED)
        may_see = request.user.has_perm("{}.view_{}".format(*row.subject_model.lower().split(".")))
        context = {
            **self.admin_site.each_context(request),
            "title": subject_name(row),
            "opts": self.opts,
            "head_pill": state_pill(row),
            "row": row,
            "kind": str(row.get_kind_display()).capitalize(),
            "clock": clock(row),
            "person": person.title(row.subject_id) if may_see and person.exists(row.subject_id) else "",
            "person_page": person.page(row.subject_id) if may_see else "",
            "waits": Said(waits["text"], waits["values"]) if waits else "",
            "tables": _tables(row),
            "may_carry_out": self.may_carry_out(request) and is_open,
            "has_file": bool(row.file) and self.may_carry_out(request),
            "is_erasure": row.kind == Kind.ERASE,
            "entered_by": self.by_cell(row),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/core/data_request.html", context)

    # --- acts ---------------------------------------------------------------------------------------------------

    def ask_view(self, request: HttpRequest) -> HttpResponseBase:
        """Start a request from the page of a person. Whoever may not carry it out leaves it to somebody who may."""
        if not self.may_ask(request):
            raise PermissionDenied
        kind, label, number = (request.POST.get(name, "") for name in ("kind", "subject", "id"))
        if kind not in Kind.values or not number.isdecimal() or len(number) > 18:
            raise Http404
        try:
            row, is_new = rights.ask(
                kind, label, int(number), channel="staff", by=request.user,  # type: ignore[arg-type]
                is_approved=kind == Kind.EXPORT or self.may_carry_out(request),
            )  # fmt: skip
        except (KeyError, DomainError) as error:
            raise Http404 from error
        toast(request, _("Data request opened") if is_new else _("This request was open already"))
        return _to(row)

    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row = self._open(request, pk)
        try:
            rights.approve(row, by=request.user)  # type: ignore[arg-type]
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Data request started"))
        return _to(row)

    def refuse_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row = self._open(request, pk)
        try:
            rights.refuse(row, reason=request.POST.get("reason", ""), by=request.user)  # type: ignore[arg-type]
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Data request refused"))
        return _to(row)

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The copy itself: everything about one person, so each fetch stands in the ledger."""
        row = self._open(request, pk)
        file = copying.folder() / row.file
        if not row.file or not file.is_file():
            raise Http404
        ledger.record(
            LedgerEntry.Kind.EXPORT, f"core.datarequest:{row.pk}", actor=f"staff:{request.user.pk}", act="copy fetched"
        )
        response = FileResponse(
            file.open("rb"),
            as_attachment=True,
            filename=f"data-{row.public_id[:8]}.zip",
            content_type="application/zip",
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def _open(self, request: HttpRequest, pk: int) -> DataRequest:
        if not self.may_carry_out(request):
            raise PermissionDenied
        return get_object_or_404(DataRequest, pk=pk)


def _to(row: DataRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:core_datarequest_change", args=[row.pk]))


def _tables(row: DataRequest) -> list[tuple[str, int]]:
    """Names and rows of what was copied or erased, in words."""
    found = []
    for label, count in (row.result.get("rows") or {}).items():
        if not count:
            continue
        try:
            name = str(apps.get_model(label)._meta.verbose_name_plural).capitalize()
        except (LookupError, ValueError):
            name = _("Visits and mentions elsewhere")
        found.append((name, count))
    return found
