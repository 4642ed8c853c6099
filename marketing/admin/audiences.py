"""Audiences: the list, a new one by each of five ways, and the page of one with who can be reached."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from analytics.admin.segment_acts import builder_of, preview_of
from analytics.segments import drafts, rules, selectors
from analytics.segments.rules import BadRule
from catalog.admin import cells
from catalog.admin.notices import acting
from core.admin.base import StaffModelAdmin
from core.components import ago, figure, money, percent, toast, when
from core.components.words import day_text
from core.exceptions import DomainError
from core.exports import csv_lines, safe_cell
from core.exports.tables import file_name, private_headers
from core.jobs import Job
from marketing.admin import campaign_page
from marketing.admin.audience_forms import WAYS, AudienceForm, CountForm
from marketing.campaigns import audiences
from marketing.models import Audience, Campaign, Channel, Purpose
from marketing.roles import CAMPAIGNS

USED = 20
Source = Audience.Source


@admin.register(Audience)
class AudienceAdmin(StaffModelAdmin):
    add_title = gettext_lazy("New audience")
    list_display = ("name_cell", "source_cell", "size_cell", "counted_cell", "reach_cell", "used_cell")
    list_filter = ("source",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-updated_at", "-id")
    number_columns = ("size_cell", "reach_cell", "used_cell")
    compact_columns = ("source_cell", "size_cell")
    export_fields = ("public_id", "name", "source", "size", "counted_at", "updated_at")
    actions: Any = ("export_as_csv", "export_as_xlsx")
    empty_title = gettext_lazy("No audiences yet")
    empty_text = gettext_lazy("An audience is a group of customers that campaigns write to.")
    empty_action = (gettext_lazy("New audience"), "admin:marketing_audience_add")

    class Media:
        css = {"all": ("catalog/catalog.css", "analytics/segments.css")}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a campaign wrote to stays on record."""
        is_used = obj is not None and obj.campaigns.exists()
        return not is_used and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Audience]:
        rows: QuerySet[Audience] = super().get_queryset(request)
        return rows.select_related("segment", "created_by").annotate(used=Count("campaigns"))

    # --- list -------------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("Audience"), ordering="name")
    def name_cell(self, row: Audience) -> Any:
        hint = words_of(row)
        return cells.two_lines(str(row), "" if hint == str(row) else hint)

    @display(description=gettext_lazy("Source"), ordering="source")
    def source_cell(self, row: Audience) -> str:
        return str(capfirst(row.get_source_display()))

    @display(description=gettext_lazy("Customers"), ordering="size")
    def size_cell(self, row: Audience) -> Any:
        return cells.number(figure(row.size)) if row.size is not None else "–"

    @display(description=gettext_lazy("As of"), ordering="counted_at")
    def counted_cell(self, row: Audience) -> Any:
        return ago(row.counted_at) if row.counted_at else _("not counted yet")

    @display(description=gettext_lazy("Can be reached"))
    def reach_cell(self, row: Audience) -> Any:
        return cells.number(figure(row.counts["reachable"])) if row.counts else "–"

    @display(description=gettext_lazy("Campaigns"), ordering="used")
    def used_cell(self, row: Any) -> Any:
        return cells.number(figure(row.used)) if row.used else "–"

    # --- pages ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        prefix = "marketing_audience"
        return [
            path("<int:pk>/edit/", view(self.edit_view), name=f"{prefix}_edit"),
            path("<int:pk>/count/", view(require_POST(self.count_view)), name=f"{prefix}_count"),
            path("<int:pk>/lines/", view(require_GET(self.lines_view)), name=f"{prefix}_lines"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """`?way=rule|upload|segment|score|uplift`."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        way = request.GET.get("way", Source.RULE)
        return self._editor(request, None, way if way in WAYS else Source.RULE)

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        audience = self._one(request, pk)
        if not self.has_change_permission(request, audience):
            raise PermissionDenied
        return self._editor(request, audience, audience.source)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        number = int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) < 19 else 0
        audience = self._one(request, number)
        if request.method == "POST" and not self.has_change_permission(request, audience):
            raise PermissionDenied
        return self._page(request, audience)

    def _one(self, request: HttpRequest, pk: int) -> Audience:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        found: Audience = get_object_or_404(self.get_queryset(request), pk=min(pk, 2**63 - 1))
        return found

    # --- the form ---------------------------------------------------------------------------------------------------

    def _editor(self, request: HttpRequest, audience: Audience | None, way: str) -> HttpResponse:
        form = AudienceForm(request.POST or None, request.FILES or None, audience=audience, way=way)
        root = self._root(request, audience) if way == Source.RULE else None
        is_asking = bool(request.POST.get("act")) and way == Source.RULE
        if request.method == "POST" and is_asking and root is not None:
            # A button of the builder sent the form without scripts.
            root = drafts.apply(root, request.POST.get("act", ""))
            form = AudienceForm(initial={"name": request.POST.get("name", "")}, audience=audience, way=way)
        elif request.method == "POST" and form.is_valid():
            rule = drafts.rule_of(root) if root is not None else None
            if root is None or rule is not None:
                try:
                    saved = form.save(rules.dump(rule) if rule is not None else None, by=acting(request))
                except DomainError as error:
                    name = str((error.extra or {}).get("field", ""))
                    form.add_error(name if name in form.fields else None, str(error.message))
                else:
                    toast(request, _("Audience saved"))
                    return HttpResponseRedirect(page_of(saved))
        serving = audiences.ranking() if way == Source.UPLIFT else None
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "media": self.media + form.media, "form": form,
            "audience": audience, "way": way, "title": str(audience) if audience is not None else _("New audience"),
            "ways": [] if audience is not None else [(key, title) for key, title in WAYS.items()],
            "may_rank": serving is not None, "ranking": serving,
            "may_see_ranking": request.user.has_perm("marketing.view_campaign"),
            "crumbs": [
                {"title": _("Audiences"), "url": reverse("admin:marketing_audience_changelist")},
                *([{"title": str(audience), "url": page_of(audience)}] if audience is not None else []),
            ],
        }  # fmt: skip
        if root is not None:
            context |= builder_of(request, root) | preview_of(request, root)
        return TemplateResponse(request, "admin/marketing/audience_form.html", context)

    @staticmethod
    def _root(request: HttpRequest, audience: Audience | None) -> drafts.DraftGroup:
        if request.method == "POST":
            return drafts.of_form(request.POST)
        if audience is not None:
            try:
                return drafts.of_rule(rules.parse(audience.definition.get("rule")))
            except BadRule:
                return drafts.empty()
        return drafts.empty()

    # --- the page of one --------------------------------------------------------------------------------------------

    def _page(self, request: HttpRequest, audience: Audience) -> HttpResponse:
        purpose = str(audience.counts.get("purpose") or Purpose.OFFERS)
        channel = str(audience.counts.get("channel") or Channel.EMAIL)
        may_count = self.has_change_permission(request, audience)
        used = audience.campaigns.order_by("-updated_at", "-pk")
        lines = audience.definition.get("missing") if audience.source == Source.UPLOAD else 0
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "audience": audience, "title": str(audience),
            "source": capfirst(audience.get_source_display()), "facts": facts(audience), "media": self.media,
            "reach": reach(audience), "form": CountForm(initial={"purpose": purpose, "channel": channel}),
            "counted_for": _("%(purpose)s by %(channel)s") % {
                "purpose": capfirst(Purpose(purpose).label), "channel": Channel(channel).label,
            } if audience.counts else "",
            "counting": running(audience), "may_count": may_count,
            "may_edit": may_count, "may_delete": self.has_delete_permission(request, audience),
            "used": [(one, campaign_page.state_pill(one)) for one in used[:USED]],
            "may_see_campaigns": request.user.has_perm("marketing.view_campaign"),
            "may_write": request.user.has_perm(CAMPAIGNS) and request.user.has_perm("marketing.add_campaign"),
            "missing": figure(lines) if lines else "",
            "has_lines": bool(lines) and may_count and audiences.missing_lines(audience) is not None,
            "evidence": audiences.evidence(audience),
            "crumbs": [{"title": _("Audiences"), "url": reverse("admin:marketing_audience_changelist")}],
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/audience.html", context)

    def count_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Count now, or let a job count where there are many."""
        audience = self._one(request, pk)
        if not self.has_change_permission(request, audience):
            raise PermissionDenied
        form = CountForm(request.POST)
        if not form.is_valid():
            raise Http404
        said = form.cleaned_data
        try:
            ids = audiences.live_ids(audience)
            if ids is None:
                audiences.ask_for_count(audience, **said, by=acting(request))
                toast(request, _("Counting has begun"))
            else:
                audiences.count_now(audience, **said, ids=ids)
        except DomainError as error:
            self.refuse(request, error)
        return HttpResponseRedirect(page_of(audience))

    def lines_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Lines of the uploaded list that named nobody, for whoever may change the list."""
        audience = self._one(request, pk)
        if not self.has_change_permission(request, audience):
            raise PermissionDenied
        lines = audiences.missing_lines(audience)
        if lines is None:
            raise Http404

        def rows() -> Iterator[list[str]]:
            for line in lines:
                yield [safe_cell(line)]

        answer = StreamingHttpResponse(csv_lines(rows()), content_type="text/csv; charset=utf-8")
        for name, value in private_headers(file_name(_("Lines without a customer"), "csv")).items():
            answer.headers[name] = value
        return answer


# --- small parts ------------------------------------------------------------------------------------------------------


def page_of(audience: Audience) -> str:
    return reverse("admin:marketing_audience_change", args=[audience.pk])


def running(audience: Audience) -> Job | None:
    """The job that counts it, or reads its list."""
    kinds = ["marketing.count", "marketing.list"]
    return Job.objects.active().filter(kind__in=kinds, arguments__audience_id=audience.pk).order_by("-pk").first()


def reach(audience: Audience) -> dict[str, Any]:
    """As the card of campaigns shows it."""
    said = {key: value for key, value in audience.counts.items() if key not in ("purpose", "channel")}
    return campaign_page.reach(Campaign(counts=said, counted_at=audience.counted_at if said else None))


def words_of(audience: Audience) -> str:
    """What finds its customers, in a line, without a query for each row."""
    told = audience.definition
    match audience.source:
        case "upload":
            count = int(told.get("lines", 0))
            return ngettext("%(count)s line", "%(count)s lines", count) % {"count": figure(count)} if count else ""
        case "score":
            return score_words(told)
        case "uplift":
            return _("best %(share)s by the effect of messages") % {"share": percent(told.get("share", 0))}
        case "segment":
            return str(audience.segment or _("The segment of this audience is gone."))
    return ""


def score_words(told: dict[str, Any]) -> str:
    found = audiences.SCORES[told["score"]]
    if told["way"] == audiences.TOP:
        return _("%(score)s: highest %(share)s") % {"score": found.title, "share": percent(told["limit"])}
    limit = money(told["limit"]) if found.is_money else percent(told["limit"])
    text = _("%(score)s: %(limit)s or more") if told["way"] == audiences.ABOVE else _("%(score)s: below %(limit)s")
    return text % {"score": found.title, "limit": limit}


def facts(audience: Audience) -> list[tuple[str, Any]]:
    said = selectors.rule_sentence(audience.definition["rule"]) if audience.source == Source.RULE else ""
    rows: list[tuple[str, Any]] = [(_("Found by"), capfirst(said or words_of(audience)) or "–")]
    if audience.size is not None:
        rows.append((_("Customers"), figure(audience.size)))
    if audience.counted_at is not None:
        rows.append((_("As of"), when(audience.counted_at)))
    if (found := audiences.evidence(audience)) is not None and found.version is not None:
        rows.append((_("Model version"), found.version.name))
        rows.append((_("Scores as of"), day_text(found.as_of) if found.as_of is not None else "–"))
    if audience.created_by is not None:
        rows.append((_("By"), str(audience.created_by)))
    return rows
