"""What keeps segments up to date each night, and after clusters were found."""

from typing import Any

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.models import CustomerStats, Segment
from analytics.segments import clusters, counting, membership, services
from analytics.segments.clustering import CLUSTERS
from analytics.segments.counting import TooSlow
from analytics.segments.rules import BadRule
from catalog.figures import shop_clock
from core.jobs import progress
from core.models import ModelVersion
from core.said import Said

log = structlog.get_logger(__name__)
SIZE_MS = 120_000
"""One segment may take so long to count; the others are counted whatever one does."""


def count_one(segment_id: int) -> dict[str, Any]:
    """Count one segment. One that is gone, whose rule cannot be used any more or takes too long is left as it is."""
    segment = Segment.objects.select_related("current").filter(pk=segment_id).first()
    if segment is None or segment.current is None:
        return {"counted": 0}
    reason = _count(segment)
    return {"counted": 0, "reason": reason} if reason else {"counted": 1, "size": segment.size}


def first() -> None:
    """Before the shop opens: ask for clusters unless there are some. They are found while the shop is open."""
    known = ModelVersion.objects.of(CLUSTERS.name).exists()
    if not known and CustomerStats.objects.count() >= clusters.FEWEST:
        services.ask_for_clusters(by=None)


def keep(*, assign: bool = True) -> dict[str, Any]:
    """Clusters of newcomers, memberships of RFM segments, the size of every segment."""
    changed = clusters.assign() if assign else 0
    joined = membership.follow_rfm(now=timezone.now())
    day, everything = shop_clock().today, counting.revenue_in_all()
    segments = list(Segment.objects.alive().exclude(current=None).select_related("current").order_by("pk"))
    counted = 0
    for place, segment in enumerate(segments, 1):
        reason = _count(segment, day=day, everything=everything)
        if reason:
            log.warning("segment.not_counted", segment_id=segment.pk, reason=reason)
        counted += not reason
        progress(place, len(segments), Said(gettext_noop("Counting segments")))
    return {"clusters_changed": changed, "rfm_joined": joined, "counted": counted}


def _count(segment: Segment, **more: Any) -> str:
    """Write the size of a segment. Why it could not be, else nothing."""
    try:
        with counting.time_limit(SIZE_MS):
            counting.write_size(segment, **more)
    except BadRule as error:
        return str(error.message)
    except TooSlow:
        return _("Counting takes too long.")
    return ""
