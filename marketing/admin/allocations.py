"""Page "Offers within a budget" of a campaign: what a budget is expected to bring, who gets which offer, and why."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from core import shipped
from core.components import Column, Figure, Meaning, TableCard, TableRow, money, percent, pill, toast
from core.components.words import day_text, figure, signed
from core.exceptions import DomainError
from core.reports import Chart, Line, line_chart
from marketing.admin.allocation_forms import AllocationForm
from marketing.allocation import deciding
from marketing.allocation.kinds import WHY
from marketing.models import Campaign, Offer, OfferAllocation
from marketing.offers.saying import value_of
from marketing.roles import CAMPAIGNS

Basis, State = OfferAllocation.Basis, OfferAllocation.State
MEANINGS = {
    State.COMPUTING: Meaning.MOVING, State.PROPOSED: Meaning.WAITING, State.ACCEPTED: Meaning.GOOD,
    State.DROPPED: Meaning.IDLE,
}  # fmt: skip
LONGEST_PK = 19


class AllocationPages:
    """Of the admin of campaigns."""

    admin_site: Any
    opts: Any

    def allocation_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/offers/", view(self.allocation_view), name="marketing_campaign_offers"),
            path(
                "<int:pk>/offers/act/", view(require_POST(self.allocation_act_view)),
                name="marketing_campaign_offers_act",
            ),
        ]  # fmt: skip

    def allocation_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form, and what was worked out last."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return self._allocation(request, self._campaign(request, pk))

    def allocation_act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`act`: ask, accept, drop; `allocation` is the key of one."""
        if not request.user.has_perm(CAMPAIGNS):
            raise PermissionDenied
        campaign, by, act = self._campaign(request, pk), acting(request), request.POST.get("act", "")
        if act == "ask":
            form = AllocationForm(request.POST, campaign=campaign, shown=shown_of(campaign))
            if not form.is_valid():
                return self._allocation(request, campaign, form)
            try:
                form.save(by)
            except DomainError as error:
                form.add_error((error.extra or {}).get("field"), str(error.message))
                return self._allocation(request, campaign, form)
            toast(request, _("Working out began"))
        elif (number := _number(request)) and campaign.allocations.filter(pk=number).exists():
            try:
                if act == "accept":
                    deciding.accept(number, by=by)
                    toast(request, _("The campaign gives these offers"))
                elif act == "drop":
                    deciding.drop(number, by=by)
                    toast(request, _("Taken back"))
            except DomainError as error:
                self.refuse(request, error)  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse("admin:marketing_campaign_offers", args=[pk]))

    def _campaign(self, request: HttpRequest, pk: int) -> Campaign:
        found: Campaign = get_object_or_404(self.get_queryset(request), pk=pk)  # type: ignore[attr-defined]
        return found

    def _allocation(
        self, request: HttpRequest, campaign: Campaign, form: AllocationForm | None = None
    ) -> HttpResponse:  # fmt: skip
        shown = shown_of(campaign)
        may = campaign.state == Campaign.State.DRAFT and request.user.has_perm(CAMPAIGNS)
        job = deciding.job_of(campaign)
        has_failed = job is not None and not job.is_active and shown is not None and shown.state == State.COMPUTING
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "campaign": campaign,
            "title": _("Offers within a budget"),
            "form": (form or AllocationForm(campaign=campaign, shown=shown)) if may else None,
            "can_ask": campaign.audience_id is not None and not campaign.trigger,
            "job": job if job is not None and job.is_active else None, "has_failed": has_failed,
            "shown": shown, **(told(shown) if shown is not None and shown.results else {}),
            "is_outdated": shown is not None and deciding.is_outdated(shown, campaign),
            "may_accept": may and shown is not None and shown.state == State.PROPOSED,
            "may_drop": may and shown is not None and shown.state in (State.PROPOSED, State.ACCEPTED),
            "crumbs": [
                {"title": _("Campaigns"), "url": reverse("admin:marketing_campaign_changelist")},
                {"title": campaign.title, "url": reverse("admin:marketing_campaign_change", args=[campaign.pk])},
            ],
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/campaign_offers.html", context)


