"""Staff page "Customer value and churn"."""

import math
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.customers import figures, people, refusals
from analytics.customers.people import Listing
from analytics.models import ScoreKind, ScoreRun
from analytics.segments.rules import BadRule, rule_address
from core.components import percent
from core.components.words import figure, money
from core.exports import PageTable

HORIZONS = (30, 60, 90)
FIELDS = {"value", "alive", "churn_30", "churn_60", "churn_90", "propensity_30"}


def customers(request: HttpRequest) -> HttpResponseBase:
    """`?days=30|60|90&list=loss|value|churn|order&field=…&from=…&to=…`; the address carries the whole state."""
    runs, refused = figures.newest()
    days = _days(request.GET.get("days"), runs.get(ScoreKind.CHURN))
    listing = _listing(request, days)
    narrow = _Narrow.of(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Customer value and churn"),
        "runs": [_run(request, runs[kind]) for kind in ScoreKind if kind in runs],
        "refused": [
            (ScoreKind(kind).label, refusals.words(run.refusal), run.as_of) for kind, run in sorted(refused.items())
        ],
        "jobs_url": reverse("admin:core_modelversion_changelist"),
        "can_train": request.user.has_perm("core.activate_modelversion"),
    }
    if runs:
        context |= _shown(runs, days, listing) | _list(request, listing, narrow, days)
    return render(request, "admin/analytics/customers.html", context)


def _days(text: str | None, run: ScoreRun | None) -> int:
    """The horizon asked for, of those that were scored; the longest when none is."""
    known = _horizons(run)
    return next((days for days in known if text == str(days)), known[-1] if known else HORIZONS[-1])


def _horizons(run: ScoreRun | None) -> list[int]:
    """Days ahead that the newest scoring of churn speaks about, the longest last."""
    return [days for days in HORIZONS if run is not None and f"churn_{days}" in run.figures.get("bins", {})]


def _listing(request: HttpRequest, days: int) -> Listing:
    """The list asked for, with the churn risk of the horizon that the page shows."""
    known = people.listings(days)
    return known.get(request.GET.get("list", ""), known["loss"])


def _shown(runs: dict[str, ScoreRun], days: int, listing: Listing) -> dict[str, Any]:
    churn, value, order = (runs.get(kind) for kind in (ScoreKind.CHURN, ScoreKind.VALUE, ScoreKind.PROPENSITY))
    facts: list[tuple[str, str]] = []
    if value is not None:
        facts += [
            (_("Customers scored"), figure(value.customers)),
            (_("Value, 12 months"), figures.value_sum(value)),
            (_("Expected orders, 12 months"), figure(round(value.figures["sum"].get("expected_orders", 0)))),
        ]
    if churn is not None:
        told = figures.churn_share(churn, days)
        facts.append((_("Will likely buy nothing within %(days)d days") % {"days": days}, told))
    if order is not None:
        facts.append((_("Will likely order within 30 days"), figures.order_share(order)))
    horizons = [
        (each, figures.address(days=each, list=listing.key), each == days)
        for each in HORIZONS
        if churn is not None and f"churn_{each}" in churn.figures.get("bins", {})
    ]
    report = churn.model_version.report if churn is not None and churn.model_version else {}
    value_report = value.model_version.report if value is not None and value.model_version else {}
    return {
        "facts": facts,
        "horizons": horizons if len(horizons) > 1 else [],
        "churn_chart": figures.churn_chart(churn, days) if churn is not None else None,
        "value_chart": figures.value_chart(value) if value is not None else None,
        "order_chart": figures.order_chart(order) if order is not None else None,
        "calibration": figures.calibration_chart(report, days),
        "test": figures.back_test(value_report),
        "decile_heads": figures.decile_heads(),
        "checks": figures.checks(),
        "check_heads": figures.check_heads(),
    }


