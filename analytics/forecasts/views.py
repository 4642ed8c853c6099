"""Staff page "Forecast": one series with its range, its back-test, what became of earlier forecasts, and the list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import F, Sum
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.forecasts import stock
from analytics.forecasts.words import METHOD_WORDS, cell, refusal, sentence, written
from analytics.models import DailySales, Forecast, Measure, ProductDay
from analytics.reports.empty import import_address
from catalog.models import Category
from core.components.words import day_text, figure, percent
from core.exports import PageTable
from core.reports import Chart, Line, line_chart

SHOWN_DAYS = 56
MOST_LISTED = 50
NOT_COUNTED = "–"
SOON = 14
"""Days: stock that ends sooner is marked."""
EARLIER = 8


@dataclass(frozen=True)
class Row:
    """One line of the list: what the next week brings and, for a product, how long its stock lasts."""

    name: str
    url: str
    week: str
    range: str
    wape: str
    stock: str
    left: str
    is_soon: bool
    refused: str


def forecast(request: HttpRequest) -> HttpResponseBase:
    """`?scope=shop|category|product&id=…&measure=revenue|items|orders&list=category|product`"""
    today = timezone.localdate()
    measure, listed = _state(request)
    series = _listed(listed, _of_list(measure))
    rows = _rows(series, today)
    chosen = _chosen(request, measure)
    title = _name(chosen) if chosen is not None else ""
    context = {
        **admin.site.each_context(request),
        "title": _("Forecast"),
        "chosen": chosen,
        "chosen_title": title,
        "measures": _measures(chosen, measure) if chosen is not None else [],
        "refused": refusal(chosen) if chosen is not None else "",
        "sentence": sentence(chosen) if chosen is not None else "",
        "chart": _chart(chosen, title) if chosen is not None and chosen.values else None,
        "tried": _tried(chosen) if chosen is not None else [],
        "tried_note": _tried_note(chosen) if chosen is not None else "",
        "earlier": _earlier(chosen) if chosen is not None else [],
        "lists": [
            (title, _address(list=name, measure=measure), name == listed)
            for name, title in (("product", _("Products")), ("category", _("Categories")))
        ],
        "listed": listed,
        "rows": rows,
        # Of what nobody counts there is nothing to say.
        "counts_stock": any(row.stock != NOT_COUNTED for row in rows),
        "soon": SOON,
        "shop_url": _address(measure=measure),
        "is_shop": chosen is not None and chosen.scope == Forecast.Scope.SHOP,
        "anomalies_url": reverse("admin:analytics_anomalies"),
        "import_url": import_address(request),
    }
    return render(request, "admin/analytics/forecast.html", context)


def _state(request: HttpRequest) -> tuple[str, str]:
    """Measure and kind of list that the address asks for."""
    measure = _one_of(request.GET.get("measure"), Measure.values, Measure.REVENUE)
    return measure, _one_of(request.GET.get("list"), ("product", "category"), "product")


def _one_of(text: str | None, known: Sequence[str], usual: str) -> str:
    return text if text is not None and text in known else usual


def _of_list(measure: str) -> str:
    """Orders are forecast for the shop alone."""
    return Measure.REVENUE if measure == Measure.ORDERS else measure


def _address(**query: Any) -> str:
    return f"{reverse('admin:analytics_forecast')}?{urlencode(query)}"


def _chosen(request: HttpRequest, measure: str) -> Forecast | None:
    """The newest forecast of the series an address asks for; the shop's for anything unknown."""
    newest = Forecast.objects.filter(is_newest=True).select_related("product", "category")
    scope, key = request.GET.get("scope", ""), request.GET.get("id", "")
    if scope in ("product", "category") and key.isdecimal() and len(key) < 18:
        row = newest.filter(scope=scope, measure=_of_list(measure), **{f"{scope}_id": int(key)}).first()
        if row is not None:
            return row
    return newest.filter(scope=Forecast.Scope.SHOP, measure=measure).first()


def _name(row: Forecast) -> str:
    """What a series is called."""
    one = row.product or row.category
    return one.localised("name") if one is not None else str(_("Whole shop"))


def _measures(row: Forecast, measure: str) -> list[tuple[Any, str, bool]]:
    known = Measure.values if row.scope == Forecast.Scope.SHOP else [Measure.REVENUE, Measure.ITEMS]
    key = {"scope": row.scope, "id": row.product_id or row.category_id} if row.scope != Forecast.Scope.SHOP else {}
    return [(Measure(name).label, _address(measure=name, **key), name == row.measure) for name in known]


