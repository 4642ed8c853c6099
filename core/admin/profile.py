"""One's own page."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core import roles
from core.accounts import people, second_factor
from core.admin import tokens
from core.components import Meaning, pill, toast
from core.models import StaffUser

YEAR_SECONDS = 365 * 24 * 3600


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Mails open accounts, so who sits at an open browser needs the password to turn them elsewhere."""

    current_password = forms.CharField(
        label=gettext_lazy("Current password"),
        help_text=gettext_lazy("Needed only to change the e-mail."),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = StaffUser
        fields = ("first_name", "last_name", "email", "language")
        labels: ClassVar = {"email": gettext_lazy("E-mail")}
        widgets = {
            "first_name": UnfoldAdminTextInputWidget(),
            "last_name": UnfoldAdminTextInputWidget(),
            "email": UnfoldAdminEmailInputWidget(),
            "language": UnfoldAdminSelectWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language: Any = self.fields["language"]
        language.choices = [("", _("As the browser says")), *settings.LANGUAGES]
        language.help_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        changed = "email" in cleaned and cleaned["email"] != self.initial["email"]
        if changed and not self.instance.check_password(cleaned.get("current_password", "")):
            self.add_error("current_password", _("Enter your password to change the e-mail."))
        return cleaned


def profile(request: HttpRequest) -> HttpResponse:
    """Name, e-mail and language of the person who is signed in."""
    person: Any = request.user
    form = ProfileForm(request.POST or None, instance=StaffUser.objects.get(pk=person.pk))
    if request.method == "POST" and form.is_valid():
        before = person.email
        people.tell_address_changed(form.save(), before)
        toast(request, _("Profile saved"))
        response = HttpResponseRedirect(reverse("admin:profile"))
        if form.cleaned_data["language"]:
            _keep(response, form.cleaned_data["language"])
        return response
    names = [str(role.label) for role in roles.roles_of(person)]
    context = {
        **admin.site.each_context(request),
        "title": _("My profile"),
        "form": form,
        "errors": form.errors,
        "role_names": [_("all rights"), *names] if person.is_superuser else names,
        **_second_step(person),
        "tokens": tokens.rows(person),
    }
    return TemplateResponse(request, "admin/core/profile.html", context)


def _second_step(person: StaffUser) -> dict[str, Any]:
    has, left = second_factor.is_on(person), second_factor.codes_left(person)
    words = ngettext("%(count)d recovery code is left.", "%(count)d recovery codes are left.", left)
    return {
        "has_second_step": has,
        "needs_second_step": second_factor.is_required(person),
        "second_step": pill(Meaning.GOOD, _("on")) if has else pill(Meaning.IDLE, _("off")),
        "codes_left": words % {"count": left},
    }


def _keep(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=YEAR_SECONDS, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE, httponly=True,
    )  # fmt: skip
