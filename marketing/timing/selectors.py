"""What became of a campaign in which each got the message at their own hour: how many by which reason, and what the
hour brought against those whom chance left at the planned moment."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from catalog.experiment_metrics import BOUGHT
from core.ml.experiments import Comparison, Sums, compare
from marketing.campaigns.trials import OUTCOME_DAYS, PLANNED_PEOPLE
from marketing.models import Campaign, Recipient

Timing = Recipient.Timing
TIMED = (Timing.OWN, Timing.SHOP)
PLAIN, HOUR = "plain", "hour"
CLICKED, ORDERED = "clicked", "ordered"
ALPHA = 0.05
# Both groups are counted over the same days, whenever their message went, and whether it arrived or not.
COUNTED = f"""
WITH mine AS (
    SELECT r.id, r.customer_id, r.timing, r.timing_hour FROM marketing_recipient r
    JOIN marketing_campaignstep s ON s.id = r.step_id AND s.position = 1
    WHERE r.campaign_id = %(campaign)s AND r.timing <> ''
), clicked AS (
    SELECT DISTINCT e.recipient_id AS id FROM mine m JOIN marketing_messageevent e ON e.recipient_id = m.id
    WHERE e.kind = 'clicked' AND e.at < %(until)s
), ordered AS (
    SELECT DISTINCT m.id FROM mine m JOIN catalog_order o ON o.customer_id = m.customer_id
    WHERE o.status IN ({BOUGHT}) AND o.paid_at >= %(begin)s AND o.paid_at < %(until)s
)
SELECT m.timing, m.timing_hour, count(*), count(c.id), count(o.id)
FROM mine m LEFT JOIN clicked c ON c.id = m.id LEFT JOIN ordered o ON o.id = m.id
GROUP BY m.timing, m.timing_hour
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Hourly:
    """`people` by reason, `hours` of the day for which messages of the others were planned. `told` compares the share
    who clicked, and who ordered: their own hour against the planned moment, with ranges that hold at any look and for
    both together; empty without a group to compare."""

    as_of: datetime
    within: int
    people: dict[str, int] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    shares: list[float] = field(default_factory=list)
    strength: float = 0.0
    known_from: int = 0
    told: dict[str, Comparison] = field(default_factory=dict)


def hourly(campaign: Campaign) -> Hourly | None:
    """One statement. None for a campaign that goes to all at once, or is not planned yet."""
    said = campaign.timing
    if not said or campaign.send_within is None:
        return None
    begin = datetime.fromisoformat(said["begin"])
    until = begin + timedelta(hours=said["within"], days=OUTCOME_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"campaign": campaign.pk, "begin": begin, "until": until})
        rows = cursor.fetchall()
    people: Counter[str] = Counter()
    hours = [0] * 24
    counts = {HOUR: Counter[str](), PLAIN: Counter[str]()}
    for timing, hour, count, clicked, ordered in rows:
        people[timing] += count
        if timing in TIMED:
            hours[hour] += count
        if timing in TIMED or timing == Timing.CONTROL:
            counts[PLAIN if timing == Timing.CONTROL else HOUR].update(n=count, clicked=clicked, ordered=ordered)
    return Hourly(
        datetime.fromisoformat(said["as_of"]), said["within"], dict(people), hours, said["shares"], said["strength"],
        said["hours"], {measure: _told(counts, measure) for measure in (CLICKED, ORDERED)} if _has_both(counts) else {},
    )  # fmt: skip


def _has_both(counts: dict[str, Counter[str]]) -> bool:
    return all(one["n"] > 1 for one in counts.values())


def _told(counts: dict[str, Counter[str]], measure: str) -> Comparison:
    sums = {key: _sums(one["n"], one[measure]) for key, one in counts.items()}
    return compare(sums, control=PLAIN, tuned_for=PLANNED_PEOPLE, alpha=ALPHA / 2).comparisons[0]


def _sums(people: int, yes: int) -> Sums:
    return Sums(people, yes, yes, people, people, yes, nonzero=yes)
