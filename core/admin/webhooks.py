"""Webhooks: who is told of what, with which secret, and whether it arrives."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from core import webhooks
from core.admin.base import StaffModelAdmin
from core.admin.webhook_deliveries import delivery_pill, event_title
from core.admin.widgets import Checkboxes
from core.components import Meaning, ago, pill, toast
from core.components.words import listed
from core.exceptions import BadInput, DomainError
from core.extensions import webhook_events
from core.models import Webhook, WebhookDelivery
from core.webhooks.attempts import BREAKER_FAILURES
from core.webhooks.services import BOTH_SECRETS_HOURS
from core.webhooks.trouble import resolve_failing

State = WebhookDelivery.State
SINCE = (
    ("24", gettext_lazy("the last 24 hours")),
    ("72", gettext_lazy("the last 3 days")),
    ("720", gettext_lazy("the last 30 days")),
)
"""Hours back, for sending again what was given up."""


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Which program listens, such as “Warehouse”."),
    )  # fmt: skip
    url = forms.CharField(
        label=gettext_lazy("Address"), max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "url", "placeholder": "https://erp.example/hooks/zhanggui"}),
        help_text=gettext_lazy("Every message is posted here as JSON, signed with a secret of its own."),
    )  # fmt: skip
    events = forms.MultipleChoiceField(label=gettext_lazy("Events"), widget=Checkboxes())
    is_on = forms.BooleanField(
        label=gettext_lazy("On"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("While it is off nothing is sent, and what happens meanwhile is not sent later."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events: Any = self.fields["events"]
        events.choices = [(entry.key, entry.resolve()) for entry in webhook_events]


def webhook_pill(webhook: Webhook) -> SafeString:
    """Whether its messages arrive."""
    if not webhook.is_on:
        return pill(Meaning.IDLE, _("off"))
    if webhook.failures_in_a_row >= BREAKER_FAILURES:
        return pill(Meaning.STOPPED, _("does not answer"))
    return pill(Meaning.GOOD, _("on"))


def titles_of(webhook: Webhook) -> list[str]:
    """What it hears of, in the order of the form."""
    known = [entry.key for entry in webhook_events]
    gone = [event for event in webhook.events if event not in known]
    return [event_title(event) for event in [*(one for one in known if one in webhook.events), *gone]]


@admin.register(Webhook)
class WebhookAdmin(StaffModelAdmin):
    add_title = gettext_lazy("Add webhook")
    list_display = ("title", "state", "event_names", "waiting", "given_up", "last_success")
    search_fields = ("name", "url")
    search_help_text = gettext_lazy("Name or address")
    number_columns = ("waiting", "given_up")
    compact_columns = ("state", "waiting", "given_up")
    actions = ()
    empty_title = gettext_lazy("No webhooks yet")
    empty_text = gettext_lazy("A webhook tells another program of orders, stock and other events as they happen.")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is done to several at once."""
        return {}

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        month = timezone.now() - timedelta(days=30)
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=Count("deliveries", filter=Q(deliveries__state=State.WAITING)),
                failed_count=Count(
                    "deliveries", filter=Q(deliveries__state=State.FAILED, deliveries__created_at__gte=month)
                ),
                last_at=Max("deliveries__delivered_at"),
            )
        )

    @display(description=gettext_lazy("Webhook"), ordering="name")
    def title(self, webhook: Webhook) -> SafeString:
        return format_html(
            '<span class="zg-two" translate="no"><span>{}</span><span class="zg-hint">{}</span></span>',
            webhook.name,
            webhook.url,
        )

    @display(description=gettext_lazy("State"))
    def state(self, webhook: Webhook) -> SafeString:
        return webhook_pill(webhook)

    @display(description=gettext_lazy("Events"))
    def event_names(self, webhook: Webhook) -> str:
        titles = titles_of(webhook)
        first, more = listed(titles[:2]), max(0, len(titles) - 2)
        return _("%(events)s and %(more)d more") % {"events": first, "more": more} if more else first

    @display(description=gettext_lazy("Waiting"))
    def waiting(self, webhook: Any) -> int:
        return int(webhook.waiting_count)

    @display(description=gettext_lazy("Given up, 30 days"))
    def given_up(self, webhook: Any) -> int:
        return int(webhook.failed_count)

    @display(description=gettext_lazy("Last delivered"))
    def last_success(self, webhook: Any) -> SafeString | str:
        return ago(webhook.last_at) if webhook.last_at else _("never")

    # --- pages --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def post(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        return [
            path("<int:pk>/secret/", post(self.secret_view), name="core_webhook_secret"),
            path("<int:pk>/test/", post(self.test_view), name="core_webhook_test"),
            path("<int:pk>/replay/", post(self.replay_view), name="core_webhook_replay"),
            *super().get_urls(),
        ]

    @sensitive_variables("webhook")
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The answer to the form shows the secret once; reloading it makes no second webhook, because it is a POST."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, webhook = WebhookForm(request.POST or None), None
        if request.method == "POST" and form.is_valid():
            try:
                webhook = webhooks.create_webhook(**form.cleaned_data, by=request.user)  # type: ignore[arg-type]
            except BadInput as error:
                form.add_error(error.extra.get("field"), str(error.message))
        if webhook is not None:
            return self._secret_page(request, webhook, _("Webhook made"))
        return self._form_page(request, form, None, {"title": _("New webhook")})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        webhook = get_object_or_404(Webhook, pk=int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0)
        may_change = self.has_change_permission(request)
        now = {"name": webhook.name, "url": webhook.url, "events": webhook.events, "is_on": webhook.is_on}
        form = WebhookForm(request.POST or None, initial=now)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if form.is_valid() and self._change(request, webhook, form):
                return HttpResponseRedirect(_page(webhook.pk))
        recent = webhook.deliveries.select_related("message").order_by("-id")[:10]
        return self._form_page(
            request,
            form,
            webhook,
            {
                "title": webhook.name,
                "head_pill": webhook_pill(webhook),
                "may_change": may_change,
                "may_delete": self.has_delete_permission(request),
                "recent": [(one, event_title(one.message.event), delivery_pill(one)) for one in recent],
                "event_titles": titles_of(webhook),
                "failed_count": webhook.deliveries.filter(state=State.FAILED).count(),
                "since_choices": SINCE,
                "both_hours": BOTH_SECRETS_HOURS,
                "both_sign": bool(webhook.old_secret_until and webhook.old_secret_until > timezone.now()),
                "is_paused": bool(webhook.paused_until and webhook.paused_until > timezone.now()),
            },
        )

    def _form_page(
        self, request: HttpRequest, form: forms.Form, webhook: Webhook | None, context: dict[str, Any]
    ) -> TemplateResponse:
        return TemplateResponse(
            request,
            "admin/core/webhook.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "form": form,
                "errors": form.errors,
                "webhook": webhook,
                "media": self.media + form.media,
                **context,
            },
        )

    def _secret_page(self, request: HttpRequest, webhook: Webhook, title: str) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "webhook": webhook,
            "both_hours": BOTH_SECRETS_HOURS if webhook.old_secret else 0,
        }
        response = TemplateResponse(request, "admin/core/webhook_secret.html", context)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    def _change(self, request: HttpRequest, webhook: Webhook, form: forms.Form) -> bool:
        try:
            webhooks.change_webhook(webhook, **form.cleaned_data)
        except BadInput as error:
            form.add_error(error.extra.get("field"), str(error.message))
            return False
        toast(request, _("Webhook saved"))
        return True

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its deliveries go with it. They are counted, not listed, and nobody needs a right of their own for them."""
        rows = list(objs)
        counts = {str(self.opts.verbose_name_plural): len(rows)}
        if sent := WebhookDelivery.objects.filter(webhook__in=rows).count():
            counts[str(WebhookDelivery._meta.verbose_name_plural)] = sent
        return [str(row) for row in rows], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        resolve_failing(obj.pk)
        super().delete_model(request, obj)

    # --- acts ---------------------------------------------------------------------------------------------------

    @sensitive_variables("webhook")
    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        webhook = webhooks.new_secret_for(self._changeable(request, pk))
        return self._secret_page(request, webhook, _("New secret"))

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            delivery = webhooks.send_test(self._changeable(request, pk))
        except DomainError as error:
            self.refuse(request, error)
            return HttpResponseRedirect(_page(pk))
        return HttpResponseRedirect(reverse("admin:core_webhookdelivery_change", args=[delivery.pk]))

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        webhook = self._changeable(request, pk)
        hours = request.POST.get("hours", "")
        since = timezone.now() - timedelta(hours=int(hours) if hours in dict(SINCE) else 24)
        try:
            count = webhooks.replay_failed(webhook, since=since)
        except DomainError as error:
            self.refuse(request, error)
        else:
            text = ngettext("%(count)d message is sent again", "%(count)d messages are sent again", count)
            toast(request, text % {"count": count})
        return HttpResponseRedirect(_page(pk))

    def _changeable(self, request: HttpRequest, pk: int) -> Webhook:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Webhook, pk=pk)


def _page(pk: int) -> str:
    return reverse("admin:core_webhook_change", args=[pk])
