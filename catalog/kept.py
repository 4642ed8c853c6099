"""Histories in one row each: what an answer about a person reads instead of one page for each month of events.

Triggers note a person in the very transaction that adds, changes or removes an act of theirs, or that changes what may
be used of it (migration `kept_histories`). A row counts while no note names its person; otherwise, and for whoever has
no row, `catalog_past` reads the table. So a row that is late costs time and is never wrong, whoever dies when.

The job keeps the rows of those who are quiet: while somebody goes through the shop their acts are in memory anyway.
Whoever writes rows holds them before and never waits for one: a row that somebody else holds is noted again.
"""

import time
from collections.abc import Iterable

from django.db import connection, transaction

from catalog.recent import MOST

LOCK = 7_340_023
"""Advisory lock of whoever writes rows, and of whoever drops a month of acts."""
BATCH = 500
QUIET_SECONDS = 60.0
"""Notes stay so long at least."""

TAKE = """
WITH oldest AS (
    SELECT DISTINCT who FROM (
        SELECT who FROM catalog_historychange WHERE at <= statement_timestamp() - make_interval(secs => %(quiet)s)
        ORDER BY id LIMIT %(batch)s
    ) o
), gone AS (
    DELETE FROM catalog_historychange c USING oldest WHERE c.who = oldest.who RETURNING c.who
)
SELECT DISTINCT who FROM gone
"""
HOLD = "SELECT who FROM catalog_kepthistory WHERE who = ANY(%(wanted)s) ORDER BY who FOR UPDATE SKIP LOCKED"
HELD_BY_OTHERS = "SELECT who FROM catalog_kepthistory WHERE who = ANY(%(wanted)s) AND who <> ALL(%(held)s)"
AGAIN = "INSERT INTO catalog_historychange (who) SELECT unnest(%s::bigint[])"
WRITE = """
INSERT INTO catalog_kepthistory (who, acts)
SELECT p.who, p.acts FROM (
    SELECT -v.id AS who, catalog_acts(NULL, v.id, v.profile_since, %(most)s) AS acts
    FROM unnest(%(people)s::bigint[]) w (who) JOIN catalog_visitor v ON v.id = -w.who AND v.may_track
    UNION ALL
    SELECT c.id, catalog_acts(c.id, NULL, c.profile_since, %(most)s)
    FROM unnest(%(people)s::bigint[]) w (who) JOIN catalog_customer c ON c.id = w.who
    WHERE c.erased_at IS NULL AND c.merged_into_id IS NULL
) p ORDER BY p.who
ON CONFLICT (who) DO UPDATE SET acts = EXCLUDED.acts WHERE catalog_kepthistory.acts <> EXCLUDED.acts
"""
DROP = """
DELETE FROM catalog_kepthistory k WHERE k.who = ANY(%(people)s)
    AND NOT EXISTS (SELECT 1 FROM catalog_visitor v WHERE v.id = -k.who AND v.may_track)
    AND NOT EXISTS (
        SELECT 1 FROM catalog_customer c WHERE c.id = k.who AND c.erased_at IS NULL AND c.merged_into_id IS NULL)
"""
OLDER = """
INSERT INTO catalog_historychange (who)
SELECT who FROM catalog_kepthistory WHERE (acts::json -> -1 ->> 2)::bigint < %s
"""


def refresh(*, quiet: float = QUIET_SECONDS, seconds: float = 20.0) -> int:
    """Write the rows of people whose notes are older than `quiet` seconds, for `seconds` at most. How many people.

    Safe to run at any time, also twice at once: the second does nothing.
    """
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        people = _round(quiet)
        done += len(people)
        if not people:
            break
    return done


def forget(cursor: object, people: Iterable[int]) -> None:
    """Remove these rows in the transaction of the caller, who changed what they follow from."""
    cursor.execute("DELETE FROM catalog_kepthistory WHERE who = ANY(%s)", [list(people)])  # type: ignore[attr-defined]


def note_older(cursor: object, micros: int) -> None:
    """Note everybody with an act before this moment (microseconds since 1970): their month is about to be dropped.

    Nobody writes rows until the transaction of the caller ends.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # type: ignore[attr-defined]
    cursor.execute(OLDER, [micros])  # type: ignore[attr-defined]


@transaction.atomic
def _round(quiet: float) -> list[int]:
    """The people of one batch. Takes notes away first: what is noted after that is not in the rows for sure."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(TAKE, {"quiet": quiet, "batch": BATCH})
        wanted = [who for (who,) in cursor.fetchall()]
        if not wanted:
            return []
        cursor.execute(HOLD, {"wanted": wanted})
        held = [who for (who,) in cursor.fetchall()]
        cursor.execute(HELD_BY_OTHERS, {"wanted": wanted, "held": held})
        busy = {who for (who,) in cursor.fetchall()}
        if busy:
            cursor.execute(AGAIN, [sorted(busy)])
        people = sorted(set(wanted) - busy)
        cursor.execute(WRITE, {"people": people, "most": MOST})
        cursor.execute(DROP, {"people": people})
    return people
