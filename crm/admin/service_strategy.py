"""Staff page "Service strategy": groups of customers by how they were served, what is proposed, what was decided and
what it brought."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from analytics.segments.named import RFM
from catalog.admin.notices import acting
from core import impact
from core.components import Column, Meaning, TableCard, TableRow, figure, money, percent, pill, toast
from core.components.words import duration, listed
from core.exceptions import DomainError
from core.experiments import reading
from core.exports import PageTable
from core.models import ExperimentLook, Job
from core.said import Said
from crm.models import CareProgramme, Priority, ServiceGroup, ServiceRun, ServiceStrategy
from crm.roles import STRATEGY
from crm.strategy import deciding, trials, words
from crm.strategy.words import MEASURES

LONGEST_PK = 19
PAST = 20
MOST_PROGRAMMES = 100
KIND = "crm.service_groups"
Decision = ServiceStrategy.Decision


def page(request: HttpRequest) -> HttpResponse:
    """A POST has `act`: "look", or "accept", "refuse" (`group`, `seen`, …), "withdraw", "back" (`strategy`)."""
    may_decide = request.user.has_perm(STRATEGY)
    error = ""
    if request.method == "POST":
        if not may_decide:
            raise PermissionDenied
        try:
            _act(request)
        except DomainError as refusal:
            error = str(refusal.message)
        else:
            return HttpResponseRedirect(reverse("admin:crm_service_strategy"))
    run, newest = _runs()
    groups = list(run.groups.order_by("place")) if run is not None else []
    decided = _decided(groups)
    looks = _looks(list(decided.values()))
    programmes = list(CareProgramme.objects.running().order_by("name")[:MOST_PROGRAMMES])
    last = Job.objects.filter(kind=KIND).order_by("-pk").first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Service strategy"),
        "sentence": _sentence(run) if run is not None else "",
        "run": run,
        "stability": figure(run.stability, 2) if run is not None else "",
        "refusal": _refusal(newest),
        "refused_at": newest.as_of if newest is not None and not newest.k else None,
        "cards": [
            _card(request, group, run, decided.get(group.key), looks, programmes) for group in groups if run is not None
        ],
        "past": _past(),
        "last": last,
        "is_looking": last is not None and last.is_active,
        "may_decide": may_decide,
        "priorities": [(key, label) for key, label in Priority.choices],
        "error": error,
        "sent": request.POST,
    }  # fmt: skip
    return TemplateResponse(request, "admin/crm/service_strategy.html", context, status=409 if error else 200)


def _runs() -> tuple[ServiceRun | None, ServiceRun | None]:
    """The newest run that found groups, and the newest of all."""
    newest = ServiceRun.objects.first()
    if newest is None or newest.k:
        return newest, newest
    return ServiceRun.objects.filter(k__gt=0).first(), newest


def _decided(groups: list[ServiceGroup]) -> dict[str, ServiceStrategy]:
    """What holds for each of these groups, in whichever run it was decided."""
    rows = (
        ServiceStrategy.objects.standing().filter(group__key__in=[group.key for group in groups])
        .select_related("group__run", "decided_by", "programme", "experiment")
        .prefetch_related("experiment__arms")
        .annotate(people=Count("group__members", distinct=True), ticket_count=Count("tickets", distinct=True))
    )  # fmt: skip
    return {row.group.key: row for row in rows}


def _looks(strategies: list[ServiceStrategy]) -> dict[int, ExperimentLook]:
    """The newest look at the comparison of each strategy, by experiment."""
    rows = ExperimentLook.objects.filter(experiment__in=[one.experiment_id for one in strategies if one.experiment_id])
    return {row.experiment_id: row for row in rows.order_by("experiment_id", "-looked_at").distinct("experiment_id")}


# --- what is shown ----------------------------------------------------------------------------------------------------


def _sentence(run: ServiceRun) -> str:
    return ngettext(
        "%(groups)s groups among %(count)s customer who wrote in the last %(days)s days",
        "%(groups)s groups among %(count)s customers who wrote in the last %(days)s days", run.customers,
    ) % {"groups": run.k, "count": figure(run.customers), "days": run.window_days}  # fmt: skip


def _refusal(newest: ServiceRun | None) -> str:
    if newest is None or newest.k:
        return ""
    return str(Said(newest.refusal.get("text", ""), newest.refusal.get("values", {})))


def _name(group: ServiceGroup) -> str:
    return _("Group %(number)s") % {"number": group.number}


def _pill(strategy: ServiceStrategy | None) -> Any:
    if strategy is None:
        return pill(Meaning.PROPOSED, pgettext("service strategy", "Proposed"))
    if strategy.decision == Decision.REFUSED:
        return pill(Meaning.IDLE, pgettext("service strategy", "Refused"))
    return pill(Meaning.GOOD, pgettext("service strategy", "In force"))


def _card(
    request: HttpRequest, group: ServiceGroup, run: ServiceRun, strategy: ServiceStrategy | None,
    looks: dict[int, ExperimentLook], programmes: list[CareProgramme],
) -> dict[str, Any]:  # fmt: skip
    told = [words.reason(one) for one in group.reasons]
    suggested = (
        next((one.pk for one in programmes if one.trigger == group.programme), None) if group.programme else None
    )
    sent = request.POST if request.POST.get("group") == str(group.pk) else {}
    return {
        "group": group,
        "name": _name(group),
        "pill": _pill(strategy),
        "size": ngettext("%(count)s customer", "%(count)s customers", group.size) % {"count": figure(group.size)},
        "share": percent(group.share),
        "like": _like(group.profile, run.overall.get("profile", {})),
        "evidence": _evidence(group, run),
        "strength": words.strength(group.evidence),
        "why": listed(told),
        "proposal": _proposal(group),
        "strategy": strategy,
        "decided": _told(strategy) if strategy is not None else "",
        "is_older": strategy is not None and strategy.group_id != group.pk,
        "effect": _effect(request, strategy, looks) if strategy is not None and strategy.is_in_force else None,
        "tickets": _tickets(strategy) if strategy is not None else "",
        "form": {
            "seen": sent.get("seen", strategy.pk if strategy is not None else 0),
            "priority": sent.get("priority", group.priority),
            "target": sent.get("target", group.target_minutes or ""),
            "programme": str(sent.get("programme", suggested or "")),
            "control": sent.get("control", "50"),
            "reason": sent.get("reason", ""),
            "programmes": [(str(one.pk), one.title) for one in programmes],
        },
    }  # fmt: skip


def _tickets(strategy: Any) -> str:
    count: int = strategy.ticket_count
    return ngettext("%(count)s ticket so far", "%(count)s tickets so far", count) % {"count": figure(count)}


def _like(profile: dict[str, Any], everybody: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What its customers are like, beside everybody who wrote: label, theirs, everybody's."""
    rows = []
    if profile.get("value") is not None:
        rows.append(
            (_("Lifetime value, 12 months"), money(profile["value"], is_whole=True),
             money(everybody.get("value"), is_whole=True))
        )  # fmt: skip
    if profile.get("churn") is not None:
        rows.append(
            (_("Chance to leave within 90 days"), percent(profile["churn"]),
             percent(everybody.get("churn")))
        )  # fmt: skip
    segments = _segments(profile)
    if segments:
        rows.append((_("RFM segments"), segments, _segments(everybody)))
    return rows


