"""Who is in which RFM segment and cluster: scores, traits and the history of memberships, written together.

Only what changed is written. A customer whose cluster stays keeps the membership with its first day.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from catalog.importing.staging import copy
from core.models import ModelVersion

MAKE = """
CREATE TEMPORARY TABLE cluster_batch (customer_id bigint PRIMARY KEY, segment_id bigint, key text, reasons jsonb)
ON COMMIT DROP
"""
# Whoever was erased while this ran stays without a cluster.
LEAVE_OUT = """
DELETE FROM cluster_batch b WHERE NOT EXISTS
    (SELECT FROM catalog_customer c WHERE c.id = b.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL)
"""
SCORES = """
INSERT INTO analytics_customerscore (customer_id, cluster_id, scored_at)
SELECT customer_id, segment_id, %(now)s FROM cluster_batch
ON CONFLICT (customer_id) DO UPDATE SET cluster_id = excluded.cluster_id, scored_at = excluded.scored_at
WHERE analytics_customerscore.cluster_id IS DISTINCT FROM excluded.cluster_id
"""
SCORES_GONE = """
UPDATE analytics_customerscore s SET cluster_id = NULL, scored_at = %(now)s
WHERE cluster_id IS NOT NULL AND NOT EXISTS (SELECT FROM cluster_batch b WHERE b.customer_id = s.customer_id)
"""
TRAITS = """
INSERT INTO catalog_customertrait (customer_id, kind, value, reasons, as_of, model_version_id)
SELECT customer_id, 'cluster', to_jsonb(key), reasons, %(as_of)s, %(version)s FROM cluster_batch
ON CONFLICT (customer_id, kind) DO UPDATE SET value = excluded.value, reasons = excluded.reasons,
    as_of = excluded.as_of, model_version_id = excluded.model_version_id
WHERE catalog_customertrait.value IS DISTINCT FROM excluded.value
    OR catalog_customertrait.model_version_id IS DISTINCT FROM excluded.model_version_id
"""
TRAITS_GONE = """
DELETE FROM catalog_customertrait t WHERE kind = 'cluster'
    AND NOT EXISTS (SELECT FROM cluster_batch b WHERE b.customer_id = t.customer_id)
"""
# What ended, then what began; `kind` is the kind of the segments, `now_in` says where customers are, `only` which.
ENDED = """
UPDATE analytics_segmentmembership m SET until = greatest(%(now)s, m.since)
FROM analytics_segment g WHERE g.id = m.segment_id AND g.kind = %(kind)s AND m.until IS NULL {only} AND NOT EXISTS
    (SELECT FROM ({now_in}) n WHERE n.customer_id = m.customer_id AND n.segment_id = m.segment_id)
"""
BEGAN = """
INSERT INTO analytics_segmentmembership (customer_id, segment_id, since)
SELECT n.customer_id, n.segment_id, %(now)s FROM ({now_in}) n
ON CONFLICT (segment_id, customer_id) WHERE until IS NULL DO NOTHING
"""
IN_CLUSTER = "SELECT customer_id, segment_id FROM cluster_batch"
IN_RFM = """
SELECT s.customer_id, g.id AS segment_id FROM analytics_customerscore s
JOIN analytics_segment g ON g.kind = 'rfm' AND g.key = s.rfm_segment
"""
OF_CHANGED = "AND m.customer_id IN (SELECT customer_id FROM rfm_changed)"
IN_RFM_CHANGED = """
SELECT c.customer_id, g.id AS segment_id FROM rfm_changed c
JOIN analytics_segment g ON g.kind = 'rfm' AND g.key = c.segment
"""


@transaction.atomic
def write_clusters(
    ids: NDArray[np.int64],
    segments: NDArray[np.int64],
    keys: dict[int, str],
    reasons: list[list[dict[str, Any]]],
    *,
    version: ModelVersion,
    now: datetime,
) -> int:
    """Everybody's cluster, as `segments` (primary keys) of `ids` say; `keys` are their lasting names. All others have
    none any more. How many customers changed."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
    copy("cluster_batch", "customer_id, segment_id, key, reasons", _lines(ids, segments, keys, reasons))
    values: dict[str, Any] = {"now": now, "as_of": now, "version": version.pk, "kind": "cluster"}
    with connection.cursor() as cursor:
        cursor.execute(LEAVE_OUT)
        cursor.execute("ANALYZE cluster_batch")
        changed = 0
        for statement in (SCORES, SCORES_GONE):
            cursor.execute(statement, values)
            changed += cursor.rowcount
        for statement in (TRAITS, TRAITS_GONE):
            cursor.execute(statement, values)
        for statement in (ENDED, BEGAN):
            cursor.execute(statement.format(now_in=IN_CLUSTER, only=""), values)
        cursor.execute("DROP TABLE cluster_batch")
    return changed


@transaction.atomic
def follow_rfm(*, now: datetime, only_changed: bool = False) -> int:
    """Begin and end memberships of RFM segments as the scores say: of everybody, or of the customers in the temporary
    table `rfm_changed` (customer_id, segment) of whoever writes their scores in the same transaction. How many came
    somewhere new."""
    parts = {"now_in": IN_RFM_CHANGED, "only": OF_CHANGED} if only_changed else {"now_in": IN_RFM, "only": ""}
    with connection.cursor() as cursor:
        for statement in (ENDED, BEGAN):
            cursor.execute(statement.format(**parts), {"now": now, "kind": "rfm"})
        return int(cursor.rowcount)


def _lines(
    ids: NDArray[np.int64], segments: NDArray[np.int64], keys: dict[int, str], reasons: list[list[dict[str, Any]]]
) -> Iterator[str]:
    for customer, segment, why in zip(ids.tolist(), segments.tolist(), reasons, strict=True):
        yield f"{customer}\t{segment}\t{keys[segment]}\t{json.dumps(why)}\n"
