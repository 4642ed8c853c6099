"""Alert rules: which troubles this shop wants to hear of, from when on, and who is told."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from unfold.decorators import display

from core import alerts as services
from core.admin.base import StaffModelAdmin
from core.admin.widgets import Checkboxes
from core.alerts import attention
from core.choices import Role
from core.components import Meaning, pill
from core.components.words import listed, plain
from core.models import AlertRule


def amount(value: float, kind: services.AlertKind) -> str:
    """A threshold with its unit: 10 minutes, 85% of connections."""
    unit = str(kind.unit)
    return f"{plain(value)}{unit}" if unit.startswith("%") else f"{plain(value)} {unit}"


class AlertRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles that are told"), choices=Role.choices, widget=Checkboxes(), required=False,
        help_text=gettext_lazy("Owners see every alert. Mail goes to the owners when nobody else has an address."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = services.kind_of(self.instance.key)
        if "threshold" not in self.fields:
            return
        if kind.threshold is None:
            del self.fields["threshold"]
        else:
            field = self.fields["threshold"]
            field.required = True
            field.help_text = _("Unless changed: %(amount)s.") % {"amount": amount(kind.threshold, kind)}
            value = self.instance.threshold
            if value is not None and value == int(value):
                self.initial["threshold"] = int(value)

    def clean_threshold(self) -> float:
        value: float = self.cleaned_data["threshold"]
        if not 0 <= value < 1e9:  # also refuses what is not a number
            raise forms.ValidationError(_("Enter a number from 0 up."))
        return value

    class Meta:
        model = AlertRule
        fields = ("is_on", "threshold", "roles", "by_mail")


@admin.register(AlertRule)
class AlertRuleAdmin(StaffModelAdmin):
    form = AlertRuleForm
    list_display = ["title", "on_cell", "threshold_cell", "roles_cell", "mail_cell"]
    actions = ()
    list_per_page = 100
    compact_columns = ("on_cell", "threshold_cell", "roles_cell")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: AlertRule | None = None) -> Any:
        has_threshold = obj is not None and services.kind_of(obj.key).threshold is not None
        return ("is_on", *(("threshold",) if has_threshold else ()), "roles", "by_mail")

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:
        """What nobody wants to hear of any more is not left standing."""
        super().save_model(request, obj, form, change)
        if not obj.is_on:
            services.resolve(obj.key)
        attention.forget()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rule = kwargs.get("obj")
        if rule is not None:
            context["page_title"] = services.kind_of(rule.key).title
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("Kind"), ordering="key")
    def title(self, rule: AlertRule) -> str:
        return str(services.kind_of(rule.key).title)

    @display(description=gettext_lazy("State"), ordering="is_on")
    def on_cell(self, rule: AlertRule) -> SafeString:
        if rule.is_on:
            return pill(Meaning.GOOD, pgettext("alert rule", "on"))
        return pill(Meaning.IDLE, pgettext("alert rule", "off"))

    @display(description=gettext_lazy("Threshold"))
    def threshold_cell(self, rule: AlertRule) -> str:
        kind = services.kind_of(rule.key)
        if kind.threshold is None:
            return "–"
        value = kind.threshold if rule.threshold is None else rule.threshold
        return amount(value, kind)

    @display(description=gettext_lazy("Told"))
    def roles_cell(self, rule: AlertRule) -> str:
        return listed(Role(role).label for role in rule.roles if role in Role.values) or str(Role.OWNER.label)

    @display(description=pgettext_lazy("alert rule", "E-mail"), ordering="by_mail")
    def mail_cell(self, rule: AlertRule) -> str:
        return _("yes") if rule.by_mail else _("no")
