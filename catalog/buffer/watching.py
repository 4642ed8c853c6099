"""How many events wait, how long, and what was set aside: for /readyz, /metrics, the banner and alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from catalog.buffer import keys
from catalog.models import DeadEvent
from core import redis_client
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.health import DEGRADED, OK, Part
from core.metrics.tables import Family
from core.models import Alert
from core.said import Said

LATE_SECONDS = 60
_PAGE: dict[str, Any] = {
    "page": "catalog_deadevent_changelist",
    "page_label": _("Open the events"),
    "permission": "catalog.view_deadevent",
}

EVENTS_LATE = AlertKind(
    title=_("Events wait too long"),
    level=Alert.Level.WARNING,
    threshold=LATE_SECONDS,
    unit=pgettext_lazy("unit", "seconds"),
    help=_(
        "Nothing is lost: events wait in Redis until the scheduler writes them into the database. Look whether the "
        "scheduler runs, and at scheduler.log in var/log."
    ),
    **_PAGE,
)
EVENTS_SET_ASIDE = AlertKind(
    title=_("Events were set aside"),
    level=Alert.Level.WARNING,
    by_mail=False,
    help=_("The database refused them. The page of events says why; store them again, or discard them."),
    **_PAGE,
)


@dataclass(frozen=True)
class Waiting:
    """Events in the stream. `seconds`: how long the oldest has waited."""

    events: int
    seconds: float


def waiting() -> Waiting:
    """What is on its way into the table. Raises redis.RedisError."""
    pipe: Any = redis_client.client().pipeline(transaction=False)
    pipe.get(keys.waiting()).xrange(keys.stream(), count=1).time()
    count, oldest, (seconds, micros) = pipe.execute()
    if not oldest:
        return Waiting(0, 0.0)
    since = int(oldest[0][0].decode().split("-")[0]) / 1000
    return Waiting(max(1, int(count or 0)), max(0.0, seconds + micros / 1e6 - since))


def part() -> Part:
    """Degraded when events wait for more than a minute."""
    found = waiting()
    seconds = int(found.seconds)
    state = DEGRADED if seconds > LATE_SECONDS else OK
    detail = f"{found.events} wait, the oldest for {seconds} s" if found.events else ""
    return Part(state, detail, {"count": found.events, "seconds": seconds})


def sentence(part: Part) -> Said:
    """For the banner."""
    return _late(part.facts.get("count", 0), part.facts.get("seconds", 0))


def check() -> None:
    """Alerts: events that wait, and events that were set aside."""
    found = waiting()
    is_late = found.seconds > threshold_of("events_late")
    page = reverse("admin:catalog_deadevent_changelist")
    keep("events_late", said=_late(found.events, int(found.seconds)) if is_late else None, link=page)
    count = DeadEvent.objects.count()
    said = Said(gettext_noop("%(count)d events could not be stored and were set aside."), {"count": count})
    keep("events_set_aside", said=said if count else None, link=page)


def in_redis() -> Iterator[Family]:
    """For /metrics."""
    found = waiting()
    yield Family("events_waiting", "Events that wait in Redis for the table.", [((), found.events)])
    yield Family("events_oldest_waiting_seconds", "How long the oldest of them has waited.", [((), found.seconds)])


def in_database() -> Iterator[Family]:
    """For /metrics."""
    count = DeadEvent.objects.count()
    yield Family("events_dead_letters", "Events that the table refused and staff have not dealt with.", [((), count)])


def _late(count: int, seconds: int) -> Said:
    text = gettext_noop("%(count)d events wait for the database, the oldest for %(seconds)d s. Nothing is lost.")
    return Said(text, {"count": count, "seconds": seconds})
