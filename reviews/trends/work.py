"""What the jobs about topics and trends do, in order."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from reviews.trends import alerts, counting, finding


def count(*, give: bool = True, now: datetime | None = None) -> dict[str, Any]:
    """Topics of new reviews (unless they were just given), weeks, comparisons, alerts. What the job shows."""
    now = now or timezone.now()
    given = finding.give_topics() if give else 0
    weeks = counting.count_weeks(now=now)
    trends = counting.look(now=now)
    return {"given": given, "weeks": weeks, "trends": len(trends), "surges": alerts.tell(trends, now=now)}
