"""When a customer came into a segment or left it."""

from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import SegmentMembership
from catalog.models import Customer
from catalog.timeline import Moment


def memberships(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """Of clusters, whose members are written down with their time."""
    rows = SegmentMembership.objects.filter(customer=customer).filter(Q(since__lt=before) | Q(until__lt=before))
    found = []
    for row in rows.select_related("segment").order_by("-since")[:limit]:
        url = reverse("admin:analytics_segment_change", args=[row.segment_id])
        for at, title in ((row.since, _("Came into %(segment)s")), (row.until, _("Left %(segment)s"))):
            if at is not None and at < before:
                found.append(Moment(at, "segments", "group_work", title % {"segment": row.segment}, url=url))
    return found
