"""The moment of each recipient of a plan, where a campaign lets each get it at their own hour.

What somebody did tells it: hours in which they opened or clicked a message, or ordered, of the last year. It is read
when the plan begins and batch by batch, always of before the same moment, so that a plan that was cut off goes on as it
began. Who does not want to be followed gets it at the planned moment, and so does a share drawn by chance, against whom
the others are counted (marketing.timing.selectors).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core.ml.experiments import share_of
from core.shop import current_shop
from marketing.campaigns.eligibility import Person
from marketing.ml import timing as ml
from marketing.models import Campaign, MarketingSettings, Recipient
from marketing.sending import zones

Timing = Recipient.Timing
YEAR = timedelta(days=365)
CONTROL_SHARE = 0.2
"""Of those who could be written to at another hour, so many get it at the planned moment."""
MOST_LOOKED_AT = 20_000
"""The shop's curve comes from those who did something last, out of so many orders and so many opened or clicked."""

ACTIVE = """
SELECT customer_id FROM (
    (SELECT customer_id FROM catalog_order WHERE customer_id IS NOT NULL ORDER BY id DESC LIMIT %(most)s)
    UNION
    (SELECT r.customer_id FROM marketing_messageevent e JOIN marketing_recipient r ON r.id = e.recipient_id
    WHERE e.kind IN ('opened', 'clicked') ORDER BY e.id DESC LIMIT %(most)s)
) found ORDER BY customer_id
"""
PEOPLE = """
SELECT id, country FROM catalog_customer
WHERE id = ANY(%s) AND is_personalised AND erased_at IS NULL AND merged_into_id IS NULL ORDER BY id
"""
# An hour counts once, however much was done in it. Orders at a whole hour, to the second, come from shops that know
# only the day and write midnight or noon; of the others one in 3,600 is lost.
DID = """
WITH people AS (SELECT * FROM unnest(%(ids)s::bigint[], %(zones)s::text[]) AS p (id, zone)), did AS (
    SELECT p.id, date_trunc('hour', o.placed_at AT TIME ZONE p.zone) AS at
    FROM people p JOIN catalog_order o ON o.customer_id = p.id
    WHERE o.placed_at >= %(since)s AND o.placed_at < %(until)s AND o.status <> 'cancelled'
        AND o.placed_at <> date_trunc('hour', o.placed_at, 'UTC')
        AND o.placed_at <> date_trunc('hour', o.placed_at, %(shop)s)
    UNION
    SELECT p.id, date_trunc('hour', e.at AT TIME ZONE p.zone)
    FROM people p JOIN marketing_recipient r ON r.customer_id = p.id
    JOIN marketing_messageevent e ON e.recipient_id = r.id AND e.kind IN ('opened', 'clicked')
    WHERE e.at >= %(since)s AND e.at < %(until)s
)
SELECT id, extract(hour FROM at)::int, count(*) FROM did GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody gets it, and why then: the best hour of their day, and from how many hours of theirs."""

    due_at: datetime
    timing: str
    hour: int | None = None
    events: int | None = None


