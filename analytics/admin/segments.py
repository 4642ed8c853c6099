"""Segments: the list, the page of one, and the builder of its rule."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from analytics.admin.segment_acts import SEE_PEOPLE, SegmentActs, SegmentForm, may_export_people, page_of
from analytics.models import Segment, SegmentSize
from analytics.segments import counting, drafts, features, named, profiles, rules, selectors, services
from analytics.segments.rules import BadRule
from catalog.admin import cells
from catalog.admin.notices import acting
from core.components import Meaning, ago, figure, percent, pill, toast
from core.exceptions import DomainError
from core.jobs import Job

WEEK = timedelta(days=7)
VERSIONS = 20
Kind = Segment.Kind


class ArchiveFilter(DropdownFilter):
    """Archived segments only when asked for."""

    title = gettext_lazy("archive")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Archived")), ("all", gettext_lazy("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "1")


@admin.register(Segment)
class SegmentAdmin(SegmentActs):
    add_title = gettext_lazy("New segment")
    list_display = ("title", "kind_cell", "size_cell", "change_cell", "share_cell", "counted_cell", "used_cell")
    list_filter = ("kind", "is_shared", ArchiveFilter)
    search_fields = ("name", "name_translations", "description")
    search_help_text = gettext_lazy("Name or description")
    ordering = ("-size", "id")
    number_columns = ("size_cell", "change_cell", "share_cell")
    compact_columns = ("kind_cell", "size_cell", "share_cell")
    list_before_template = "admin/analytics/segments_before.html"
    export_fields = ("public_id", "name", "kind", "key", "size", "revenue", "revenue_share", "counted_at")
    actions: Any = ("export_as_csv", "export_as_xlsx")
    empty_title = gettext_lazy("No segments yet")
    empty_text = gettext_lazy("A segment is a group of customers that a rule finds.")
    empty_action = (gettext_lazy("New segment"), "admin:analytics_segment_add")

    class Media:
        css = {"all": ("catalog/catalog.css", "analytics/segments.css")}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are archived: versions and kept lists speak of them."""
        return False

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        rows: QuerySet[Segment] = Segment.objects.visible_to(request.user).order_by(*self.ordering)
        # Days of a history that ended long ago are not those on which it was counted.
        sizes = SegmentSize.objects.filter(segment=OuterRef("pk")).order_by("-day")
        rows = rows.annotate(last_day=Subquery(sizes.values("day")[:1]))
        before = sizes.filter(day__lte=OuterRef("last_day") - WEEK)
        return rows.annotate(size_before=Subquery(before.values("size")[:1])).select_related("current")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Rows with what stands on them: one query for the page."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        users: dict[int, int] = {}
        referring = Segment.objects.alive().exclude(current__refers_to=[]).values_list("current__refers_to", flat=True)
        for refers_to in referring:
            for pk in refers_to or ():
                users[pk] = users.get(pk, 0) + 1
        for row in rows:
            row.users = users.get(row.pk, 0)
        changelist.result_list = rows
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        newest = (
            Job.objects.filter(kind="analytics.clusters").order_by("-pk").first() if request.method == "GET" else None
        )
        return super().changelist_view(
            request, {"may_train": self.has_change_permission(request), "training": newest, **(extra_context or {})}
        )

    @display(description=gettext_lazy("Segment"), ordering="name")
    def title(self, segment: Segment) -> SafeString:
        return cells.two_lines(str(segment), hint_of(segment))

    @display(description=gettext_lazy("Kind"), ordering="kind")
    def kind_cell(self, segment: Segment) -> SafeString:
        return kind_pill(segment)

    @display(description=gettext_lazy("Customers"), ordering="size")
    def size_cell(self, segment: Segment) -> SafeString:
        return cells.number(figure(segment.size))

    @display(description=gettext_lazy("In 7 days"))
    def change_cell(self, segment: Segment) -> SafeString:
        return cells.number(change_text(segment))

    @display(description=gettext_lazy("Share of revenue"), ordering="revenue_share")
    def share_cell(self, segment: Segment) -> SafeString:
        return cells.number(percent(segment.revenue_share))

    @display(description=gettext_lazy("As of"), ordering="counted_at")
    def counted_cell(self, segment: Segment) -> Any:
        return ago(segment.counted_at) if segment.counted_at else _("not counted yet")

    @display(description=gettext_lazy("Used by"))
    def used_cell(self, segment: Any) -> SafeString | str:
        if not getattr(segment, "users", 0):
            return "–"
        text = ngettext("%(count)d segment", "%(count)d segments", segment.users) % {"count": segment.users}
        return format_html('<span class="nowrap">{}</span>', text)

    # --- builder ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        edit = self.admin_site.admin_view(self.edit_view)
        return [path("<int:pk>/edit/", edit, name="analytics_segment_edit"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """`?rule=<JSON>&name=…`: lists, bars and cells of other pages link here (`rules.rule_address`)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._sent(request, None)
        root, problem = drafts.empty(), ""
        if request.GET.get("rule"):
            try:
                root = drafts.of_rule(rules.parse_text(request.GET["rule"]))
            except BadRule as error:
                problem = str(error.message)
        form = SegmentForm(initial={"name": request.GET.get("name", "")[:300], "is_shared": True})
        return self._form_page(request, form, root, None, problem)

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        segment = self.get_segment(request, pk)
        if request.method == "POST":
            return self._sent(request, segment)
        current = segment.current
        assert current is not None
        form = SegmentForm(
            initial={
                "name": segment.name, "description": segment.description, "is_shared": segment.is_shared,
                "name_en": segment.name_translations.get("en", ""), "opened": current.number,
                "name_zh_hans": segment.name_translations.get("zh-hans", ""),
            }
        )  # fmt: skip
        root = drafts.of_rule(rules.parse(current.rule)) if segment.is_rule else drafts.empty()
        return self._form_page(request, form, root, segment)

    def _sent(self, request: HttpRequest, segment: Segment | None) -> HttpResponse:
        """Save, or, when a button of the builder sent the form without scripts, show it again after that act."""
        form = SegmentForm(request.POST)
        root = drafts.of_form(request.POST)
        has_rule = segment is None or segment.is_rule
        if request.POST.get("act") or any(one.is_asking for one in drafts.conditions(root)):
            form = SegmentForm(initial={name: request.POST.get(name) for name in form.fields})
            return self._form_page(request, form, drafts.apply(root, request.POST.get("act", "")), segment)
        is_valid = form.is_valid()
        rule = drafts.rule_of(root) if has_rule else None
        if not is_valid or (has_rule and rule is None):
            return self._form_page(request, form, root, segment)
        by = acting(request)
        try:
            if segment is None:
                saved = services.create(form.wanted(rule), by=by)
            else:
                saved = services.change(segment, form.wanted(rule), by=by, opened=form.cleaned_data["opened"])
        except DomainError as error:
            form.add_error("name" if error.extra.get("field") == "name" else None, str(error.message))
            return self._form_page(request, form, root, segment)
        toast(request, _("Segment saved"))
        return HttpResponseRedirect(page_of(saved.pk))

    def _form_page(
        self, request: HttpRequest, form: SegmentForm, root: drafts.DraftGroup, segment: Segment | None,
        problem: str = "",
    ) -> TemplateResponse:  # fmt: skip
        has_rule = segment is None or segment.is_rule
        context: dict[str, Any] = {
            "title": str(segment) if segment else _("New segment"),
            "form": form, "errors": form.errors, "segment": segment, "has_rule": has_rule, "bad_address": problem,
            "crumbs": [
                {"title": _("Segments"), "url": reverse("admin:analytics_segment_changelist")},
                *([{"title": str(segment), "url": page_of(segment.pk)}] if segment else []),
            ],
        }  # fmt: skip
        if has_rule:
            context |= self.builder(request, root) | self.preview(request, root, segment)
        return self._answer(request, "admin/analytics/segment_form.html", context)

    # --- page ---------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        number = int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) < 19 else 0
        segment = self.get_segment(request, number)
        current = segment.current
        assert current is not None
        context: dict[str, Any] = {
            "title": str(segment),
            "head_pill": kind_pill(segment),
            "segment": segment,
            "current": current,
            "may_change": self.has_change_permission(request),
            "may_see_people": request.user.has_perm(SEE_PEOPLE),
            "may_export": may_export_people(request),
            "change": change_text(segment),
            "share_of_all": percent(segment.size / total)
            if segment.size is not None and (total := counting.customers_in_all())
            else "",
            "chart": profiles.size_chart(segment),
            "history": segment.versions.select_related("made_by", "model_version")[:VERSIONS],
            "kept": segment.snapshots.select_related("version", "made_by")[:VERSIONS],
            "used_by": services.used_by(segment, person=request.user),
            **self._said(request, segment),
        }
        if segment.is_rule:
            context["history"] = [(one, selectors.rule_sentence(one.rule)) for one in context["history"]]
        elif segment.kind == Kind.RFM:
            context["history"] = [(one, selectors.sentence_of(segment)) for one in context["history"]]
        else:
            context["history"] = [(one, features.apart_words(one.profile)) for one in context["history"]]
        return self._answer(request, "admin/analytics/segment.html", context)

    def _said(self, request: HttpRequest, segment: Segment) -> dict[str, Any]:
        """What the segment is in words, and what is to be known about it."""
        same: list[Segment] = []
        if segment.is_rule and segment.current is not None:
            try:
                rule = rules.parse(segment.current.rule)
            except BadRule:
                rule = None
            same = services.same_rule(rule, apart_from=segment, person=request.user) if rule else []
        return {"sentence": selectors.sentence_of(segment), "gone": selectors.notes_of(segment), "same": same}

    def _answer(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, {**shared, **context})


# --- small parts --------------------------------------------------------------------------------------------------


def kind_pill(segment: Segment) -> SafeString:
    if segment.archived_at is not None:
        return pill(Meaning.IDLE, _("archived"))
    if segment.is_rule:
        return format_html(
            '<span class="zg-label">{}</span>', _("Rule") if segment.is_shared else _("Rule, only yours")
        )
    return format_html('<span class="zg-label">{}</span>', _("RFM") if segment.kind == Kind.RFM else _("Cluster"))


def hint_of(segment: Segment) -> str:
    """The second line of a row: what staff wrote, else what the machine says."""
    if segment.description:
        return segment.description[:120]
    if segment.kind == Kind.RFM and segment.key in named.RFM:
        return str(named.RFM[segment.key][1])
    if segment.kind == Kind.CLUSTER and segment.current is not None:
        return capfirst(features.apart_words(segment.current.profile))
    return ""


def change_text(segment: Segment) -> str:
    change = profiles.change_of(segment)
    if change is None:
        return "–"
    return f"+{figure(change)}" if change > 0 else figure(change)
