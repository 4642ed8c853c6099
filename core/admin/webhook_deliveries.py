"""What was sent to webhooks, and what the receivers said."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from core import webhooks
from core.admin.base import LedgerAdmin
from core.components import Meaning, ago, pill, toast, when
from core.components.words import duration
from core.exceptions import DomainError
from core.extensions import webhook_events
from core.models import WebhookDelivery
from core.webhooks import signing
from core.webhooks.services import TEST_EVENT
from core.webhooks.trouble import words

State = WebhookDelivery.State
MEANINGS = {State.WAITING: Meaning.MOVING, State.DONE: Meaning.GOOD, State.FAILED: Meaning.STOPPED}
WATCH_SECONDS = 120  # how near the next try must be for the page to look again by itself


def event_title(event: str) -> str:
    """The event in words; one that nobody registers any more keeps its name."""
    if event == TEST_EVENT:
        return _("Test")
    return str(webhook_events.get(event).resolve()) if event in webhook_events else event


def delivery_pill(delivery: WebhookDelivery) -> SafeString:
    return pill(MEANINGS[State(delivery.state)], delivery.get_state_display())


class EventFilter(DropdownFilter):
    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((entry.key, str(entry.resolve())) for entry in webhook_events), (TEST_EVENT, _("Test"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(message__event=self.value()) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LedgerAdmin):
    list_display = ("event", "to", "state_cell", "answer", "attempts", "took", "age")
    list_filter = (("webhook", RelatedDropdownFilter), ("state", ChoicesDropdownFilter), EventFilter)
    list_select_related = ("webhook", "message")
    number_columns = ("attempts", "took")
    compact_columns = ("state_cell", "answer", "age")
    actions = ()
    empty_title = gettext_lazy("Nothing was sent yet")
    empty_text = gettext_lazy("Each message to a webhook is listed here with the answer of its receiver, for 30 days.")

    # --- list ---------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("Event"))
    def event(self, delivery: WebhookDelivery) -> str:
        title = event_title(delivery.message.event)
        return _("%(event)s, sent again") % {"event": title} if delivery.is_replay else title

    @display(description=gettext_lazy("Webhook"), ordering="webhook__name")
    def to(self, delivery: WebhookDelivery) -> SafeString:
        return format_html('<span translate="no">{}</span>', delivery.webhook.name)

    @display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, delivery: WebhookDelivery) -> SafeString:
        return delivery_pill(delivery)

    @display(description=gettext_lazy("Answer"), ordering="status_code")
    def answer(self, delivery: WebhookDelivery) -> str:
        if delivery.status_code:
            return str(delivery.status_code)
        return words(delivery.error) if delivery.error else "–"

    @display(description=gettext_lazy("Took"), ordering="duration_ms")
    def took(self, delivery: WebhookDelivery) -> str:
        return _took(delivery.duration_ms)

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def age(self, delivery: WebhookDelivery) -> SafeString | str:
        return ago(delivery.created_at)

    # --- page ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.replay_view))
        return [path("<int:pk>/replay/", view, name="core_webhookdelivery_replay"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook", "message"), pk=pk)
        body, ident = signing.body_of(delivery.message), signing.message_id(delivery.message)
        same = delivery.message.deliveries.filter(webhook=delivery.webhook).exclude(pk=pk).order_by("-id")[:5]
        context = {
            **self.admin_site.each_context(request),
            "title": self.event(delivery),
            "opts": self.opts,
            "head_pill": delivery_pill(delivery),
            "delivery": delivery,
            "ident": ident,
            "body": json.dumps(json.loads(body), ensure_ascii=False, indent=2),
            "signed": f"{ident}.‹Webhook-Timestamp›.{body.decode()}",
            "tries": [_try(line) for line in reversed(delivery.log)],
            "said": words(delivery.error),
            "took": _took(delivery.duration_ms),
            "same": [(one, delivery_pill(one)) for one in same],
            "is_soon": _is_soon(delivery),
            "may_replay": request.user.has_perm("core.change_webhook"),
        }
        return TemplateResponse(request, "admin/core/webhook_delivery.html", context)

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("core.change_webhook"):
            raise PermissionDenied
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook"), pk=pk)
        try:
            delivery = webhooks.replay(delivery)
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Message is sent again"))
        return HttpResponseRedirect(reverse("admin:core_webhookdelivery_change", args=[delivery.pk]))


def _took(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    return _("%(count)d ms") % {"count": milliseconds} if milliseconds < 1_000 else duration(milliseconds / 1_000)


def _try(line: dict[str, Any]) -> tuple[str, str, str]:
    """Shape, sentence and moment of one try."""
    moment = parse_datetime(line["at"])
    error = line["error"]
    text = words(error) if error else _("The receiver took it.")
    said = _("%(text)s Answer %(status)s, %(time)s.") if line["status"] else _("%(text)s %(time)s.")
    shown = said % {"text": text, "status": line["status"], "time": _took(line["ms"])}
    return ("✕" if error else "✓", shown, when(moment))


def _is_soon(delivery: WebhookDelivery) -> bool:
    if delivery.state != State.WAITING or delivery.next_attempt_at is None:
        return False
    return (delivery.next_attempt_at - timezone.now()).total_seconds() < WATCH_SECONDS
