"""People who work here, and the roles they have."""

import copy
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm

from core import roles, services
from core.accounts import lockout, people
from core.admin.base import LedgerAdmin, StaffModelAdmin
from core.admin.staff_acts import RoleField, SignInActs, language_choices, role_label, state_pill
from core.admin.widgets import Checkboxes
from core.components import ago
from core.components.words import listed
from core.exceptions import DomainError
from core.models import StaffRole, StaffUser

admin.site.unregister(Group) if admin.site.is_registered(Group) else None
FIELDS = ("username", "first_name", "last_name", "email", "language", "is_active")
WORDS = {
    "view": gettext_lazy("see"),
    "add": gettext_lazy("add"),
    "change": pgettext_lazy("right", "change"),
    "delete": gettext_lazy("delete"),
}


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]
    roles = RoleField(
        label=gettext_lazy("Roles"),
        queryset=Group.objects.none(),
        widget=Checkboxes(),
        required=False,
        help_text=gettext_lazy("What this person may see and do. Several roles add up."),
    )

    class Meta:
        model = StaffUser
        fields = FIELDS
        labels: ClassVar = {"username": gettext_lazy("User name"), "email": gettext_lazy("E-mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields.get("language")
        if isinstance(language, forms.ChoiceField):
            language.choices, language.help_text = language_choices(), ""


class RoleFilter(admin.RelatedFieldListFilter):
    """Roles by their words, not by the names of the groups behind them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("role")

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(pk), role_label(name)) for pk, name in Group.objects.order_by("pk").values_list("pk", "name")]


@admin.register(StaffUser)
class StaffUserAdmin(SignInActs, StaffModelAdmin, UserAdmin):  # type: ignore[misc,type-arg]
    form = StaffForm
    change_password_form = AdminPasswordChangeForm
    add_title = gettext_lazy("Invite somebody")
    list_display = ["name", "role_names", "second_step", "state", "last_seen"]
    list_filter = ["is_active", ("groups", RoleFilter)]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = gettext_lazy("Search name or e-mail")
    ordering = ["username"]
    actions = ()
    filter_horizontal = ()
    compact_columns = ("role_names", "state")
    fieldsets = (
        (None, {"fields": ("username", ("first_name", "last_name"), "email", "language")}),
        (gettext_lazy("Rights"), {"fields": ("roles", "is_active", "password_link")}),
    )

    # --- rights -----------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who invites also gives roles."""
        return super().has_add_permission(request) and request.user.has_perm("core.manage_roles")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a person who may do more than they themselves."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not roles.outranks(obj, request.user))  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, not deleted: their name stands in histories."""
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if (obj is not None and obj.pk == request.user.pk) or not request.user.has_perm("core.manage_roles"):
            form.base_fields.pop("roles", None)
            return form
        # The field belongs to the form class that all requests share; this one is for this request.
        field: Any = copy.deepcopy(form.base_fields["roles"])
        field.queryset = roles.assignable_groups(request.user)  # type: ignore[arg-type]
        field.initial = list(obj.groups.values_list("pk", flat=True)) if obj is not None else []
        form.base_fields["roles"] = field
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and (obj.pk == request.user.pk or not self.has_change_permission(request, obj)):
            return (fieldsets[0], (gettext_lazy("Rights"), {"fields": ("role_names", "state")}))
        if not request.user.has_perm("core.manage_roles"):
            return fieldsets[:1]
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("role_names", "state", "password_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffUser]:
        has_second_step = Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True))
        people = super().get_queryset(request).prefetch_related("groups")
        return lockout.with_locks(people).annotate(has_second_step=has_second_step)

    def save_model(self, request: HttpRequest, obj: StaffUser, form: Any, change: bool) -> None:
        wanted = obj.is_active
        if "is_active" in form.changed_data:
            obj.is_active = not wanted
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            people.tell_address_changed(obj, form.initial.get("email", ""))
        if "is_active" in form.changed_data:
            people.set_active(obj, wanted, by=request.user)  # type: ignore[arg-type]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        person = form.instance
        if "roles" not in form.cleaned_data or person.pk == request.user.pk:
            return
        try:
            services.set_roles(person, form.cleaned_data["roles"], by=request.user)  # type: ignore[arg-type]
        except DomainError as error:
            raise PermissionDenied(str(error.message)) from error

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        person = self.get_object(request, id)
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person) or person.invited_at is not None:
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            people.tell_password_changed(person)
        return response

    @display(description=gettext_lazy("Password"))
    def password_link(self, person: StaffUser) -> SafeString | str:
        if person.invited_at is not None:
            return _("Only this person chooses it.")
        words = _("Set a new password")
        hint = _("All sessions of this person end then.")
        return format_html('<a class="zg-link" href="../password/">{}</a> <span class="zg-hint">{}</span>', words, hint)

    # --- columns ----------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("Name"), ordering="username")
    def name(self, person: StaffUser) -> SafeString | str:
        full = person.get_full_name()
        if not full:
            return format_html('<span translate="no">{}</span>', person.username)
        return format_html('<span translate="no">{} <span class="zg-hint">{}</span></span>', full, person.username)

    @display(description=gettext_lazy("Roles"))
    def role_names(self, person: StaffUser) -> str:
        names = [role_label(group.name) for group in person.groups.all()]
        if person.is_superuser:
            names.insert(0, _("all rights"))
        return listed(names) or "–"

    @display(description=gettext_lazy("Second step"))
    def second_step(self, person: Any) -> str:
        return _("on") if person.has_second_step else _("off")

    @display(description=gettext_lazy("State"), ordering="is_active")
    def state(self, person: Any) -> SafeString:
        return state_pill(person)

    @display(description=gettext_lazy("Last seen"), ordering="last_login")
    def last_seen(self, person: StaffUser) -> SafeString | str:
        return ago(person.last_login) if person.last_login else _("never")


@admin.register(StaffRole)
class StaffRoleAdmin(LedgerAdmin):
    """Roles are read here; what they may do is decided in `core.roles`."""

    actions = ()
    ordering = ["id"]
    list_display = ["title", "people", "rights"]
    number_columns = ("people", "rights")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffRole]:
        rows = super().get_queryset(request)
        return rows.annotate(
            people_count=Count("user", distinct=True), rights_count=Count("permissions", distinct=True)
        )

    @display(description=gettext_lazy("Role"), ordering="name")
    def title(self, role: StaffRole) -> str:
        return role.label

    @display(description=gettext_lazy("People"))
    def people(self, role: Any) -> int:
        return int(role.people_count)

    @display(description=gettext_lazy("Rights"))
    def rights(self, role: Any) -> int:
        return int(role.rights_count)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        role = self.get_object(request, object_id)
        if role is None:
            raise Http404
        granted = role.permissions.select_related("content_type").order_by("content_type__app_label", "pk")
        rights = [
            (table, [str(WORDS.get(action, _permission_name(action))) for action in actions])
            for table, actions in roles.describe(granted).items()
        ]
        may_see_people = request.user.has_perm("core.view_staffuser")
        context = {
            **self.admin_site.each_context(request),
            "title": role.label,
            "opts": self.opts,
            "role": role,
            "rights": rights,
            "people": StaffUser.objects.filter(groups=role.pk).order_by("username")[:50] if may_see_people else [],
            "may_see_people": may_see_people,
        }
        return TemplateResponse(request, "admin/core/role.html", context)


def _permission_name(name: str) -> str:
    """Names of permissions are stored in English by the migration; the catalogue may know them."""
    return _(name)
