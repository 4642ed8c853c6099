"""Staff page "Who bought then": the people of one cell of weekday and hour on the page "Sales"."""

from urllib.parse import urlencode

from django.contrib import admin
from django.db import OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import CustomerStats
from analytics.reports import kept, sales
from analytics.reports.asof import as_of
from analytics.reports.people import days_words, may_save
from core.components import figure
from core.reports import Period


def people_of_hour(period: Period, weekday: int, hour: int) -> str:
    """The page of who bought in this hour of a weekday (ISO) of these days."""
    days = {"within": "between", "from": period.first.isoformat(), "to": period.last.isoformat()}
    return f"{reverse('admin:analytics_sales_people')}?{urlencode({**days, 'weekday': weekday, 'hour': hour})}"


def people(request: HttpRequest) -> HttpResponse:
    """`?weekday=1…7&hour=0…23&within=…&from=…&to=…`; 404 for what is no cell."""
    weekday, hour = _number(request.GET.get("weekday"), 1, 7), _number(request.GET.get("hour"), 0, 23)
    period, is_too_long = Period.of(request, today=as_of().today), False
    words = {"weekday": WEEKDAYS[weekday - 1], "hour": hour, "next": hour + 1}
    days = days_words(period.first, period.last)
    if kept.is_asked(request):
        name = _("Bought on %(weekday)s, %(hour)d to %(next)d o’clock, %(days)s") % {**words, "days": days}
        return kept.keep(request, {"kind": "hour", "weekday": weekday, "hour": hour, **kept.days_of(period)}, name)
    keys: list[int] = []
    everybody = 0
    try:
        with transaction.atomic():
            keys, everybody = sales.people_of_hour(period, weekday, hour)
    except OperationalError:
        is_too_long = True
    known = {one.pk: one for one in CustomerStats.objects.filter(pk__in=keys).select_related("customer")}
    title = ngettext(
        "%(count)s customer bought on %(weekday)s, %(hour)d to %(next)d o’clock",
        "%(count)s customers bought on %(weekday)s, %(hour)d to %(next)d o’clock",
        everybody,
    ) % {"count": figure(everybody), **words}
    context = {
        **admin.site.each_context(request),
        "title": _("Who bought then"),
        "page_title": title if not is_too_long else _("Who bought then"),
        "crumbs": [{"title": _("Sales"), "url": f"{reverse('admin:analytics_sales')}?{urlencode(period.query)}"}],
        "people": [(known[key].customer, known[key]) for key in keys if key in known],
        "days_note": _("Paid orders of %(days)s in the shop's time, without guests.") % {"days": days},
        "cut_note": _("The %(most)s with most revenue are shown.") % {"most": sales.MOST_PEOPLE}
        if everybody > len(keys)
        else "",
        "is_too_long": is_too_long,
        "keeps": may_save(request) and bool(everybody),
        "links_customers": request.user.has_perm("catalog.view_customer"),
    }
    return render(request, "admin/analytics/people.html", context)


def _number(text: str | None, low: int, high: int) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 2 or not low <= int(text) <= high:
        raise Http404
    return int(text)
