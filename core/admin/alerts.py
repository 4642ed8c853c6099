"""Alerts and the rules behind them: what needs somebody, what to do about it, who is told."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core import alerts as services
from core.admin.base import LedgerAdmin
from core.alerts import attention
from core.alerts.card import MEANINGS
from core.alerts.centre import close
from core.choices import Role
from core.components import Meaning, ago, figure, pill, toast
from core.components.words import listed
from core.extensions import alert_rules
from core.models import Alert

STEER = "core.change_alert"
MOST_BEFORE = 5
MOST_IN_BELL = 8


def state_pill(alert: Alert) -> SafeString:
    if not alert.is_open:
        return pill(Meaning.GOOD, pgettext("alert", "over"))
    if alert.acknowledged_at:
        return pill(Meaning.MOVING, pgettext("alert", "taken on"))
    return pill(Meaning.STOPPED if alert.level == Alert.Level.CRITICAL else Meaning.WAITING, pgettext("alert", "open"))


def level_pill(alert: Alert) -> SafeString:
    """Grey when it is over: nobody has to act any more."""
    level = Alert.Level(alert.level)
    return pill(MEANINGS[level] if alert.is_open else Meaning.IDLE, level.label)


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(
            ((entry.key, str(services.kind_of(entry.key).title)) for entry in alert_rules), key=lambda e: e[1]
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    STATES: ClassVar[dict[str, Q]] = {
        "open": Q(resolved_at=None, acknowledged_at=None),
        "taken_on": Q(resolved_at=None, acknowledged_at__isnull=False),
        "over": Q(resolved_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        words = {"open": pgettext("alert", "open"), "taken_on": pgettext("alert", "taken on")}
        return [*words.items(), ("over", pgettext("alert", "over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(self.STATES.get(self.value() or "", Q()))


@admin.register(Alert)
class AlertAdmin(LedgerAdmin):
    """Each person sees the alerts of their roles."""

    list_display = ["sentence", "level_cell", "state_cell", "kind_cell", "since", "last_seen", "seen"]
    list_filter = [StateFilter, ("level", ChoicesDropdownFilter), KindFilter]
    list_select_related = ["acknowledged_by"]
    search_fields = ["text", "key", "rule"]
    search_help_text = gettext_lazy("Search text or kind")
    number_columns = ("seen",)
    compact_columns = ("level_cell", "state_cell", "since")
    actions = ("acknowledge_chosen", "close_chosen", "export_as_csv")
    export_fields = (
        "sentence", "rule", "key", "level", "count", "created_at", "last_seen_at", "acknowledged_at",
        "acknowledged_by", "resolved_at",
    )  # fmt: skip
    empty_title = gettext_lazy("No alerts")
    empty_text = gettext_lazy("When something needs a person, it is said here, in the bell and by e-mail.")

    # --- who and what -------------------------------------------------------------------------------------------

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """May take alerts on and close them."""
        return bool(request.user.has_perm(STEER))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return super().get_queryset(request).visible_to(request.user)

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("resolved_at").desc(nulls_first=True), "-last_seen_at", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Alert], search_term: str
    ) -> tuple[QuerySet[Alert], bool]:
        """Also by the title of the kind in the reader's language: texts are stored in English."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        word = search_term.strip().lower()
        kinds = [entry.key for entry in alert_rules if word and word in str(services.kind_of(entry.key).title).lower()]
        return (found | queryset.filter(rule__in=kinds) if kinds else found), duplicates

    # --- cells --------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("What"))
    def sentence(self, alert: Alert) -> str:
        return str(alert.said)

    @display(description=gettext_lazy("Level"), ordering="level")
    def level_cell(self, alert: Alert) -> SafeString:
        return level_pill(alert)

    @display(description=gettext_lazy("State"))
    def state_cell(self, alert: Alert) -> SafeString:
        return state_pill(alert)

    @display(description=gettext_lazy("Kind"), ordering="rule")
    def kind_cell(self, alert: Alert) -> str:
        return str(services.kind_of(alert.rule).title)

    @display(description=gettext_lazy("Since"), ordering="created_at")
    def since(self, alert: Alert) -> SafeString | str:
        return ago(alert.created_at)

    @display(description=pgettext_lazy("alert", "Last seen"), ordering="last_seen_at")
    def last_seen(self, alert: Alert) -> SafeString | str:
        return ago(alert.last_seen_at)

    @display(description=gettext_lazy("Times seen"), ordering="count")
    def seen(self, alert: Alert) -> SafeString:
        return format_html('<span class="zg-num">{}</span>', figure(alert.count))

    # --- pages --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("bell/", wrap(self.bell_view), name="core_alert_bell"),
            path("<int:pk>/acknowledge/", wrap(require_POST(self.acknowledge_view)), name="core_alert_acknowledge"),
            path("<int:pk>/close/", wrap(require_POST(self.close_view)), name="core_alert_close"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        alert = self._visible(request, object_id)
        kind = services.kind_of(alert.rule)
        rule = services.rule_of(alert.rule)
        before = Alert.objects.filter(rule=alert.rule, key=alert.key).exclude(pk=alert.pk)[:MOST_BEFORE]
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": str(kind.title),
            "opts": self.opts,
            "head_pill": state_pill(alert),
            "alert": alert,
            "kind": kind,
            "level": level_pill(alert),
            "events": _events(alert),
            "mends": _mends(request, alert, kind),
            "told": listed(Role(role).label for role in rule.roles if role in Role.values),
            "rule": rule if rule.pk and request.user.has_perm("core.view_alertrule") else None,
            "before": [(one, state_pill(one)) for one in before],
            "may_steer": self.has_steer_permission(request),
        }
        return TemplateResponse(request, "admin/core/alert.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        self._visible(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def bell_view(self, request: HttpRequest) -> HttpResponse:
        """The short list that the bell opens."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = attention.attention_of(request.user)
        return render(request, "core/alerts/bell_list.html", {"alerts": found.alerts[:MOST_IN_BELL]})

    # --- acts ---------------------------------------------------------------------------------------------------

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        alert = self._steerable(request, pk)
        if services.acknowledge(alert, request.user):  # type: ignore[arg-type]
            toast(request, _("Alert taken on"))
        attention.forget()
        return HttpResponseRedirect(reverse("admin:core_alert_change", args=[pk]))

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        alert = self._steerable(request, pk)
        if close(alert):
            toast(request, _("Alert closed"))
        attention.forget()
        return HttpResponseRedirect(reverse("admin:core_alert_change", args=[pk]))

    @admin.action(description=gettext_lazy("Take on"), permissions=["steer"])
    def acknowledge_chosen(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        count = sum(services.acknowledge(alert, request.user) for alert in queryset)  # type: ignore[arg-type]
        attention.forget()
        toast(request, ngettext("%(count)d alert taken on", "%(count)d alerts taken on", count) % {"count": count})

    @admin.action(description=gettext_lazy("Close"), permissions=["steer"])
    def close_chosen(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        count = sum(close(alert) for alert in queryset)
        attention.forget()
        toast(request, ngettext("%(count)d alert closed", "%(count)d alerts closed", count) % {"count": count})

    def _visible(self, request: HttpRequest, pk: Any) -> Alert:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(pk).isdecimal() or len(str(pk)) > 18:
            raise Http404
        return get_object_or_404(self.get_queryset(request).select_related("acknowledged_by"), pk=int(pk))

    def _steerable(self, request: HttpRequest, pk: int) -> Alert:
        if not self.has_steer_permission(request):
            raise PermissionDenied
        return self._visible(request, pk)


def _events(alert: Alert) -> list[tuple[str, str, Any]]:
    """The life of an alert in plain words: shape, sentence, moment."""
    events: list[tuple[str, str, Any]] = [("◆", _("Seen for the first time"), alert.created_at)]
    if alert.mailed_at:
        events.append(("○", _("Told by e-mail"), alert.mailed_at))
    if alert.acknowledged_at:
        who = alert.acknowledged_by or _("somebody who is not here any more")
        events.append(("◔", _("Taken on by %(who)s") % {"who": who}, alert.acknowledged_at))
    if alert.count > 1:
        events.append(("◆", _("Seen for the last time"), alert.last_seen_at))
    if alert.resolved_at:
        events.append(("✓", _("Over"), alert.resolved_at))
    return [(shape, text, ago(moment)) for shape, text, moment in sorted(events, key=lambda event: event[2])]


def _mends(request: HttpRequest, alert: Alert, kind: services.AlertKind) -> list[tuple[str, Any]]:
    """Where to go: the page that the alert names, else that of its kind. Only addresses of this site."""
    if alert.link.startswith("/") and not alert.link.startswith(("//", "/\\")):
        return [(alert.link, kind.page_label or _("Open what it is about"))]
    if not kind.page or (kind.permission and not request.user.has_perm(kind.permission)):
        return []
    try:
        return [(reverse(f"admin:{kind.page}"), kind.page_label)]
    except NoReverseMatch:
        return []
