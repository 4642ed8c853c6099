"""What groups of customers are learned from: how each was served, from their tickets, ratings and bad reviews."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm.ml.service_strategy import Measures

BAD_STARS = 2
EARLY_SHARE = 2 / 3
"""Of the days looked at: the part by which customers are put into groups before they are judged by the rest."""
PARTS = {"whole": "true", "early": "NOT is_later", "later": "is_later"}
COUNTED = """
avg(minutes) FILTER (WHERE {part}), avg(score) FILTER (WHERE {part}),
coalesce(sum(complained) FILTER (WHERE {part}), 0), count(*) FILTER (WHERE {part})"""
ROWS = """
WITH cases AS (
    SELECT k.customer_id AS customer, t.created_at >= %(cut)s AS is_later, true AS is_ticket,
        t.first_response_seconds / 60.0 AS minutes, s.score,
        (k.handover_reason = 'rule' AND k.channel <> 'review')::int AS complained
    FROM crm_ticket t
    JOIN crm_conversation k ON k.id = t.conversation_id
    LEFT JOIN crm_satisfactionscore s ON s.conversation_id = k.id
    WHERE t.created_at >= %(since)s AND t.created_at < %(until)s AND t.merged_into_id IS NULL AND k.channel <> 'care'
    UNION ALL
    SELECT r.customer_id, r.written_at >= %(cut)s, false, NULL, NULL, 1
    FROM reviews_review r
    WHERE r.rating <= %(bad)s AND r.status <> 'rejected' AND r.written_at >= %(since)s AND r.written_at < %(until)s
)
SELECT c.id, {counted}
FROM cases JOIN catalog_customer c ON c.id = cases.customer
WHERE c.erased_at IS NULL AND c.merged_into_id IS NULL AND c.is_personalised
GROUP BY c.id HAVING bool_or(is_ticket) ORDER BY c.id
"""


@dataclass(frozen=True)
class Served:
    """Customers with a ticket in the days before a moment, in the order of their numbers, over all days and over both
    parts of them."""

    ids: NDArray[np.int64]
    whole: Measures
    early: Measures
    later: Measures

    def __len__(self) -> int:
        return len(self.ids)


def served(until: datetime, days: int) -> Served:
    """Minutes of business time until the first answer (a mean over answered tickets), stars from 1 to 5 (a mean over
    rated ones) and complaints: bad reviews, and tickets that a rule about risks handed to a person. Tickets that the
    shop opened itself are left out, and so is whoever refused personalisation. One query."""
    since = until - timedelta(days=days)
    statement = ROWS.format(counted=",".join(COUNTED.format(part=part) for part in PARTS.values()))
    values = {"since": since, "until": until, "cut": since + (until - since) * EARLY_SHARE, "bad": BAD_STARS}
    buffer = io.StringIO()
    with connection.cursor() as cursor:
        query = cursor.mogrify(statement, values).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (DELIMITER ' ', NULL 'nan')", buffer)
    text = buffer.getvalue()
    rows = np.fromstring(text, sep=" ").reshape(-1, 13) if text else np.empty((0, 13))
    parts = [Measures(*rows[:, 1 + 4 * place : 5 + 4 * place].T) for place in range(len(PARTS))]
    return Served(rows[:, 0].astype(np.int64), *parts)
