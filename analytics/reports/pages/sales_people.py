"""Staff page "Who bought then": the people of one cell of weekday and hour on the page "Sales"."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.reports import kept, sales
from analytics.reports.asof import as_of
from analytics.reports.pages import listed
from analytics.reports.people import days_words
from core.components import figure
from core.reports import Period


def people_of_hour(period: Period, weekday: int, hour: int) -> str:
    """The page of who bought in this hour of a weekday (ISO) of these days."""
    days = {"within": "between", "from": period.first.isoformat(), "to": period.last.isoformat()}
    return f"{reverse('admin:analytics_sales_people')}?{urlencode({**days, 'weekday': weekday, 'hour': hour})}"


def people(request: HttpRequest) -> HttpResponse:
    """`?weekday=1…7&hour=0…23&within=…&from=…&to=…`; 404 for what is no cell."""
    weekday, hour = _number(request.GET.get("weekday"), 1, 7), _number(request.GET.get("hour"), 0, 23)
    period = Period.of(request, today=as_of().today)
    words = {"weekday": WEEKDAYS[weekday - 1], "hour": hour, "next": hour + 1}
    days = days_words(period.first, period.last)
    if kept.is_asked(request):
        name = _("Bought on %(weekday)s, %(hour)d to %(next)d o’clock, %(days)s") % {**words, "days": days}
        return kept.keep(request, {"kind": "hour", "weekday": weekday, "hour": hour, **kept.days_of(period)}, name)
    found = listed.look_for(lambda: sales.people_of_hour(period, weekday, hour))
    answer = ngettext(
        "%(count)s customer bought on %(weekday)s, %(hour)d to %(next)d o’clock",
        "%(count)s customers bought on %(weekday)s, %(hour)d to %(next)d o’clock",
        found.everybody,
    ) % {"count": figure(found.everybody), **words}
    return listed.show(
        request, found, title=_("Who bought then"), answer=answer,
        crumb=(_("Sales"), f"{reverse('admin:analytics_sales')}?{urlencode(period.query)}"),
        cut_note=_("The %(most)s with most revenue are shown.") % {"most": sales.MOST_PEOPLE},
        days_note=_("Paid orders of %(days)s in the shop's time, without guests.") % {"days": days},
    )  # fmt: skip


def _number(text: str | None, low: int, high: int) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 2 or not low <= int(text) <= high:
        raise Http404
    return int(text)
