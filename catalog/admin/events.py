"""Events: how many come, how long they wait, what is refused, and those that were set aside."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from catalog import services
from catalog.buffer.figures import EventFigures, event_figures
from catalog.buffer.rows import decode
from catalog.models import DeadEvent, Interaction
from core.admin.base import LedgerAdmin
from core.components import Figure, Meaning, ago, figure, pill, toast
from core.components.words import duration, listed

MOST_AT_ONCE = 1_000


@admin.register(DeadEvent)
class DeadEventAdmin(LedgerAdmin):
    list_before_template = "admin/catalog/event_figures.html"
    list_display = ("content", "reason_cell", "why", "attempts", "age")
    list_filter = (("reason", ChoicesDropdownFilter),)
    number_columns = ("attempts",)
    compact_columns = ("reason_cell", "why", "age")
    ordering = ("-id",)
    actions = ("retry_chosen", "discard_chosen")
    fields = ("reason", "error", "attempts", "created_at", "whole_content")
    readonly_fields = ("whole_content",)
    empty_title = gettext_lazy("No event was set aside")
    empty_text = gettext_lazy("An event that the database refuses is kept here with the reason, and holds nobody up.")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.change_deadevent"))

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.delete_deadevent"))

    # --- acts ---------------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Store again"), permissions=["settle"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[DeadEvent]) -> None:
        done = services.retry_dead_events(_chosen(queryset))
        if done.settled:
            text = ngettext("%(count)d event stored", "%(count)d events stored", done.settled)
            toast(request, text % {"count": done.settled})
        if done.refused:
            text = ngettext(
                "%(count)d event was refused again. The reason stands beside it.",
                "%(count)d events were refused again. The reason stands beside each.",
                done.refused,
            )
            self.message_user(request, text % {"count": done.refused}, "WARNING")

    @admin.action(description=gettext_lazy("Discard"), permissions=["discard"])
    def discard_chosen(self, request: HttpRequest, queryset: QuerySet[DeadEvent]) -> None:
        count = services.discard_dead_events(_chosen(queryset))
        toast(request, ngettext("%(count)d event discarded", "%(count)d events discarded", count) % {"count": count})

    # --- cells --------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("Content"))
    def content(self, event: DeadEvent) -> str:
        """Kind, product and person of what can be read; the beginning of what cannot."""
        try:
            row = decode(event.payload)
        except ValueError:
            return event.payload[:60] or "–"
        who = _("customer #%(number)d") % {"number": row.customer_id} if row.customer_id else row.visitor[:20]
        what = _("product #%(number)d") % {"number": row.product_id} if row.product_id else ""
        return listed(part for part in (capfirst(_kind(row.kind[:20])), what, who) if part)

    @display(description=gettext_lazy("Content"))
    def whole_content(self, event: DeadEvent) -> str:
        return event.payload or "–"

    @display(description=gettext_lazy("Reason"), ordering="reason")
    def reason_cell(self, event: DeadEvent) -> SafeString:
        return pill(Meaning.STOPPED, event.get_reason_display())

    @display(description=gettext_lazy("Error"))
    def why(self, event: DeadEvent) -> str:
        return event.error or "–"

    @display(description=gettext_lazy("Set aside"), ordering="id")
    def age(self, event: DeadEvent) -> SafeString | str:
        return ago(event.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        figures = event_figures() if request.method == "GET" else None
        shown = {
            "title": _("Events"),
            "page_title": _("Events"),
            "hide_count": True,
            "event_figures": _shown(figures) if figures else None,
        }
        return super().changelist_view(request, {**shown, **(extra_context or {})})


REFUSALS = {
    "not_an_object": gettext_lazy("not an object"),
    "purchase_by_order": gettext_lazy("purchases come from orders"),
    "unknown_kind": gettext_lazy("unknown kind"),
    "required": gettext_lazy("product, visitor or customer missing"),
    "unknown_product": gettext_lazy("unknown product"),
    "unknown_customer": gettext_lazy("unknown customer"),
    "not_allowed": gettext_lazy("may not name a customer"),
    "not_a_time": gettext_lazy("not a time"),
    "out_of_range": gettext_lazy("time or value out of range"),
    "not_a_number": gettext_lazy("not a number"),
    "not_a_text": gettext_lazy("not a text"),
    "too_long": gettext_lazy("too long"),
    "too_many": gettext_lazy("too many products of a list"),
    "not_a_list": gettext_lazy("not a list of products"),
    "unknown_device": gettext_lazy("unknown kind of device"),
}


def _shown(figures: EventFigures) -> dict[str, Any]:
    """What the template draws."""
    waits, last = figures.waiting, sum(figures.minutes)
    highest = max([*figures.minutes, 1])
    now = timezone.localtime()
    moments = [now - timedelta(minutes=back) for back in reversed(range(len(figures.minutes)))]
    oldest = _("the oldest for %(time)s") % {"time": duration(waits.seconds)} if waits.events else _("none late")
    day = _("last 24 hours")
    ignored = _("%(bots)s of bots, %(unwanted)s of visitors who said no") % {
        "bots": figure(figures.bots),
        "unwanted": figure(figures.unwanted),
    }
    text = ngettext("%(count)s event in the last hour", "%(count)s events in the last hour", last)
    return {
        "cards": [
            Figure(_("Waiting for the database"), waits.events, note=oldest),
            Figure(_("Accepted"), figures.taken, note=day),
            Figure(_("Repeated"), figures.repeated, note=day),
            Figure(_("Ignored"), figures.bots + figures.unwanted, note=ignored),
        ],
        "hour": text % {"count": figure(last)},
        "bars": [round(100 * count / highest) for count in figures.minutes],
        "minutes": [
            (time_format(moment, "H:i"), count) for moment, count in zip(moments, figures.minutes, strict=True) if count
        ],
        "kinds": [(capfirst(_kind(name)), count) for name, count in figures.kinds.items()],
        "refused": [(capfirst(str(REFUSALS.get(code, code))), count) for code, count in figures.refused.items()],
    }


def _kind(name: str) -> str:
    return str(Interaction.Kind(name).label) if name in Interaction.Kind.values else name


def _chosen(rows: QuerySet[DeadEvent]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
