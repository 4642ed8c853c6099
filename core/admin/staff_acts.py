"""What can be done about somebody's way in: invite, send a link, unlock, reset the second step, end sessions."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core import mail, roles
from core.accounts import lockout, people, second_factor
from core.admin.mail import may_see_secret
from core.admin.sign_in import address_of
from core.admin.widgets import Checkboxes
from core.choices import Role
from core.components import Meaning, pill, toast
from core.exceptions import BadInput, DomainError
from core.models import StaffUser
from core.panels import Panel


def role_label(name: str) -> str:
    return str(Role(name).label) if name in Role.values else name


def language_choices() -> list[tuple[str, str]]:
    return [("", _("As the browser says")), *settings.LANGUAGES]


def state_pill(person: Any) -> SafeString:
    """One state: what somebody has to do about it comes first."""
    if not person.is_active:
        return pill(Meaning.IDLE, _("off"))
    ends_at = people.invitation_ends_at(person)
    if ends_at is not None:
        is_over = ends_at < timezone.now()
        return pill(Meaning.WAITING, _("invitation too old")) if is_over else pill(Meaning.MOVING, _("invited"))
    if getattr(person, "is_locked", False):
        return pill(Meaning.STOPPED, _("locked"))
    return pill(Meaning.GOOD, _("active"))


class RoleField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return role_label(obj.name)


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"), max_length=254, widget=UnfoldAdminEmailInputWidget(),
        help_text=gettext_lazy("The link to choose a password goes there."),
    )  # fmt: skip
    first_name = forms.CharField(
        label=gettext_lazy("First name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget()
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget()
    )
    username = forms.CharField(
        label=gettext_lazy("User name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget(),
        validators=[UnicodeUsernameValidator()],
        help_text=gettext_lazy("Empty: the part of the address before the @."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mail"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget()
    )
    roles = RoleField(
        label=gettext_lazy("Roles"), queryset=Group.objects.none(), widget=Checkboxes(), required=False,
        help_text=gettext_lazy("What this person may see and do. Several roles add up."),
    )  # fmt: skip

    def __init__(self, by: StaffUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["roles"]
        field.queryset = roles.assignable_groups(by)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("username") and data.get("email"):
            data["username"] = data["email"].partition("@")[0][:150]
        if data.get("username") and StaffUser.objects.filter(username=data["username"]).exists():
            self.add_error("username", _("Somebody has this user name already."))
        return data


class SignInActs:
    """For the page of a member of staff."""

    admin_site: Any
    opts: Any
    has_add_permission: Any
    has_change_permission: Any
    log_addition: Any

    def get_urls(self) -> list[URLPattern]:
        acts = {
            "resend": self.resend_view,
            "withdraw": self.withdraw_view,
            "unlock": self.unlock_view,
            "reset-link": self.reset_link_view,
            "second-factor": self.second_factor_view,
            "end-sessions": self.end_sessions_view,
        }
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"core_staffuser_{name.replace('-', '_')}",
            )
            for name, view in acts.items()
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    # --- inviting ---------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """Somebody new is invited by mail and chooses a password; nobody else ever knows it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        by: Any = request.user
        form = InviteForm(by, request.POST or None)
        if request.method == "POST" and form.is_valid():
            data = dict(form.cleaned_data)
            groups = data.pop("roles")
            try:
                person = people.invite(details=data, groups=groups, by=by, address=address_of(request))
            except BadInput as error:
                form.add_error(error.extra.get("field"), str(error.message))
            else:
                self.log_addition(request, person, [{"added": {}}])
                toast(request, _("Invitation made") if mail.is_kept_here() else _("Invitation on its way"))
                return HttpResponseRedirect(reverse("admin:core_staffuser_change", args=[person.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invite somebody"),
            "opts": self.opts,
            "form": form,
            "errors": form.errors,
            "is_kept_here": mail.is_kept_here(),
        }
        return TemplateResponse(request, "admin/core/invite.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        person = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if person is not None and person.pk != request.user.pk and self.has_change_permission(request, person):
            context["side_panels"] = [self._panel(request, person)]
        return super().change_view(request, object_id, form_url, context)  # type: ignore[misc]

    @staticmethod
    def _panel(request: HttpRequest, person: Any) -> Panel:
        newest = people.newest_link(person)
        link = newest.secret if newest is not None and may_see_secret(request, newest) else ""
        ends_at = people.invitation_ends_at(person)
        return Panel(
            title=_("Invitation") if person.is_invited else _("Signing in"),
            template="admin/core/panels/staff_sign_in.html",
            context={
                "person": person,
                "pill": state_pill(person),
                "link": link,
                "invitation_ends_at": ends_at,
                "is_over": ends_at is not None and ends_at < timezone.now(),
                "is_kept_here": mail.is_kept_here(),
                "has_second_step": second_factor.is_on(person),
                "second_step": pill(Meaning.GOOD, _("on")) if second_factor.is_on(person) else pill("idle", _("off")),
                "can_reset": person.has_usable_password() and bool(person.email),
            },
        )

    # --- acts -------------------------------------------------------------------------------------------------

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        try:
            people.invite_again(person, address_of(request))
            toast(request, _("New link made"))
        except DomainError as error:
            self.refuse(request, error)  # type: ignore[attr-defined]
        return self._back(person)

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        try:
            people.withdraw(person, by=request.user)  # type: ignore[arg-type]
            toast(request, _("Invitation withdrawn"))
        except DomainError as error:
            self.refuse(request, error)  # type: ignore[attr-defined]
        return self._back(person)

    def unlock_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        lockout.unlock(person)
        toast(request, _("Sign-in unlocked"))
        return self._back(person)

    def reset_link_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        if person.email and people.send_reset(person, address_of(request)) is not None:
            toast(request, _("Link made") if mail.is_kept_here() else _("Link on its way"))
        else:
            refusal = DomainError(_("No link was made: there is no address or password, or three were made lately."))
            self.refuse(request, refusal)  # type: ignore[attr-defined]
        return self._back(person)

    def second_factor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        if people.reset_second_factor(person, by=request.user):  # type: ignore[arg-type]
            toast(request, _("Second step removed"))
        return self._back(person)

    def end_sessions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._manageable(request, pk)
        people.end_sessions(person)
        toast(request, _("Sessions ended"))
        return self._back(person)

    def _manageable(self, request: HttpRequest, pk: int) -> StaffUser:
        """Somebody else whose account this person may change."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = get_object_or_404(StaffUser, pk=pk)
        if person.pk == request.user.pk or not self.has_change_permission(request, person):
            raise PermissionDenied
        return person

    @staticmethod
    def _back(person: StaffUser) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:core_staffuser_change", args=[person.pk]))
