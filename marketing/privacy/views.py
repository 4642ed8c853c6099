"""Staff page "Private learning": what it costs in this shop, the budget, and what was released."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from core.components import Column, Meaning, Range, TableCard, TableRow, ago, figure, pill, range_chart, toast
from core.components.words import day_text, signed
from core.exceptions import DomainError
from core.jobs import Job
from marketing.models import PrivacyBudget, PrivacyRelease
from marketing.privacy import spending
from marketing.roles import PRIVACY, PRIVACY_RESET

SHOWN = 50
State = PrivacyRelease.State
MEANINGS = {State.WAITING: Meaning.MOVING, State.DONE: Meaning.GOOD, State.REFUSED: Meaning.STOPPED}


def page(request: HttpRequest) -> HttpResponse:
    """At most twelve queries."""
    budget = PrivacyBudget.current()
    standing = spending.standing(budget)
    report = budget.report
    enough = "costs" in report
    may = request.user.has_perm(PRIVACY)
    context = {
        **admin.site.each_context(request),
        "title": _("Private learning"),
        "answer": answer(report),
        "measured_at": budget.measured_at,
        "running": Job.objects.active().filter(kind__in=["marketing.privacy", "marketing.privacy.release"]).first(),
        "chart": _chart(report) if enough else "",
        "costs": _costs(report) if enough else None,
        "stores": _stores(report) if enough else None,
        "facts": [
            (_("Budget"), f"ε {standing.total:g}"), (pgettext("budget", "Spent"), f"ε {standing.spent:g}"),
            (pgettext("budget", "Left"), f"ε {standing.left:g}"), (_("Since"), day_text(budget.since)),
        ],
        "releases": _releases(),
        "may": may, "may_release": may and enough and standing.left >= spending.SMALLEST,
        "may_reset": request.user.has_perm(PRIVACY_RESET), "smallest": spending.SMALLEST,
        "left": min(standing.left, spending.LARGEST),
    }  # fmt: skip
    return render(request, "admin/marketing/privacy.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """`act`: measure, release or reset."""
    doing, said = request.POST.get("act", ""), ""
    if doing == "reset" and not request.user.has_perm(PRIVACY_RESET):
        raise PermissionDenied
    try:
        if doing == "measure":
            spending.measure(by=acting(request))
            said = _("Measuring began")
        elif doing == "release":
            spending.release(_number(request), request.POST.get("reason", ""), by=acting(request))
            said = _("Release is being learned")
        elif doing == "reset":
            spending.reset(request.POST.get("reason", ""), by=acting(request))
            said = _("A new budget began")
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        if said:
            toast(request, said)
    return HttpResponseRedirect(reverse("admin:marketing_privacy"))


def _number(request: HttpRequest) -> float:
    try:
        return float(request.POST.get("epsilon", ""))
    except ValueError:
        return 0.0


def answer(report: dict[str, Any]) -> str:
    """The page in one sentence."""
    if not report:
        return _("Not measured yet")
    if "few" in report:
        return _("Too little data: needs %(needed)s customers whose 90 days are over, has %(has)s") % {
            "needed": figure(report["needed"]), "has": figure(report["few"]),
        }  # fmt: skip
    one = next(cost for cost in report["costs"] if cost["epsilon"] == 1.0)
    lost = {"low": auc(report["together"] - one["high"]), "high": auc(report["together"] - one["low"])}
    return _("At ε 1 the ranking of who stays away loses %(low)s to %(high)s of AUC") % lost


def auc(value: float) -> str:
    """Three places; what rounds to nothing has no sign."""
    return figure(round(value, 3) + 0.0, 3)


def _chart(report: dict[str, Any]) -> Any:
    whole = report["together"]
    rows = [
        Range(
            f"ε {one['epsilon']:g}", one["auc"] / whole - 1, one["low"] / whole - 1, one["high"] / whole - 1,
            _("AUC %(low)s to %(high)s") % {"low": auc(one["low"]), "high": auc(one["high"])}, is_claimed=False,
        )
        for one in report["costs"]
    ]  # fmt: skip
    return range_chart(rows, _("AUC against learning without noise, 9 of 10 draws of the noise"))


def _costs(report: dict[str, Any]) -> TableCard:
    whole = report["together"]
    rows = [TableRow(_("All rows, no noise"), [auc(whole), "–", "–"])]
    rows.append(TableRow(_("Averaged over stores, no noise"), [
        auc(report["federated"]), auc(whole - report["federated"]), "–"
    ]))  # fmt: skip
    if report.get("alone_worst") is not None:
        rows.append(TableRow(_("The worst store by itself"), [
            auc(report["alone_worst"]), auc(whole - report["alone_worst"]), "–"
        ]))  # fmt: skip
    rows += [
        TableRow(
            f"ε {one['epsilon']:g}",
            [auc(one["auc"]), auc(whole - one["auc"]),
             _("%(low)s to %(high)s") % {"low": auc(one["low"]), "high": auc(one["high"])}],
        )
        for one in report["costs"]
    ]  # fmt: skip
    foot = _(
        "Learned from %(learned)s customers as they were 180 days before the last whole day, judged on %(judged)s and"
        " the 90 days that ended with it; %(draws)s draws of the noise. This table is itself made of the rows: it is"
        " for staff and no release."
    ) % {name: figure(report[key]) for name, key in (
        ("learned", "learned_from"), ("judged", "judged_on"), ("draws", "draws")
    )}  # fmt: skip
    return TableCard(
        _("What it costs"),
        _("Learned"),
        [Column("AUC"), Column(_("Lost")), Column(_("9 of 10 draws"))],
        rows,
        foot=foot,
    )


def _stores(report: dict[str, Any]) -> str:
    sizes = ", ".join(figure(size) for size in report["stores"])
    if report["stores_by"] == "country":
        return _("Stores: customers by country, %(sizes)s of them, each as if its rows never left it.") % {
            "sizes": sizes
        }
    return _("Stores: customers by what they spend, %(sizes)s of them, for the shop sells into one country.") % {
        "sizes": sizes
    }


def _releases() -> TableCard | None:
    rows = list(PrivacyRelease.objects.select_related("by").order_by("-at", "-pk")[:SHOWN])
    if not rows:
        return None
    columns = [
        Column(pgettext("release", "State"), "word"), Column("ε"), Column(_("Customers")), Column(_("Reason"), "long"),
        Column(_("By"), ""), Column(pgettext("of a model", "Weights"), "long"),
    ]  # fmt: skip
    lines = []
    for one in rows:
        is_reset = one.kind == PrivacyRelease.Kind.RESET
        state = (
            pill(Meaning.IDLE, one.get_kind_display().capitalize()) if is_reset
            else pill(MEANINGS[State(one.state)], one.get_state_display().capitalize())
        )  # fmt: skip
        lines.append(TableRow(ago(one.at), [
            state, "–" if is_reset else f"{one.epsilon:g}", figure(one.customers) if one.customers else "–", one.reason,
            str(one.by or "–"), _weights(one.weights),
        ]))  # fmt: skip
    foot = _("ε of releases add up. Weights have noise in them and may leave the shop; scores and rows may not.")
    return TableCard(_("What was told"), _("When"), columns, lines, foot=foot)


def _weights(weights: dict[str, Any]) -> str:
    if not weights:
        return "–"
    pairs = zip(weights["features"], weights["weights"], strict=True)
    named = [f"{name} {signed(value, 3)}" for name, value in pairs]
    return " · ".join([*named, signed(weights["intercept"], 3)])