# --- the series ----------------------------------------------------------------------------------------------------


def _chart(row: Forecast, title: str) -> Chart:
    """Eight weeks that were and the weeks to come, with the range of 8 in 10 days."""
    first = row.as_of - timedelta(days=SHOWN_DAYS - 1)
    before = _actual(row, first, row.as_of)
    ahead = len(row.values)
    days = [first + timedelta(days=place) for place in range(SHOWN_DAYS + ahead)]
    kind = "money" if row.measure == Measure.REVENUE else "count"
    empty, later = [None] * SHOWN_DAYS, [None] * ahead
    texts = ["–"] * SHOWN_DAYS + [
        _("%(value)s (%(low)s to %(high)s)")
        % {"value": written(row, value), "low": written(row, low), "high": written(row, high)}
        if low is not None
        else written(row, value)
        for value, low, high in zip(row.values, row.low or later, row.high or later, strict=True)
    ]
    expected = Line(
        _("Expected"), [*empty, *row.values], kind, is_open=False, texts=texts,
        low=[*empty, *row.low] if row.low else (), high=[*empty, *row.high] if row.high else (),
    )  # fmt: skip
    words = {"measure": Measure(row.measure).label.capitalize(), "day": day_text(row.as_of)}
    note = _("%(measure)s by day, as of %(day)s. 8 of 10 days land in the range.") % words
    if _is_weekly(row):
        note = _("%(measure)s by day, as of %(day)s. What is expected of a week is spread evenly.") % words
    elif not row.low:
        note = _("%(measure)s by day, as of %(day)s. Too few windows for a range yet.") % words
    return line_chart(
        f"{title} · {sentence(row)}" if title else sentence(row),
        [day_text(day) for day in days],
        [Line(_("So far"), [*before, *later], kind), expected],
        first_head=_("Day"),
        note=note,
    )


def _actual(row: Forecast, first: date, last: date) -> list[float]:
    """Values of each day; days without a row are 0. One query."""
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    if row.scope == Forecast.Scope.SHOP:
        known = dict(DailySales.objects.filter(day__gte=first, day__lte=last).values_list("day", row.measure))
    else:
        amount = F("gross") - F("refunded") if row.measure == Measure.REVENUE else F("items") - F("returned")
        rows = ProductDay.objects.filter(day__gte=first, day__lte=last)
        if row.product_id:
            rows = rows.filter(product=row.product_id)
        else:
            rows = rows.filter(product__category__path__startswith=_path(row.category))
        known = dict(rows.order_by().values("day").annotate(amount=Sum(amount)).values_list("day", "amount"))
    return [float(known.get(day) or 0) for day in days]


def _path(category: Category | None) -> str:
    assert category is not None
    return str(category.path)


def _tried(row: Forecast) -> list[tuple[str, str, str, bool]]:
    methods = row.tried.get("methods", {})
    return [
        (str(METHOD_WORDS.get(name, name)), _ratio(one.get("mase")), _share(one.get("wape")), name == row.method)
        for name, one in sorted(methods.items(), key=lambda item: (item[1].get("mase") is None, item[1].get("mase")))
    ]


def _tried_note(row: Forecast) -> str:
    if not row.tried:
        return ""
    words = {
        "windows": row.tried["windows"], "length": row.tried["length"], "mase": _ratio(row.mase),
        "wape": _share(row.wape),
    }  # fmt: skip
    if _is_weekly(row):
        text = _(
            "It sells on few days, so whole weeks are forecast: %(windows)d windows of %(length)d weeks, each by what "
            "was known before it. Chosen window by window: MASE %(mase)s, error %(wape)s of the total. MASE below 1 is "
            "better than the week before carried on."
        )
    else:
        text = _(
            "%(windows)d windows of %(length)d days, each forecast by what was known before it. Chosen window by "
            "window on earlier ones: MASE %(mase)s, error %(wape)s of the total. MASE below 1 is better than last "
            "week's values."
        )
    return text % words


