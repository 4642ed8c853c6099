"""Care programmes: list, editor with who would be enrolled now, switch, effect, and the log of who got what and why."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from analytics.segments.named import RFM
from catalog.admin import cells as shared
from catalog.admin.notices import acting, came_from
from core import impact
from core.admin.base import LedgerAdmin, StaffModelAdmin
from core.components import Meaning, ago, figure, pill, toast
from core.components.words import listed
from core.exceptions import DomainError
from core.experiments import reading
from core.extensions import Registry
from core.filters import DaysFilter
from core.models import Experiment
from core.panels import MAIN, Panel
from crm.care import conditions, programmes, running, trials, triggers, words
from crm.models import CareEnrolment, CareProgramme, CustomerTag
from crm.roles import CARE, CARE_LOG, INBOX_SEEN

LONGEST_PK = 19
SHOWN = 15
EXAMPLES = 5
MOST_TAGS = 300
STYLES = ("catalog/catalog.css",)
State = CareProgramme.State
MEANINGS = {State.ON: Meaning.GOOD, State.OFF: Meaning.IDLE, State.PAUSED: Meaning.WAITING}
Done = CareEnrolment.State
DONE_MEANINGS = {
    Done.WAITING: Meaning.MOVING, Done.DONE: Meaning.GOOD, Done.CONTROL: Meaning.IDLE, Done.SKIPPED: Meaning.IDLE,
    Done.FAILED: Meaning.STOPPED,
}  # fmt: skip

care_panels = Registry("care_panels")
care_panels.register("state", "crm.admin.care.state_panel", order=1, styles=STYLES)
care_panels.register(
    "due", "crm.admin.care.due_panel", order=2, is_lazy=True, title=gettext_lazy("Who is due now"), styles=STYLES
)
care_panels.register("effect", "crm.admin.care.effect_panel", order=3, styles=STYLES)
care_panels.register("message", "crm.admin.care.message_panel", order=4, styles=STYLES)
care_panels.register("log", "crm.admin.care.log_panel", order=5, permission=CARE_LOG, styles=STYLES)


def state_pill(programme: CareProgramme) -> SafeString:
    state = State(programme.state)
    return pill(MEANINGS[state], state.label.capitalize())


class CareForm(forms.ModelForm):  # type: ignore[type-arg]
    """Conditions as fields; what the allow-list does not know cannot be written."""

    least_orders = forms.IntegerField(
        label=gettext_lazy("Paid orders, at least"), required=False, min_value=0, widget=UnfoldAdminIntegerFieldWidget()
    )
    most_orders = forms.IntegerField(
        label=gettext_lazy("Paid orders, at most"), required=False, min_value=0, widget=UnfoldAdminIntegerFieldWidget()
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, widget=UnfoldAdminSelectWidget(),
        choices=[("", gettext_lazy("all")), *conditions.LANGUAGES.items()],
    )  # fmt: skip
    group = forms.ChoiceField(
        label=gettext_lazy("RFM segment"), required=False, widget=UnfoldAdminSelectWidget(),
        choices=[("", gettext_lazy("all")), *((key, title) for key, (title, _help) in RFM.items())],
    )  # fmt: skip
    tag = forms.ChoiceField(label=gettext_lazy("Tag"), required=False, widget=UnfoldAdminSelectWidget())
    no_ticket = forms.BooleanField(
        label=gettext_lazy("Only without an unfinished ticket"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    template_public_id = forms.ChoiceField(
        label=gettext_lazy("Message"), required=False, widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Approved ones. Consent, frequency and quiet hours are looked at when it goes."),
    )  # fmt: skip

    class Meta:
        model = CareProgramme
        fields = (
            "name", "trigger", "wait_days", "reach_days", "action", "points", "template_public_id", "instructions",
            "control_percent",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "action" not in self.fields:
            return  # shown to somebody who may only look
        tags = CustomerTag.objects.order_by("name").values_list("pk", "name")[:MOST_TAGS]
        self.fields["tag"].choices = [("", _("all")), *((str(pk), name) for pk, name in tags)]  # type: ignore[attr-defined]
        self.fields["action"].choices = programmes.actions()  # type: ignore[attr-defined]
        if "template_public_id" in self.fields:
            self.fields["template_public_id"].choices = self._messages()  # type: ignore[attr-defined]
        chosen = self.instance.conditions or {}
        for name in ("least_orders", "most_orders", "language", "tag", "no_ticket"):
            self.initial.setdefault(name, chosen.get(name))
        self.initial.setdefault("group", next(iter(chosen.get("groups", [])), ""))

    def _messages(self) -> list[tuple[str, str]]:
        """What may be sent, and what was chosen before and is gone."""
        known = programmes.messages()
        own = self.instance.template_public_id
        gone = [(own, _("a message that is not there any more"))] if own and own not in dict(known) else []
        return [("", "–"), *known, *gone]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen: dict[str, Any] = {
            name: data[name] for name in ("least_orders", "most_orders") if data.get(name) is not None
        }
        if data.get("language"):
            chosen["language"] = data["language"]
        if data.get("group"):
            chosen["groups"] = [data["group"]]
        if data.get("tag"):
            chosen["tag"] = int(data["tag"])
        if data.get("no_ticket"):
            chosen["no_ticket"] = True
        wrong = conditions.refused(chosen)
        if wrong:
            self.add_error("most_orders", wrong)
        self.instance.conditions = {} if wrong else chosen
        return data


@admin.register(CareProgramme)
class CareProgrammeAdmin(StaffModelAdmin):
    form = CareForm
    list_display = ("name_cell", "when_cell", "what_cell", "lately_cell", "total_cell", "state_cell")
    list_filter = ("state", "trigger")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("name", "id")
    actions = ()
    number_columns = ("lately_cell", "total_cell")
    compact_columns = ("when_cell", "total_cell", "state_cell")
    panel_registry = care_panels
    conditional_fields = {
        "points": "action == 'points'", "template_public_id": "action == 'message'",
        "instructions": "action == 'ticket' || action == 'worklist'",
    }  # fmt: skip
    empty_title = gettext_lazy("No care programmes yet")
    empty_text = gettext_lazy(
        "A programme does one thing when something happens: points for a new customer, a call after a bad review."
    )
    empty_action = (gettext_lazy("Add care programme"), "admin:crm_careprogramme_add")

    class Media:
        css = {"all": STYLES}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may_send = programmes.can_send() or (obj is not None and obj.template_public_id)
        if not self.has_change_permission(request, obj):
            what: tuple[Any, ...] = ("action", "points", "instructions")
            return (
                ("", {"fields": ("name", ("trigger", "wait_days", "reach_days"), "conditions_told")}),
                (gettext_lazy("What happens"), {"fields": what}),
                (gettext_lazy("Whether it pays"), {"fields": ("control_percent",)}),
            )
        what = ("action", "points", *(["template_public_id"] if may_send else []), "instructions")
        return (
            ("", {"fields": ("name", "trigger", "wait_days", "reach_days")}),
            (
                gettext_lazy("Only for"),
                {"fields": (("least_orders", "most_orders"), ("language", "group"), ("tag", "no_ticket"))},
            ),
            (gettext_lazy("What happens"), {"fields": what}),
            (gettext_lazy("Whether it pays"), {"fields": ("control_percent",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if self.has_change_permission(request, obj) else ("conditions_told",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CareProgramme]:
        since = timezone.now() - timedelta(days=28)
        got = Q(enrolments__state=Done.DONE)
        return super().get_queryset(request).annotate(
            lately=Count("enrolments", filter=got & Q(enrolments__enrolled_at__gte=since)),
            total=Count("enrolments", filter=got),
        )  # fmt: skip

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj") or context.get("original")
        if obj is not None:
            context["head_pill"] = state_pill(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: CareProgramme, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change:
            self._follow(request, obj)

    def after_undo(self, request: HttpRequest, obj: CareProgramme) -> None:
        self._follow(request, obj)

    def _follow(self, request: HttpRequest, obj: CareProgramme) -> None:
        try:
            programmes.changed(obj, by=acting(request))
        except DomainError as error:
            self.refuse(request, error)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """To its page, where it is switched on."""
        return HttpResponseRedirect(reverse("admin:crm_careprogramme_change", args=[obj.pk]))

    response_post_save_change = response_post_save_add

    @admin.display(description=gettext_lazy("Programme"), ordering="name")
    def name_cell(self, row: CareProgramme) -> SafeString:
        return shared.two_lines(row.title, conditions_text(row))

    @admin.display(description=gettext_lazy("When"), ordering="trigger")
    def when_cell(self, row: CareProgramme) -> str:
        return when_text(row)

    @admin.display(description=gettext_lazy("What happens"), ordering="action")
    def what_cell(self, row: CareProgramme) -> str:
        return what_text(row)

    @admin.display(description=gettext_lazy("Customers, 28 days"), ordering="lately")
    def lately_cell(self, row: CareProgramme) -> SafeString:
        return shared.number(figure(getattr(row, "lately", 0)))

    @admin.display(description=gettext_lazy("In all"), ordering="total")
    def total_cell(self, row: CareProgramme) -> SafeString:
        return shared.number(figure(getattr(row, "total", 0)))

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: CareProgramme) -> SafeString:
        return state_pill(row)

    @admin.display(description=gettext_lazy("Only for"))
    def conditions_told(self, row: CareProgramme) -> str:
        return conditions_text(row)


def when_text(row: CareProgramme) -> str:
    what = CareProgramme.Trigger(row.trigger).label.capitalize()
    if not row.wait_days:
        return what
    days = ngettext("%(count)s day", "%(count)s days", row.wait_days) % {"count": row.wait_days}
    return f"{what} · {days}"


def what_text(row: CareProgramme) -> str:
    if row.action == CareProgramme.Action.POINTS:
        return ngettext("Gives %(count)s point", "Gives %(count)s points", row.points or 0) % {
            "count": figure(row.points or 0)
        }
    return CareProgramme.Action(row.action).label.capitalize()


def conditions_text(row: CareProgramme) -> str:
    """The conditions in one line."""
    told = []
    for key, value in (row.conditions or {}).items():
        condition = conditions.CONDITIONS.get(key)
        if condition is None:
            continue
        if key == "groups":
            shown: Any = listed([RFM[one][0] for one in value if one in RFM])
        elif key == "language":
            shown = conditions.LANGUAGES.get(value, value)
        elif key == "tag":
            shown = CustomerTag.objects.filter(pk=value).values_list("name", flat=True).first() or "–"
        else:
            shown = "" if value is True else value
        told.append(f"{condition.title}: {shown}" if shown != "" else str(condition.title))
    return " · ".join(told) or _("all customers")


# --- the page of a programme -----------------------------------------------------------------------------------------


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """`programme` and `to`: on, paused, off."""
    if not request.user.has_perm(CARE):
        raise PermissionDenied
    text = request.POST.get("programme", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_PK else 0
    before = CareProgramme.objects.filter(pk=number).values_list("state", flat=True).first()
    back = came_from(request, reverse("admin:crm_careprogramme_changelist"))
    try:
        done = programmes.switch(number, request.POST.get("to", ""), by=acting(request))
    except DomainError as error:
        admin.site.get_model_admin(CareProgramme).refuse(request, error)  # type: ignore[attr-defined]
        return HttpResponseRedirect(back)
    if before != done.state:
        told = {
            State.ON: _("Programme switched on"), State.PAUSED: _("Programme paused"),
            State.OFF: _("Programme switched off"),
        }  # fmt: skip
        toast(request, told[State(done.state)], undo=request.path, programme=done.pk, to=before)
    return HttpResponseRedirect(back)


def state_panel(request: HttpRequest, programme: CareProgramme) -> Panel:
    """On, paused or off, and the buttons that change it."""
    steps = {
        State.OFF: [(State.ON, _("Switch on"))],
        State.ON: [(State.PAUSED, _("Pause")), (State.OFF, _("Switch off"))],
        State.PAUSED: [(State.ON, _("Go on")), (State.OFF, _("Switch off"))],
    }  # fmt: skip
    told = {
        State.OFF: _("Nothing happens. What was done stays."),
        State.ON: _("Runs every hour."),
        State.PAUSED: _("Nobody new is enrolled. Customers stay in their group of the comparison."),
    }  # fmt: skip
    state = State(programme.state)
    return Panel(
        title=_("State"), template="admin/crm/panels/care_state.html",
        context={
            "pill": state_pill(programme), "told": told[state], "warning": running.points_reach(programme),
            "steps": steps[state] if request.user.has_perm(CARE) else [], "programme": programme,
            "last_run": ago(programme.last_run_at) if programme.last_run_at else "",
            "switch_url": reverse("admin:crm_care_switch"),
        },
    )  # fmt: skip


def due_panel(request: HttpRequest, programme: CareProgramme) -> Panel:
    """How many would be enrolled at this moment, as the programme is saved, and the first of them."""
    now = timezone.now()
    count = triggers.count(programme, now)
    examples = triggers.due(programme, now, EXAMPLES) if count else []
    may_see = request.user.has_perm("catalog.view_customer")
    from catalog.models import Customer

    names = Customer.objects.in_bulk([one.customer_id for one in examples])
    why = words.sentence({"trigger": programme.trigger, "days": programme.wait_days})
    control = round(count * programme.control_percent / 100)
    return Panel(
        title=_("Who is due now"), template="admin/crm/panels/care_due.html",
        empty="" if count else _("Nobody at this moment. The programme looks every hour."),
        context={
            "count": figure(count), "why": why,
            "control": _("About %(count)s of them would be in the control group.") % {"count": figure(control)}
            if programme.control_percent else _("Without a control group nobody can say what it brings."),
            "rows": [
                (names[one.customer_id], reverse("admin:catalog_customer_change", args=[one.customer_id]), one.at)
                for one in examples if one.customer_id in names
            ] if may_see else [],
        },
    )  # fmt: skip


def effect_panel(request: HttpRequest, programme: CareProgramme) -> Panel:
    """What the newest comparison says: ranges that hold at any look, or why nothing can be said."""
    experiment = (
        Experiment.objects.filter(kind=trials.KIND, target=trials.target_of(programme)).exclude(state="draft")
        .prefetch_related("arms").order_by("-started_at").first()
    )  # fmt: skip
    title = _("What it brings")
    if experiment is None:
        said = (
            _("Not measured: without a control group nobody can say what it brings.")
            if not programme.control_percent else _("Nothing yet: the comparison begins when it is switched on.")
        )  # fmt: skip
        return Panel(title=title, empty=said)
    look = experiment.looks.order_by("-looked_at").first()
    verdict = reading.verdict(experiment, look)
    claims = impact.claims(trials.IMPACT, experiment, look) if look is not None else []
    told = impact.verdict(claims) or verdict
    may_open = request.user.has_perm("core.view_experiment")
    return Panel(
        title=title, template="admin/crm/panels/care_effect.html", as_of=look.looked_at if look else None,
        context={
            "pill": pill(told.meaning, told.word), "sentence": told.sentence,
            "rows": [
                (one.reading.sentence, figure(one.people), figure(one.people_control))
                for one in claims if one.reading != told
            ],
            "days": experiment.outcome_days, "people": figure(look.people if look else 0),
        },
        url=reverse("admin:core_experiment_change", args=[experiment.pk]) if may_open else "",
        url_label=_("Comparison"),
    )  # fmt: skip


def message_panel(_request: HttpRequest, programme: CareProgramme) -> Panel | None:
    """What would be sent, in each language, as it is approved now."""
    if programme.action != CareProgramme.Action.MESSAGE:
        return None
    found = programmes.preview(programme.template_public_id)
    return Panel(
        title=_("Message"), template="admin/crm/panels/care_message.html", place=MAIN,
        empty="" if found else _("This message cannot be sent: it is gone, or was never approved."),
        context={"mails": found},
    )  # fmt: skip


def log_panel(request: HttpRequest, programme: CareProgramme) -> Panel:
    """The newest of whom it did something for. The control group is counted, never named."""
    rows = programme.enrolments.exclude(state=Done.CONTROL)
    found = list(rows.select_related("customer").order_by("-enrolled_at", "-id")[:SHOWN])
    control = programme.enrolments.filter(state=Done.CONTROL).count()
    may_see, may_open = request.user.has_perm("catalog.view_customer"), request.user.has_perm(INBOX_SEEN)
    return Panel(
        title=_("Who got what, and why"), template="admin/crm/panels/care_log.html", place=MAIN,
        count=rows.count() if found else None,
        empty="" if found else _("Nobody yet."),
        url=f"{reverse('admin:crm_careenrolment_changelist')}?programme__id__exact={programme.pk}" if found else "",
        url_label=_("All"),
        context={
            "rows": [
                {
                    "who": row.customer if may_see else "–",
                    "url": reverse("admin:catalog_customer_change", args=[row.customer_id]) if may_see else "",
                    "why": words.sentence(row.why), "at": row.enrolled_at, "what": came_of(row, may_open=may_open),
                    "pill": done_pill(row),
                }
                for row in found
            ],
            "control": ngettext(
                "%(count)s more customer is in the control group and got nothing.",
                "%(count)s more customers are in the control group and got nothing.", control,
            ) % {"count": figure(control)} if control else "",
        },
    )  # fmt: skip


def came_of(row: CareEnrolment, *, may_open: bool) -> SafeString | str:
    """What happened; the ticket that was opened as a link for those who may see it."""
    said = words.came_of(row)
    ticket = row.result.get("ticket") if row.state == Done.DONE else None
    if not ticket or not may_open:
        return said
    return format_html('<a class="zg-link" href="{}">{}</a>', reverse("admin:crm_ticket_change", args=[ticket]), said)


def done_pill(row: CareEnrolment) -> SafeString:
    state = Done(row.state)
    return pill(DONE_MEANINGS[state], state.label.capitalize())


@admin.register(CareEnrolment)
class CareEnrolmentAdmin(LedgerAdmin):
    """The whole log. The control group stands on no page: whoever knew them could not help treating them otherwise."""

    list_display = ("customer_cell", "programme", "why_cell", "what_cell", "enrolled_at", "state_cell")
    list_display_links = None
    list_filter = ("programme", ("enrolled_at", DaysFilter), "state")
    list_select_related = ("programme", "customer")
    ordering = ("-enrolled_at", "-id")
    search_fields = ("customer__name",)
    search_help_text = gettext_lazy("Name of the customer")
    compact_columns = ("programme", "why_cell", "state_cell")
    actions = ("export_as_csv", "export_as_xlsx")
    export_fields = ("enrolled_at", "programme__name", "occasion", "occurred_at", "state", "action", "done_at")
    empty_title = gettext_lazy("No care yet")
    empty_text = gettext_lazy("As soon as a programme does something for a customer, it stands here with its reason.")

    class Media:
        css = {"all": STYLES}

    def get_queryset(self, request: HttpRequest) -> QuerySet[CareEnrolment]:
        rows = super().get_queryset(request).exclude(state=Done.CONTROL)
        return rows.annotate(may_open=Value(request.user.has_perm(INBOX_SEEN)))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(CARE_LOG))

    @admin.display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: CareEnrolment) -> SafeString:
        address = reverse("admin:catalog_customer_change", args=[row.customer_id])
        return format_html('<a class="zg-link" href="{}" translate="no">{}</a>', address, row.customer)

    @admin.display(description=gettext_lazy("Why"))
    def why_cell(self, row: CareEnrolment) -> str:
        return words.sentence(row.why)

    @admin.display(description=gettext_lazy("What came of it"))
    def what_cell(self, row: CareEnrolment) -> SafeString | str:
        return came_of(row, may_open=getattr(row, "may_open", False))

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: CareEnrolment) -> SafeString:
        return done_pill(row)
