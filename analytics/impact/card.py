"""The card of the home page: what each capability brought, with its range."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.impact import results
from core.components import pill
from core.dashboard import Card


def card(request: HttpRequest) -> Card | None:
    """One query; none without the right to see experiments. No card while nothing is measured; what is not
    measured is counted, with the page that says what begins it."""
    if not request.user.has_perm("core.view_experiment"):
        return None
    rows = results.report()
    if not any(row.is_measured for row in rows):
        return None
    told = [
        {
            "title": row.capability.title,
            "pill": pill(row.meaning, row.verdict.word),
            "sentence": row.verdict.sentence,
            "people": row.first.people if row.first else 0,
        }
        for row in rows
        if row.is_measured
    ]
    return Card(
        title=_("What each capability brought"),
        template="admin/analytics/home_impact.html",
        context={"told": told, "unmeasured": len(rows) - len(told), "as_of": results.as_of(rows)},
        url=reverse("admin:analytics_impact"),
        url_label=_("Impact"),
    )
