"""What staff do with segments beside reading them: one address for each act, each calls one service."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from analytics.models import Segment, SegmentVersion
from analytics.segments import compiling, counting, drafts, profiles, services, words
from analytics.segments.counting import TooSlow
from analytics.segments.rules import BadRule, Group, rule_address
from catalog.admin.notices import acting
from catalog.models import Customer
from core.admin.base import EXPORT_PERMISSION, StaffModelAdmin
from core.components import figure, percent, toast
from core.components.heat import HeatCell, HeatRow, heat
from core.exceptions import DomainError

SEE_PEOPLE = "catalog.view_customer"
MEMBERS = 25
MOST_COMPARED = 12


class SegmentForm(forms.Form):
    """Everything but the rule."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=300, widget=UnfoldAdminTextInputWidget())
    name_zh_hans = forms.CharField(
        label=gettext_lazy("Name in 简体中文"), max_length=300, required=False,
        widget=UnfoldAdminTextInputWidget({"lang": "zh-hans"}),
    )  # fmt: skip
    name_en = forms.CharField(
        label=gettext_lazy("Name in English"), max_length=300, required=False,
        widget=UnfoldAdminTextInputWidget({"lang": "en"}),
    )  # fmt: skip
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=2_000, required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}), help_text=gettext_lazy("What the segment is for."),
    )  # fmt: skip
    is_shared = forms.BooleanField(
        label=gettext_lazy("Shared"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Off: only you see it."),
    )  # fmt: skip
    opened = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def wanted(self, rule: Group | None) -> services.Wanted:
        data = self.cleaned_data
        names = {"zh-hans": data["name_zh_hans"].strip(), "en": data["name_en"].strip()}
        return services.Wanted(
            name=data["name"], rule=rule, description=data["description"], is_shared=data["is_shared"],
            name_translations={code: name for code, name in names.items() if name},
        )  # fmt: skip


class SegmentActs(StaffModelAdmin):
    """The acts and fragments; the pages are in analytics.admin.segments."""

    def get_urls(self) -> list[URLPattern]:
        def post(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        def get(view: Any) -> Any:
            return self.admin_site.admin_view(require_GET(view))

        prefix = "analytics_segment"
        return [
            path("rule/", post(self.rule_view), name=f"{prefix}_rule"),
            path("preview/", post(self.preview_view), name=f"{prefix}_preview"),
            path("overlap/", get(self.overlap_view), name=f"{prefix}_overlap"),
            path("clusters/", post(self.clusters_view), name=f"{prefix}_clusters"),
            path("<int:pk>/members/", get(self.members_view), name=f"{prefix}_members"),
            path("<int:pk>/profile/", get(self.profile_view), name=f"{prefix}_profile"),
            path("<int:pk>/back/<int:number>/", post(self.back_view), name=f"{prefix}_back"),
            path("<int:pk>/archive/", post(self.archive_view), name=f"{prefix}_archive"),
            path("<int:pk>/freeze/", post(self.freeze_view), name=f"{prefix}_freeze"),
            path("<int:pk>/count/", post(self.count_view), name=f"{prefix}_count"),
            *super().get_urls(),
        ]

    # --- the builder --------------------------------------------------------------------------------------------

    def rule_view(self, request: HttpRequest) -> HttpResponse:
        """The builder after one act, and what it finds now. Nothing is written."""
        self._check_reader(request)
        root = drafts.apply(drafts.of_form(request.POST), request.POST.get("act", ""))
        context = self.builder(request, root) | self.preview(request, root)
        return TemplateResponse(request, "admin/analytics/segment_rule.html", context | {"with_preview": True})

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """How many the rule finds, some of them, and what is wrong with it. Nothing is written."""
        self._check_reader(request)
        root = drafts.of_form(request.POST)
        return TemplateResponse(request, "admin/analytics/segment_preview.html", self.preview(request, root))

    def builder(self, request: HttpRequest, root: drafts.DraftGroup) -> dict[str, Any]:
        return builder_of(request, root)

    def preview(self, request: HttpRequest, root: drafts.DraftGroup, segment: Segment | None = None) -> dict[str, Any]:
        return preview_of(request, root, segment or self._edited(request))

    def _edited(self, request: HttpRequest) -> Segment | None:
        number = request.POST.get("segment", "")
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        return self.get_queryset(request).filter(pk=int(number)).first() if is_number else None

    # --- fragments of the page ----------------------------------------------------------------------------------

    def members_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Members by number, in pages: `?after=` is the last number of the page before."""
        if not request.user.has_perm(SEE_PEOPLE):
            raise PermissionDenied
        segment = self.get_segment(request, pk)
        after = request.GET.get("after", "")
        rows = compiling.of_segment(segment).customers().select_related("stats", "score").order_by("-pk")
        if after.isascii() and after.isdigit() and len(after) < 19:
            rows = rows.filter(pk__lt=int(after))
        try:
            with counting.time_limit(profiles.PROFILE_MS):
                page: list[Customer] = list(rows.defer("email", "phone", "birthday")[: MEMBERS + 1])
        except TooSlow:
            return TemplateResponse(request, "admin/analytics/segment_members.html", {"too_slow": True})
        context = {
            "segment": segment, "members": page[:MEMBERS], "is_first": not after,
            "next": page[MEMBERS - 1].pk if len(page) > MEMBERS else None,
        }  # fmt: skip
        return TemplateResponse(request, "admin/analytics/segment_members.html", context)

    def profile_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment = self.get_segment(request, pk)
        try:
            lines = profiles.compare(segment)
        except TooSlow:
            lines = None
        return TemplateResponse(request, "admin/analytics/segment_profile.html", {"lines": lines})

    def overlap_view(self, request: HttpRequest) -> HttpResponse:
        """`?segment=ID&segment=ID`: customers that segments share, at most 12 of them."""
        self._check_reader(request)
        known = sorted(self.get_queryset(request).filter(archived_at=None), key=lambda one: (one.kind, str(one)))
        wanted = request.GET.getlist("segment")[: MOST_COMPARED + 1]
        chosen = [one for one in known if one.public_id in wanted]
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Overlap of segments"),
            "media": self.media, "known": known, "chosen": chosen, "most": MOST_COMPARED,
            "too_many": len(wanted) > MOST_COMPARED,
        }  # fmt: skip
        if 2 <= len(chosen) <= MOST_COMPARED and not context["too_many"]:
            try:
                context["matrix"] = _heat(chosen, counting.overlaps(chosen), is_linked=self.has_add_permission(request))
            except TooSlow:
                context["too_slow"] = True
            except BadRule as error:
                context["problem"] = str(error.message)
        return TemplateResponse(request, "admin/analytics/segment_overlap.html", context)

    # --- acts ---------------------------------------------------------------------------------------------------

    def back_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        segment = self._changed(request, pk)
        version = get_object_or_404(SegmentVersion, segment=segment, number=number)
        before = segment.current.number  # type: ignore[union-attr]
        return self._act(
            request, pk, lambda: services.go_back(version, by=acting(request)),
            _("Version %(number)d is back") % {"number": number},
            undo=reverse("admin:analytics_segment_back", args=[pk, before]),
        )  # fmt: skip

    def archive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment, back = self._changed(request, pk), request.POST.get("back") == "1"
        return self._act(
            request, pk, lambda: services.archive(segment, back=back, by=acting(request)),
            _("Segment is back") if back else _("Segment archived"),
            undo="" if back else reverse("admin:analytics_segment_archive", args=[pk]), fields={"back": 1},
        )  # fmt: skip

    def freeze_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment = self._changed(request, pk)
        purpose = request.POST.get("purpose", "").strip()[:120] or _("List kept by hand")
        return self._act(
            request,
            pk,
            lambda: services.freeze(segment, purpose=purpose, by=acting(request)),
            _("The list is being kept"),
        )

    def count_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment = self._changed(request, pk)
        services.ask_for_count(segment, by=acting(request))
        toast(request, _("Counting has begun"))
        return HttpResponseRedirect(page_of(pk))

    def clusters_view(self, request: HttpRequest) -> HttpResponse:
        """Let a job find the clusters anew."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        job = services.ask_for_clusters(by=acting(request))
        toast(request, _("Clusters are being found"))
        target = reverse("admin:core_job_change", args=[job.pk])
        may_see = request.user.has_perm("core.view_job")
        return HttpResponseRedirect(target if may_see else reverse("admin:analytics_segment_changelist"))

    # --- parts --------------------------------------------------------------------------------------------------

    def get_segment(self, request: HttpRequest, pk: int) -> Segment:
        """One that the person may see. 404 for all others."""
        self._check_reader(request)
        rows = self.get_queryset(request).select_related("current", "owner", "current__model_version")
        segment: Segment = get_object_or_404(rows, pk=min(pk, 2**63 - 1))
        if segment.current is None:
            raise Http404
        return segment

    def _changed(self, request: HttpRequest, pk: int) -> Segment:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self.get_segment(request, pk)

    def _check_reader(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _act(
        self,
        request: HttpRequest,
        pk: int,
        act: Any,
        said: str,
        *,
        undo: str = "",
        fields: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            act()
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, said, undo=undo, **(fields or {} if undo else {}))
        return HttpResponseRedirect(page_of(pk))


def builder_of(request: HttpRequest, root: drafts.DraftGroup) -> dict[str, Any]:
    """What `segment_rule.html` shows: the builder of a rule, on whatever page it stands."""
    drafts.choices_for(root, request.user)
    return {"root": root, "field_groups": drafts.field_groups(), "modes": drafts.modes()}


def preview_of(request: HttpRequest, root: drafts.DraftGroup, segment: Segment | None = None) -> dict[str, Any]:
    """What `segment_preview.html` shows: how many the rule finds, some of them, and what is wrong with it."""
    rule = drafts.rule_of(root)
    if rule is None:
        return {"problem": next(node.error for node in drafts.walk(root) if node.error)}
    try:
        found = compiling.compiled(rule, within=segment)
    except BadRule as error:
        return {"problem": str(error.message)}
    counted = counting.count(found)
    total = counting.customers_in_all()
    return {
        "sentence": words.sentence(rule),
        "counted": counted,
        "share": percent(counted.number / total) if total else "",
        "total": total,
        "gone": found.gone,
        "same": services.same_rule(rule, apart_from=segment, person=request.user),
        "saved": segment,
        "examples": counting.examples(found) if request.user.has_perm(SEE_PEOPLE) else None,
    }


def page_of(pk: int) -> str:
    return reverse("admin:analytics_segment_change", args=[pk])


def may_export_people(request: HttpRequest) -> bool:
    return request.user.has_perm(EXPORT_PERMISSION) and request.user.has_perm(SEE_PEOPLE)


def _heat(chosen: list[Segment], table: list[list[int]], *, is_linked: bool) -> SafeString:
    """The matrix: of the segment of the row, how many are also in that of the column. `is_linked`: a cell leads to the
    page that saves those who are in both."""
    rows = []
    for place, segment in enumerate(chosen):
        size = table[place][place]
        cells = [
            HeatCell("–")
            if other == place or not size
            else HeatCell(
                percent(people / size),
                people / size if people else None,
                _shared(people, segment, chosen[other]),
                _both_url(segment, chosen[other]) if is_linked and people else "",
            )
            for other, people in enumerate(table[place])
        ]
        rows.append(HeatRow(segment, cells, leads=[figure(size)], url=page_of(segment.pk)))
    return heat(
        rows, chosen, corner=_("Segment"), lead_heads=[_("Customers")],
        caption=_("Of the customers in the row, so many are also in the column"),
    )  # fmt: skip


def _both_url(one: Segment, other: Segment) -> str:
    conditions = [{"field": "segment", "op": "in", "value": [each.public_id]} for each in (one, other)]
    return rule_address({"all": conditions}, f"{one} & {other}")


def _shared(people: int, one: Segment, other: Segment) -> str:
    text = ngettext(
        "%(count)s customer is in “%(one)s” and “%(other)s”", "%(count)s customers are in “%(one)s” and “%(other)s”",
        people,
    )  # fmt: skip
    return text % {"count": figure(people), "one": one, "other": other}
