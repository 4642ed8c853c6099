"""Intents and their examples: lists, pages, adding by the line, moving to where they belong."""

import csv
import io
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin import cells as shared
from catalog.admin import filters as catalog_filters
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from
from core.admin.base import StaffModelAdmin
from core.components import Meaning, figure, percent, pill, toast
from core.components.words import listed
from core.exceptions import DomainError
from core.extensions import Registry
from core.models import ModelVersion
from core.panels import MAIN, Panel
from reviews.admin.answers import version_now
from reviews.answers import examples
from reviews.answers.choices import INTENTS
from reviews.exceptions import BadInput
from reviews.ml.text import normalise
from reviews.models import Intent, IntentExample
from reviews.models.answers import EXAMPLE_LENGTH, NEARLY_THE_SAME, NORMAL_LENGTH

SHOWN = 12
EXAMPLES = "admin:reviews_intentexample_changelist"
STYLES = ("catalog/catalog.css", "reviews/reviews.css")
BACKGROUND = "none"
MOST_SHOWN = 30
LARGEST_FILE = 2_000_000

intent_panels = Registry("intent_panels")
intent_panels.register("examples", "reviews.admin.intents.examples_panel", order=10, styles=STYLES)
intent_panels.register("mistaken", "reviews.admin.intents.mistaken_panel", order=20, styles=STYLES)


