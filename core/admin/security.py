"""One's own second factor and sessions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from core.accounts import people, second_factor
from core.api import throttling
from core.components import toast

TRIES_A_MINUTE = 5


class CodeForm(forms.Form):
    """Six digits of the app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )  # fmt: skip


class OwnPasswordForm(forms.Form):
    """Whoever sits at an open browser does not know it."""

    password = forms.CharField(
        label=gettext_lazy("Your password"), strip=False, max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        value = str(self.cleaned_data["password"])
        window, _wait = throttling.this_window()
        if throttling.count(f"own-password:{self.person.pk}", window) > TRIES_A_MINUTE:
            raise forms.ValidationError(_("Too many tries. Wait a minute."))
        if not self.person.check_password(value):
            raise forms.ValidationError(_("This is not your password."))
        return value


@sensitive_post_parameters("code", "password")
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Turn it on: a picture for the app, a code to prove that it works, ten codes for the day the telephone is gone."""
    person: Any = request.user
    form = CodeForm(request.POST or None)
    if second_factor.is_on(person):
        return HttpResponseRedirect(reverse("admin:profile"))
    if form.is_valid():
        codes = second_factor.confirm(person, form.cleaned_data["code"])
        if codes is not None:
            _keep_only_this_session(request)
            return _codes(request, codes)
        form.add_error("code", _("This code is not right. Codes change every 30 seconds: try the next one."))
    device = (second_factor.begun(person) if form.is_bound else None) or second_factor.begin(person)
    return _page(
        request, "admin/core/second_factor.html", _("Turn on the second step"), form=form, errors=form.errors,
        picture=second_factor.picture_of(device), secret=second_factor.secret_of(device),
    )  # fmt: skip


@sensitive_post_parameters("password")
def turn_off(request: HttpRequest) -> HttpResponse:
    """With one's password, and only while no role needs it."""
    person: Any = request.user
    if second_factor.is_required(person):
        raise PermissionDenied(_("A role of yours needs the second step."))
    form = OwnPasswordForm(person, request.POST or None)
    if form.is_valid():
        if second_factor.remove(person):
            _keep_only_this_session(request)
            toast(request, _("Second step turned off"))
        return HttpResponseRedirect(reverse("admin:profile"))
    return _page(
        request, "admin/core/own_password.html", _("Turn off the second step"), form=form, errors=form.errors,
        text=_("From then on the password alone opens your account."), button=_("Turn off"), is_danger=True,
    )  # fmt: skip


@sensitive_post_parameters("password")
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new ones, with one's password. Those from before end."""
    person: Any = request.user
    if not second_factor.is_on(person):
        return HttpResponseRedirect(reverse("admin:second_factor"))
    form = OwnPasswordForm(person, request.POST or None)
    if form.is_valid():
        return _codes(request, second_factor.new_codes(person))
    return _page(
        request, "admin/core/own_password.html", _("New recovery codes"), form=form, errors=form.errors,
        text=_("You get ten new codes. Those from before no longer work."), button=_("Make codes"),
    )  # fmt: skip


@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """All other sessions of this person end with their next request."""
    _keep_only_this_session(request)
    toast(request, _("Signed out everywhere else"))
    return HttpResponseRedirect(reverse("admin:profile"))


def _keep_only_this_session(request: HttpRequest) -> None:
    person: Any = request.user
    people.end_sessions(person)
    update_session_auth_hash(request, person)


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "admin/core/recovery_codes.html", _("Recovery codes"), codes=codes)


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **context})
