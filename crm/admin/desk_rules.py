"""What the inbox works by: opening hours, response targets, teams, texts, settings."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin import cells as shared
from catalog.admin.fields import language_name, shop_languages
from core.admin.base import SettingsAdmin, StaffModelAdmin, TabularInline
from core.admin.widgets import Checkboxes
from core.components import Meaning, figure, pill
from core.components.words import duration, listed
from crm.models import (
    BusinessHours,
    BusinessPeriod,
    CannedReply,
    Channel,
    DeskSettings,
    Holiday,
    Macro,
    SlaPolicy,
    SlaTarget,
    Team,
    TeamMember,
)
from crm.services.merge_tags import TAGS

STYLES = {"all": ("catalog/catalog.css",)}
LONGEST_WORD, MOST_WORDS = 40, 30


class WordsField(forms.CharField):
    """A list of words, typed with commas."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = re.split(r"[,，、]", str(value or ""))
        return list(dict.fromkeys(" ".join(word.split())[:LONGEST_WORD] for word in words if word.strip()))[:MOST_WORDS]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))


def _switched(is_on: bool) -> SafeString:
    return (
        pill(Meaning.GOOD, pgettext("programme", "On")) if is_on else pill(Meaning.IDLE, pgettext("programme", "Off"))
    )


class PeriodInline(TabularInline):
    model = BusinessPeriod
    extra = 1
    fields = ("weekday", "opens", "closes")


class HolidayInline(TabularInline):
    model = Holiday
    extra = 0
    fields = ("day", "name", "opens", "closes")


@admin.register(BusinessHours)
class BusinessHoursAdmin(StaffModelAdmin):
    list_display = ("name_cell", "week_cell", "holidays_cell")
    inlines = (PeriodInline, HolidayInline)
    fields = ("name",)
    ordering = ("name",)
    empty_title = gettext_lazy("No business hours yet")
    empty_text = gettext_lazy("Clocks of tickets run while the shop is open. Without hours they run day and night.")
    empty_action = (gettext_lazy("Add business hours"), "admin:crm_businesshours_add")

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusinessHours]:
        return super().get_queryset(request).prefetch_related("periods").annotate(days_off=Count("holidays"))

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_cell(self, row: BusinessHours) -> str:
        return row.name

    @admin.display(description=gettext_lazy("Week"))
    def week_cell(self, row: BusinessHours) -> Any:
        periods = list(row.periods.all())
        if not periods:
            return _("around the clock")
        days = len({one.weekday for one in periods})
        opens, closes = min(one.opens for one in periods), max(one.closes for one in periods)
        return _("%(days)d days, %(opens)s–%(closes)s") % {
            "days": days, "opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}",
        }  # fmt: skip

    @admin.display(description=gettext_lazy("Holidays"))
    def holidays_cell(self, row: BusinessHours) -> SafeString:
        return shared.number(figure(getattr(row, "days_off", 0)))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        _set_clocks_anew()


class TargetInline(TabularInline):
    model = SlaTarget
    extra = 0
    max_num = 4
    fields = ("priority", "first_response", "next_response", "resolution")


class SlaPolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"), choices=Channel.choices, widget=Checkboxes(), required=False,
        help_text=gettext_lazy("None chosen: all."),
    )  # fmt: skip
    skills = WordsField(label=gettext_lazy("Skills"), required=False, help_text=gettext_lazy("Empty: all."))

    class Meta:
        model = SlaPolicy
        fields = ("name", "is_on", "position", "channels", "skills", "hours")


@admin.register(SlaPolicy)
class SlaPolicyAdmin(StaffModelAdmin):
    form = SlaPolicyForm
    list_display = ("name_cell", "for_cell", "normal_cell", "hours_cell", "state_cell")
    list_select_related = ("hours",)
    ordering = ("position", "id")
    inlines = (TargetInline,)
    empty_title = gettext_lazy("Nothing is promised yet")
    empty_text = gettext_lazy("A response target starts a clock with each ticket and warns before it runs out.")
    empty_action = (gettext_lazy("Add response target"), "admin:crm_slapolicy_add")

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[SlaPolicy]:
        return super().get_queryset(request).prefetch_related("targets")

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_cell(self, row: SlaPolicy) -> str:
        return row.name

    @admin.display(description=gettext_lazy("For"))
    def for_cell(self, row: SlaPolicy) -> Any:
        channels = [str(Channel(one).label) for one in row.channels if one in Channel.values]
        return listed([*channels, *row.skills]) if channels or row.skills else shared.quiet(_("all tickets"))

    @admin.display(description=gettext_lazy("First answer, normal priority"))
    def normal_cell(self, row: SlaPolicy) -> Any:
        minutes = next((one.first_response for one in row.targets.all() if one.priority == "normal"), None)
        return duration(minutes * 60) if minutes else shared.NOTHING

    @admin.display(description=gettext_lazy("Business hours"))
    def hours_cell(self, row: SlaPolicy) -> Any:
        return str(row.hours) if row.hours is not None else _("around the clock")

    @admin.display(description=gettext_lazy("State"))
    def state_cell(self, row: SlaPolicy) -> SafeString:
        return _switched(row.is_on)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        _set_clocks_anew()


def _set_clocks_anew() -> None:
    """Open tickets follow what is promised from now on."""
    from core.jobs import enqueue

    enqueue("crm.tasks.set_clocks_anew", dedupe_key="crm.desk.clocks")


