"""Staff page "Sales": revenue, orders, their average and returns, against other days."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.models import ReportSubscription
from analytics.reports import kept, sales
from analytics.reports.asof import AsOf, as_of
from analytics.reports.empty import import_address
from analytics.reports.pages.sales_people import people_of_hour
from analytics.reports.paid import orders_paid
from analytics.reports.people import days_words, may_save, who_bought_since
from analytics.reports.sales import Bucket, Parts, Sales
from analytics.roles import PEOPLE
from core.components import Figure, HeatCell, HeatRow, figure, money, percent, toast
from core.components.figures import SMALLEST_BASE, direction
from core.components.words import day_text, money_cell, money_short
from core.countries import country_name
from core.exports import PageTable
from core.models import StaffUser
from core.reports import Chart, Choice, Line, Period, line_chart
from core.shop import current_shop

NORMAL_VARIATION = 0.05
LONGEST_PART = 60
GRAINS: dict[str, Any] = {
    "day": gettext_lazy("By day"), "week": gettext_lazy("By week"), "month": gettext_lazy("By month"),
}  # fmt: skip


def page(request: HttpRequest) -> HttpResponse:
    """`?within=…&from=…&to=…&against=…&by=day|week|month`; the address bar carries the whole state. A POST with `every`
    sets the report by mail; `part=buyers` is the card that is read later, `part=mail` what the mail would say."""
    clock = as_of()
    period = Period.of(request, against="previous", today=clock.today)
    if request.method == "POST" and "every" in request.POST:
        return _subscribe(request, period)
    if request.GET.get("part") == "buyers":
        context: dict[str, Any] = _buyers(period)
        context["keeps"] = may_save(request)
        # A rule knows the last order of a customer, which tells the buyers of days only when these end with the shop's;
        # those of other days are kept as a list.
        if context["keeps"] and period.last == clock.today:
            context["save_url"] = who_bought_since(
                period.first, _("Bought since %(day)s") % {"day": day_text(period.first)}
            )
        return render(request, "admin/analytics/sales_buyers.html", context)
    if request.GET.get("part") == "mail":
        return _preview(request)
    if kept.is_asked(request):
        return _keep(request, period)
    grain, allowed = _grain(request, period, clock)
    is_open = clock.is_open(period.last)
    found = sales.report(
        period, grain, clock, week_start=current_shop().week_start,
        open_hour=timezone.localtime().hour if is_open and period.comparison else None,
    )  # fmt: skip
    parts = sales.parts(period)
    sees_orders = request.user.has_perm("catalog.view_order")
    context = {
        **admin.site.each_context(request),
        "title": _("Sales"),
        "page_title": answer(period, found),
        "crumbs": [{"title": _("Sales"), "url": reverse("admin:analytics_sales")}],
        "clock": clock,
        "period": period,
        "found": found,
        "is_open": is_open,
        "choices": [Choice("by", _("Shown"), grain, [(name, GRAINS[name]) for name in GRAINS if name in allowed])],
        "figures": figures(period, found),
        "chart": chart(period, grain, found, clock, sees_orders=sees_orders),
        "hours": _hours(period, parts, clock, sees_people=request.user.has_perm(PEOPLE)),
        "sees_people": request.user.has_perm(PEOPLE),
        "hour_heads": [f"{hour:02d}" for hour in _drawn_hours(parts)],
        "groups": [
            (
                _("By channel"),
                _("Channel"),
                _part_rows(parts.channels, found, period if sees_orders else None, "channel"),
            ),
            (
                _("By country"),
                _("Country"),
                _part_rows(parts.countries, found, period if sees_orders else None, "country"),
            ),
        ],
        "subscription": ReportSubscription.objects.filter(person=request.user.pk).first(),
        "rhythms": [("", _("Not by mail")), *ReportSubscription.Every.choices],
        "has_address": bool(request.user.email),  # type: ignore[union-attr]
        "profile_url": reverse("admin:profile"),
        "buyers_url": f"?{urlencode({**period.query, 'part': 'buyers'})}",
        "keeps": may_save(request),
        "orders_url": orders_paid(period.first, period.last) if sees_orders else "",
        "import_url": import_address(request),
    }
    return render(request, "admin/analytics/sales.html", context)


def _grain(request: HttpRequest, period: Period, clock: AsOf) -> tuple[str, list[str]]:
    """How the days are put together, as the address asks for it, and what can be asked for."""
    first, last = sales.drawn_days(period, clock)
    allowed = sales.grains((last - first).days + 1)
    by = request.GET.get("by", "")
    return (by if by in allowed else allowed[0]), allowed


# --- the answer ---------------------------------------------------------------------------------------------------


def answer(period: Period, found: Sales) -> str:
    """Revenue and how it compares, in one sentence."""
    now, before, comparison = found.now, found.before, period.comparison
    if now.is_empty:
        return _("No sales in these days")
    revenue = money_short(now.revenue)
    if comparison is None or before is None or before.orders < SMALLEST_BASE or before.revenue <= 0 or now.revenue < 0:
        text = ngettext(
            "Revenue %(revenue)s from %(orders)s order", "Revenue %(revenue)s from %(orders)s orders", now.orders
        )
        return text % {"revenue": revenue, "orders": figure(now.orders)}
    change = round(float(now.revenue / before.revenue) - 1, 4)
    words = {"revenue": revenue, "change": percent(abs(change)), "period": comparison.words}
    if abs(change) <= NORMAL_VARIATION:
        return _("Revenue %(revenue)s, about as much as %(period)s") % words
    if change > 0:
        return _("Revenue %(revenue)s, %(change)s more than %(period)s") % words
    return _("Revenue %(revenue)s, %(change)s less than %(period)s") % words


def figures(period: Period, found: Sales) -> list[Figure]:
    """The four that head the page. Comparisons need 30 orders in the days before."""
    now, before = found.now, found.before or sales.Totals()
    comparison = period.comparison
    common: dict[str, Any] = {"period": comparison.words if comparison else "", "noise": NORMAL_VARIATION}
    if comparison is not None:
        common["base"] = min(before.orders, now.orders) if now.orders else before.orders
    known = comparison is not None
    return [
        Figure(
            _("Revenue"), now.revenue, before.revenue if known else None, kind="money",
            note=_("paid, less refunds"), **common,
        ),
        Figure(_("Orders"), now.orders, before.orders if known else None, **common),
        Figure(
            _("Average order"), now.average, before.average if known else None, kind="money", missing=_("no order"),
            **common,
        ),
        Figure(
            _("Returned"), now.return_share, before.return_share if known else None, kind="share", more_is="bad",
            missing=_("nothing was paid"), note=_("%(amount)s given back") % {"amount": money(now.refunded)},
            **{**common, "noise": 0.005},
        ),
    ]  # fmt: skip


# --- chart and heat -----------------------------------------------------------------------------------------------


def chart(period: Period, grain: str, found: Sales, clock: AsOf, *, sees_orders: bool) -> Chart | None:
    """Revenue over time, the days compared with behind it."""
    if found.now.is_empty:
        return None
    own = found.buckets
    is_open = bool(own) and not clock.is_history and own[-1].last >= clock.today
    lines = [Line(_("Revenue"), [one.totals.revenue for one in own], "money", is_open=is_open)]
    if period.comparison is not None and found.buckets_before:
        before: list[Any] = [one.totals.revenue for one in found.buckets_before[: len(own)]]
        label = period.comparison.words
        lines.append(
            Line(label[:1].upper() + label[1:], before + [None] * (len(own) - len(before)), "money", is_reference=True)
        )
    best = max(own, key=lambda one: one.totals.revenue)
    titles = {
        "day": _("Best day: %(day)s with %(revenue)s"),
        "week": _("Best week: from %(day)s with %(revenue)s"),
        "month": _("Best month: from %(day)s with %(revenue)s"),
    }
    note = {
        "day": _("Revenue by day, paid less refunds."), "week": _("Revenue by week, paid less refunds."),
        "month": _("Revenue by month, paid less refunds."),
    }[grain]  # fmt: skip
    return line_chart(
        titles[grain] % {"day": day_text(best.first), "revenue": money(best.totals.revenue)},
        [_label(one) for one in own], lines, first_head=GRAINS[grain], enough=found.now.orders >= SMALLEST_BASE,
        note=f"{note} {_('The last point is not over: so far.')}" if is_open else note,
        urls=[_narrow(period, one, sees_orders=sees_orders) for one in own],
    )  # fmt: skip


def _label(bucket: Bucket) -> str:
    return days_words(bucket.first, bucket.last)


def _narrow(period: Period, bucket: Bucket, *, sees_orders: bool) -> str:
    """This page for the days of one point, where its buyers are kept; shown alone, a day leads to its orders."""
    if (period.first, period.last) == (bucket.first, bucket.last):
        return orders_paid(bucket.first, bucket.last) if sees_orders else ""
    days = {"within": "between", "from": bucket.first.isoformat(), "to": bucket.last.isoformat()}
    return f"{reverse('admin:analytics_sales')}?{urlencode({**days, 'against': period.against})}"


def _hours(period: Period, parts: Parts, clock: AsOf, *, sees_people: bool) -> list[HeatRow]:
    """Orders an hour on each weekday, on average over the days of that weekday, from the first day of the week on. A
    cell leads to its buyers."""
    if not parts.hours:
        return []
    first, last = sales.drawn_days(period, clock)
    times = dict.fromkeys(range(1, 8), 0)
    for number in range(min((last - first).days + 1, 7)):
        times[(first.isoweekday() + number - 1) % 7 + 1] = ((last - first).days - number) // 7 + 1
    means = {key: part.orders / times[key[0]] for key, part in parts.hours.items() if times[key[0]]}
    most = max(means.values(), default=0.0)
    start = current_shop().week_start
    rows = []
    for place in range(7):
        weekday = (start + place - 1) % 7 + 1
        cells = []
        for hour in _drawn_hours(parts):
            part, mean = parts.hours.get((weekday, hour)), means.get((weekday, hour), 0.0)
            said = _("%(weekday)s, %(hour)d to %(next)d o’clock: %(orders)s orders, %(revenue)s, in %(days)d days") % {
                "weekday": WEEKDAYS[weekday - 1], "hour": hour, "next": hour + 1,
                "orders": figure(part.orders if part else 0), "revenue": money(part.revenue if part else 0),
                "days": times[weekday],
            }  # fmt: skip
            text = "" if not times[weekday] or not mean else figure(mean, 1 if mean < 10 else 0)
            url = people_of_hour(period, weekday, hour) if sees_people and part and part.orders else ""
            cells.append(HeatCell(text, mean / most if most and mean else None, said, url))
        rows.append(HeatRow(WEEKDAYS_ABBR[weekday - 1], cells))
    return rows


def _drawn_hours(parts: Parts) -> range:
    """From the first hour of the day in which anybody bought to the last: a shop that sleeps shows no empty night."""
    hours = [hour for _weekday, hour in parts.hours]
    return range(min(hours), max(hours) + 1) if hours else range(24)


def _part_rows(
    parts: list[sales.Part], found: Sales, period: Period | None, kind: str
) -> list[tuple[str, sales.Part, str, str, str, str]]:
    """Name, part, its share of the revenue, its change, the address of its orders of the period and what keeps its
    buyers; "" without them. Empty where all belongs to one part without a name."""
    if len(parts) < 2:
        return []
    rows = []
    for part in parts:
        name = (country_name(part.name) if kind == "country" else part.name) or _("not known")
        if part.names != 1:
            name = ngettext("%(count)d more", "%(count)d more", part.names) % {"count": part.names}
        share = percent(float(part.revenue / found.now.revenue)) if found.now.revenue > 0 else "–"
        change = "–"
        if part.before is not None and part.before > 0 and part.orders >= SMALLEST_BASE:
            grown = float(part.revenue / part.before) - 1
            change = f"{direction(grown)} {percent(abs(grown))}"
        url = ""
        if period is not None and part.orders and part.name and part.names == 1:
            url = orders_paid(period.first, period.last, **{kind: part.name})
        rows.append((name, part, share, change, url, f"{kind}:{part.name}" if part.name and part.names == 1 else ""))
    return rows


# --- people -------------------------------------------------------------------------------------------------------


def _buyers(period: Period) -> dict[str, Any]:
    """Different people in the days; without them when reading takes too long."""
    comparison = period.comparison
    rows = []
    try:
        with transaction.atomic():
            rows.append((period.words, sales.buyers(period)))
            if comparison is not None:
                words = comparison.words[:1].upper() + comparison.words[1:]
                rows.append((words, sales.buyers(Period("between", comparison.first, comparison.last))))
    except OperationalError:
        return {"is_too_long": True}
    return {"rows": rows}


def _keep(request: HttpRequest, period: Period) -> HttpResponse:
    """Keep the buyers of these days as a segment, all of them or those of a channel or a country: `keep` is `buyers` or
    `channel:NAME`."""
    if request.POST["keep"] == "buyers":
        name = _("Bought %(days)s") % {"days": days_words(period.first, period.last)}
        return kept.keep(request, {"kind": "paid", **kept.days_of(period)}, name)
    kind, _colon, part = request.POST["keep"].partition(":")
    if kind not in kept.PARTS or not part or len(part) > LONGEST_PART or "\0" in part:
        raise Http404
    name = {"channel": _("Bought through %(part)s, %(days)s"), "country": _("Bought from %(part)s, %(days)s")}[kind]
    words = {"part": country_name(part) if kind == "country" else part, "days": days_words(period.first, period.last)}
    return kept.keep(request, {"kind": kind, "part": part, **kept.days_of(period)}, name % words)


# --- by mail ------------------------------------------------------------------------------------------------------


def _subscribe(request: HttpRequest, period: Period) -> HttpResponse:
    """Start, change or end the report by mail of the person who asks."""
    from analytics.reports import mails

    every = request.POST.get("every", "")
    if every in ("", *ReportSubscription.Every.values):
        person: StaffUser = request.user  # type: ignore[assignment]
        if mails.subscribe(person, every):
            toast(request, _("Report by mail ended") if not every else _("Report by mail set"))
    return redirect(f"{reverse('admin:analytics_sales')}?{urlencode(period.query)}")


def _preview(request: HttpRequest) -> HttpResponse:
    """What the mail would say. Without a rhythm: what it says every week."""
    from analytics.reports import mails

    every = request.GET.get("every", "")
    person: StaffUser = request.user  # type: ignore[assignment]
    if every not in ReportSubscription.Every.values:
        every = ReportSubscription.Every.WEEK.value
    subject, text = mails.preview(person, every)
    context = {"subject": subject, "text": text, "rhythm": ReportSubscription.Every(every).label}
    return render(request, "admin/analytics/sales_mail.html", context)


# --- file ---------------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """One line for each day, week or month."""
    clock = as_of()
    period = Period.of(request, against="previous", today=clock.today)
    grain, _allowed = _grain(request, period, clock)
    title = {"day": _("Sales by day"), "week": _("Sales by week"), "month": _("Sales by month")}[grain]
    heads = [
        _("From"), _("To"), _("Revenue"), _("Paid"), _("Refunded"), _("Orders"), _("Average order"), _("Refunds"),
        _("Pieces"), _("Buyers by day"), _("First-time buyers"), _("Orders of guests"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for one in sales.report(period, grain, clock, week_start=current_shop().week_start).buckets:
            own = one.totals
            yield [
                one.first, one.last, money_cell(own.revenue), money_cell(own.gross), money_cell(own.refunded),
                own.orders, money_cell(own.average), own.refunds, own.items, own.buyers, own.new_buyers,
                own.guest_orders,
            ]  # fmt: skip

    return PageTable(f"{title} {period.words}", heads, rows())
