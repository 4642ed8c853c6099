"""API keys: made once, shown once, revoked for ever."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import services
from core.admin.base import LedgerAdmin
from core.admin.widgets import Checkboxes, Radios
from core.components import Meaning, ago, pill, toast, when
from core.components.words import listed
from core.exceptions import BadInput
from core.models import ApiKey, Scope


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Who uses it, such as “Web shop back end”."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=ApiKey.Kind.choices, widget=Radios(), initial=ApiKey.Kind.SERVER,
        help_text=gettext_lazy("A server key is secret. A publishable key stands in web pages and may do less."),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(label=gettext_lazy("Scopes"), choices=Scope.choices, widget=Checkboxes())
    allowed_origins = forms.CharField(
        label=gettext_lazy("Allowed origins"), required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "https://shop.example"}),
        help_text=gettext_lazy("One web address a line: pages that may use a publishable key."),
    )  # fmt: skip
    expires_at = forms.DateField(
        label=gettext_lazy("Expires"), required=False, widget=UnfoldAdminSingleDateWidget(),
        help_text=gettext_lazy("Empty: never."),
    )  # fmt: skip

    def clean_allowed_origins(self) -> list[str]:
        origins = []
        for line in self.cleaned_data["allowed_origins"].split():
            parts = urlsplit(line)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
                raise ValidationError(
                    _("“%(line)s” is not a web address of the form https://shop.example."), params={"line": line[:80]}
                )
            origins.append(f"{parts.scheme}://{parts.netloc}".lower())
        return list(dict.fromkeys(origins))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") == ApiKey.Kind.PUBLISHABLE and data.get("allowed_origins") == []:
            self.add_error("allowed_origins", _("A publishable key needs at least one address."))
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(LedgerAdmin):
    list_display = ["name", "kind", "begins", "scope_names", "state", "last_used", "expires"]
    list_filter = ["kind"]
    search_fields = ["name", "prefix"]
    compact_columns = ("state", "begins", "last_used")
    actions = ()
    empty_title = gettext_lazy("No API keys yet")
    empty_text = gettext_lazy("A key lets your web shop send events and orders and ask for recommendations.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.add_apikey"))

    @display(description=gettext_lazy("Begins with"))
    def begins(self, key: ApiKey) -> SafeString:
        from django.utils.html import format_html

        return format_html('<code translate="no">{}…</code>', key.prefix)

    @display(description=gettext_lazy("Scopes"))
    def scope_names(self, key: ApiKey) -> str:
        return listed(Scope(scope).label if scope in Scope.values else scope for scope in key.scopes)

    @display(description=gettext_lazy("State"))
    def state(self, key: ApiKey) -> SafeString:
        return _state(key)

    @display(description=gettext_lazy("Last used"), ordering="last_used_at")
    def last_used(self, key: ApiKey) -> SafeString | str:
        return ago(key.last_used_at) if key.last_used_at else _("never")

    @display(description=gettext_lazy("Expires"), ordering="expires_at")
    def expires(self, key: ApiKey) -> str:
        return when(key.expires_at) if key.expires_at else _("never")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/revoke/", wrap(require_POST(self.revoke_view)), name="core_apikey_revoke"),
            *super().get_urls(),
        ]

    @sensitive_variables("value")
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The answer to the form shows the value once; reloading it makes no second key, because it is a POST."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ApiKeyForm(request.POST or None)
        key, value = None, ""
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                key, value = services.create_api_key(
                    name=data["name"], kind=data["kind"], scopes=data["scopes"],
                    allowed_origins=data["allowed_origins"], expires_at=_end_of(data["expires_at"]),
                    by=request.user,  # type: ignore[arg-type]
                )  # fmt: skip
            except BadInput as error:
                form.add_error(error.extra.get("field"), str(error.message))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Key made") if key else _("New API key"),
            "opts": self.opts,
            "form": form,
            "errors": form.errors,
            "key": key,
            "value": value,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/core/api_key_add.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = get_object_or_404(ApiKey.objects.select_related("created_by"), pk=_as_id(object_id))
        scopes = [str(Scope(scope).label) if scope in Scope.values else scope for scope in key.scopes]
        context = {
            **self.admin_site.each_context(request),
            "title": key.name,
            "opts": self.opts,
            "head_pill": _state(key),
            "key": key,
            "scopes": scopes,
            "may_revoke": request.user.has_perm("core.change_apikey") and key.revoked_at is None,
        }
        return TemplateResponse(request, "admin/core/api_key.html", context)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("core.change_apikey"):
            raise PermissionDenied
        key = get_object_or_404(ApiKey, pk=pk)
        if services.revoke_api_key(key):
            toast(request, _("Key revoked"))
        return HttpResponseRedirect(reverse("admin:core_apikey_change", args=[pk]))


def _as_id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _end_of(day: Any) -> Any:
    """The last moment of a day in the shop's time zone; None stays None."""
    from datetime import datetime, time

    from django.utils import timezone

    return timezone.make_aware(datetime.combine(day, time.max)) if day else None


def _state(key: ApiKey) -> SafeString:
    if key.revoked_at is not None:
        return pill(Meaning.STOPPED, pgettext("state of a key", "revoked"))
    return pill(Meaning.GOOD, _("usable")) if key.is_usable else pill(Meaning.IDLE, _("expired"))
