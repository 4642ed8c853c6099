"""How far the messages of a campaign came, as pages show it: small campaigns are counted when somebody looks, large
ones by a job, and what it counted last is shown with its moment. No page waits for a million messages."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from core.jobs import enqueue
from marketing.campaigns import effect
from marketing.campaigns.effect import Funnel
from marketing.models import Campaign, Recipient

COUNT = "marketing.tasks.count_funnel"
MOST_LIVE = 20_000
"""People, or messages of a campaign with a trigger, that are counted at once."""
FRESH, FRESH_AFTERWARDS = timedelta(minutes=1), timedelta(hours=1)
KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Counted:
    """`funnel` None: it is being counted for the first time."""

    funnel: Funnel | None
    as_of: datetime | None
    messages: int
    """Messages that went out, counted now."""


def look(campaign: Campaign) -> Counted:
    """What is known now; a job counts it anew when that is too old."""
    mine = Recipient.objects.filter(campaign=campaign)
    size = mine[: MOST_LIVE + 1].count() if campaign.trigger else (campaign.counts or {}).get("all", 0)
    if size <= MOST_LIVE:
        found = effect.funnel(campaign)
        return Counted(found, timezone.now(), found.messages)
    messages = mine.filter(state=Recipient.State.SENT).count()
    known = cache.get(_key(campaign.pk))
    fresh = FRESH_AFTERWARDS if campaign.state in Campaign.ENDED else FRESH
    if known is None or known["as_of"] < timezone.now() - fresh:
        enqueue(COUNT, dedupe_key=f"marketing.funnel:{campaign.pk}", campaign_id=campaign.pk)
    if known is None:
        return Counted(None, None, messages)
    return Counted(Funnel(**known["funnel"]), known["as_of"], messages)


def count(campaign_id: int) -> Funnel:
    """The job."""
    as_of = timezone.now()
    found = effect.funnel(Campaign.objects.get(pk=campaign_id))
    cache.set(_key(campaign_id), {"funnel": asdict(found), "as_of": as_of}, KEPT_SECONDS)
    return found


def _key(campaign_id: int) -> str:
    return f"marketing.funnel:{campaign_id}"
