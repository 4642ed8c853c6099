"""From the filtered list of customers to a segment: what the filters say, said as a rule."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import Segment
from analytics.segments.rules import BadRule, rule_address
from core import saved_views
from core.reports.periods import parse_day, preset_days

ADD = "analytics.add_segment"
SAYABLE = {"country", "segment", "joined_at_within", "joined_at_from", "joined_at_to"}
OF_THE_PAGE = {"o", "p", "all", *saved_views.OWN}
"""What changes how the list looks and not who is in it."""


def save_link(request: HttpRequest) -> tuple[str, str, str] | None:
    """Label, address and symbol of the page that saves the customers of this list as a segment. None without the right,
    without a filter, and where a rule could not say the same: what was searched for by name, a list that was kept."""
    given = {name: value for name, value in request.GET.items() if value and name not in OF_THE_PAGE}
    if not given or not given.keys() <= SAYABLE or not request.user.has_perm(ADD):
        return None
    try:
        conditions = [*_country(given), *_segment(request, given), *_joined(given)]
        address = rule_address({"all": conditions}) if conditions else ""
    except BadRule:
        return None
    return (_("Save as segment"), address, "group_add") if address else None


def _country(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"field": "country", "op": "in", "value": [given["country"]]}] if "country" in given else []


def _segment(request: HttpRequest, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Raises BadRule for a segment that is gone or that the reader may not see."""
    if "segment" not in given:
        return []
    known = Segment.objects.alive().visible_to(request.user).filter(public_id=given["segment"]).exists()
    if not known:
        raise BadRule("gone")
    return [{"field": "segment", "op": "in", "value": [given["segment"]]}]


def _joined(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Days as they are today: a segment keeps the days that the list shows."""
    first, last = preset_days(given.get("joined_at_within", ""), timezone.localdate()) or (
        parse_day(given.get("joined_at_from", "")), parse_day(given.get("joined_at_to", "")),
    )  # fmt: skip
    found = []
    if first is not None:
        found.append({"field": "joined_at", "op": "since", "value": first.isoformat()})
    if last is not None:
        found.append({"field": "joined_at", "op": "before", "value": (last + timedelta(days=1)).isoformat()})
    return found
