"""The card of the home page and of a placement: what recommendations brought in the last 28 days."""

from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.components import Figure
from core.dashboard import Card
from recommender.online import reports

DAYS = 28


def card(request: HttpRequest) -> Card | None:
    """Click rate and credited revenue beside the 28 days before. One query; none without the right to see it."""
    if not request.user.has_perm("recommender.view_placement"):
        return None
    today = timezone.localdate()
    before, now = reports.totals(
        first=today - timedelta(days=2 * DAYS - 1), since=today - timedelta(days=DAYS - 1), last=today
    )
    if not now.lists:
        return None
    period = _("previous 28 days")
    figures = [
        Figure(
            label=_("Recommendations clicked"), value=now.ctr.value, previous=before.ctr.value, base=before.people,
            kind="share", period=period, noise=0.002,
        ),
        Figure(
            label=_("Revenue credited to them"), value=now.revenue, previous=before.revenue,
            base=int(before.sums["bought"]), kind="money", period=period, noise=0.05,
        ),
    ]  # fmt: skip
    return Card(
        title=_("Recommendations, 28 days"),
        template="admin/recommender/home_card.html",
        context={"figures": figures, "lists": now.lists},
        url=reverse("admin:recommender_online"),
        url_label=_("What they bring"),
    )
