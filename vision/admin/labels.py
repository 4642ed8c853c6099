"""Sets and labels: names in both languages, order, how sure a machine must be, merging."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import RelatedDropdownFilter

from catalog.admin import cells as shared
from core.admin.base import StaffModelAdmin
from core.admin.widgets import Slider
from core.components import Meaning, figure, percent, pill, toast
from core.exceptions import DomainError
from core.reports import Line, line_chart
from vision import label_sets, promises, tag_effects
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.thresholds import COLOURS_RIGHT

STYLES = {"all": ("catalog/catalog.css", "vision/vision.css")}
State = TagSuggestion.State


def _count(rows: QuerySet[Any], by: str) -> Coalesce:
    grouped = rows.order_by().values(by).annotate(count=Count("pk"))
    return Coalesce(Subquery(grouped.values("count")), 0)


def _state(is_active: bool) -> SafeString:
    return pill(Meaning.GOOD, _("in use")) if is_active else pill(Meaning.IDLE, _("switched off"))


class _NamedAdmin(StaffModelAdmin):
    """What both lists share: names in two languages, switched off instead of deleted."""

    class Media:
        css = STYLES
        js = ("vision/promises.js",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What people said stays: sets and labels are switched off, labels merged."""
        return False

    @admin.display(description=gettext_lazy("Name"), ordering="position")
    def name_cell(self, row: Any) -> SafeString:
        return shared.two_lines(row.name, row.name_en if row.name == row.name_zh else row.name_zh)

    @admin.display(description=gettext_lazy("To review"), ordering="waiting")
    def waiting_cell(self, row: Any) -> SafeString:
        if not row.waiting:
            return shared.number(figure(0))
        name = "label" if isinstance(row, Label) else "set"
        address = f"{reverse('admin:vision_queue')}?{name}={row.pk if name == 'label' else row.key}"
        return shared.number(format_html('<a class="zg-link" href="{}">{}</a>', address, figure(row.waiting)))

    @admin.display(description=gettext_lazy("State"), ordering="is_active")
    def state_cell(self, row: Any) -> SafeString:
        return _state(row.is_active)

    @admin.action(description=gettext_lazy("Switch off"), permissions=["change"])
    def switch_off_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=False)

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, on: bool) -> None:
        rows = list(self.model._default_manager.filter(pk__in=queryset.order_by().values("pk")).exclude(is_active=on))
        for row in rows:
            row.is_active = on
            row.save(update_fields=["is_active", "updated_at"])
            self.log_change(request, row, [{"changed": {"fields": [str(_("in use"))]}}])
        words = ngettext("%(count)s switched", "%(count)s switched", len(rows)) % {"count": figure(len(rows))}
        toast(request, words)


class _LabelSetForm(forms.ModelForm):
    """How sure a machine must be, on sliders."""

    class Meta:
        widgets = {
            name: Slider({"min": str(promises.LEAST)}, most=promises.MOST, ends=(ends[0], ends[1]))
            for name, ends in {
                "apply_precision": (gettext_lazy("more tags"), gettext_lazy("fewer mistakes")),
                "suggest_precision": (gettext_lazy("more to look at"), gettext_lazy("less to look at")),
            }.items()
        }


