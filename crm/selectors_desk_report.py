"""How well the inbox did over some days: targets kept, time to the first answer, satisfaction, tickets opened again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

_TICKETS = """
SELECT {who},
       count(*) AS answered,
       count(*) FILTER (WHERE t.late_responses = 0) AS kept,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_seconds) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY t.first_response_seconds) AS slow,
       count(*) FILTER (WHERE t.reopened > 0) AS reopened,
       count(*) FILTER (WHERE t.resolved_at IS NOT NULL) AS resolved
FROM crm_ticket t
WHERE t.first_responded_at >= %(first)s AND t.first_responded_at < %(last)s AND t.merged_into_id IS NULL
GROUP BY GROUPING SETS {sets}
"""
_SCORES = """
SELECT {who},
       count(*) AS scores, avg(s.score) AS mean, count(*) FILTER (WHERE s.score >= 4) AS happy
FROM crm_satisfactionscore s JOIN crm_ticket t ON t.conversation_id = s.conversation_id
WHERE s.at >= %(first)s AND s.at < %(last)s
GROUP BY GROUPING SETS {sets}
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
    """From a moment to before another. Three queries, each by index over the tickets of these days.

    A ticket belongs to the day of its first answer and to whoever gave it; a rating to the day on which it was given
    and to whoever resolved the ticket. A ticket is within its target when no answer in it was late.
    """
    span: dict[str, datetime | str] = {"first": first, "last": last, "zone": zone}
    parts = _parts(span, by_who=True)
    return Report(whole=parts["whole"][0], agents=parts["agent"], teams=parts["team"], days=list(_rows(_DAYS, span)))


def desk_total(first: datetime, last: datetime) -> Part:
    """All tickets of these days together, for a comparison. Two queries."""
    return _parts({"first": first, "last": last}, by_who=False)["whole"][0]


def _parts(span: dict[str, datetime | str], *, by_who: bool) -> dict[str, list[Part]]:
    """`whole` (one part), and with `by_who` `agent` and `team`, those who answered most first."""
    found: dict[str, dict[int | None, Part]] = {"whole": {None: Part(None)}, "agent": {}, "team": {}}
    for part, who, *measured in _rows(_TICKETS.format(**_groups("t.first_responder_id", by_who)), span):
        found[part][who] = Part(who, *measured)
    for part, who, scores, mean, happy in _rows(_SCORES.format(**_groups("s.staff_id", by_who)), span):
        known = found[part].setdefault(who, Part(who))
        known.scores, known.mean, known.happy = scores, None if mean is None else float(mean), happy
    for part in ("agent", "team"):
        found[part].pop(None, None)  # nobody's, and those without a team
    return {name: sorted(rows.values(), key=lambda one: (-one.answered, one.pk or 0)) for name, rows in found.items()}


def _groups(agent: str, by_who: bool) -> dict[str, str]:
    """Which part a line is of and whose, and the groups: of all, and if wanted by agent (a column) and by team."""
    if not by_who:
        return {"who": "'whole' AS part, NULL::bigint AS who", "sets": "(())"}
    part = f"CASE WHEN GROUPING({agent}) = 0 THEN 'agent' WHEN GROUPING(t.team_id) = 0 THEN 'team' ELSE 'whole' END"
    return {
        "who": f"{part} AS part, coalesce({agent}, t.team_id) AS who",
        "sets": f"((), ({agent}), (t.team_id))",
    }


def _rows(sql: str, span: dict[str, datetime | str]) -> Iterator[tuple[Any, ...]]:
    """Groups are names of ours; only moments come from outside."""
    with connection.cursor() as cursor:
        cursor.execute(sql, span)
        yield from cursor.fetchall()
