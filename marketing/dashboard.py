"""What waits for marketers, on the staff home."""

from collections import defaultdict

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import Meaning, figure
from core.dashboard import Card, WorkItem
from marketing.models import Campaign
from marketing.roles import APPROVE, CAMPAIGNS_SEEN, RUN

State = Campaign.State
WAITING = (State.CHECKED, State.APPROVED, State.PLANNED, State.PAUSED)
MOST = 200


def card(request: HttpRequest) -> Card | None:
    """Campaigns that go on only when somebody does something. One query. A single one is led to by its number."""
    user = request.user
    may = {right: user.has_perm(right) for right in (APPROVE, RUN)}
    if not user.has_perm(CAMPAIGNS_SEEN) or not any(may.values()):
        return None
    rows = Campaign.objects.filter(state__in=WAITING).order_by("-pk")
    found: defaultdict[str, list[int]] = defaultdict(list)
    stopped = 0
    for pk, state, why, *authors in rows.values_list("pk", "state", "pause_reason", "created_by", "checked_by")[:MOST]:
        if may[APPROVE if state == State.CHECKED else RUN] and not (state == State.CHECKED and user.pk in authors):
            found[state].append(pk)
            stopped += state == State.PAUSED and bool(why)
    words = {
        State.CHECKED: ngettext("campaign to approve", "campaigns to approve", len(found[State.CHECKED])),
        State.APPROVED: ngettext("campaign to plan", "campaigns to plan", len(found[State.APPROVED])),
        State.PLANNED: ngettext("campaign to send", "campaigns to send", len(found[State.PLANNED])),
        State.PAUSED: ngettext("campaign is paused", "campaigns are paused", len(found[State.PAUSED])),
    }
    hints = {State.CHECKED: _("made by somebody else")}
    if stopped:
        text = ngettext("%(count)s stopped by itself", "%(count)s stopped by themselves", stopped)
        hints[State.PAUSED] = text % {"count": figure(stopped)}
    return Card(
        work=[
            WorkItem(label, len(found[state]), _address(state, found[state]), Meaning.WAITING, hints.get(state, ""))
            for state, label in words.items()
        ]
    )


def _address(state: str, keys: list[int]) -> str:
    if len(keys) == 1:
        return reverse("admin:marketing_campaign_change", args=keys)
    return f"{reverse('admin:marketing_campaign_changelist')}?state__exact={state}"