@admin.register(LabelSet)
class LabelSetAdmin(_NamedAdmin):
    list_display = ("name_cell", "key", "labels_cell", "waiting_cell", "sure_cell", "state_cell")
    search_fields = ("name_en", "name_zh", "key")
    ordering = ("position", "id")
    number_columns = ("labels_cell", "waiting_cell")
    compact_columns = ("labels_cell", "waiting_cell", "state_cell")
    actions = ("switch_off_chosen", "switch_on_chosen")
    fields = (
        ("name_en", "name_zh"), ("key", "position"), ("is_multiple", "is_active"), "is_automatic",
        ("apply_precision", "suggest_precision"),
    )  # fmt: skip
    form = _LabelSetForm
    change_form_template = "admin/vision/label_set.html"
    empty_title = gettext_lazy("No label sets")
    empty_text = gettext_lazy("A set has the answers to one question about photos, such as which pattern.")
    empty_action = (gettext_lazy("Add label set"), "admin:vision_labelset_add")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key",) if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Colours are counted by limits of their own: sliders would move nothing."""
        return self.fields[:-1] if obj is not None and obj.kind == LabelSet.Kind.COLOUR else self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[LabelSet]:
        rows: QuerySet[LabelSet] = super().get_queryset(request)
        waiting = TagSuggestion.objects.on_shelf().pending().filter(label__label_set=OuterRef("pk"))
        return rows.annotate(
            labels_in_use=_count(Label.objects.filter(label_set=OuterRef("pk"), is_active=True), "label_set"),
            waiting=_count(waiting, "label__label_set"),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        label_set = self.get_object(request, object_id) if request.method == "GET" else None
        if label_set is not None and self.has_view_or_change_permission(request, label_set):
            context |= _promised(label_set)
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description=gettext_lazy("Labels"), ordering="labels_in_use")
    def labels_cell(self, row: Any) -> SafeString:
        address = f"{reverse('admin:vision_label_changelist')}?label_set__id__exact={row.pk}"
        return shared.number(format_html('<a class="zg-link" href="{}">{}</a>', address, figure(row.labels_in_use)))

    @admin.display(description=gettext_lazy("Tags by itself"))
    def sure_cell(self, row: LabelSet) -> str:
        if not row.is_automatic:
            return _("no, a person decides")
        if row.kind == LabelSet.Kind.COLOUR:
            return _("clear shades; %(share)s right when measured") % {"share": percent(COLOURS_RIGHT)}
        return _("from %(share)s right on") % {"share": percent(row.apply_precision)}


def _promised(label_set: LabelSet) -> dict[str, Any]:
    """The curve beside the slider, and each of its places in words; of colours what was measured."""
    if label_set.kind == LabelSet.Kind.COLOUR:
        return {"promised_now": _colour_words()}
    rows = promises.promises(label_set)
    if not rows:
        return {}
    words = {f"{row.target:.2f}": _in_words(row, is_automatic=label_set.is_automatic) for row in rows}
    lines = [
        Line(_("found without a person"), [row.coverage for row in rows], "share"),
        Line(_("of these right"), [row.precision for row in rows], "share", is_reference=True),
        Line(_("labels"), [row.reaching for row in rows], is_drawn=False),
    ]
    chart = line_chart(
        _("What each share brings"), [percent(row.target) for row in rows], lines, first_head=_("Asked for"),
        note=_("Photos that the live version did not learn from. A label counts where even the lower end of what its "
               "share may be reaches what is asked for, and only with twenty photos of it."),
    )  # fmt: skip
    return {
        "promised": chart if any(row.reaching for row in rows) else None,
        "promised_words": json.dumps(words, ensure_ascii=False),
        "promised_now": words.get(f"{label_set.apply_precision:.2f}", ""),
    }  # fmt: skip


def _in_words(row: promises.Promise, *, is_automatic: bool) -> str:
    values = {"share": percent(row.target), "reaching": figure(row.reaching), "labels": figure(row.labels),
              "coverage": percent(row.coverage)}  # fmt: skip
    if not row.reaching:
        return _("At %(share)s no label is tagged by itself: everything waits for a person.") % values
    if not is_automatic:
        return (
            _("A person decides about each tag of this set. If it tagged by itself, at %(share)s it would be "
              "%(reaching)s of %(labels)s labels, on %(coverage)s of the photos that show one.") % values
        )  # fmt: skip
    return (
        _("At %(share)s, %(reaching)s of %(labels)s labels are tagged by themselves, on %(coverage)s of the photos "
          "that show one.") % values
    )  # fmt: skip


