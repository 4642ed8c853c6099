"""All tickets as a list: filters, saved views, acting on many with a way back, export. A row leads into the inbox."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter

from catalog.admin import cells as shared
from catalog.admin.customers import may_see_people
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from
from core.admin.base import LedgerAdmin
from core.components import ago, figure, toast
from core.exceptions import DomainError
from core.filters import DaysFilter
from crm import selectors_desk as reads
from crm.admin import desk_cells as cells
from crm.models import Channel, Priority, Ticket, TicketEvent
from crm.roles import INBOX
from crm.selectors_desk_report import HAPPY, TARGETS, with_target
from crm.services import desk, desk_acts

MOST_AT_ONCE = desk_acts.MOST_AT_ONCE
LONGEST_PK = 18
RATED = "conversation__satisfaction__at"


class ChannelFilter(DropdownFilter):
    title = gettext_lazy("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Channel.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        return queryset.filter(conversation__channel=self.value()) if self.value() else queryset


class TargetFilter(DropdownFilter):
    """Whether what was promised was kept, as the service report counts it."""

    title = gettext_lazy("target")
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("kept", pgettext("target", "kept")), ("missed", pgettext("target", "missed")),
            ("without", _("no target")), ("reopened", _("reopened")),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        asked = self.value()
        if asked == "reopened":
            return queryset.filter(reopened__gt=0)
        return with_target(queryset, asked) if asked in TARGETS else queryset


class AgentFilter(DropdownFilter):
    """Whose a ticket is in the service report: whoever answered first, while nobody has to whom it is assigned."""

    title = gettext_lazy("agent")
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(key), name) for key, name in cells.names().staff.items()]

    def asked(self) -> int | None:
        key = self.value() or ""
        return int(key) if key.isascii() and key.isdecimal() and len(key) <= LONGEST_PK else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if (key := self.asked()) is None:
            return queryset
        return queryset.annotate(agent=Coalesce("first_responder", "assignee")).filter(agent=key)


class ResolverFilter(AgentFilter):
    """Whose a rating is in the service report: whoever resolved the ticket."""

    title = gettext_lazy("rating of")
    parameter_name = "resolver"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        key = self.asked()
        return queryset if key is None else queryset.filter(conversation__satisfaction__staff=key)


class AnswerFilter(DropdownFilter):
    title = gettext_lazy("first answer")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("given", _("answered")), ("waiting", _("not answered yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        asked = self.value()
        return queryset.filter(first_responded_at__isnull=asked == "waiting") if asked else queryset


class SatisfactionFilter(DropdownFilter):
    title = gettext_lazy("satisfaction")
    parameter_name = "satisfaction"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("rated", _("rated")), ("happy", _("4 or 5 of 5")), ("unhappy", _("1 to 3 of 5"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        match self.value():
            case "rated":
                return queryset.filter(conversation__satisfaction__isnull=False)
            case "happy":
                return queryset.filter(conversation__satisfaction__score__gte=HAPPY)
            case "unhappy":
                return queryset.filter(conversation__satisfaction__score__lt=HAPPY)
        return queryset


class TagFilter(DropdownFilter):
    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(tag, tag) for tag in reads.known_tags()]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        return queryset.filter(tags__contains=[self.value()]) if self.value() else queryset


@admin.register(Ticket)
class TicketAdmin(ListingMixin, LedgerAdmin):
    list_display = (
        "subject_cell", "state_cell", "due_cell", "priority_cell", "assignee_cell", "channel_cell", "updated_cell",
        "opened_cell",
    )  # fmt: skip
    list_filter = (
        ("priority", ChoicesDropdownFilter), ("assignee", RelatedDropdownFilter),
        AgentFilter, ("team", RelatedDropdownFilter), ChannelFilter, TargetFilter, AnswerFilter, SatisfactionFilter,
        ResolverFilter, TagFilter, ("created_at", DaysFilter), ("first_responded_at", DaysFilter),
        ("resolved_at", DaysFilter), (RATED, DaysFilter),
    )  # fmt: skip
    list_select_related = ("conversation__customer", "assignee", "team")
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number, subject, customer or words of a message")
    ordering = ("-updated_at", "-id")
    compact_columns = ("state_cell", "due_cell", "assignee_cell")
    view_keys = ("open", "pending", "resolved", "closed")
    actions = (
        "take_chosen", "resolve_chosen", "close_chosen", "urgent_chosen", "normal_chosen", "export_as_csv",
        "export_as_xlsx",
    )  # fmt: skip
    export_fields = (
        "number", "conversation__subject", "state", "priority", "conversation__channel", "assignee", "team",
        "created_at", "first_responded_at", "first_response_seconds", "resolved_at", "resolve_seconds",
        "late_responses", "reopened",
    )  # fmt: skip
    empty_title = gettext_lazy("No tickets yet")
    empty_text = gettext_lazy("A ticket opens when a person has to answer: from the chat, a form, a mail or a review.")
    empty_action = (gettext_lazy("Inbox"), "admin:crm_inbox")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_work_permission(self, request: HttpRequest) -> bool:
        """May act on tickets."""
        return bool(request.user.has_perm(INBOX))

    def get_export_fields(self, request: HttpRequest) -> Any:
        people = ("conversation__contact_name", "conversation__contact_email", "conversation__customer__name")
        return (*self.export_fields, *people) if may_see_people(request) else self.export_fields

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        return super().get_queryset(request).listed()  # type: ignore[attr-defined]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The days of a rating stand in a table beside; the filter asks for them under two names more."""
        is_ours = lookup in (f"{RATED}_from", f"{RATED}_to", f"{RATED}_within")
        return is_ours or super().lookup_allowed(lookup, value, request)  # type: ignore[call-arg]

    def in_view(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        return rows.filter(state=key) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {"": _("All"), **{key: capfirst(str(Ticket.State(key).label)) for key in self.view_keys}}
        return [ListView(key, label, self.in_view(Ticket.objects.listed(), key)) for key, label in labels.items()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        return reads.found(queryset, search_term), False

    def row_address(self, row: Ticket) -> str:
        return f"{reverse('admin:crm_inbox')}?ticket={row.pk}"

    @admin.display(description=gettext_lazy("Ticket"))
    def subject_cell(self, row: Ticket) -> SafeString:
        title = row.conversation.title or row.conversation.last_text[:80] or "–"
        return shared.two_lines(title, f"#{row.pk} · {cells.who(row.conversation)}")

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: Ticket) -> SafeString:
        return cells.state_pill(row)

    @admin.display(description=gettext_lazy("Due"), ordering=F("due_at").asc(nulls_last=True))
    def due_cell(self, row: Ticket) -> Any:
        return cells.due_pill(row) or shared.NOTHING

    @admin.display(description=gettext_lazy("Priority"))
    def priority_cell(self, row: Ticket) -> Any:
        return row.get_priority_display().capitalize()

    @admin.display(description=gettext_lazy("Assigned to"))
    def assignee_cell(self, row: Ticket) -> Any:
        return str(row.assignee) if row.assignee is not None else shared.quiet(_("nobody"))

    @admin.display(description=gettext_lazy("Channel"))
    def channel_cell(self, row: Ticket) -> Any:
        return row.conversation.get_channel_display().capitalize()

    @admin.display(description=gettext_lazy("Changed"), ordering="updated_at")
    def updated_cell(self, row: Ticket) -> Any:
        return ago(row.updated_at)

    @admin.display(description=gettext_lazy("Opened"), ordering="created_at")
    def opened_cell(self, row: Ticket) -> Any:
        return ago(row.created_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The page of a ticket is the inbox."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(self.row_address(row))

    # --- acting on many -----------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Assign to me"), permissions=["work"])
    def take_chosen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        by = acting(request)
        self._each(request, queryset, lambda ticket: desk_acts.assign(ticket, by, by))

    @admin.action(description=gettext_lazy("Resolve"), permissions=["work"])
    def resolve_chosen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self._bring(request, queryset.filter(state__in=Ticket.UNFINISHED), Ticket.State.RESOLVED)

    @admin.action(description=gettext_lazy("Close"), permissions=["work"])
    def close_chosen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self._bring(request, queryset.exclude(state=Ticket.State.CLOSED), Ticket.State.CLOSED)

    @admin.action(description=gettext_lazy("Set priority to urgent"), permissions=["work"])
    def urgent_chosen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        by = acting(request)
        self._each(request, queryset, lambda ticket: desk_acts.set_priority(ticket, Priority.URGENT, by))

    @admin.action(description=gettext_lazy("Set priority to normal"), permissions=["work"])
    def normal_chosen(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        by = acting(request)
        self._each(request, queryset, lambda ticket: desk_acts.set_priority(ticket, Priority.NORMAL, by))

    def _bring(self, request: HttpRequest, queryset: QuerySet[Ticket], state: str) -> None:
        by = acting(request)

        def bring(ticket: Ticket) -> TicketEvent | None:
            desk.set_state(ticket, state, by)
            return ticket.events.filter(kind=TicketEvent.Kind.STATE).order_by("pk").last()

        self._each(request, queryset, bring)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Ticket], act: Callable[[Ticket], TicketEvent | None]
    ) -> None:
        """One after the other, at most 500: each is whole by itself, so that one that is refused stops none."""
        done: list[int] = []
        tickets = Ticket.objects.filter(
            pk__in=list(queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
        )
        for ticket in tickets.order_by("pk"):
            try:
                event = act(ticket)
            except DomainError:
                continue
            if event is not None:
                done.append(event.pk)
        if done:
            text = ngettext("%(count)s ticket changed", "%(count)s tickets changed", len(done))
            toast(
                request, text % {"count": figure(len(done))}, undo=reverse("admin:crm_ticket_undo"),
                events=",".join(map(str, done)),
            )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        return [path("undo/", self.admin_site.admin_view(self.undo_view), name="crm_ticket_undo"), *super().get_urls()]

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """`events` with commas: what the toast takes back."""
        if not self.has_work_permission(request):
            raise PermissionDenied
        numbers = [
            int(one) for one in request.POST.get("events", "").split(",")[:MOST_AT_ONCE]
            if one.isascii() and one.isdecimal() and len(one) <= LONGEST_PK
        ]  # fmt: skip
        count = desk_acts.undo_many(numbers, acting(request))
        text = ngettext("%(count)s ticket put back", "%(count)s tickets put back", count)
        toast(request, text % {"count": figure(count)})
        return HttpResponseRedirect(came_from(request, reverse("admin:crm_ticket_changelist")))
