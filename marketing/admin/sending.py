"""Messages: who got what, why somebody did not, and what people decide about those nobody can tell of."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin import cells
from catalog.admin.customers import may_see_people
from catalog.models import Customer
from core.admin.base import LedgerAdmin
from core.components import ago, pill, toast, when
from core.components.words import figure
from core.exceptions import DomainError
from core.ledger.words import Names, short
from marketing.models import Recipient
from marketing.models.sending import LISTED
from marketing.panels import MESSAGES
from marketing.roles import SETTLE
from marketing.sending import settling

State, Reason = Recipient.State, Recipient.Reason
MOST_FOUND = 500


class SettleForm(forms.Form):
    """What became of a message, and how somebody knows."""

    was_sent = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    why = forms.ChoiceField(
        label=gettext_lazy("How do you know?"), widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(key, capfirst(str(text))) for key, text in settling.Why.choices],
    )  # fmt: skip


def state_pill(row: Recipient) -> SafeString:
    return pill(MESSAGES[State(row.state)], capfirst(row.get_state_display()))


@admin.register(Recipient)
class RecipientAdmin(LedgerAdmin):
    list_display = ("customer_cell", "about_cell", "state_cell", "reason_cell", "due_cell", "sent_cell")
    list_filter = (
        ("state", ChoicesDropdownFilter), ("skip_reason", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter),
        ("campaign", RelatedDropdownFilter),
    )  # fmt: skip
    list_select_related = ("customer", "campaign")
    search_fields = ("message_id",)
    search_help_text = gettext_lazy("Customer or message ID")
    ordering = LISTED
    sortable_by = ()
    compact_columns = ("state_cell", "about_cell", "due_cell")
    actions: Any = ("send_again", "export_as_csv", "export_as_xlsx")
    export_fields = (
        "campaign__name", "customer__public_id", "purpose", "channel", "arm", "state", "skip_reason", "due_at",
        "timing", "timing_hour", "batch", "split", "sent_at", "tries", "provider", "message_id",
    )  # fmt: skip
    empty_title = pgettext_lazy("list of messages", "No messages yet")
    empty_text = gettext_lazy(
        "Who got a message of a campaign or a care programme is listed here, and why others got none."
    )
    empty_action = (gettext_lazy("Campaigns"), "admin:marketing_campaign_changelist")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """May decide what became of a message, and let one go once more."""
        return bool(request.user.has_perm(SETTLE))

    # --- list -------------------------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Recipient], search_term: str
    ) -> tuple[QuerySet[Recipient], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\x00" in term:
            return queryset.none(), False
        named = Q(name__icontains=term) | Q(external_id=term) | Q(public_id=term)
        if may_see_people(request):
            named |= Q(email__icontains=term)
        people = list(Customer.objects.filter(named).values_list("pk", flat=True)[:MOST_FOUND])
        return queryset.filter(Q(customer__in=people) | Q(message_id=term)), False

    @display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: Recipient) -> Any:
        way = f"{capfirst(row.get_channel_display())} · {capfirst(row.get_purpose_display())}"
        return cells.two_lines(str(row.customer), way)

    @display(description=pgettext_lazy("of a message", "About"))
    def about_cell(self, row: Recipient) -> str:
        return about(row)

    @display(description=gettext_lazy("State"))
    def state_cell(self, row: Recipient) -> SafeString:
        return state_pill(row)

    @display(description=gettext_lazy("Why not"))
    def reason_cell(self, row: Recipient) -> str:
        return capfirst(row.get_skip_reason_display()) or "–"

    @display(description=pgettext_lazy("of a message", "Due"))
    def due_cell(self, row: Recipient) -> Any:
        return ago(row.due_at)

    @display(description=gettext_lazy("Sent"))
    def sent_cell(self, row: Recipient) -> Any:
        return ago(row.sent_at) if row.sent_at else "–"

    @admin.action(description=gettext_lazy("Send what never reached the provider"), permissions=["settle"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Recipient]) -> None:
        ready = queryset.filter(state=State.FAILED, skip_reason=Reason.NOT_HANDED_OVER)
        count = settling.send_again(ready.values_list("pk", flat=True)[: settling.MOST])
        text = ngettext("%(count)s message waits again.", "%(count)s messages wait again.", count)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, text % {"count": figure(count)}, level)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Called as the menu calls it."""
        found: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "page_title": pgettext("menu", "Messages")}
        )
        return found

    # --- one message ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/settle/", view(require_POST(self.settle_view)), name="marketing_recipient_settle"),
            path("<int:pk>/again/", view(require_POST(self.again_view)), name="marketing_recipient_again"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        decided = settling.decisions(row)
        names = Names(decided)
        may_settle = self.has_settle_permission(request)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "row": row, "title": about(row),
            "head_pill": state_pill(row),
            "crumbs": [
                {"title": pgettext("menu", "Messages"), "url": reverse("admin:marketing_recipient_changelist")}
            ],
            "facts": facts(row), "customer": str(row.customer),
            "events": [
                (capfirst(one.get_kind_display()), one.provider, one.raw.get("code", ""), one.at)
                for one in row.events.order_by("-at", "-pk")[:50]
            ],
            "decisions": [(short(one), names.actor(one), one.at) for one in decided],
            "form": SettleForm() if may_settle and row.state == State.UNKNOWN else None,
            "may_again": may_settle and row.state == State.FAILED and row.skip_reason == Reason.NOT_HANDED_OVER,
            "sees_customer": request.user.has_perm("catalog.view_customer"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/message.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recipient]:
        rows: QuerySet[Recipient] = super().get_queryset(request)
        return rows.select_related("customer", "campaign", "step", "occasion")

    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`was_sent` (yes, no) and `why`."""
        row = self._of(request, pk)
        form = SettleForm(request.POST)
        if not form.is_valid():
            self.message_user(request, _("Say how you know."), messages.ERROR)
            return self._back(row)
        try:
            settling.settle(row.pk, was_sent=form.cleaned_data["was_sent"] == "yes", why=form.cleaned_data["why"])
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Decision saved"))
        return self._back(row)

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._of(request, pk)
        if settling.send_again([row.pk]):
            toast(request, _("The message waits again"))
        else:
            self.message_user(request, _("This message cannot go once more."), messages.ERROR)
        return self._back(row)

    def _of(self, request: HttpRequest, pk: int) -> Recipient:
        if not (self.has_settle_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied
        return get_object_or_404(Recipient, pk=pk)

    @staticmethod
    def _back(row: Recipient) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:marketing_recipient_change", args=[row.pk]))

    def history_entries(self, obj: Any, *, may_undo: bool) -> list[Any]:
        """What people decided; nothing of it is taken back."""
        return []


def about(row: Recipient) -> str:
    """The campaign, or what a single message is for."""
    return str(row.campaign) if row.campaign is not None else _("Single message")


def _hour_of(row: Recipient) -> str:
    """The reason, the best hour, what it is known from and as of when."""
    parts = [capfirst(row.get_timing_display())]
    if row.timing_hour is not None:
        parts.append(_("best hour %(hour)s of their day") % {"hour": f"{row.timing_hour:02d}:00"})
    if row.timing_events:
        text = ngettext("%(count)s hour of their own", "%(count)s hours of their own", row.timing_events)
        parts.append(text % {"count": figure(row.timing_events)})
    if row.campaign is not None and row.campaign.timing:
        parts.append(f"{_('as of')} {when(datetime.fromisoformat(row.campaign.timing['as_of']))}")
    return " · ".join(parts)


def _version_of(row: Recipient) -> str:
    """With why it is this one and as of when, where a campaign shifts towards the better one."""
    name = row.arm.upper()  # as in the editor
    if not row.split or row.campaign is None:
        return name
    if row.batch is None or row.batch > row.campaign.batches_out:
        return _("is chosen when batch %(batch)s goes") % {"batch": row.batch}
    choice = row.campaign.batch_choices.filter(batch=row.batch).first()
    parts = [name, _("batch %(batch)s") % {"batch": row.batch}, row.get_split_display()]
    if choice is not None and row.split == Recipient.Split.SHIFTED:
        parts.append(choice.get_reason_display())
    if choice is not None:
        parts.append(f"{_('as of')} {when(choice.as_of)}")
    return " · ".join(parts)


def facts(row: Recipient) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (_("Purpose"), capfirst(row.get_purpose_display())),
        (_("Channel"), capfirst(row.get_channel_display())),
        (pgettext("of a message", "Due"), when(row.due_at)),
    ]
    if row.timing:
        found.append((_("Why at this hour"), _hour_of(row)))
    if row.skip_reason:
        found.append((_("Why not"), capfirst(row.get_skip_reason_display())))
    if row.step is not None:
        found.append((pgettext("of a campaign", "Step"), figure(row.step.position)))
    if row.arm and not row.is_holdout:
        found.append((_("Version"), _version_of(row)))
    if row.occasion is not None:
        found.append((_("Happened"), when(row.occasion.at)))
    if row.claimed_at:
        found.append((pgettext("of a message", "Taken"), when(row.claimed_at)))
    if row.sent_at:
        found.append((_("Sent"), when(row.sent_at)))
    found += [(_("Tries"), figure(row.tries)), (_("Provider"), row.provider or "–")]
    if row.message_id:
        found.append((_("Message ID"), row.message_id))
    return found