def learn(campaign: Campaign, *, begin: datetime, at: datetime) -> "Hours":
    """The shop's curve as of now, kept with the campaign: a plan that goes on takes the same."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, {"most": MOST_LOOKED_AT})
        ids = [pk for (pk,) in cursor.fetchall()]
    counts = _counts({pk: where[0] for pk, where in _zones(ids).items()}, at)
    curve = ml.fit(np.array(list(counts.values()), np.int64).reshape(-1, ml.HOURS))
    campaign.timing = {
        "as_of": at.isoformat(), "begin": begin.isoformat(), "within": campaign.send_within,
        "shares": [round(float(one), 6) for one in curve.shares], "strength": curve.strength, "hours": curve.hours,
        "people": sum(1 for one in counts.values() if one.any()),
    }  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(timing=campaign.timing)
    return Hours(campaign)


class Hours:
    """Chooses moments for one plan, by what was learned when it began."""

    def __init__(self, campaign: Campaign) -> None:
        said = campaign.timing
        self.curve = ml.Curve(np.array(said["shares"]), float(said["strength"]), int(said["hours"]))
        self.begin = datetime.fromisoformat(said["begin"])
        self.as_of = datetime.fromisoformat(said["as_of"])
        self.ends = self.begin + timedelta(hours=said["within"])
        self.salt = f"{campaign.salt}:hour".encode()
        self.settings = MarketingSettings.current()
        self._possible: dict[tuple[str, ...], list[datetime]] = {}

    def of(self, people: Sequence[Person]) -> dict[int, Moment]:
        """By customer, for all of them. Two statements."""
        followed = _zones([one.pk for one in people])
        counts = _counts({pk: where[0] for pk, where in followed.items()}, self.as_of) if self.curve.is_known else {}
        plain = {True: Moment(self.begin, Timing.UNKNOWN), False: Moment(self.begin, Timing.PRIVATE)}
        found = {one.pk: plain[one.pk in followed] for one in people}
        groups: dict[tuple[str, ...], list[Person]] = {}
        for one in people:
            if one.pk in counts:
                groups.setdefault(followed[one.pk], []).append(one)
        for where, members in groups.items():
            found |= self._group(where, members, np.array([counts[one.pk] for one in members], np.int64))
        return found

    def _group(
        self, where: tuple[str, ...], members: Sequence[Person], counts: NDArray[np.int64]
    ) -> dict[int, Moment]:  # fmt: skip
        moments = self._moments(where)
        if not moments:
            return {one.pk: Moment(self.begin, Timing.QUIET) for one in members}
        local = ZoneInfo(where[0])
        hours = np.array([one.astimezone(local).hour for one in moments])
        places = ml.best(ml.chances(self.curve, counts), hours)
        whole = counts.sum(axis=1)
        found = {}
        for one, place, events in zip(members, places.tolist(), whole.tolist(), strict=True):
            own = events >= ml.FEWEST_OWN
            is_control = share_of(self.salt, one.public_id) < CONTROL_SHARE
            timing = Timing.CONTROL if is_control else Timing.OWN if own else Timing.SHOP
            due = self.begin if is_control else moments[place]
            found[one.pk] = Moment(due, timing, int(hours[place]), events)
        return found

    def _moments(self, where: tuple[str, ...]) -> list[datetime]:
        """The planned moment and each whole hour after it within the window, but for quiet ones."""
        if where not in self._possible:
            local = self.begin.astimezone(ZoneInfo(where[0]))
            first = self.begin - timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            ) + timedelta(hours=1)  # fmt: skip
            count = int((self.ends - first) / timedelta(hours=1)) + 1
            every = [self.begin, *(first + timedelta(hours=place) for place in range(count))]
            begins, ends = self.settings.quiet_from, self.settings.quiet_until
            self._possible[where] = [
                one for one in every if one < self.ends and not zones.is_quiet(one, where, begins, ends)
            ]
        return self._possible[where]


def _zones(ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Of those who may be followed."""
    shop_zone = current_shop().time_zone
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [list(ids)])
        return {pk: zones.zones_of(country, shop_zone) for pk, country in cursor.fetchall()}


def _counts(where: dict[int, str], until: datetime) -> dict[int, NDArray[np.int64]]:
    """Hours of the day in which each did something, for all of them. In a country with several zones the first one's:
    whoever lives in another keeps the same hours, only under another name."""
    found = {pk: np.zeros(ml.HOURS, np.int64) for pk in where}
    with connection.cursor() as cursor:
        cursor.execute(DID, {
            "ids": list(where), "zones": list(where.values()), "since": until - YEAR, "until": until,
            "shop": current_shop().time_zone,
        })  # fmt: skip
        for pk, hour, count in cursor.fetchall():
            found[pk][hour] = count
    return found
