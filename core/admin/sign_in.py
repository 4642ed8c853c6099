"""Doors that are open to everybody: signing in, a forgotten password, an invitation."""

import time
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME, password_validation
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from core.accounts import links, lockout, people, second_factor, sign_in
from core.admin.security import CodeForm
from core.api import throttling
from core.components import toast

ANSWER_SECONDS = 0.6
"""How long the answer to a forgotten password takes, whether anybody has the address or not."""
ASKS_A_MINUTE = 10
PAGES = {links.Purpose.RESET: "admin:password_reset", links.Purpose.INVITATION: "admin:invitation"}


def address_of(request: HttpRequest) -> people.Address:
    """Full addresses for mails: below PUBLIC_URL, else below the host of this request, which ALLOWED_HOSTS names."""

    def address(purpose: links.Purpose, token: str) -> str:
        path = reverse(PAGES[purpose], args=[token])
        public = str(settings.PUBLIC_URL).rstrip("/")
        return f"{public}{path}" if public else request.build_absolute_uri(path)

    return address


def _page(request: HttpRequest, template: str, title: Any, status: int = 200, **context: Any) -> TemplateResponse:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    everything = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, everything, status=status)


# --- signing in ---------------------------------------------------------------------------------------------------


class PasswordStep(LoginView):
    """Name and password. Who is locked out is told so, whether the name exists or not."""

    template_name = "admin/login.html"
    authentication_form = AuthenticationForm

    def form_valid(self, form: Any) -> HttpResponse:
        target = self.get_success_url()
        if sign_in.begin(self.request, form.get_user(), next_url=target):
            return HttpResponseRedirect(target)
        return HttpResponseRedirect(reverse("admin:login"))

    def form_invalid(self, form: Any) -> HttpResponse:
        if not getattr(self.request, "axes_locked_out", False):
            return super().form_invalid(form)
        minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
        words = ngettext(
            "Too many wrong passwords. Try again in %(minutes)d minute.",
            "Too many wrong passwords. Try again in %(minutes)d minutes.",
            minutes,
        )
        context = self.get_context_data(form=AuthenticationForm(self.request), locked=words % {"minutes": minutes})
        return self.render_to_response(context, status=HTTPStatus.TOO_MANY_REQUESTS)


def login(request: HttpRequest, extra_context: dict[str, Any]) -> Any:
    """The password, then a code when the account has a second step, or setting it up when a role needs it."""
    if REDIRECT_FIELD_NAME not in request.GET and "again" in request.GET:
        sign_in.leave(request)
    waiting = sign_in.pending(request)
    if waiting is not None:
        return _set_up(request, waiting) if waiting.must_set_up else _code(request, waiting)
    context = {
        **admin.site.each_context(request),
        "title": _("Log in"),
        "app_path": request.get_full_path(),
        "username": request.user.get_username(),
        **extra_context,
    }
    if REDIRECT_FIELD_NAME not in {**request.GET, **request.POST}:
        context[REDIRECT_FIELD_NAME] = reverse("admin:index")
    return PasswordStep.as_view(extra_context=context)(request)


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def _code(request: HttpRequest, waiting: sign_in.Pending) -> HttpResponse:
    form = CodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        verdict = second_factor.verify(waiting.person, form.cleaned_data["code"])
        if verdict.is_right:
            sign_in.finish(request, waiting)
            return HttpResponseRedirect(_safe(request, waiting.next_url))
        form.add_error("code", _why(verdict))
    return _page(request, "admin/core/sign_in/code.html", _("Second step"), form=form, errors=form.errors)


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def _set_up(request: HttpRequest, waiting: sign_in.Pending) -> HttpResponse:
    form = CodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        codes = second_factor.confirm(waiting.person, form.cleaned_data["code"])
        if codes is not None:
            sign_in.finish(request, waiting)
            target = _safe(request, waiting.next_url)
            return _page(request, "admin/core/sign_in/codes.html", _("Recovery codes"), codes=codes, target=target)
        form.add_error("code", _("This code is not right. Codes change every 30 seconds: try the next one."))
    device = (second_factor.begun(waiting.person) if form.is_bound else None) or second_factor.begin(waiting.person)
    return _page(
        request, "admin/core/sign_in/set_up.html", _("Set up the second step"), form=form, errors=form.errors,
        picture=second_factor.picture_of(device), secret=second_factor.secret_of(device),
    )  # fmt: skip


