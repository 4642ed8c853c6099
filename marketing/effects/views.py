"""Staff page "What marketing brought": all campaigns of a year against people whom chance left out."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from core.components import (
    Column,
    Meaning,
    Range,
    TableCard,
    TableRow,
    figure,
    money,
    percent,
    pill,
    range_chart,
    toast,
)
from core.components.words import day_text
from core.experiments.reading import signed_share
from core.jobs import Job
from marketing.effects import asking, selectors
from marketing.effects.selectors import CampaignEffect, Ends, Year
from marketing.roles import CAMPAIGNS

SHOWN = 50
DRAWN = 12


def page(request: HttpRequest) -> HttpResponse:
    """The answer, the money, the campaigns by evidence, the shop's holdout."""
    year = selectors.year()
    shown = year if year is not None and (year.campaigns or year.unmeasured) else None
    context = {
        **admin.site.each_context(request),
        "title": _("What marketing brought"),
        "year": shown,
        "answer": answer(shown) if shown is not None else "",
        "pill": _pill(shown) if shown is not None else "",
        "money": money_rows(shown) if shown is not None else [],
        "chart": _chart(shown) if shown is not None else "",
        "campaigns": _table(shown) if shown is not None and shown.campaigns else None,
        "holdout": _holdout(shown.holdout) if shown is not None and shown.holdout is not None else None,
        "campaigns_url": reverse("admin:marketing_campaign_changelist"),
        "running": Job.objects.active().filter(task=asking.ALL).first(),
        "may_count": request.user.has_perm(CAMPAIGNS),
    }
    return render(request, "admin/marketing/effects.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Count the year now."""
    asking.ask_for_all(by=acting(request))
    toast(request, _("Counting began"))
    return HttpResponseRedirect(reverse("admin:marketing_effects"))


def answer(year: Year) -> str:
    """The page in one sentence."""
    if not year.campaigns:
        return _("Not measured: no campaign left anybody out by chance")
    if year.total_revenue is None:
        return _("Too early to tell: too few people were left out by chance")
    _first, low, high = year.total_revenue
    ends = {"low": money(low, is_whole=True), "high": money(high, is_whole=True)}
    if low > 0:
        return _("Works: campaigns likely brought %(low)s to %(high)s more revenue") % ends
    if high < 0:
        ends = {"low": money(-high, is_whole=True), "high": money(-low, is_whole=True)}
        return _("Hurts: campaigns likely cost %(low)s to %(high)s of revenue") % ends
    return _("Not decided: campaigns brought anywhere from %(low)s to %(high)s of revenue") % ends


def _pill(year: Year) -> Any:
    total = year.total_revenue
    if total is None:
        return pill(Meaning.MOVING, _("waits for people"))
    if total[1] > 0:
        return pill(Meaning.GOOD, _("works"))
    if total[2] < 0:
        return pill(Meaning.STOPPED, _("hurts"))
    return pill(Meaning.MOVING, _("too early"))


def money_rows(year: Year) -> list[tuple[str, str]]:
    """Ranges of the year in words."""
    rows = [
        (_("More revenue"), money_ends(year.total_revenue)), (_("More people ordered"), ends_text(year.total_orders)),
        (_("Cost of messages and offers"), money(year.cost) if year.cost else "–"),
        (_("Return on cost"), return_text(year.returned)),
        (_("People, once for each campaign"), _("%(message)s with a message, %(without)s without") % {
            "message": figure(year.people), "without": figure(year.people_control)
        }),
    ]  # fmt: skip
    if year.unmeasured:
        text = ngettext(
            "%(count)s campaign, cost %(cost)s", "%(count)s campaigns, cost %(cost)s", year.unmeasured
        ) % {"count": figure(year.unmeasured), "cost": money(year.cost_unmeasured)}  # fmt: skip
        rows.append((_("Nobody left out, so not measured"), text))
    return rows


def ends_text(value: Ends | None) -> str:
    if value is None:
        return "–"
    return _("%(low)s to %(high)s") % {"low": figure(round(value[1])), "high": figure(round(value[2]))}


def money_ends(value: Ends | None) -> str:
    if value is None:
        return "–"
    return _("%(low)s to %(high)s") % {
        "low": money(round(value[1]), is_whole=True), "high": money(round(value[2]), is_whole=True)
    }  # fmt: skip


def return_text(value: Ends | None) -> str:
    if value is None:
        return "–"
    return _("%(low)s to %(high)s") % {"low": signed_share(value[1]), "high": signed_share(value[2])}


def _chart(year: Year) -> Any:
    rows = [
        Range(
            one.name, one.relative[0], one.relative[1], one.relative[2], one.said.sentence,
            is_claimed=one.said.kind in ("works", "hurts"),
        )
        for one in year.campaigns
        if one.relative is not None
    ][:DRAWN]  # fmt: skip
    return range_chart(rows, _("Share of people who ordered: change against no message")) if rows else ""


def _table(year: Year) -> TableCard:
    columns = [
        Column(_("What it says"), "long"), Column(_("Ordered")), Column(_("More people ordered")),
        Column(_("More revenue")), Column(_("Cost")), Column(_("Return on cost")),
    ]  # fmt: skip
    rows = [
        TableRow(
            one.name, cells(one), url=reverse("admin:marketing_campaign_change", args=[one.campaign_id]),
            hint=day_text(one.started_at),
        )
        for one in year.campaigns[:SHOWN]
    ]  # fmt: skip
    note = ngettext("%(count)s campaign", "%(count)s campaigns", len(year.campaigns)) % {
        "count": figure(len(year.campaigns))
    }
    foot = _(
        "What is proved comes first. Works and hurts are said only when they also stand after Holm's correction over"
        " all these campaigns. Ranges hold at any look (95%)."
    )
    if len(year.campaigns) > SHOWN:
        foot = f"{foot} {_('The file holds all of them.')}"
    return TableCard(_("Campaigns by evidence"), _("Campaign"), columns, rows, note=note, foot=foot)


def cells(one: CampaignEffect) -> list[str]:
    return [
        one.said.sentence,
        # Two lines: eight columns of figures do not fit beside the menu.
        format_html(
            "{}<br>{}", percent(one.share, one.people),
            _("against %(share)s") % {"share": percent(one.share_control, one.people_control)},
        ),
        ends_text(one.orders), money_ends(one.revenue), money(one.cost) if one.cost else "–",
        return_text(one.returned),
    ]  # fmt: skip


def _holdout(told: Any) -> dict[str, Any]:
    """The shop's holdout in words."""
    row, sums = told["conversion"], told["revenue"]
    broken = selectors.is_broken(told["sample_ratio_p"]) and row["n"] + row["n_control"] > 0
    said = selectors.read(row)
    money_said = selectors.read(sums, "revenue")
    return {
        "since": datetime.fromisoformat(told["since"]), "share": told["share"], "is_broken": broken,
        "people": figure(row["n"]), "people_control": figure(row["n_control"]),
        "sentences": [said.sentence, money_said.sentence] if said.kind != "few" else [said.sentence],
        "removed": percent(sums["removed"]) if sums["removed"] >= 0.01 else "",
    }  # fmt: skip
