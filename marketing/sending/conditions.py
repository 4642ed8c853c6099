"""Conditions of later steps, asked when a message is claimed: what somebody did since the step before."""

from collections.abc import Sequence
from typing import Any

from marketing.models import Recipient

# An order that was cancelled is none. The step before is the one that went out, or was to.
UNMET = """
SELECT r.id, s.condition
FROM marketing_recipient r
JOIN marketing_campaignstep s ON s.id = r.step_id AND s.condition <> ''
JOIN marketing_campaignstep p ON p.campaign_id = s.campaign_id AND p.position = s.position - 1
JOIN marketing_recipient b ON b.campaign_id = r.campaign_id AND b.step_id = p.id AND b.customer_id = r.customer_id
    AND b.occasion_id IS NOT DISTINCT FROM r.occasion_id
WHERE r.id = ANY(%(ids)s) AND CASE s.condition
    WHEN 'not_ordered' THEN EXISTS (SELECT FROM catalog_order o WHERE o.customer_id = r.customer_id
        AND o.placed_at >= coalesce(b.claimed_at, b.due_at) AND o.status <> 'cancelled')
    WHEN 'not_clicked' THEN EXISTS (SELECT FROM marketing_messageevent e WHERE e.recipient_id = b.id
        AND e.kind = 'clicked')
    END
"""
REASONS = {"not_ordered": Recipient.Reason.ORDERED, "not_clicked": Recipient.Reason.CLICKED}


def unmet(cursor: Any, recipient_ids: Sequence[int]) -> dict[int, str]:
    """By recipient, why a message is not for them any more. Those without a condition, or who meet it, are missing."""
    cursor.execute(UNMET, {"ids": list(recipient_ids)})
    return {pk: str(REASONS[condition]) for pk, condition in cursor.fetchall()}