class MemberInline(TabularInline):
    model = TeamMember
    extra = 1
    fields = ("staff", "is_available", "capacity")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "staff":
            kwargs["queryset"] = db_field.related_model.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    skills = WordsField(
        label=gettext_lazy("Skills"), required=False,
        help_text=gettext_lazy("Words with commas, such as refunds, complaints. Empty: everything else."),
    )  # fmt: skip
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), widget=Checkboxes(), required=False,
        help_text=gettext_lazy("None chosen: all."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("languages")
        if isinstance(field, forms.MultipleChoiceField):
            known = dict.fromkeys([*shop_languages(), *(getattr(self.instance, "languages", None) or [])])
            field.choices = [(code, language_name(code)) for code in known]

    class Meta:
        model = Team
        fields = ("name", "is_on", "skills", "languages")


@admin.register(Team)
class TeamAdmin(StaffModelAdmin):
    form = TeamForm
    list_display = ("name_cell", "skills_cell", "members_cell", "open_cell", "state_cell")
    ordering = ("name",)
    inlines = (MemberInline,)
    empty_title = gettext_lazy("No teams yet")
    empty_text = gettext_lazy(
        "New tickets go round the members of a team. Without teams they wait for whoever takes them."
    )
    empty_action = (gettext_lazy("Add team"), "admin:crm_team_add")

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        people = Count("memberships", filter=Q(memberships__is_available=True), distinct=True)
        unfinished = Count("tickets", filter=Q(tickets__state="open", tickets__merged_into=None), distinct=True)
        return super().get_queryset(request).annotate(people=people, unfinished=unfinished)

    @admin.display(description=gettext_lazy("Name"), ordering="name")
    def name_cell(self, row: Team) -> str:
        return row.name

    @admin.display(description=gettext_lazy("Skills"))
    def skills_cell(self, row: Team) -> Any:
        return listed(row.skills) if row.skills else shared.quiet(_("everything else"))

    @admin.display(description=gettext_lazy("Get new tickets"))
    def members_cell(self, row: Team) -> SafeString:
        return shared.number(figure(getattr(row, "people", 0)))

    @admin.display(description=gettext_lazy("Open tickets"))
    def open_cell(self, row: Team) -> SafeString:
        return shared.number(figure(getattr(row, "unfinished", 0)))

    @admin.display(description=gettext_lazy("State"))
    def state_cell(self, row: Team) -> SafeString:
        return _switched(row.is_on)


def _tags_help() -> str:
    return _("Filled in when it is used: %(tags)s") % {"tags": listed(f"{{{tag}}}" for tag in TAGS)}


class TextsForm(forms.ModelForm):  # type: ignore[type-arg]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("text_en", "text_zh"):
            if name in self.fields:
                self.fields[name].help_text = _tags_help()


@admin.register(CannedReply)
class CannedReplyAdmin(StaffModelAdmin):
    form = TextsForm
    list_display = ("title_cell", "shortcut_cell", "text_cell")
    search_fields = ("title", "shortcut", "text_en", "text_zh")
    ordering = ("title", "id")
    fields = ("title", "shortcut", "text_en", "text_zh")
    export_fields = ("title", "shortcut", "text_en", "text_zh")
    empty_title = gettext_lazy("No canned replies yet")
    empty_text = gettext_lazy("Texts that agents send often. Type / and the shortcut in a reply.")
    empty_action = (gettext_lazy("Add canned reply"), "admin:crm_cannedreply_add")

    class Media:
        css = STYLES

    @admin.display(description=gettext_lazy("Title"), ordering="title")
    def title_cell(self, row: CannedReply) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("Shortcut"), ordering="shortcut")
    def shortcut_cell(self, row: CannedReply) -> str:
        return f"/{row.shortcut}"

    @admin.display(description=gettext_lazy("Text"))
    def text_cell(self, row: CannedReply) -> str:
        return _short(row.in_language(get_language() or ""))


class MacroForm(TextsForm):
    add_tags = WordsField(
        label=gettext_lazy("Add tags"), required=False, help_text=gettext_lazy("Words with commas.")
    )  # fmt: skip


@admin.register(Macro)
class MacroAdmin(StaffModelAdmin):
    form = MacroForm
    list_display = ("title_cell", "acts_cell", "text_cell", "state_cell")
    list_select_related = ("team",)
    search_fields = ("title", "text_en", "text_zh")
    ordering = ("title", "id")
    fields = ("title", "is_on", "text_en", "text_zh", ("state", "priority"), "add_tags", "team", "to_me")
    empty_title = gettext_lazy("No macros yet")
    empty_text = gettext_lazy("A macro sends a text and sets state, priority, tags and team in one step.")
    empty_action = (gettext_lazy("Add macro"), "admin:crm_macro_add")

    class Media:
        css = STYLES

    @admin.display(description=gettext_lazy("Title"), ordering="title")
    def title_cell(self, row: Macro) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("Does"))
    def acts_cell(self, row: Macro) -> Any:
        from crm.services.desk_texts import acts_of

        return acts_of(row) or shared.NOTHING

    @admin.display(description=gettext_lazy("Text"))
    def text_cell(self, row: Macro) -> str:
        return _short(row.in_language(get_language() or ""))

    @admin.display(description=gettext_lazy("State"))
    def state_cell(self, row: Macro) -> SafeString:
        return _switched(row.is_on)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


@admin.register(DeskSettings)
class DeskSettingsAdmin(SettingsAdmin):
    settings_title = gettext_lazy("Inbox settings")
    fieldsets = (
        (gettext_lazy("Opening"), {"fields": ("hours",)}),
        (gettext_lazy("Tickets"), {"fields": ("tickets_from_reviews", "warn_minutes", "close_days")}),
        (pgettext_lazy("inbox", "Customers"), {"fields": ("signature", "asks_by_mail")}),
    )