def _segments(profile: dict[str, Any]) -> str:
    scored = profile.get("scored") or 0
    return " · ".join(
        f"{RFM[key][0]} {percent(count / scored)}"
        for key, count in profile.get("segments", [])
        if key in RFM and scored
    )


def _evidence(group: ServiceGroup, run: ServiceRun) -> TableCard:
    """Each measure over all days and in later cases alone, with ranges, beside everybody."""
    means, later = group.evidence.get("means", {}), group.evidence.get("later", {})
    everybody, everybody_later = run.overall.get("means", {}), run.overall.get("later", {})
    rows = [
        TableRow(
            words.measure(name),
            [
                words.value(name, means.get(name, {}).get("value")), words.value(name, everybody.get(name)),
                words.value(name, later.get(name, {}).get("value")), words.likely(name, later.get(name, {})) or "–",
                words.value(name, everybody_later.get(name)),
            ],
        )
        for name in MEASURES
    ]  # fmt: skip
    columns = [
        Column(_("This group")), Column(_("Everybody")), Column(_("Later cases")), Column(_("Range")),
        Column(_("Everybody's later cases")),
    ]  # fmt: skip
    return TableCard(_("How they were served"), _("Measure"), columns, rows)


def _proposal(group: ServiceGroup) -> str:
    parts = [_("priority %(priority)s") % {"priority": group.get_priority_display()}]
    if group.target_minutes is not None:
        parts.append(_("first answer within %(time)s") % {"time": duration(group.target_minutes * 60)})
    if group.programme:
        parts.append(_("care: %(trigger)s") % {"trigger": CareProgramme.Trigger(group.programme).label})
    return " · ".join(parts)