def _is_weekly(row: Forecast) -> bool:
    return bool(row.tried.get("unit") == "week")


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _earlier(row: Forecast) -> list[tuple[str, list[str]]]:
    """What became of earlier forecasts of the same series, the newest first; one for each week."""
    rows = Forecast.objects.filter(
        scope=row.scope, measure=row.measure, product=row.product_id, category=row.category_id, days_judged__gte=7
    ).order_by("-as_of")
    told: list[tuple[str, list[str]]] = []
    newest: date | None = None
    for one in rows[:60]:
        if newest is not None and (newest - one.as_of).days < 7:
            continue
        newest = one.as_of
        inside = percent(one.days_inside / one.days_judged) if one.low else "–"
        error = percent(one.sum_error / one.sum_actual) if one.sum_actual else "–"
        told.append((day_text(one.as_of), [figure(one.days_judged), error, inside]))
        if len(told) == EARLIER:
            break
    return told


# --- the list ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Listed:
    """The series of a list, those that bring most next week first, and the pieces of each product among them."""

    rows: list[Forecast]
    pieces: dict[int | None, Forecast]


def _listed(scope: str, measure: str) -> _Listed:
    """One query for both."""
    found = list(
        Forecast.objects.filter(scope=scope, measure__in={measure, Measure.ITEMS}, is_newest=True).select_related(
            "product", "category"
        )
    )
    rows = [row for row in found if row.measure == measure]
    pieces: dict[int | None, Forecast] = {
        row.product_id: row for row in found if row.measure == Measure.ITEMS and row.product_id
    }
    return _Listed(sorted(rows, key=lambda row: (-(row.week.get("value") or 0.0), row.pk)), pieces)


def _rows(listed: _Listed, today: date) -> list[Row]:
    some = listed.rows[:MOST_LISTED]
    products = [row.product_id for row in some if row.product_id]
    in_stock = stock.stock_of(products) if products else {}
    return [_row(row, listed.pieces, in_stock, today) for row in some]


def _row(row: Forecast, pieces: dict[int | None, Forecast], in_stock: dict[int, int], today: date) -> Row:
    one = row.product or row.category
    left: int | None = None
    stocked = in_stock.get(row.product_id or 0)
    own = pieces.get(row.product_id)
    if own is not None and own.values and stocked is not None:
        left = stock.days_left(stocked, own.values, passed=stock.passed_since(own, today))
    low, high = row.week.get("low"), row.week.get("high")
    return Row(
        name=one.localised("name") if one is not None else "",
        url=_address(scope=row.scope, id=row.product_id or row.category_id, measure=row.measure, list=row.scope),
        week=written(row, row.week.get("value")) if row.values else "–",
        range=_("%(low)s to %(high)s") % {"low": written(row, low), "high": written(row, high)}
        if low is not None
        else "–",
        wape=_share(row.wape),
        stock=NOT_COUNTED if stocked is None else figure(stocked),
        left=_("sold out")
        if stocked == 0
        else "–"
        if left is None
        else ngettext("%(count)d day", "%(count)d days", left) % {"count": left},
        is_soon=left is not None and left < SOON,
        refused=refusal(row),
    )


def table(request: HttpRequest) -> PageTable:
    """Every product or category that is forecast, with its next week."""
    measure, listed = _state(request)
    title = _("Forecast of products") if listed == "product" else _("Forecast of categories")
    heads = [
        _("Name"), _("Measure"), _("As of"), _("Expected, next 7 days"), _("from"), _("to"), _("Method"),
        _("Error of the back-test (WAPE)"), _("Stock"), _("Stock lasts, days"), _("Remark"),
    ]  # fmt: skip
    return PageTable(title, heads, _cells(_listed(listed, _of_list(measure)), timezone.localdate()))


def _cells(listed: _Listed, today: date) -> Iterator[list[Any]]:
    products = [row.product_id for row in listed.rows if row.product_id]
    in_stock = stock.stock_of(products) if products else {}
    for row in listed.rows:
        one, own = row.product or row.category, listed.pieces.get(row.product_id)
        stocked, left = in_stock.get(row.product_id or 0), None
        if own is not None and own.values and stocked is not None:
            left = stock.days_left(stocked, own.values, passed=stock.passed_since(own, today))
        yield [
            one.localised("name") if one is not None else "", Measure(row.measure).label, row.as_of,
            *(cell(row.measure, row.week.get(name)) for name in ("value", "low", "high")),
            METHOD_WORDS.get(row.method, row.method), row.wape, stocked, left, refusal(row),
        ]  # fmt: skip
