"""Staff page "Unusual days": what drove each, and what people say it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.forecasts import alerts
from analytics.forecasts.words import cell
from analytics.models import Anomaly, DailySales, Forecast, Measure
from analytics.reports.empty import import_address
from analytics.reports.paid import orders_paid
from catalog.models import Category, Product
from core.components import Meaning, money, percent, pill, toast
from core.components.words import MINUS, figure
from core.exports import PageTable

DECIDE = "analytics.change_anomaly"
SHOWN = 60
LONGEST_NOTE = 300
JOINED = "\u2060"
"""Keeps a sign with its amount at the end of a line."""
MEANINGS = {
    Anomaly.Decision.OPEN: Meaning.WAITING,
    Anomaly.Decision.EXPLAINED: Meaning.GOOD,
    Anomaly.Decision.IGNORED: Meaning.IDLE,
}


@dataclass(frozen=True)
class Row:
    """One unusual day, ready to be written."""

    anomaly: Anomaly
    measure: str
    value: str
    expected: str
    change: str
    pill: Any
    drivers: list[str]
    url: str


def anomalies(request: HttpRequest) -> HttpResponseBase:
    """`?show=open|all`. A POST decides about one day (`decide`, `decision`, `note`)."""
    show = _state(request)
    if request.method == "POST" and "decide" in request.POST:
        return _decide(request)
    rows = list(_found(show)[:SHOWN])
    names = _names(rows)
    page = reverse("admin:analytics_anomalies")
    is_empty = not rows and show == "open" and not Anomaly.objects.exists()
    context = {
        **admin.site.each_context(request),
        "title": _("Unusual days"),
        "rows": [_row(row, names) for row in rows],
        "shows": [
            (title, f"{page}?{urlencode({'show': name})}", name == show)
            for name, title in (("open", _("To look at")), ("all", _("All")))
        ],
        "is_empty": is_empty,
        "looked_until": Forecast.objects.aggregate(until=Max("as_of"))["until"] if is_empty else None,
        "is_nothing_sold": is_empty and not DailySales.objects.exists(),
        "import_url": import_address(request),
        "may_decide": request.user.has_perm(DECIDE),
        "forecast_url": reverse("admin:analytics_forecast"),
        "longest_note": LONGEST_NOTE,
    }
    return render(request, "admin/analytics/anomalies.html", context)


def _state(request: HttpRequest) -> str:
    return "all" if request.GET.get("show") == "all" else "open"


def _found(show: str) -> QuerySet[Anomaly]:
    found = Anomaly.objects.select_related("decided_by").order_by("-day", "measure")
    return found.filter(decision=Anomaly.Decision.OPEN) if show == "open" else found


def _decide(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(DECIDE):
        raise PermissionDenied
    key, decision = request.POST.get("decide", ""), request.POST.get("decision", "")
    row = Anomaly.objects.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    if row is None or decision not in Anomaly.Decision.values:
        raise Http404
    row.decision = decision
    row.note = request.POST.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]
    is_open = decision == Anomaly.Decision.OPEN
    row.decided_by = None if is_open else request.user  # type: ignore[assignment]
    row.decided_at = None if is_open else timezone.now()
    row.save(update_fields=["decision", "note", "decided_by", "decided_at"])
    alerts.tell()
    said = {"explained": _("Explanation kept"), "ignored": _("Day ignored"), "open": _("Open again")}
    toast(
        request, said[decision], undo=request.get_full_path(), decide=row.pk,
        decision=Anomaly.Decision.EXPLAINED if is_open else Anomaly.Decision.OPEN, note=row.note,
    )  # fmt: skip
    return HttpResponseRedirect(request.get_full_path())


def _names(rows: list[Anomaly]) -> dict[str, dict[str, str]]:
    """Names of the categories and products among the drivers. Two queries."""
    wanted: dict[str, set[str]] = {"category": set(), "product": set()}
    for row in rows:
        for way, own in wanted.items():
            own.update(str(one["part"]) for one in row.drivers.get(way, []))
    categories = Category.objects.filter(path__in=wanted["category"]) if wanted["category"] else []
    keys = [int(key) for key in wanted["product"] if key.isdecimal()]
    products = Product.objects.filter(pk__in=keys) if keys else []
    return {
        "category": {category.path: category.localised("name") for category in categories},
        "product": {str(product.pk): product.localised("name") for product in products},
    }


def _row(row: Anomaly, names: dict[str, dict[str, str]]) -> Row:
    change = row.value / row.expected - 1 if row.expected else None
    return Row(
        anomaly=row,
        measure=str(Measure(row.measure).label),
        value=_written(row, row.value),
        expected=_written(row, row.expected),
        change="–" if change is None else f"{'+' if change > 0 else ''}{percent(change)}",
        pill=pill(MEANINGS[Anomaly.Decision(row.decision)], Anomaly.Decision(row.decision).label),
        drivers=_drivers(row, names),
        url=orders_paid(row.day, row.day),
    )


def _written(row: Anomaly, value: float) -> str:
    return money(value) if row.measure == Measure.REVENUE else figure(round(value))


def _drivers(row: Anomaly, names: dict[str, dict[str, str]]) -> list[str]:
    """The parts that moved most with the whole, those of each way on one line."""
    titles = {"category": _("Categories"), "product": _("Products"), "channel": _("Channels")}
    lines = []
    for way, title in titles.items():
        parts = [
            _("%(name)s %(change)s (%(share)s of the change)")
            % {
                "name": names.get(way, {}).get(str(one["part"]), "" if way != "channel" else str(one["part"]))
                or _("no longer there"),
                "change": _signed(row, one["value"] - one["expected"]),
                "share": percent(one["share"]),
            }
            for one in row.drivers.get(way, [])
        ]
        if parts:
            lines.append(_("%(kind)s: %(names)s") % {"kind": title, "names": " · ".join(parts)})
    return lines


def _signed(row: Anomaly, value: float) -> str:
    text = _written(row, abs(value))
    return f"{'+' if value > 0 else MINUS}{JOINED}{text}"


def table(request: HttpRequest) -> PageTable:
    """Every unusual day, not only those that the page shows."""
    show = _state(request)
    heads = [
        _("Day"), _("Measure"), _("Value"), _("Expected"), _("Robust standard deviations"), _("Likely drivers"),
        _("Decision"), _("Explanation"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        found = list(_found(show))
        names = _names(found)
        for row in found:
            yield [
                row.day, Measure(row.measure).label, cell(row.measure, row.value), cell(row.measure, row.expected),
                round(row.score, 2), "; ".join(_drivers(row, names)), Anomaly.Decision(row.decision).label, row.note,
            ]  # fmt: skip

    return PageTable(_("Unusual days"), heads, rows())