def _colour_words() -> str:
    """What was measured where the truth is known, and what staff found in the sample of this shop."""
    own = next(
        (one for one in tag_effects.together(tag_effects.checked(None)) if one.source == TagSuggestion.Source.COLOURS),
        None,
    )
    words = _("Colours are counted, not learned, so there is no slider: a clear shade on half of an evenly lit "
              "photo is applied. On the photos of the demo shop %(share)s of what was applied was right.") % {
        "share": percent(COLOURS_RIGHT)
    }  # fmt: skip
    if own is None or not own.looked_at:
        return words
    low, high = own.range
    here = _("In the sample of this shop: %(right)s of %(count)s (likely %(low)s to %(high)s).") % {
        "right": figure(own.right), "count": figure(own.looked_at), "low": percent(low), "high": percent(high),
    }  # fmt: skip
    return f"{words} {here}"


@admin.register(Label)
class LabelAdmin(_NamedAdmin):
    list_display = ("name_cell", "label_set", "key", "waiting_cell", "told_cell", "state_cell")
    list_filter = (("label_set", RelatedDropdownFilter),)
    list_select_related = ("label_set",)
    search_fields = ("name_en", "name_zh", "key")
    ordering = ("label_set__position", "position", "id")
    number_columns = ("waiting_cell", "told_cell")
    compact_columns = ("label_set", "waiting_cell", "state_cell")
    actions = ("merge_chosen", "switch_off_chosen", "switch_on_chosen", "export_as_csv", "export_as_xlsx")
    fields = ("label_set", ("name_en", "name_zh"), ("key", "position"), "is_active")
    export_fields = ("label_set__key", "key", "name_en", "name_zh", "position", "is_active")
    empty_title = gettext_lazy("No labels")
    empty_text = gettext_lazy("A label is one answer about photos, such as striped.")
    empty_action = (gettext_lazy("Add label"), "admin:vision_label_add")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Names of categories are those of the catalogue."""
        if obj is None:
            return ()
        return ("label_set", "key", *(("name_en", "name_zh", "position") if obj.category_id else ()))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "label_set":
            kwargs["queryset"] = LabelSet.objects.exclude(kind=LabelSet.Kind.CATEGORY)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Label]:
        rows: QuerySet[Label] = super().get_queryset(request)
        waiting = TagSuggestion.objects.pending().filter(label=OuterRef("pk"), product__deleted_at=None)
        return rows.annotate(
            waiting=_count(waiting, "label"),
            told=_count(ReviewDecision.objects.filter(label=OuterRef("pk"), is_right=True), "label"),
        )

    @admin.display(description=gettext_lazy("Said by people"), ordering="told")
    def told_cell(self, row: Any) -> SafeString:
        return shared.number(figure(row.told))

    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"name_en", "name_zh"} & set(form.changed_data):
            count = label_sets.rename(obj, was=str(form.initial["name_en"]))
            if count:
                words = ngettext("%(count)s product has the new name", "%(count)s products have the new name", count)
                toast(request, words % {"count": figure(count)})

    @admin.action(description=gettext_lazy("Merge into…"), permissions=["change"])
    def merge_chosen(self, request: HttpRequest, queryset: QuerySet[Label]) -> HttpResponseBase | None:
        """Asks which one stays, and says how many products it is about: this cannot be undone."""
        chosen = list(queryset.select_related("label_set"))
        into: Any = None
        error: Any = None
        if "confirmed" in request.POST:
            text = request.POST.get("into", "")
            into = Label.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
            error = "" if into else _("Choose a label.")
        if into is not None:
            try:
                count = sum(label_sets.merge(one, into=into) for one in chosen if one.pk != into.pk)
            except DomainError as refusal:
                error = refusal.message
            else:
                words = ngettext("%(count)s product retagged", "%(count)s products retagged", count)
                toast(request, words % {"count": figure(count)})
                return HttpResponseRedirect(request.get_full_path())
        sets = {one.label_set_id for one in chosen}
        return self.ask_first(
            request, "admin/vision/merge_labels.html",
            title=_("Merge labels"), error=error, names=chosen, count=label_sets.tagged(chosen),
            labels=Label.objects.in_use().filter(Q(label_set_id__in=sets)).select_related("label_set"),
        )  # fmt: skip
