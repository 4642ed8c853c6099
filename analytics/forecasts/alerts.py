"""The alert about a day of sales out of the ordinary."""

from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from analytics.models import Anomaly, Measure
from catalog.figures import shop_clock
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.choices import Role
from core.models import Alert
from core.said import DAY, FIGURE, MONEY, Said

RECENT = timedelta(days=7)
RULE = "sales_unusual"

SALES_UNUSUAL = AlertKind(
    title=_("A day of sales was out of the ordinary"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST, Role.MERCHANDISER),
    threshold=5,
    unit=_("robust standard deviations from the same weekday"),
    help=_(
        "Open the day, look at what drove it and say what it was. A day that is explained or ignored closes the alert."
    ),
    page="analytics_anomalies",
    page_label=_("Open unusual days"),
    permission="analytics.view_dailysales",
)

SENTENCES = {
    Measure.REVENUE: gettext_noop("Revenue of %(day)s: %(value)s where %(expected)s was usual."),
    Measure.ITEMS: gettext_noop("Pieces sold on %(day)s: %(value)s where %(expected)s was usual."),
    Measure.ORDERS: gettext_noop("Orders of %(day)s: %(value)s where %(expected)s was usual."),
}


def tell(until: date | None = None) -> None:
    """Raise the alert while a recent day is open and far enough out, else close it."""
    until = until or shop_clock().today
    limit = threshold_of(RULE)
    open_days = Anomaly.objects.filter(day__gt=until - RECENT, decision=Anomaly.Decision.OPEN)
    far = [row for row in open_days if abs(row.score) >= limit]
    said = None
    if far:
        worst = max(far, key=lambda row: abs(row.score))
        kind = MONEY if worst.measure == Measure.REVENUE else FIGURE
        values = {DAY: {DAY: worst.day.isoformat()}, "value": {kind: worst.value}, "expected": {kind: worst.expected}}
        said = Said(SENTENCES[Measure(worst.measure)], values)
    keep(RULE, said=said, link=reverse("admin:analytics_anomalies"))
