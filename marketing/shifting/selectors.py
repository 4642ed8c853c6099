"""How the versions of each batch were chosen, and what shifting brought against those who kept the fixed shares."""

from collections import Counter
from dataclasses import dataclass, field

from django.db import connection

from catalog.experiment_metrics import BOUGHT
from core.ml.experiments import Comparison, Sums, compare
from marketing.campaigns.trials import OUTCOME_DAYS, PLANNED_PEOPLE
from marketing.models import BatchChoice, Campaign, Recipient

Split = Recipient.Split
CLICKED, ORDERED = "clicked", "ordered"
ALPHA = 0.05
# Both are in every later batch, so they count over the same days, whether a message arrived or not.
COUNTED = f"""
WITH mine AS (
    SELECT r.id, r.customer_id, r.split, r.due_at FROM marketing_recipient r
    JOIN marketing_campaignstep s ON s.id = r.step_id AND s.position = 1
    WHERE r.campaign_id = %(campaign)s AND r.batch > 1 AND r.batch <= %(out)s AND r.split IN ('fixed', 'shifted')
), clicked AS (
    SELECT DISTINCT m.id FROM mine m JOIN marketing_messageevent e ON e.recipient_id = m.id
    WHERE e.kind = 'clicked' AND e.at < m.due_at + %(days)s * interval '1 day'
), ordered AS (
    SELECT DISTINCT m.id FROM mine m JOIN catalog_order o ON o.customer_id = m.customer_id
    WHERE o.status IN ({BOUGHT}) AND o.paid_at >= m.due_at AND o.paid_at < m.due_at + %(days)s * interval '1 day'
)
SELECT m.split, count(*), count(c.id), count(o.id)
FROM mine m LEFT JOIN clicked c ON c.id = m.id LEFT JOIN ordered o ON o.id = m.id GROUP BY m.split
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Shifting:
    """`choices` by batch. `told` compares the share who clicked, and who ordered, of the later batches that went: those
    who were shifted against those who kept the fixed shares, with ranges that hold at any look and for both together;
    empty before there is somebody to compare."""

    choices: list[BatchChoice]
    people: dict[str, int] = field(default_factory=dict)
    told: dict[str, Comparison] = field(default_factory=dict)


def shifting(campaign: Campaign) -> Shifting | None:
    """Two statements. None for a campaign by fixed shares, or one that is not planned yet."""
    if not campaign.shift_by or not campaign.batches_out:
        return None
    choices = list(BatchChoice.objects.filter(campaign=campaign).order_by("batch"))
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"campaign": campaign.pk, "out": campaign.batches_out, "days": OUTCOME_DAYS})
        rows = {split: Counter(n=n, clicked=clicked, ordered=ordered) for split, n, clicked, ordered in cursor}
    has_both = all(rows.get(split, Counter())["n"] > 1 for split in (Split.FIXED, Split.SHIFTED))
    told = {measure: _told(rows, measure) for measure in (CLICKED, ORDERED)} if has_both else {}
    return Shifting(choices, {split: one["n"] for split, one in rows.items()}, told)


def _told(rows: dict[str, Counter[str]], measure: str) -> Comparison:
    sums = {split: _sums(one["n"], one[measure]) for split, one in rows.items()}
    return compare(sums, control=Split.FIXED, tuned_for=PLANNED_PEOPLE, alpha=ALPHA / 2).comparisons[0]


def _sums(people: int, yes: int) -> Sums:
    return Sums(people, yes, yes, people, people, yes, nonzero=yes)
