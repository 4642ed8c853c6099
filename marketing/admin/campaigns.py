"""Campaigns: the list, the draft in one page, and what became of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from catalog.admin import cells
from catalog.admin.notices import acting
from core.admin.base import StaffModelAdmin
from core.components import ago, figure, toast
from core.exceptions import DomainError
from core.jobs import Job
from marketing.admin import campaign_page
from marketing.admin.allocations import AllocationPages, with_allocated
from marketing.admin.campaign_forms import CampaignForm
from marketing.campaigns import audiences, checking, eligibility, lifecycle, words
from marketing.effects import asking
from marketing.messages import TAGS
from marketing.models import Audience, Campaign
from marketing.roles import APPROVE, CAMPAIGNS, MESSAGES_SEEN, RUN
from marketing.sending import testing
from marketing.triggers.kinds import FIELDS

FRESH = timedelta(minutes=10)
"""A count of a large audience is not made anew for so long."""


@admin.register(Campaign)
class CampaignAdmin(AllocationPages, StaffModelAdmin):
    add_title = gettext_lazy("New campaign")
    list_display = ("name_cell", "state_cell", "audience_cell", "reach_cell", "by_cell", "changed_cell")
    list_filter = ("state", "channel", "purpose")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-updated_at", "-id")
    number_columns = ("reach_cell",)
    compact_columns = ("state_cell", "reach_cell")
    list_select_related = ("audience__segment", "created_by")
    actions: Any = ()
    empty_title = gettext_lazy("No campaigns yet")
    empty_text = gettext_lazy("A campaign writes to customers who agreed, and says afterwards what it really brought.")
    empty_action = (gettext_lazy("New campaign"), "admin:marketing_campaign_add")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are cancelled: who got what stays on record."""
        return False

    @display(description=gettext_lazy("Campaign"), ordering="name")
    def name_cell(self, row: Campaign) -> Any:
        return format_html(
            '<span class="zg-two"><span>{}</span><span class="zg-hint">{}</span></span>', row.title,
            capfirst(row.get_purpose_display()),
        )  # fmt: skip

    @display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: Campaign) -> Any:
        return campaign_page.state_pill(row)

    @display(description=gettext_lazy("Audience"))
    def audience_cell(self, row: Campaign) -> str:
        return str(row.audience or "–")

    @display(description=gettext_lazy("Can be reached"))
    def reach_cell(self, row: Campaign) -> Any:
        return cells.number(figure(row.counts["reachable"])) if row.counts else "–"

    @display(description=gettext_lazy("Made by"))
    def by_cell(self, row: Campaign) -> str:
        return str(row.created_by or "–")

    @display(description=gettext_lazy("Changed"), ordering="updated_at")
    def changed_cell(self, row: Campaign) -> Any:
        return ago(row.updated_at)

    # --- pages ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("reach/", view(require_POST(self.reach_view)), name="marketing_campaign_reach"),
            path("<int:pk>/act/", view(require_POST(self.act_view)), name="marketing_campaign_act"),
            path("<int:pk>/preview/", view(self.preview_view), name="marketing_campaign_preview"),
            *self.allocation_urls(),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._editor(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        campaign = self.get_object(request, object_id)
        if campaign is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_or_change_permission(request, campaign):
            raise PermissionDenied
        if campaign.state == Campaign.State.DRAFT and self.has_change_permission(request, campaign):
            return self._editor(request, campaign)
        if request.method == "POST" and not self.has_change_permission(request, campaign):
            raise PermissionDenied
        return self._page(request, campaign)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        rows: QuerySet[Campaign] = super().get_queryset(request)
        return with_allocated(
            rows.select_related("audience__segment", "offer", "created_by", "approved_by", "experiment")
        )

    def _editor(self, request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
        number = request.GET.get("audience", "")
        is_number = campaign is None and number.isascii() and number.isdigit() and len(number) < 19
        audience = Audience.objects.filter(pk=int(number)).first() if is_number else None
        form = CampaignForm(request.POST or None, campaign=campaign, audience=audience)
        if request.method == "POST" and (act := request.POST.get("shape_act", "")):
            # A button that adds or takes away a part: the form as it was sent, with other parts.
            form = CampaignForm(
                initial=campaign_page.sent(request.POST, act), campaign=campaign, shape=form.steps_shape.after(act)
            )
        elif request.method == "POST" and form.is_valid():
            try:
                saved = form.save(acting(request))
            except DomainError as error:
                form.add_error(None, str(error.message))
            else:
                toast(request, _("Campaign saved"))
                return HttpResponseRedirect(reverse("admin:marketing_campaign_change", args=[saved.pk]))
        findings = lifecycle.findings(campaign)[0] if campaign is not None else []
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "form": form, "campaign": campaign,
            "title": campaign.title if campaign is not None else _("New campaign"), "media": form.media,
            "state": campaign_page.state_pill(campaign) if campaign is not None else "",
            "library": campaign_page.library(), "allocated": campaign_page.allocated(campaign),
            "findings": findings, "stops": [one for one in findings if one.level == "stop"],
            "reach": campaign_page.reach(campaign) if campaign is not None else None,
            "next": campaign_page.next_act(campaign, self._rights(request, campaign)) if campaign is not None else None,
            **(campaign_page.check_of(campaign) if campaign is not None else {}),
            "may_cancel": campaign is not None and request.user.has_perm(RUN),
            # Fields of an occasion stand with their trigger: nothing else fills them in.
            "tags": [(name, tag) for name, tag in TAGS.items() if name not in FIELDS],
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/campaign_form.html", context)

    def _page(self, request: HttpRequest, campaign: Campaign) -> HttpResponse:
        rights = self._rights(request, campaign)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "campaign": campaign, "title": campaign.title,
            "state": campaign_page.state_pill(campaign), "next": campaign_page.next_act(campaign, rights),
            "may_edit": campaign.state in ("checked", "approved") and request.user.has_perm(CAMPAIGNS),
            "may_cancel": campaign.state not in Campaign.ENDED and request.user.has_perm(RUN),
            **campaign_page.context_of(campaign, sees_messages=request.user.has_perm(MESSAGES_SEEN)),
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/campaign.html", context)

    @staticmethod
    def _rights(request: HttpRequest, campaign: Campaign) -> set[str]:
        rights = {right for right in (CAMPAIGNS, APPROVE, RUN) if request.user.has_perm(right)}
        if campaign.state == Campaign.State.CHECKED and not lifecycle.may_approve(campaign, request.user.pk):
            rights.discard(APPROVE)
        return rights

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One message in each language, as a customer gets it. `?message=1b`: the step and the version; `?customer=`:
        whose name stands in it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        campaign = get_object_or_404(self.get_queryset(request), pk=pk)
        known = words.messages_of(campaign)
        wanted = request.GET.get("message", "")
        chosen = next((one for one in known if one.name == wanted), known[0] if known else None)
        may_see_people = request.user.has_perm("catalog.view_customer")
        asked = request.GET.get("customer", "").strip()[:120] if may_see_people else ""
        customer = campaign_page.customer_named(asked) if asked else None
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "campaign": campaign,
            "title": _("Preview"), "messages_of": known, "chosen": chosen, "may_see_people": may_see_people,
            "asked": asked, "customer": customer,
            "may_test": request.user.has_perm(CAMPAIGNS), "has_tests": campaign.channel in testing.TESTED,
            "own_address": acting(request).email,
            "previews": campaign_page.previews(campaign, chosen, customer=customer) if chosen is not None else [],
            "crumbs": [
                {"title": _("Campaigns"), "url": reverse("admin:marketing_campaign_changelist")},
                {"title": campaign.title, "url": reverse("admin:marketing_campaign_change", args=[campaign.pk])},
            ],
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/campaign_preview.html", context)

    def reach_view(self, request: HttpRequest) -> HttpResponse:
        """Who of the chosen audience could be written to now: the card beside the form. A large audience is counted by
        a job, and the card asks again until it is done."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = CampaignForm(request.POST)
        form.is_valid()
        draft = Campaign(
            purpose=form.cleaned_data.get("purpose") or "offers", channel=form.cleaned_data.get("channel") or "email",
            holdout_share=(form.cleaned_data.get("holdout") or 0) / 100,
            trigger=form.cleaned_data.get("trigger") or "",
        )  # fmt: skip
        context: dict[str, Any] = {}
        if audience := form.chosen():
            try:
                ids = audiences.live_ids(audience)
                if ids is not None:
                    draft.counts = eligibility.count(ids, eligibility.Question.of(draft))
                else:
                    context = self._large(request, audience, draft)
            except DomainError as error:
                context["note"] = error.message
        return TemplateResponse(
            request, "admin/marketing/campaign_reach.html", {"reach": campaign_page.reach(draft), **context}
        )

    def _large(self, request: HttpRequest, audience: Audience, draft: Campaign) -> dict[str, Any]:
        """What was counted last, and the job that counts when that is long ago."""
        if audience.pk is None:
            audience = audiences.of_segment(audience.segment, by=acting(request))  # type: ignore[arg-type]
        known = audiences.counted_for(audience, draft.purpose, draft.channel)
        if known is not None:
            draft.counts, draft.counted_at = known, audience.counted_at
        counted_at = audience.counted_at
        is_fresh = known is not None and counted_at is not None and counted_at > timezone.now() - FRESH
        if is_fresh or not request.user.has_perm(CAMPAIGNS):
            return {}
        last = audiences.last_count(audience, draft.purpose, draft.channel)
        has_failed = last is not None and not last.is_active and last.state != Job.State.DONE
        if has_failed and last.finished_at and last.finished_at > timezone.now() - FRESH:  # type: ignore[union-attr]
            return {"note": _("Counting failed: the check counts again.")}
        job = audiences.ask_for_count(audience, purpose=draft.purpose, channel=draft.channel, by=acting(request))
        return {
            "counting_job": job, "recount_url": reverse("admin:marketing_campaign_reach"),
            "note": _("Many customers: a job counts the reasons."),
        }  # fmt: skip

    # --- acts -------------------------------------------------------------------------------------------------------

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`act`: check, approve, plan, run, pause, draft, cancel, look."""
        campaign = get_object_or_404(self.get_queryset(request), pk=pk)
        name = request.POST.get("act", "")
        back = "admin:marketing_campaign_preview" if name == "test" else "admin:marketing_campaign_change"
        right, doing = ACTS.get(name, (CAMPAIGNS, _nothing))
        if not request.user.has_perm(right):
            raise PermissionDenied
        try:
            said = (
                _test(campaign, acting(request), request.POST.get("message", ""))
                if name == "test" else doing(campaign, acting(request))
            )  # fmt: skip
        except DomainError as error:
            self.refuse(request, error)
        else:
            if said:
                toast(request, said)
        return HttpResponseRedirect(reverse(back, args=[pk]))


def _test(campaign: Campaign, by: Any, message: str) -> str:
    testing.ask(campaign, message, by=by)
    return _("A test is on its way to %(address)s") % {"address": by.email}


def _nothing(campaign: Campaign, by: Any) -> str:
    return ""


def _check(campaign: Campaign, by: Any) -> str:
    if checking.ask(campaign, by=by) is not None:
        return _("Checking began")
    return _("Campaign checked")


def _approve(campaign: Campaign, by: Any) -> str:
    lifecycle.approve(campaign, by=by)
    return _("Campaign approved")


def _plan(campaign: Campaign, by: Any) -> str:
    lifecycle.plan(campaign, by=by)
    return _("Planning began")


def _run(campaign: Campaign, by: Any) -> str:
    lifecycle.run(campaign, by=by)
    return _("Campaign is running")


def _pause(campaign: Campaign, by: Any) -> str:
    lifecycle.pause(campaign, by=by)
    return _("Campaign paused")


def _draft(campaign: Campaign, by: Any) -> str:
    lifecycle.back_to_draft(campaign, by=by)
    return _("Campaign is a draft again")


def _cancel(campaign: Campaign, by: Any) -> str:
    count = lifecycle.cancel(campaign, by=by)
    return _("Campaign cancelled, %(count)s messages taken back") % {"count": figure(count)}


def _look(campaign: Campaign, by: Any) -> str:
    if campaign.experiment is None:
        return ""
    asking.ask(campaign, by=by)
    return _("Counting began")


ACTS: dict[str, tuple[str, Callable[[Campaign, Any], str]]] = {
    "check": (CAMPAIGNS, _check), "approve": (APPROVE, _approve), "plan": (RUN, _plan), "run": (RUN, _run),
    "pause": (RUN, _pause), "draft": (CAMPAIGNS, _draft), "cancel": (RUN, _cancel), "look": (CAMPAIGNS, _look),
    "test": (CAMPAIGNS, _nothing),
}  # fmt: skip
