"""Staff page "Offers per group": what each group took up, what that proposes, and what was decided."""

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from catalog.models import Category
from core.components import Meaning, figure, percent, pill, toast
from core.components.words import day_text
from core.exceptions import DomainError
from core.jobs import Job
from core.typed import typed_number
from marketing.campaigns import effect
from marketing.models import Offer, StrategyProposal, StrategyRun
from marketing.offers.saying import value_of
from marketing.roles import CAMPAIGNS
from marketing.strategy import deciding

State = StrategyProposal.State
NAMES = ("discount", "free_shipping", "bonus_points")
KINDS = dict(zip(NAMES, (Offer.Kind.DISCOUNT, Offer.Kind.FREE_SHIPPING, Offer.Kind.POINTS), strict=True))
MEANINGS = {
    State.OPEN: Meaning.WAITING, State.ACCEPTED: Meaning.GOOD, State.CHANGED: Meaning.GOOD, State.REFUSED: Meaning.IDLE,
}  # fmt: skip
LONGEST_PK = 19
EARLIER = 10


def page(request: HttpRequest) -> HttpResponse:
    """The newest look, and what was decided about earlier ones with its effect."""
    run = StrategyRun.objects.select_related("groups_version").order_by("-number").first()
    rows = StrategyProposal.objects.select_related(
        "segment__current", "decided_by", "campaign__experiment", "campaign__offer", "run"
    )
    shown = list(rows.filter(run=run).order_by("-size", "pk")) if run is not None else []
    earlier = list(
        rows.exclude(state=State.OPEN).exclude(run=run).order_by("-decided_at")[:EARLIER] if run is not None else []
    )
    names = _names(shown)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Offers per group"),
        "run": run,
        "facts": _facts(run) if run is not None else [],
        "groups": [_shown(one, names) for one in shown],
        "earlier": [_shown(one, names) for one in earlier],
        "may_decide": _may_decide(request),
        "kinds": [(kind.value, capfirst(str(kind.label))) for kind in Offer.Kind],
        "job": Job.objects.active().filter(dedupe_key="marketing.strategy").first(),
    }
    return render(request, "admin/marketing/strategy.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """`act`: look, accept, refuse; `proposal` is the key of one."""
    if not _may_decide(request):
        raise PermissionDenied
    said, by = request.POST, acting(request)
    pk, why = said.get("proposal", ""), said.get("why", "").replace("\x00", "")
    known = pk.isascii() and pk.isdecimal() and len(pk) < LONGEST_PK
    try:
        if said.get("act") == "look":
            deciding.ask(by=by)
            toast(request, _("Looking began"))
        elif known and StrategyProposal.objects.filter(pk=int(pk)).exists():
            if said.get("act") == "refuse":
                deciding.refuse(int(pk), why=why, by=by)
                toast(request, _("Proposal refused"))
            elif said.get("act") == "accept":
                done = deciding.accept(
                    int(pk), kind=said.get("kind", ""), value=_number(said.get("value", "")), why=why, by=by
                )
                toast(request, _("Offer and draft of a campaign made"))
                if done.campaign is not None:
                    return HttpResponseRedirect(reverse("admin:marketing_campaign_change", args=[done.campaign.pk]))
    except DomainError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("admin:marketing_strategy"))


def _may_decide(request: HttpRequest) -> bool:
    return bool(request.user.has_perms([CAMPAIGNS, "marketing.add_offer"]))


def _number(text: str) -> Decimal:
    value = typed_number(text)
    return value if value is not None and abs(value) < 10**9 else Decimal(0)


def _facts(run: StrategyRun) -> list[tuple[Any, Any]]:
    if run.basis == StrategyRun.Basis.CLUSTER:
        firm = percent(run.stability) if run.stability is not None else "–"
        version = run.groups_version.name if run.groups_version is not None else "–"
        groups = [(_("Stability of the groups"), firm), (_("Model version"), version)]
    else:
        groups = [(_("Stability of the groups"), _("fixed rules"))]
    return [
        (_("Groups"), capfirst(run.get_basis_display())), (_("Customers"), figure(run.customers)), *groups,
        (_("Orders from"), day_text(run.since)), (_("As of"), day_text(run.as_of)),
    ]  # fmt: skip


def _names(rows: list[StrategyProposal]) -> dict[str, dict[int, str]]:
    """Of the categories and offers that fit some group. Two queries."""
    fits = [row.answers.get("fits") or {} for row in rows]
    wanted = {kind: {one["id"] for said in fits for one in said.get(kind, ())} for kind in ("categories", "offers")}
    return {
        "categories": {one.pk: str(one) for one in Category.objects.filter(pk__in=wanted["categories"])},
        "offers": {one.pk: str(one) for one in Offer.objects.filter(pk__in=wanted["offers"])},
    }


def _likes(row: StrategyProposal, names: dict[str, dict[int, str]]) -> dict[str, Any]:
    """What the group chose more than everybody, and which open offers are about that; empty where nothing is known."""
    said = row.answers.get("fits") or {}
    return {
        "customers": figure(said.get("customers", 0)),
        "categories": [
            {"name": names["categories"][one["id"]], "share": percent(one["share"]), "fit": figure(one["fit"], 2),
             "everybody": figure(one["everybody"], 2), "share_everybody": percent(one["share_everybody"])}
            for one in said.get("categories", ()) if one["id"] in names["categories"]
        ],
        "offers": [
            {"name": names["offers"][one["id"]], "fit": figure(one["fit"], 2), "everybody": figure(one["everybody"], 2),
             "url": reverse("admin:marketing_offer_change", args=[one["id"]])}
            for one in said.get("offers", ()) if one["id"] in names["offers"]
        ],
    }  # fmt: skip


def _shown(row: StrategyProposal, names: dict[str, dict[int, str]]) -> dict[str, Any]:
    proposed = ""
    if row.kind:
        proposed = value_of(Offer(kind=row.kind, unit=Offer.Unit.PERCENT, value=row.value))
    return {
        "row": row,
        "name": str(row.segment),
        "description": row.segment.description,
        "url": reverse("admin:analytics_segment_change", args=[row.segment_id]),
        "size": ngettext("%(count)s customer", "%(count)s customers", row.size) % {"count": figure(row.size)},
        "answers": [_answer(name, row.answers.get(name) or {}) for name in NAMES],
        "likes": _likes(row, names),
        "proposed": proposed,
        "why": _why(row),
        "value": f"{row.value.normalize():f}" if row.value else "",
        "state": pill(MEANINGS[State(row.state)], capfirst(row.get_state_display())),
        "is_open": row.state == State.OPEN,
        "decided": _decided(row),
        "campaign_url": reverse("admin:marketing_campaign_change", args=[row.campaign_id]) if row.campaign_id else "",
        "effect": _effect(row),
    }


def _answer(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: the group, its range, everybody, and how strong that is."""
    words = {
        "discount": pgettext("evidence", "Discount taken"), "free_shipping": pgettext("evidence", "Free shipping"),
        "bonus_points": pgettext("evidence", "Points used"),
    }[name]  # fmt: skip
    strength = said.get("strength", "thin")
    meaning, label = {
        "clear": (Meaning.GOOD, pgettext("evidence", "Differs from everybody")),
        "like_everybody": (Meaning.IDLE, pgettext("evidence", "Like everybody")),
        "thin": (Meaning.WAITING, pgettext("evidence", "Too few customers")),
    }[strength]
    # Shares of prices are kept in percent, those of orders as shares.
    times, unit = (100 if name == "free_shipping" else 1), ("" if name == "bonus_points" else "%")
    value, low, high, everybody = (
        None if said.get(key) is None else times * said[key] for key in ("value", "low", "high", "everybody")
    )
    places = _places(max(value or 0, everybody or 0))
    return {
        "name": words,
        "value": _amount(value, places, unit),
        "range": "–"
        if low is None or high is None
        else f"{_amount(low, places, unit)} … {_amount(high, places, unit)}",
        "everybody": _amount(everybody, places, unit),
        "customers": figure(said.get("customers", 0)),
        "strength": pill(meaning, label),
    }


def _places(largest: float) -> int:
    """Decimals that leave two figures of the larger of two means: a mean of 0.3 is not 0."""
    return next((places for places, least in enumerate((10, 1, 0.1)) if largest >= least or not largest), 3)


def _amount(value: float | None, places: int, unit: str) -> str:
    if value is None:
        return "–"
    return f"{figure(value, places if value else 0)}{unit}"


def _why(row: StrategyProposal) -> str:
    if not row.kind:
        return _("No range of this group lies above what everybody took up, so nothing is proposed.")
    return {
        Offer.Kind.DISCOUNT: _("They took clearly more discount than everybody."),
        Offer.Kind.FREE_SHIPPING: _("They had clearly more orders without shipping than everybody."),
        Offer.Kind.POINTS: _("They used clearly more points than everybody."),
    }[Offer.Kind(row.kind)]


def _decided(row: StrategyProposal) -> str:
    if row.decided_at is None:
        return ""
    said = {"who": str(row.decided_by or "–"), "day": day_text(row.decided_at), "why": row.why}
    return (_("%(who)s, %(day)s: %(why)s") if row.why else _("%(who)s, %(day)s")) % said


def _effect(row: StrategyProposal) -> str:
    """What the campaign brought, by its experiment; "" before it ran."""
    if row.campaign is None or row.campaign.started_at is None:
        return ""
    return str(effect.sentence(effect.effect(row.campaign, messages=0)))
