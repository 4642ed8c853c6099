"""Staff page "Whom messages move": what each campaign with a holdout taught, and whether the ranking may be used."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from core.components import Column, Meaning, TableCard, TableRow, percent, pill, toast
from core.components.words import day_text, figure, points
from core.experiments.reading import share_text
from core.jobs import Job
from core.models import ModelVersion
from core.reports import Chart, Line, line_chart
from core.shipped import told
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.models import Campaign, UpliftScore
from marketing.roles import CAMPAIGNS
from marketing.uplift import asking
from marketing.uplift.kinds import UPLIFT, WHY

SHOWN = 30
LEARNED = "use"
KINDS = ("marketing.uplift", "marketing.uplift.score")


def page(request: HttpRequest) -> HttpResponse:
    """The answer, the curve of the version that serves (else of the newest), and the campaigns."""
    versions = list(ModelVersion.objects.of(UPLIFT.name).defer("gate").order_by("-number")[:SHOWN])
    known = Campaign.objects.filter(public_id__in=[_campaign(version) for version in versions])
    names = {public_id: told(name) for public_id, name in known.values_list("public_id", "name")}
    serving = next((one for one in versions if one.state == ModelVersion.State.ACTIVE), None)
    shown = serving or next(iter(versions), None)
    scores = UpliftScore.objects.filter(model_version=serving) if serving is not None else UpliftScore.objects.none()
    context = {
        **admin.site.each_context(request),
        "title": _("Whom messages move"),
        "answer": _answer(serving, shown),
        "pill": _pill(shown) if shown is not None else "",
        "facts": _facts(serving, scores, names),
        "chart": _chart(shown) if shown is not None else None,
        "campaigns": _table(request, versions, names) if versions else None,
        "days": OUTCOME_DAYS,
        "campaigns_url": _address("marketing_campaign_changelist"),
        "running": Job.objects.active().filter(kind__in=KINDS).order_by("pk").first(),
        "may_learn": request.user.has_perm(CAMPAIGNS),
    }
    return render(request, "admin/marketing/uplift.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Learn now from campaigns whose orders are all in, and score customers anew."""
    if asking.ask(by=acting(request)):
        toast(request, _("Learning began"))
    else:
        messages.info(request, _nothing_to_learn())
    return HttpResponseRedirect(reverse("admin:marketing_uplift"))


def _nothing_to_learn() -> str:
    return _(
        "Nothing new to learn from: a campaign teaches when it left some out by chance and %(days)s days passed since"
        " its last message."
    ) % {"days": OUTCOME_DAYS}


def _campaign(version: ModelVersion) -> str:
    return str(version.report.get("campaign", ""))


def _answer(serving: ModelVersion | None, shown: ModelVersion | None) -> str:
    if serving is not None:
        return _("The ranking holds: it may be used to choose whom to write to")
    if shown is None:
        return ""
    return _("No reliable ranking: write to all, or to some drawn by chance")


def _pill(version: ModelVersion) -> Any:
    if version.report.get("guard") == LEARNED:
        return pill(Meaning.GOOD, pgettext("ranking", "may be used"))
    return pill(Meaning.IDLE, pgettext("ranking", "not reliable"))


def _facts(serving: ModelVersion | None, scores: Any, names: dict[str, str]) -> list[tuple[Any, Any]]:
    if serving is None:
        return []
    newest = scores.order_by("-as_of").values_list("as_of", flat=True).first()
    return [
        (_("Learned from"), names.get(_campaign(serving), "–")),
        (_("Customers scored"), figure(scores.count())),
        (_("As of"), day_text(newest) if newest is not None else "–"),
        (_("More orders among the best 30%"), points(serving.metrics.get("uplift_30"))),
    ]


def _chart(version: ModelVersion) -> Chart | None:
    curve = version.report.get("curve") or []
    if not curve:
        return None
    last = curve[-1][1]
    lines = [
        Line(_("By the ranking"), [height for _share, height in curve]),
        Line(pgettext("order of people", "By chance"), [share * last for share, _height in curve], is_reference=True),
    ]
    title = _("Orders that the message brought, by how many get it")
    note = _("From those the ranking puts first to everybody; by models that had not seen the person.")
    return line_chart(title, [share_text(share) for share, _height in curve], lines, first_head=_("Share"), note=note)


def _table(request: HttpRequest, versions: Sequence[ModelVersion], names: dict[str, str]) -> TableCard:
    may = request.user.has_perm("core.view_modelversion")
    columns = [
        Column(pgettext("ranking", "Verdict"), "word"), Column(_("Why"), "long"), Column(_("Got the message")),
        Column(_("Left out by chance")), Column(_("Ordered")), Column(_("Qini (90%)")),
        Column(_("Who orders anyway")),
    ]  # fmt: skip
    rows = []
    for version in versions:
        report = version.report
        people, ordered = report.get("people", {}), report.get("ordered", {})
        why = WHY.get(report.get("reason", ""), _("Better than chance and than who orders anyway."))
        cells = [
            _pill(version), why, figure(people.get("message", 0)), figure(people.get("left_out", 0)),
            _shares(people, ordered), _range(report, "qini"), _range(report, "response"),
        ]  # fmt: skip
        url = reverse("admin:core_modelversion_change", args=[version.pk]) if may else ""
        name, is_serving = names.get(_campaign(version), version.name), version.state == ModelVersion.State.ACTIVE
        rows.append(TableRow(name, cells, url=url, hint=day_text(version.created_at), is_chosen=is_serving))
    note = ngettext("the last campaign", "the last %(count)d campaigns", len(rows)) % {"count": len(rows)}
    foot = _(
        "Qini: 0 is no better than chance. A ranking may be used when the low end is above 0 and it is surely better"
        " than asking who orders anyway."
    )
    return TableCard(_("What campaigns taught"), _("Campaign"), columns, rows, note=note, foot=foot)


def _shares(people: dict[str, int], ordered: dict[str, int]) -> str:
    """Of both groups."""
    found = [
        percent(ordered.get(name, 0) / people[name] if people.get(name) else None) for name in ("message", "left_out")
    ]
    return _("%(message)s against %(without)s") % {"message": found[0], "without": found[1]}


def _range(report: dict[str, Any], name: str) -> str:
    found = report.get("intervals", {}).get(name)
    if not found:
        return "–"
    value, low, high = (figure(part, 3) for part in found)
    return f"{value} ({low} … {high})"


def _address(name: str) -> str:
    """The page of that name; "" while there is none."""
    try:
        return reverse(f"admin:{name}")
    except NoReverseMatch:
        return ""