def _why(verdict: second_factor.Verdict) -> str:
    if verdict.wait_seconds:
        words = ngettext(
            "Too many wrong codes. Try again in %(seconds)d second.",
            "Too many wrong codes. Try again in %(seconds)d seconds.",
            verdict.wait_seconds,
        )
        return words % {"seconds": verdict.wait_seconds}
    return _("This code is not right, or was used before.")


def _safe(request: HttpRequest, target: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else reverse("admin:index")


# --- forgotten passwords ------------------------------------------------------------------------------------------


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
    )


class PasswordForm(forms.Form):
    """A new password, typed once: a slip of the finger is mended by another link."""

    password = forms.CharField(
        label=gettext_lazy("New password"), strip=False, max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 10 characters. A sentence of your own is easy to keep in mind."),
    )  # fmt: skip

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        value = str(self.cleaned_data["password"])
        password_validation.validate_password(value, self.person)
        return value


class JoinForm(PasswordForm):
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget()
    )


@never_cache
@csrf_protect
def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks for an address and mails a link. The answer and its time are the same whoever has the address or nobody."""
    form = AddressForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(
            request, "admin/core/sign_in/forgotten.html", _("Forgot your password?"), form=form, errors=form.errors
        )  # fmt: skip
    started = time.monotonic()
    caller = lockout.client_address(request) or "none"
    window, _wait = throttling.this_window()
    if throttling.count(f"forgotten:{caller}", window) > ASKS_A_MINUTE:
        words = _("Too many requests from here. Wait a minute and ask again.")
        return _page(
            request, "admin/core/sign_in/forgotten.html", _("Forgot your password?"), HTTPStatus.TOO_MANY_REQUESTS,
            form=form, locked=words,
        )  # fmt: skip
    people.ask_for_reset(form.cleaned_data["email"], address_of(request))
    time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - started)))
    return _page(request, "admin/core/sign_in/forgotten_done.html", _("Look into your mail"))


@never_cache
@csrf_protect
@sensitive_post_parameters("password")
def choose_password(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: a new password, once and within an hour."""
    person = links.read(links.Purpose.RESET, token)
    if person is None:
        return _gone(request, reverse("admin:password_forgotten"), _("Ask for a new link"))
    form = PasswordForm(person, request.POST or None)
    if form.is_valid():
        if not people.reset_password(person, form.cleaned_data["password"]):
            return _gone(request, reverse("admin:password_forgotten"), _("Ask for a new link"))
        toast(request, _("Password changed"))
        return HttpResponseRedirect(reverse("admin:login"))
    return _page(
        request, "admin/core/sign_in/password.html", _("Choose a new password"), form=form, errors=form.errors,
        person=person, button=_("Change password"),
    )  # fmt: skip


@never_cache
@csrf_protect
@sensitive_post_parameters("password")
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation: a password and a language, and the person is in (after a second step, if one is
    needed)."""
    person = links.read(links.Purpose.INVITATION, token)
    if person is None or not person.is_invited:
        return _gone(request, reverse("admin:login"), _("Log in"))
    form = JoinForm(person, request.POST or None, initial={"language": person.language or get_language()})
    if form.is_valid():
        data = form.cleaned_data
        if not people.join(person, password=data["password"], language=data["language"]):
            return _gone(request, reverse("admin:login"), _("Log in"))
        target = reverse("admin:index")
        return HttpResponseRedirect(
            target if sign_in.begin(request, person, next_url=target) else reverse("admin:login")
        )
    return _page(
        request, "admin/core/sign_in/password.html", _("Welcome"), form=form, errors=form.errors, person=person,
        is_invitation=True, button=_("Start"),
    )  # fmt: skip


def _gone(request: HttpRequest, way_on: str, label: str) -> HttpResponse:
    """For links that are too old, were used or were never made."""
    return _page(
        request, "admin/core/sign_in/link_gone.html", _("This link no longer works"), HTTPStatus.GONE,
        way_on=way_on, label=label,
    )  # fmt: skip