@admin.register(Intent)
class IntentAdmin(ListingMixin, StaffModelAdmin):
    list_display = (
        "title_cell", "english_cell", "chinese_cell", "recall_cell", "precision_cell", "answers_cell", "articles_cell",
        "state_cell",
    )  # fmt: skip
    list_filter = (("answers_with", catalog_filters.ChoiceFilter), "hand_over", "is_active")
    search_fields = ("key", "title_en", "title_zh", "description_en", "description_zh")
    search_help_text = gettext_lazy("Title or description")
    ordering = ("key",)
    number_columns = ("english_cell", "chinese_cell", "recall_cell", "precision_cell", "articles_cell")
    compact_columns = ("english_cell", "chinese_cell", "recall_cell")
    fieldsets = (
        ("", {"fields": ("key", ("title_en", "title_zh"), ("answers_with", "hand_over", "is_active"))}),
        (gettext_lazy("Words of its own"), {"fields": (("words_en", "words_zh"),)}),
        (
            gettext_lazy("For those who write examples"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("description_en", "description_zh"),
                    ("belongs_en", "belongs_zh"),
                    ("elsewhere_en", "elsewhere_zh"),
                ),
            },
        ),
    )  # fmt: skip
    panel_registry = intent_panels
    export_fields = (
        "key", "title_en", "title_zh", "description_en", "description_zh", "answers_with", "hand_over", "is_active"
    )  # fmt: skip
    empty_title = gettext_lazy("No intents yet")
    empty_text = gettext_lazy("An intent is one thing that people want, such as to return something.")
    empty_action = (gettext_lazy("Add intent"), "admin:reviews_intent_add")

    class Media:
        css = {"all": STYLES}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A key names the intent in models and in files, so it stays what it is."""
        return ("key",) if obj is not None else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intent]:
        english, chinese = (
            Count("examples", filter=Q(examples__language=code), distinct=True) for code in ("en", "zh")
        )
        published = Count("articles", filter=Q(articles__state="published"), distinct=True)
        return super().get_queryset(request).annotate(english=english, chinese=chinese, published=published)

    def fill_page(self, request: HttpRequest, rows: list[Intent]) -> None:
        told = version_now().report.get("intents", {})
        for row in rows:
            row.page_measured = told.get(row.key, {})  # type: ignore[attr-defined]

    def list_note(self, request: HttpRequest) -> Any:
        newest = version_now().newest
        if newest is None:
            return _("Nothing was learned yet, so nobody knows how well these are told apart.")
        return _("Found: its examples that a model without them read as this one. Right: of all read as this one.")

    @admin.display(description=gettext_lazy("Intent"), ordering="key")
    def title_cell(self, row: Intent) -> SafeString:
        return shared.two_lines(row.title, row.in_language("description"))

    @admin.display(description="English", ordering="english")
    def english_cell(self, row: Intent) -> str:
        return figure(row.english)  # type: ignore[attr-defined]

    @admin.display(description="中文", ordering="chinese")
    def chinese_cell(self, row: Intent) -> str:
        return figure(row.chinese)  # type: ignore[attr-defined]

    @admin.display(description=pgettext_lazy("share of examples", "Found"))
    def recall_cell(self, row: Intent) -> Any:
        return _share(row, "recall")

    @admin.display(description=pgettext_lazy("share of what was taken for it", "Right"))
    def precision_cell(self, row: Intent) -> Any:
        return _share(row, "precision")

    @admin.display(description=gettext_lazy("Answers with"), ordering="answers_with")
    def answers_cell(self, row: Intent) -> Any:
        return shared.NOTHING if row.hand_over else row.get_answers_with_display()

    @admin.display(description=gettext_lazy("Articles"), ordering="published")
    def articles_cell(self, row: Intent) -> Any:
        return figure(row.published) if row.published else shared.NOTHING  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("State"))
    def state_cell(self, row: Intent) -> SafeString:
        if not row.is_active:
            return pill(Meaning.IDLE, _("not in use"))
        if row.hand_over:
            return pill(Meaning.MOVING, _("always to a person"))
        return pill(Meaning.GOOD, pgettext_lazy("intent", "in use"))


def _share(row: Intent, name: str) -> Any:
    value = getattr(row, "page_measured", {}).get(name)
    return percent(value) if value is not None else shared.NOTHING


# --- panels of an intent ----------------------------------------------------------------------------------------------


def examples_panel(request: HttpRequest, intent: Intent) -> Panel | None:
    """The newest examples, and a box to add more by the line."""
    if not request.user.has_perm("reviews.view_intentexample"):
        return None
    return Panel(
        title=pgettext("of an intent", "Examples"), template="admin/reviews/answers/examples_panel.html", place=MAIN,
        count=intent.examples.count(), url=f"{reverse(EXAMPLES)}?intent__id__exact={intent.pk}",
        url_label=_("All examples"),
        context={
            "rows": list(intent.examples.order_by("-id")[:SHOWN]),
            "may_add": request.user.has_perm("reviews.add_intentexample"),
            "action": reverse("admin:reviews_examples_add"),
            "longest": EXAMPLE_LENGTH,
        },
    )  # fmt: skip


def mistaken_panel(request: HttpRequest, intent: Intent) -> Panel | None:
    """Its examples that are taken for other intents, and those of others that are taken for it."""
    if not request.user.has_perm("reviews.view_intentexample"):
        return None
    rows = IntentExample.objects.filter(Q(intent=intent) | Q(taken_for=intent)).mistaken()
    found = list(rows.select_related("intent", "taken_for").order_by("-confidence", "id")[:SHOWN])
    nothing = _("No example was taken for another intent by a model that had not seen it.")
    if not found and not ModelVersion.objects.of(INTENTS.name).exists():
        nothing = _("Nothing was learned yet.")
    return Panel(
        title=_("Mistaken"), template="admin/reviews/answers/mistaken_panel.html", place=MAIN,
        count=rows.count() if found else None,
        context={"rows": found, "may_move": request.user.has_perm("reviews.change_intentexample"),
                 "action": reverse("admin:reviews_examples_add")},
        empty="" if found else nothing,
    )  # fmt: skip


# --- examples ---------------------------------------------------------------------------------------------------------


class IntentFilter(RelatedDropdownFilter):
    """One intent, or what none covers."""

    title = pgettext_lazy("what somebody wants", "intent")


class SourceFilter(DropdownFilter):
    title = gettext_lazy("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(IntentExample.Source.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[IntentExample]) -> QuerySet[IntentExample]:
        return queryset.filter(source=self.value()) if self.value() in IntentExample.Source.values else queryset


class ExampleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = IntentExample
        fields = ("text", "intent", "language")
        widgets = {"text": UnfoldAdminTextInputWidget}

    def clean_text(self) -> str:
        """As it is kept: in one line, without anything personal, and said nowhere else."""
        text = examples.kept(self.cleaned_data["text"])
        normal = normalise(text)
        if not normal:
            raise forms.ValidationError(_("Nothing in it can be read."))
        if len(text) > EXAMPLE_LENGTH or len(normal) > NORMAL_LENGTH:
            raise forms.ValidationError(_("It is longer than %(most)d characters.") % {"most": EXAMPLE_LENGTH})
        known = (
            IntentExample.objects.filter(normal=normal).exclude(pk=self.instance.pk).select_related("intent").first()
        )
        if known is not None:
            where = known.intent.title if known.intent else _("nothing that the shop answers")
            raise forms.ValidationError(_("“%(intent)s” has this example already.") % {"intent": where})
        self.instance.normal = normal
        return text


@admin.register(IntentExample)
class IntentExampleAdmin(ListingMixin, StaffModelAdmin):
    form = ExampleForm
    list_display = ("text_cell", "intent_cell", "taken_cell", "confidence_cell", "nearest_cell", "language", "source")
    list_filter = (
        ("intent", IntentFilter),
        ("taken_for", RelatedDropdownFilter),
        ("language", catalog_filters.ChoiceFilter),
        SourceFilter,
    )
    list_select_related = ("intent", "taken_for", "nearest")
    search_fields = ("text",)
    search_help_text = gettext_lazy("Words of the example")
    ordering = ("-id",)
    number_columns = ("confidence_cell",)
    compact_columns = ("intent_cell", "taken_cell")
    view_keys = ("mistaken", "doubled", BACKGROUND)
    actions = ("move_to_suggested", "move_chosen", "export_as_csv", "export_as_xlsx")
    export_fields = ("text", "intent__key", "language", "source")
    fields = ("text", "intent", "language")
    empty_title = gettext_lazy("No examples yet")
    empty_text = gettext_lazy("An example is one way to say what somebody wants. The shop learns from them.")

    class Media:
        css = {"all": STYLES}

    def in_view(self, rows: QuerySet[IntentExample], key: str) -> QuerySet[IntentExample]:
        if key == "mistaken":
            return rows.mistaken()  # type: ignore[attr-defined]
        if key == "doubled":
            return rows.doubled()  # type: ignore[attr-defined]
        return rows.background() if key == BACKGROUND else rows  # type: ignore[attr-defined]

    def get_ordering(self, request: HttpRequest) -> Any:
        """The surest mistakes first: those are the likeliest to stand in the wrong place."""
        is_mistaken = request.GET.get("view") == "mistaken" or any(name.startswith("taken_for") for name in request.GET)
        return ("-confidence", "-id") if is_mistaken else self.ordering

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {
            "": _("All"), "mistaken": _("Mistaken for others"), "doubled": _("Nearly the same"),
            BACKGROUND: _("Nothing covers them"),
        }  # fmt: skip
        return [ListView(key, label, self.in_view(IntentExample.objects.all(), key)) for key, label in labels.items()]

    def save_model(self, request: HttpRequest, obj: IntentExample, form: Any, change: bool) -> None:
        """What was found about the old words does not hold for the new ones."""
        if not change:
            obj.added_by = acting(request)
        elif {"text", "intent"} & set(form.changed_data):
            obj.taken_for, obj.confidence, obj.nearest, obj.likeness = None, None, None, None
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("Words"), ordering="text")
    def text_cell(self, row: IntentExample) -> SafeString:
        return format_html('<span lang="{}" translate="no">{}</span>', row.language, row.text)

    @admin.display(description=pgettext_lazy("what somebody wants", "Intent"), ordering="intent")
    def intent_cell(self, row: IntentExample) -> Any:
        return row.intent.title if row.intent else shared.quiet(_("nothing covers it"))

    @admin.display(description=gettext_lazy("Taken for"), ordering="taken_for")
    def taken_cell(self, row: IntentExample) -> Any:
        return pill(Meaning.PROPOSED, row.taken_for.title) if row.taken_for else shared.NOTHING

    @admin.display(description=gettext_lazy("Confidence"), ordering="confidence")
    def confidence_cell(self, row: IntentExample) -> Any:
        return f"{row.confidence:.2f}" if row.confidence is not None else shared.NOTHING

    @admin.display(description=gettext_lazy("Most like it"), ordering="likeness")
    def nearest_cell(self, row: IntentExample) -> Any:
        if row.nearest is None or row.likeness is None or row.likeness < NEARLY_THE_SAME:
            return shared.NOTHING
        return format_html('<span lang="{}" translate="no">{}</span>', row.nearest.language, row.nearest.text)

    @admin.action(description=gettext_lazy("Move to where they were taken for"), permissions=["change"])
    def move_to_suggested(self, request: HttpRequest, queryset: QuerySet[IntentExample]) -> None:
        _tell_moved(request, examples.move_to_suggested(list(queryset.order_by().values_list("pk", flat=True))))

    @admin.action(description=gettext_lazy("Move to another intent…"), permissions=["change"])
    def move_chosen(self, request: HttpRequest, queryset: QuerySet[IntentExample]) -> HttpResponse | None:
        """Asks where to, and then does it."""
        if "confirmed" in request.POST:
            try:
                where = _number(request.POST.get("to", ""))
                count = examples.move(list(queryset.order_by().values_list("pk", flat=True)), where)
            except DomainError as error:
                self.refuse(request, error)
                return None
            _tell_moved(request, count)
            return HttpResponseRedirect(request.get_full_path())
        count = queryset.count()
        return self.ask_first(
            request, "admin/reviews/answers/move.html",
            title=ngettext("Move %(count)d example", "Move %(count)d examples", count) % {"count": count},
            intents=sorted(((one.pk, one.title) for one in Intent.objects.all()), key=lambda one: one[1]),
        )  # fmt: skip


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _tell_moved(request: HttpRequest, count: int) -> None:
    if count:
        toast(request, ngettext("%(count)d example moved", "%(count)d examples moved", count) % {"count": count})
    else:
        messages.info(request, _("Nothing to move"))


# --- adding by the line -----------------------------------------------------------------------------------------------


def add_page(request: HttpRequest) -> HttpResponse:
    """A POST adds `lines` to the intent `intent` (empty: nothing covers them), or the rows of a CSV `file` with columns
    `text` and `intent`; with `move` it gives one example to where it was taken for."""
    intents = {intent.key: intent for intent in Intent.objects.all()}
    if request.method == "POST" and request.POST.get("move"):
        if not request.user.has_perm("reviews.change_intentexample"):
            raise PermissionDenied
        one = _number(request.POST["move"])
        _tell_moved(request, examples.move_to_suggested([one] if one is not None else []))
        return HttpResponseRedirect(came_from(request, reverse(EXAMPLES)))
    done, error = None, ""
    chosen = _number(request.POST.get("intent", "") or request.GET.get("intent", ""))
    if request.method == "POST":
        try:
            lines = _lines(request, chosen, intents)
            done = examples.add(lines, by=acting(request))
        except DomainError as refusal:
            error = str(refusal.message)
        if done is not None and done.count and not done.known and not done.refused:
            toast(request, _added(done.count))
            target = reverse("admin:reviews_intent_change", args=[chosen]) if chosen else reverse(EXAMPLES)
            return HttpResponseRedirect(target)
    context = {
        **admin.site.each_context(request),
        "title": _("Add examples"),
        "crumbs": [{"title": pgettext("of an intent", "Examples"), "url": reverse(EXAMPLES)}],
        "intents": sorted(((one.pk, one.title) for one in intents.values()), key=lambda one: one[1]),
        "chosen": chosen,
        "lines": request.POST.get("lines", "") if error else "",
        "error": error,
        "done": done,
        "added": _added(done.count) if done is not None else "",
        "shown": MOST_SHOWN,
    }
    return render(request, "admin/reviews/answers/add.html", context)


def _added(count: int) -> str:
    return ngettext("%(count)d example added", "%(count)d examples added", count) % {"count": count}


def _lines(request: HttpRequest, chosen: int | None, intents: dict[str, Intent]) -> list[tuple[str, int | None]]:
    """Raises BadInput for a file that is too large, is not UTF-8 or lacks the columns."""
    file = request.FILES.get("file")
    if file is None:
        return [(line, chosen) for line in request.POST.get("lines", "").splitlines()]
    if (file.size or 0) > LARGEST_FILE:
        raise BadInput(_("The file is larger than 2 MB."))
    try:
        rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(_("The file is no CSV in UTF-8.")) from None
    if not rows or "text" not in rows[0] or "intent" not in rows[0]:
        raise BadInput(_("The file needs the columns text and intent."))
    unknown = {row["intent"] for row in rows if row["intent"] and row["intent"] not in intents}
    if unknown:
        raise BadInput(_("There is no intent %(names)s.") % {"names": listed(sorted(unknown)[:5])})
    return [(row["text"] or "", intents[row["intent"]].pk if row["intent"] else None) for row in rows]
