"""What keeps segments up to date each night, and after clusters were found."""

from typing import Any

import structlog
from django.utils import timezone
from django.utils.translation import gettext_noop

from analytics.models import CustomerStats, Segment
from analytics.segments import clusters, counting, membership, services
from analytics.segments.clustering import CLUSTERS
from analytics.segments.rules import BadRule
from catalog.figures import shop_clock
from core.jobs import progress
from core.models import ModelVersion
from core.said import Said

log = structlog.get_logger(__name__)


def count_one(segment_id: int) -> dict[str, Any]:
    """Count one segment. One that is gone, or whose rule cannot be used any more, is left as it is."""
    segment = Segment.objects.select_related("current").filter(pk=segment_id).first()
    if segment is None or segment.current is None:
        return {"counted": 0}
    try:
        return {"counted": 1, "size": counting.write_size(segment).size}
    except BadRule as error:
        return {"counted": 0, "reason": str(error.message)}


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
        try:
            counting.write_size(segment, day=day, everything=everything)
        except BadRule as error:
            log.warning("segment.not_counted", segment_id=segment.pk, reason=str(error.message))
        else:
            counted += 1
        progress(place, len(segments), Said(gettext_noop("Counting segments")))
    return {"clusters_changed": changed, "rfm_joined": joined, "counted": counted}