def _run(request: HttpRequest, run: ScoreRun) -> dict[str, Any]:
    version = run.model_version
    may = version is not None and request.user.has_perm("core.view_modelversion")
    return {
        "label": ScoreKind(run.kind).label,
        "as_of": run.as_of,
        "finished_at": run.finished_at,
        "version": version,
        "url": reverse("admin:core_modelversion_change", args=[version.pk]) if version is not None and may else "",
    }


# --- people --------------------------------------------------------------------------------------------------------


class _Narrow:
    """Which part of a list an address asks for."""

    def __init__(self, field: str, low: float | None, high: float | None) -> None:
        self.field, self.low, self.high = field, low, high

    @classmethod
    def of(cls, request: HttpRequest) -> "_Narrow":
        """Anything that is not understood asks for everybody."""
        field = request.GET.get("field", "")
        low, high = _number(request.GET.get("from")), _number(request.GET.get("to"))
        if field not in FIELDS or (low is None and high is None):
            return cls("", None, None)
        return cls(field, low, high)

    @property
    def query(self) -> dict[str, Any]:
        if not self.field:
            return {}
        ends = {"from": self.low, "to": self.high}
        return {"field": self.field, **{name: value for name, value in ends.items() if value is not None}}

    def rule(self, listing: Listing) -> dict[str, Any]:
        """The same people as a rule of a segment: those in the range, and whoever has the scores that the list asks."""
        parts: list[dict[str, Any]] = []
        if self.low is not None:
            parts.append({"field": self.field, "op": "gte", "value": self.low})
        if self.high is not None and not (self.high >= 1 and self.field != "value"):
            parts.append({"field": self.field, "op": "lt", "value": self.high})
        told = {part["field"] for part in parts}
        # No score is below 0, so this is who has one.
        parts += [{"field": name, "op": "gte", "value": 0} for name in listing.asked if name not in told]
        return {"all": parts}

    @property
    def words(self) -> str:
        if not self.field:
            return ""
        write = money if self.field == "value" else percent
        if self.high is None:
            return _("from %(low)s on") % {"low": write(self.low)}
        return _("%(low)s to %(high)s") % {"low": write(self.low or 0.0), "high": write(self.high)}


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) <= 1e12 else None


def _list(request: HttpRequest, listing: Listing, narrow: _Narrow, days: int) -> dict[str, Any]:
    rows = list(people.found(listing, narrow.low, narrow.high, field=narrow.field)[: people.SHOWN])
    state = {"days": days, **narrow.query}
    return {
        "listing": listing,
        "listings": [
            (one, f"{figures.address(list=one.key, **state)}#people", one.key == listing.key)
            for one in people.listings(listing.days).values()
        ],
        "people": people.people(listing, rows),
        "churn_title": people.churn_title(listing),
        "shown": people.SHOWN,
        "narrow": narrow.words,
        "all_url": f"{figures.address(list=listing.key, days=days)}#people",
        "segment_url": _segment_url(request, narrow.rule(listing), _segment_name(listing, narrow)),
    }


def _segment_url(request: HttpRequest, rule: dict[str, Any], name: str) -> str:
    """The form of a new segment with this rule; empty for those who may not add one."""
    if not request.user.has_perm("analytics.add_segment"):
        return ""
    try:
        return rule_address(rule, name)
    except BadRule:  # an address with numbers that no score has
        return ""


def _segment_name(listing: Listing, narrow: _Narrow) -> str:
    title = str(listing.title)
    return f"{title}: {narrow.words}" if narrow.words else title


def table(request: HttpRequest) -> PageTable:
    """Everybody on the list that the address says."""
    runs, _refused = figures.newest()
    listing = _listing(request, _days(request.GET.get("days"), runs.get(ScoreKind.CHURN)))
    narrow = _Narrow.of(request)
    rows = people.in_file(listing, narrow.low, narrow.high, field=narrow.field)
    return PageTable(_segment_name(listing, narrow), people.heads(listing), rows)
