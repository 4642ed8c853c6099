"""Whether the figures are up to date and true: every night's comparison, alerts, /readyz, the banner and /metrics."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from analytics.facts import counting
from analytics.models import FactsCheck, FactsState, TouchedSale
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.choices import Role
from core.health import DEGRADED, OK, Part
from core.metrics.tables import Family
from core.models import Alert
from core.said import Said

LATE_SECONDS = 300
KEPT = timedelta(days=400)

FIGURES_LATE = AlertKind(
    title=_("Figures are counted late"),
    level=Alert.Level.WARNING,
    threshold=LATE_SECONDS,
    unit=pgettext_lazy("unit", "seconds"),
    by_mail=False,
    help=_(
        "Sales are noted and nothing is lost: they wait to be counted. After a large import this takes as long as the "
        "import; otherwise look whether workers take jobs of the queues light and bulk."
    ),
)
FIGURES_DRIFTED = AlertKind(
    title=_("Figures differed from a full count"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST, Role.OPERATOR),
    help=_(
        "They were put right. Rows that somebody changed by hand in the database are the usual reason; if nobody did, "
        "the notes of triggers on orders and refunds do not say everything."
    ),
)


def check() -> dict[str, Any]:
    """Compare every figure with a full count and put right what differs. Safe to run at any time."""
    begun = time.monotonic()
    found, rows = counting.compare()
    differences = {name: count for name, count in found.items() if count}
    drift = sum(differences.values())
    FactsCheck.objects.filter(checked_at__lt=timezone.now() - KEPT).delete()
    FactsCheck.objects.create(
        seconds=round(time.monotonic() - begun, 3), rows=rows, drift=drift, differences=differences
    )
    said = Said(
        gettext_noop("%(drift)d of %(rows)d rows of figures differed from a full count, and were put right."),
        {"drift": drift, "rows": rows},
    )
    keep("figures_drifted", said=said if drift else None)
    return {"rows": rows, "drift": drift}


def waiting_seconds() -> float:
    """How long sales may have waited to be counted; 0 when none waits, or before the first count."""
    state = FactsState.objects.filter(pk=1).first()
    if state is None or not TouchedSale.objects.exists():
        return 0.0
    return (timezone.now() - state.counted_at).total_seconds()


def part() -> Part:
    """Degraded when sales wait for more than five minutes."""
    seconds = int(waiting_seconds())
    state = DEGRADED if seconds > LATE_SECONDS else OK
    return Part(state, f"sales wait for {seconds} s" if seconds else "", {"seconds": seconds})


def sentence(part: Part) -> Said:
    """For the banner."""
    return _late(part.facts.get("seconds", 0))


def look() -> None:
    """Every minute: do sales wait too long?"""
    seconds = int(waiting_seconds())
    keep("figures_late", said=_late(seconds) if seconds > threshold_of("figures_late") else None)


def in_database() -> Iterator[Family]:
    """For /metrics."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM analytics_touchedsale LIMIT 100000) few")
        (waiting,) = cursor.fetchone()
    yield Family("figures_waiting", "Sales that changed since the last count, at most 100,000.", [((), float(waiting))])
    state = FactsState.objects.filter(pk=1).first()
    age = [] if state is None else [((), (timezone.now() - state.counted_at).total_seconds())]
    yield Family("figures_age_seconds", "Since figures were counted.", age)
    latest = FactsCheck.objects.order_by("-checked_at").first()
    drift = [] if latest is None else [((), float(latest.drift))]
    yield Family("figures_drift_rows", "Rows that differed from a full count last night.", drift)


def _late(seconds: int) -> Said:
    text = gettext_noop("Sales wait for %(seconds)d s to be counted; pages of figures show less than there is.")
    return Said(text, {"seconds": seconds})
