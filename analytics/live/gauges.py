"""For /metrics: what the newest count of the last hour says. One query."""

from collections.abc import Iterator

from django.utils import timezone

from analytics.live import counting
from core.metrics.tables import Family


def families() -> Iterator[Family]:
    """Nothing before the first count."""
    row = counting.newest()
    if row is None:
        return
    found = row.figures
    people = [(("5",), found["active_soon"]), (("30",), found["active"])]
    yield Family("live_active_people", "People active in the last so many minutes.", people, ("minutes",))
    yield Family("live_buyers", "People who bought in the last 30 minutes.", [((), found["bought"])])
    last = sum(found["minutes"][-1].values())
    yield Family("live_events_last_minute", "Events of the last minute, bots left out.", [((), last)])
    yield Family("live_count_seconds", "How long the newest count took.", [((), row.seconds)])
    age = (timezone.now() - row.made_at).total_seconds()
    yield Family("live_age_seconds", "How old these figures are.", [((), age)])
