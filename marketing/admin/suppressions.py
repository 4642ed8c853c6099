"""Addresses that nobody writes to. Only their hashes are known, so a search hashes what is typed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.admin.base import StaffModelAdmin
from core.components import ago, toast, when
from core.exceptions import DomainError
from core.ledger.words import Names, short
from marketing import addresses
from marketing.models import Channel, Suppression
from marketing.roles import LIFT
from marketing.sending import suppressing


def _titled(choices: Any) -> Any:
    return lambda: [(str(key), capfirst(str(text))) for key, text in choices.choices]


class SuppressForm(forms.Form):
    """One address, and why nobody is to write to it."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=_titled(Channel), widget=UnfoldAdminSelectWidget()
    )
    address = forms.CharField(
        label=gettext_lazy("Address or number"), max_length=254, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("It is not kept: only a keyed hash is, by which it is known again."),
    )  # fmt: skip
    why = forms.ChoiceField(
        label=gettext_lazy("Why"), choices=_titled(suppressing.Why), widget=UnfoldAdminSelectWidget()
    )


class LiftForm(forms.Form):
    why = forms.ChoiceField(
        label=gettext_lazy("Why"), choices=_titled(suppressing.WhyLifted), widget=UnfoldAdminSelectWidget()
    )


@admin.register(Suppression)
class SuppressionAdmin(StaffModelAdmin):
    add_title = gettext_lazy("Suppress an address")
    list_display = ("hash_cell", "channel_cell", "reason_cell", "since_cell")
    list_filter = (("channel", ChoicesDropdownFilter), ("reason", ChoicesDropdownFilter))
    search_fields = ("address_hash",)
    search_help_text = gettext_lazy("The whole address or number")
    ordering = ("-at", "-id")
    sortable_by = ()
    compact_columns = ("channel_cell", "reason_cell", "since_cell")
    actions: Any = ("export_as_csv", "export_as_xlsx")
    export_fields = ("channel", "address_hash", "reason", "at")
    empty_title = gettext_lazy("No suppressed addresses")
    empty_text = gettext_lazy("Addresses that bounced, complained or were erased are listed here by their hash.")
    empty_action = (gettext_lazy("Suppress an address"), "admin:marketing_suppression_add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are lifted, with a reason."""
        return False

    # --- list -------------------------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(address_hash__in=[addresses.hash_of(channel, term) for channel in Channel]), False

    @display(description=gettext_lazy("Hash of the address"))
    def hash_cell(self, row: Suppression) -> Any:
        return format_html('<code translate="no">{}…</code>', row.address_hash[:12])

    @display(description=gettext_lazy("Channel"))
    def channel_cell(self, row: Suppression) -> str:
        return str(capfirst(row.get_channel_display()))

    @display(description=gettext_lazy("Reason"))
    def reason_cell(self, row: Suppression) -> str:
        return str(capfirst(row.get_reason_display()))

    @display(description=gettext_lazy("Since"))
    def since_cell(self, row: Suppression) -> Any:
        return ago(row.at)

    # --- pages ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        lift = self.admin_site.admin_view(require_POST(self.lift_view))
        return [path("<int:pk>/lift/", lift, name="marketing_suppression_lift"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SuppressForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            try:
                row, is_new = suppressing.suppress(said["channel"], said["address"], why=said["why"])
            except DomainError as error:
                form.add_error("address", str(error.message))
            else:
                toast(request, _("Address suppressed") if is_new else _("This address was suppressed already"))
                return HttpResponseRedirect(reverse("admin:marketing_suppression_change", args=[row.pk]))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "form": form,
            "title": _("Suppress an address"), "media": form.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/suppression_form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        decided = suppressing.decisions(row)
        names = Names(decided)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "row": row,
            "title": f"{row.address_hash[:12]}…",
            "facts": [
                (_("Channel"), capfirst(row.get_channel_display())), (_("Reason"), capfirst(row.get_reason_display())),
                (_("Since"), when(row.at)), (_("Hash of the address"), row.address_hash),
            ],
            "decisions": [(short(one), names.actor(one), one.at) for one in decided],
            "form": LiftForm() if request.user.has_perm(LIFT) and suppressing.can_be_lifted(row) else None,
            "is_erased": not suppressing.can_be_lifted(row),
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/suppression.html", context)

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`why`: write to this address again."""
        if not request.user.has_perm(LIFT):
            raise PermissionDenied
        row = get_object_or_404(Suppression, pk=pk)
        try:
            suppressing.lift(row.pk, why=request.POST.get("why", ""))
        except DomainError as error:
            self.message_user(request, str(error.message), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:marketing_suppression_change", args=[pk]))
        toast(request, _("Suppression lifted"))
        return HttpResponseRedirect(reverse("admin:marketing_suppression_changelist"))