def shown_of(campaign: Campaign) -> OfferAllocation | None:
    """The newest one that was not taken back."""
    rows = campaign.allocations.exclude(state=State.DROPPED).select_related(
        "model_version", "audience__segment", "decided_by"
    )
    return rows.order_by("-pk").first()


def _number(request: HttpRequest) -> int:
    text = request.POST.get("allocation", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_PK else 0


# --- what was worked out ----------------------------------------------------------------------------------------------


def told(row: OfferAllocation) -> dict[str, Any]:
    """An allocation as the page says it. Two queries."""
    offers = {str(one.pk): one for one in Offer.objects.filter(pk__in=row.offers)}
    names = {said.get("campaign") for said in row.results["offers"].values()} - {None}
    known = Campaign.objects.filter(public_id__in=names)
    campaigns = {public_id: shipped.told(name) for public_id, name in known.values_list("public_id", "name")}
    return {
        "answer": ANSWERS[Basis(row.basis)](), "hint": HINTS[Basis(row.basis)](),
        "state_pill": pill(MEANINGS[State(row.state)], row.get_state_display().capitalize()),
        "figures": _figures(row), "facts": _facts(row), "chart": _chart(row),
        "offers_table": _table(row, offers, campaigns),
        "unmeasured": [str(offers[str(pk)]) for pk in row.results["unmeasured"] if str(pk) in offers],
    }  # fmt: skip


ANSWERS = {
    Basis.RANKING: lambda: _("Offers go to those whom they are expected to move most"),
    Basis.MEAN: lambda: _("No reliable ranking: who gets an offer is drawn by chance"),
    Basis.CHANCE: lambda: _("Nothing is measured of these offers yet: people and offers are drawn by chance"),
}
HINTS = {
    Basis.RANKING: lambda: _(
        "Campaigns that left some out by chance taught by how much each offer raises each customer's chance of an"
        " order, and on people whom the model had not seen its ranking was surely better than chance and than asking"
        " who orders anyway. Whether what it expects comes true is told by this campaign's own comparison."
    ),
    Basis.MEAN: lambda: _(
        "What the offers bring on average was measured, whom they move more was not. So everybody counts with the"
        " average, the budget goes to the offer that brings most for its cost, and chance says who gets it."
    ),
    Basis.CHANCE: lambda: _(
        "No ended campaign left anybody out of an offer with these terms, so nobody can say what it brings. Each offer"
        " costs at most what one code takes off an order of average value, people get one in the order of chance until"
        " the budget ends, and this campaign, leaving some out, measures them."
    ),
}


def _figures(row: OfferAllocation) -> list[Figure]:
    said = row.results
    unknown = _("Nothing measured yet")
    reached = _("of %(reachable)s who can be reached") % {"reachable": figure(said["reachable"])}
    bound = ""
    if said["at_most"] is not None:
        bound = _("no allocation brings more than %(most)s") % {"most": money(said["at_most"], is_whole=True)}
    return [
        Figure(_("More margin, after offers"), said["gain"], kind="money", missing=unknown, note=bound),
        Figure(
            _("Expected cost of offers"), said["cost"], kind="money",
            note=_("%(most)s if every code is used") % {"most": money(said["all_used"], is_whole=True)},
        ),
        Figure(_("Get an offer"), said["given"], note=reached),
    ]  # fmt: skip


def _facts(row: OfferAllocation) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = [
        (_("Budget"), money(row.budget)), (_("Margin"), percent(float(row.margin))),
        (_("Audience"), str(row.audience)), (_("Left out by chance"), percent(float(row.holdout_share))),
        (_("Average order"), money(row.results["order_value"])),
        (_("Model version"), row.model_version.name if row.model_version is not None else "–"),
        (_("As of"), day_text(row.as_of) if row.as_of is not None else "–"),
    ]  # fmt: skip
    if row.decided_at is not None:
        who = {"who": str(row.decided_by or "–"), "day": day_text(row.decided_at)}
        found.append((_("Decided by"), _("%(who)s, %(day)s") % who))
    return found


def _chart(row: OfferAllocation) -> Chart | None:
    curve = row.results["curve"]
    if not curve or curve[-1][0] <= 0:
        return None
    lines = [Line(_("Best allocation"), [point[1] for point in curve], kind="money")]
    if row.basis == Basis.RANKING:
        by_chance = [point[2] for point in curve]
        lines.append(Line(pgettext("allocation", "People by chance"), by_chance, kind="money", is_reference=True))
    note = _("From no budget to where more of it is expected to bring nothing more.")
    labels = [money(point[0], is_whole=True) for point in curve]
    return line_chart(_("Expected margin by budget"), labels, lines, first_head=_("Budget"), note=note)


def _table(row: OfferAllocation, offers: dict[str, Offer], campaigns: dict[str, str]) -> TableCard:
    columns = [
        Column(_("People")), Column(_("Expected cost")), Column(_("More margin")), Column(_("More who order (90%)")),
        Column(_("Measured by"), "long"), Column(_("People are chosen by"), "long"), Column(_("How well it fits them")),
    ]  # fmt: skip
    has_fit = any(said.get("fit") is not None for said in row.results["offers"].values())
    foot = (
        _("Cost and margin are of those who get it: the share that chance leaves out is taken off. An offer costs"
          " also where somebody would have ordered anyway. Of offers that are alike else each gets the one that"
          " best fits what they chose in a year, told from 0 to 0.5.")
        if has_fit
        else _("Cost and margin are of those who get it: the share that chance leaves out is taken off. An offer costs"
               " also where somebody would have ordered anyway.")
    )  # fmt: skip
    shown = len(columns) if has_fit else len(columns) - 1
    rows = []
    for pk, said in row.results["offers"].items():
        offer = offers.get(pk)
        gain = money(said["gain"]) if said["gain"] is not None else "–"
        cells = [
            figure(said["people"]), money(said["cost"]), gain, _effect(said), _evidence(said, campaigns),
            _chosen_by(said), _fit(said),
        ]  # fmt: skip
        name = str(offer) if offer is not None else "–"
        rows.append(TableRow(name, cells[:shown], hint=value_of(offer) if offer is not None else ""))
    nobody = row.results["reachable"] - row.results["given"]
    rows.append(TableRow(_("No offer, and no message"), [figure(nobody), *["–"] * (shown - 1)]))
    return TableCard(title=_("Who gets what, and why"), first=_("Offer"), columns=columns[:shown], rows=rows, foot=foot)


def _effect(said: dict[str, Any]) -> str:
    if not said.get("effect"):
        return "–"
    value, low, high = (signed(100 * part) for part in said["effect"])
    return _("%(value)s points (%(low)s … %(high)s)") % {"value": value, "low": low, "high": high}


def _evidence(said: dict[str, Any], campaigns: dict[str, str]) -> str:
    if not said.get("campaign"):
        return _("not measured yet")
    return _("%(campaign)s: %(people)s with it, %(without)s without") % {
        "campaign": campaigns.get(said["campaign"], "–"), "people": figure(said["measured_on"]),
        "without": figure(said["left_out"]),
    }  # fmt: skip


def _fit(said: dict[str, Any]) -> str:
    if said.get("fit") is None:
        return "–"
    return _("%(fit)s, everybody %(everybody)s") % {
        "fit": figure(said["fit"], 2), "everybody": figure(said["fit_everybody"], 2)
    }  # fmt: skip


def _chosen_by(said: dict[str, Any]) -> str:
    if said.get("guard") is None:
        return _("Chance.")
    if said["guard"] == "use":
        return _("Their expected gain. %(why)s") % {"why": WHY[""]}
    return _("Chance. %(why)s") % {"why": WHY.get(said["reason"], "")}


def line_of(given: int, budget: Any) -> str:
    """One line for the form and the page of a campaign."""
    return ngettext(
        "Allocated: %(count)s person gets an offer within %(budget)s",
        "Allocated: %(count)s people get an offer within %(budget)s", given,
    ) % {"count": figure(given), "budget": money(budget)}  # fmt: skip


def with_allocated(rows: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """With what `line_of` says of the accepted allocation, in the same statement."""
    accepted = OfferAllocation.objects.filter(campaign=OuterRef("pk"), state=State.ACCEPTED)
    return rows.annotate(
        allocated_people=Subquery(accepted.values("results__given")[:1]),
        allocated_budget=Subquery(accepted.values("budget")[:1]),
    )