def _told(strategy: ServiceStrategy) -> str:
    """What was decided, in one line."""
    if strategy.decision == Decision.REFUSED:
        return _("Served as everybody")
    parts = [_("priority %(priority)s") % {"priority": strategy.get_priority_display()}]
    if strategy.target_minutes is not None:
        parts.append(_("first answer within %(time)s") % {"time": duration(strategy.target_minutes * 60)})
    if strategy.programme is not None:
        parts.append(_("care: %(trigger)s") % {"trigger": strategy.programme.title})
    parts.append(
        _("%(share)s%% served as before") % {"share": strategy.control_percent}
        if strategy.control_percent else _("all its customers: not measured")
    )  # fmt: skip
    return " · ".join(parts)


def _effect(request: HttpRequest, strategy: ServiceStrategy, looks: dict[int, ExperimentLook]) -> dict[str, Any]:
    """What the comparison says: ranges that hold at any look, or why nothing can be said."""
    experiment = strategy.experiment
    if experiment is None:
        return {"sentence": _("Not measured: nobody is served as before, so nothing can be compared.")}
    look = looks.get(experiment.pk)
    claims = impact.claims(trials.IMPACT, experiment, look) if look is not None else []
    told = impact.verdict(claims) or reading.verdict(experiment, look)
    return {
        "pill": pill(told.meaning, told.word), "sentence": told.sentence,
        "rows": [one.reading.sentence for one in claims if one.reading != told],
        "people": figure(look.people if look is not None else 0), "days": experiment.outcome_days,
        "as_of": look.looked_at if look is not None else None,
        "url": reverse("admin:core_experiment_change", args=[experiment.pk])
        if request.user.has_perm("core.view_experiment") else "",
    }  # fmt: skip


def _past() -> list[tuple[ServiceStrategy, str, str]]:
    """The newest decisions that hold no more."""
    rows = (
        ServiceStrategy.objects.exclude(withdrawn_at=None)
        .select_related("group__run", "decided_by", "withdrawn_by", "programme").order_by("-withdrawn_at")[:PAST]
    )  # fmt: skip
    return [(row, _name(row.group), _told(row)) for row in rows]


# --- what is done -----------------------------------------------------------------------------------------------------


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_PK else 0


def _act(request: HttpRequest) -> None:
    sent, by = request.POST, acting(request)
    match sent.get("act", ""):
        case "look":
            deciding.look_again()
            toast(request, _("Looking for groups"))
        case "accept":
            target, programme = sent.get("target", "").strip(), _number(sent.get("programme", ""))
            made = deciding.accept(
                _number(sent.get("group", "")), seen=_number(sent.get("seen", "")), priority=sent.get("priority", ""),
                target_minutes=_number(target) if target else None, programme_id=programme or None,
                control_percent=_share(sent.get("control", "")), reason=sent.get("reason", ""), by=by,
            )  # fmt: skip
            toast(request, _("Strategy in force"), undo=request.path, act="withdraw", strategy=made.pk)
        case "refuse":
            made = deciding.refuse(
                _number(sent.get("group", "")), seen=_number(sent.get("seen", "")), reason=sent.get("reason", ""), by=by
            )
            toast(request, _("Proposal refused"), undo=request.path, act="withdraw", strategy=made.pk)
        case "withdraw":
            done = deciding.withdraw(_number(sent.get("strategy", "")), reason=sent.get("reason", ""), by=by)
            toast(request, _("Decision withdrawn"), undo=request.path, act="back", strategy=done.pk)
        case "back":
            done = deciding.put_back(_number(sent.get("strategy", "")), by=by)
            toast(request, _("Decision holds again"), undo=request.path, act="withdraw", strategy=done.pk)


def _share(text: str) -> int:
    """A percentage as it was sent; what is none of 0 to 99 is refused by the service."""
    return _number(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else -1


def table(request: HttpRequest) -> PageTable:
    """Groups with their evidence; times in minutes of business time."""
    run, _newest = _runs()

    def rows() -> Iterator[list[Any]]:
        for group in run.groups.order_by("place") if run is not None else ():
            for name in MEASURES:
                mean, later = (group.evidence.get(part, {}).get(name, {}) for part in ("means", "later"))
                yield [
                    group.number, group.size, words.measure(name), mean.get("value"), later.get("value"),
                    later.get("low"), later.get("high"), run.overall.get("later", {}).get(name) if run else None,
                    group.evidence.get("followed"), group.priority, group.target_minutes, group.programme,
                ]  # fmt: skip

    heads = [
        _("Group"), _("Customers"), _("Measure"), _("Mean"), _("Later cases"), _("Range from"), _("Range to"),
        _("Everybody's later cases"), _("Followed customers"), _("Priority"), _("First answer (minutes)"), _("Care"),
    ]  # fmt: skip
    return PageTable(_("Service strategy"), heads, rows())
