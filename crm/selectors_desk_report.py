"""How well the inbox did over some days: targets kept, time to the first answer, satisfaction, tickets opened again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

_TICKETS = """
SELECT {group} AS who,
       count(*) AS answered,
       count(*) FILTER (WHERE t.late_responses = 0) AS kept,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_seconds) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY t.first_response_seconds) AS slow,
       count(*) FILTER (WHERE t.reopened > 0) AS reopened,
       count(*) FILTER (WHERE t.resolved_at IS NOT NULL) AS resolved
FROM crm_ticket t
WHERE t.first_responded_at >= %(first)s AND t.first_responded_at < %(last)s AND t.merged_into_id IS NULL
GROUP BY 1
"""
_SCORES = """
SELECT {group} AS who, count(*) AS scores, avg(s.score) AS mean, count(*) FILTER (WHERE s.score >= 4) AS happy
FROM crm_satisfactionscore s JOIN crm_ticket t ON t.conversation_id = s.conversation_id
WHERE s.at >= %(first)s AND s.at < %(last)s
GROUP BY 1
"""
_DAYS = """
SELECT (t.created_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS opened,
       count(*) FILTER (WHERE t.late_responses = 0 AND t.first_responded_at IS NOT NULL) AS kept,
       count(*) FILTER (WHERE t.first_responded_at IS NOT NULL) AS answered
FROM crm_ticket t
WHERE t.created_at >= %(first)s AND t.created_at < %(last)s AND t.merged_into_id IS NULL
GROUP BY 1 ORDER BY 1
"""


@dataclass
class Part:
    """One agent, one team, or all. Times in seconds of business time; None where nothing was measured."""

    pk: int | None
    answered: int = 0
    kept: int = 0
    median: float | None = None
    slow: float | None = None
    reopened: int = 0
    resolved: int = 0
    scores: int = 0
    mean: float | None = None
    happy: int = 0

    @property
    def kept_share(self) -> float | None:
        return self.kept / self.answered if self.answered else None

    @property
    def reopened_share(self) -> float | None:
        return self.reopened / self.answered if self.answered else None

    @property
    def happy_share(self) -> float | None:
        return self.happy / self.scores if self.scores else None


@dataclass
class Report:
    """All tickets that were first answered in these days, by who answered first and by team."""

    whole: Part
    agents: list[Part] = field(default_factory=list)
    teams: list[Part] = field(default_factory=list)
    days: list[tuple[object, int, int, int]] = field(default_factory=list)


def desk_report(first: datetime, last: datetime, zone: str) -> Report:
    """From a moment to before another. Seven queries, each by index over the tickets of these days.

    A ticket belongs to the day of its first answer and to whoever gave it; a rating to the day on which it was given
    and to whoever resolved the ticket. A ticket is within its target when no answer in it was late.
    """
    span: dict[str, datetime | str] = {"first": first, "last": last, "zone": zone}
    whole = _parts("NULL::bigint", "NULL::bigint", span)
    agents = _parts("t.first_responder_id", "s.staff_id", span)
    teams = _parts("t.team_id", "t.team_id", span)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, span)
        days = cursor.fetchall()
    return Report(
        whole=whole[0] if whole else Part(None),
        agents=[part for part in agents if part.pk is not None],
        teams=[part for part in teams if part.pk is not None],
        days=days,
    )


def _parts(of_ticket: str, of_score: str, span: dict[str, datetime | str]) -> list[Part]:
    found: dict[int | None, Part] = {}
    for row in _rows(_TICKETS.format(group=of_ticket), span):
        found[row[0]] = Part(row[0], *row[1:])
    for who, scores, mean, happy in _rows(_SCORES.format(group=of_score), span):
        part = found.setdefault(who, Part(who))
        part.scores, part.mean, part.happy = scores, float(mean), happy
    return sorted(found.values(), key=lambda part: (-part.answered, part.pk or 0))


def _rows(sql: str, span: dict[str, datetime | str]) -> Iterator[tuple[Any, ...]]:
    """Groups are names of ours; only moments come from outside."""
    with connection.cursor() as cursor:
        cursor.execute(sql, span)
        yield from cursor.fetchall()
