"""One's own tokens: made once, shown once, revoked for ever."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.accounts import tokens
from core.admin.security import OwnPasswordForm
from core.components import Meaning, ago, pill, toast, when
from core.exceptions import DomainError
from core.models import StaffToken

USUAL_DAYS = 90


class TokenForm(OwnPasswordForm):
    """What it is for, how long it lives, and the password: it opens as much as a login does."""

    field_order = ("name", "days", "password")
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("What uses it, such as “Monday report”."),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=gettext_lazy("Ends after"), coerce=int, initial=USUAL_DAYS, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(person, *args, **kwargs)
        choices = [(days, ngettext("%(days)d day", "%(days)d days", days) % {"days": days}) for days in tokens.DAYS]
        self.fields["days"].choices = choices  # type: ignore[attr-defined]


@sensitive_post_parameters("password")
@sensitive_variables("value")
def add(request: HttpRequest) -> HttpResponse:
    """The answer to the form shows the value once; reloading it asks for the password again."""
    person: Any = request.user
    form = TokenForm(person, request.POST or None)
    token, value = None, ""
    if form.is_valid():
        try:
            token, value = tokens.make(person, name=form.cleaned_data["name"], days=form.cleaned_data["days"])
        except DomainError as error:
            form.add_error(error.extra.get("field"), str(error.message))
    context = {
        **admin.site.each_context(request),
        "title": _("Token made") if token else _("New token"),
        "crumbs": [{"title": _("My profile"), "url": reverse("admin:profile")}],
        "form": form,
        "errors": form.errors,
        "token": token,
        "value": value,
    }
    return TemplateResponse(request, "admin/core/staff_token.html", context)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Those of others do not exist."""
    token = get_object_or_404(StaffToken, pk=pk, person_id=request.user.pk)
    if tokens.revoke(token):
        toast(request, _("Token revoked"))
    return HttpResponseRedirect(reverse("admin:profile"))


def rows(person: Any) -> list[dict[str, Any]]:
    """What the page of their owner shows of them."""
    return [
        {
            "token": token,
            "state": _state(token),
            "used": ago(token.last_used_at) if token.last_used_at else _("never"),
            "ends": when(token.expires_at),
            "is_usable": token.is_usable,
        }
        for token in tokens.shown(person)
    ]


def _state(token: StaffToken) -> SafeString:
    if token.revoked_at is not None:
        return pill(Meaning.STOPPED, pgettext("state of a key", "revoked"))
    return pill(Meaning.GOOD, _("usable")) if token.is_usable else pill(Meaning.IDLE, _("expired"))
