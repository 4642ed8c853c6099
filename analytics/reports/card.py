"""The card of the home page: what the shop sold in 28 days, against those before."""

from datetime import timedelta

from django.db.models import Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import DailySales, FactsState
from analytics.reports import sales
from analytics.reports.asof import clock_of
from analytics.reports.pages.sales import answer
from analytics.roles import FIGURES
from core.components import sparkline
from core.dashboard import Card
from core.reports import Period

DAYS = 28


def card(request: HttpRequest) -> Card | None:
    """One query; None without the right to see figures, or without a sale."""
    if not request.user.has_perm(FIGURES):
        return None
    counted = FactsState.objects.filter(pk=1).values("counted_at")
    newest = (
        DailySales.objects.filter(day__lte=timezone.localdate())
        .annotate(counted_at=Subquery(counted[:1]))
        .order_by("-day")
        .values_list("day", "counted_at", *sales.COLUMNS)[: 2 * DAYS]
    )
    rows = list(newest)
    if not rows:
        return None
    clock = clock_of(rows[-1][0], rows[0][0], rows[0][1])
    period = Period("last_28", clock.today - timedelta(days=DAYS - 1), clock.today, "previous")
    found = sales.added_up(period, "day", clock, {row[0]: row[2:] for row in rows}, week_start=1)
    if found.now.is_empty:
        return None
    return Card(
        title=_("Sales, 28 days"),
        template="admin/analytics/home_card.html",
        context={
            "answer": answer(period, found),
            "line": sparkline([float(one.totals.revenue) for one in found.buckets], days=DAYS),
            "clock": clock,
        },
        url=reverse("admin:analytics_sales"),
        url_label=_("Sales"),
    )
