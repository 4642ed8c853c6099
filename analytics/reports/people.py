"""From a figure to a segment: the rules that find the people behind it."""

from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from analytics.reports.cohorts import period_start
from analytics.segments.rules import rule_address
from core.components.words import day_text

ADD = "analytics.add_segment"


def may_save(request: HttpRequest) -> bool:
    """Whether the person may make segments."""
    return request.user.has_perm(ADD)


def days_words(first: date, last: date) -> str:
    """ "1 May 2026 to 7 May 2026"."""
    if first == last:
        return day_text(first)
    return _("%(first)s to %(last)s") % {"first": day_text(first), "last": day_text(last)}


def of_cohort(grain: str, start: date, name: str) -> str:
    """Saves everybody whose first order was in this week or month."""
    end = period_start(grain, start, 1)
    return _address("first_day", start, end, name)


def who_bought_since(first: date, name: str) -> str:
    """Saves everybody with an order on this day or later."""
    return rule_address({"all": [{"field": "last_day", "op": "since", "value": first.isoformat()}]}, name)


def _address(field: str, first: date, end: date, name: str) -> str:
    """`first` belongs to it, `end` does not."""
    rule = {
        "all": [
            {"field": field, "op": "since", "value": first.isoformat()},
            {"field": field, "op": "before", "value": end.isoformat()},
        ]
    }
    return rule_address(rule, name)
