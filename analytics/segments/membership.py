"""Who is in which RFM segment and cluster: scores, traits and the history of memberships, written together.

Only what changed is written. A customer whose cluster stays keeps the membership with its first day.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from catalog.importing.staging import copy
from core.jobs import guard
from core.models import ModelVersion

BATCH = 50_000
"""Customers whose clusters are written at a time."""
MAKE = """
CREATE TEMPORARY TABLE cluster_batch (customer_id bigint PRIMARY KEY, segment_id bigint, key text, reasons jsonb)
ON COMMIT DROP
"""
MAKE_ALL = "CREATE TEMPORARY TABLE cluster_all (customer_id bigint PRIMARY KEY) ON COMMIT DROP"
# Whoever was erased while this ran stays without a cluster.
LEAVE_OUT = """
DELETE FROM {table} b WHERE NOT EXISTS
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
WHERE cluster_id IS NOT NULL AND NOT EXISTS (SELECT FROM cluster_all b WHERE b.customer_id = s.customer_id)
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
    AND NOT EXISTS (SELECT FROM cluster_all b WHERE b.customer_id = t.customer_id)
"""
ENDED_GONE = """
UPDATE analytics_segmentmembership m SET until = greatest(%(now)s, m.since)
FROM analytics_segment g WHERE g.id = m.segment_id AND g.kind = 'cluster' AND m.until IS NULL
    AND NOT EXISTS (SELECT FROM cluster_all b WHERE b.customer_id = m.customer_id)
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
OF_BATCH = "AND m.customer_id IN (SELECT customer_id FROM cluster_batch)"
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


@dataclass(frozen=True)
class Block:
    """Some customers, the segments (primary keys) of their clusters, and why."""

    ids: NDArray[np.int64]
    segments: NDArray[np.int64]
    reasons: list[list[dict[str, Any]]]


def write_clusters(
    blocks: Iterable[Block], everybody: NDArray[np.int64], keys: dict[int, str], *, version: ModelVersion, now: datetime
) -> int:
    """Everybody's cluster, as the blocks say; `keys` are the lasting names of the segments. All but `everybody` have
    none any more. How many customers changed.

    A block is one transaction: score, trait and membership of a customer never disagree, and no statement grows with
    the shop. Ended half way, the next run does the rest.
    """
    values: dict[str, Any] = {"now": now, "as_of": now, "version": version.pk, "kind": "cluster"}
    changed = 0
    for block in blocks:
        with transaction.atomic(), connection.cursor() as cursor:
            guard()
            changed += _write(cursor, block, keys, values)
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(MAKE_ALL)
        copy("cluster_all", "customer_id", (f"{customer}\n" for customer in everybody.tolist()))
        cursor.execute(LEAVE_OUT.format(table="cluster_all"))
        cursor.execute("ANALYZE cluster_all")
        cursor.execute(SCORES_GONE, values)
        changed += cursor.rowcount
        cursor.execute(TRAITS_GONE)
        cursor.execute(ENDED_GONE, values)
        cursor.execute("DROP TABLE cluster_all")
    return changed


def _write(cursor: Any, block: Block, keys: dict[int, str], values: dict[str, Any]) -> int:
    """One block; how many customers changed."""
    cursor.execute(MAKE)
    copy("cluster_batch", "customer_id, segment_id, key, reasons", _lines(block, keys))
    cursor.execute(LEAVE_OUT.format(table="cluster_batch"))
    cursor.execute("ANALYZE cluster_batch")
    cursor.execute(SCORES, values)
    changed = int(cursor.rowcount)
    cursor.execute(TRAITS, values)
    for statement in (ENDED, BEGAN):
        cursor.execute(statement.format(now_in=IN_CLUSTER, only=OF_BATCH), values)
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


def _lines(block: Block, keys: dict[int, str]) -> Iterator[str]:
    for customer, segment, why in zip(block.ids.tolist(), block.segments.tolist(), block.reasons, strict=True):
        yield f"{customer}\t{segment}\t{keys[segment]}\t{json.dumps(why)}\n"
