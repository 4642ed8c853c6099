"""What segments show on the page of a customer."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import Segment
from analytics.segments import compiling, services
from analytics.segments.counting import TooSlow, time_limit
from analytics.segments.rules import BadRule
from catalog.models import Customer
from core.panels import Panel

MOST_ASKED = 60
PANEL_MS = 1_000


def segments_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """Shared segments and those of the reader that this customer is in now, largest last: the small ones say most."""
    rows = Segment.objects.alive().visible_to(request.user).select_related("current").order_by("size", "id")
    known = [one for one in rows[:MOST_ASKED] if _can_be_asked(one)]
    try:
        with time_limit(PANEL_MS):
            found = services.segments_of(customer, known)
    except TooSlow:
        return Panel(title=_("Segments"), empty=_("Finding the segments takes too long right now."))
    return Panel(
        title=_("Segments"),
        template="admin/analytics/panels/segments.html",
        context={"segments": [(one, one.get_kind_display()) for one in found]},
        count=len(found),
        url=reverse("admin:analytics_segment_changelist"),
        url_label=_("All segments"),
        empty="" if found else _("In no segment."),
    )


def _can_be_asked(segment: Any) -> bool:
    try:
        compiling.of_segment(segment)
    except BadRule:
        return False
    return True
