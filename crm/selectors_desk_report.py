"""How well the inbox did over some days: targets kept, time to the first answer, satisfaction, tickets opened again.

A target is missed when any clock of the ticket ran out: that left a line in its history, an answer counted as late, or
the clock is over now and nobody has answered. It is kept when the ticket was answered or solved and none did so far.
Tickets to which nothing is promised are neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.models import SlaTarget, Ticket, TicketEvent

# As `with_target` asks it in the list of tickets.
_OPENED = """
SELECT k.*, k.late_responses > 0 OR (k.state = 'open' AND k.due_at IS NOT NULL AND k.due_at < %(now)s)
        OR EXISTS (SELECT 1 FROM crm_ticketevent e WHERE e.ticket_id = k.id AND e.kind = 'late') AS is_missed,
    k.target_minutes IS NOT NULL OR EXISTS (
        SELECT 1 FROM crm_slatarget g WHERE g.policy_id = k.policy_id AND g.priority = k.priority
            AND coalesce(g.first_response, g.next_response, g.resolution) IS NOT NULL) AS is_promised,
    k.first_responded_at IS NOT NULL OR k.state IN ('resolved', 'closed') AS is_settled
FROM crm_ticket k
WHERE k.created_at >= %(first)s AND k.created_at < %(last)s AND k.merged_into_id IS NULL"""
_COUNTED = """
       count(*) AS tickets,
       count(t.first_responded_at) AS answered,
       count(*) FILTER (WHERE NOT t.is_missed AND t.is_promised AND t.is_settled) AS kept,
       count(*) FILTER (WHERE t.is_missed) AS missed,
       count(*) FILTER (WHERE NOT t.is_missed AND NOT t.is_promised) AS without"""
_TICKETS = f"""
SELECT {{who}}, {_COUNTED},
       percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_seconds) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY t.first_response_seconds) AS slow,
       count(*) FILTER (WHERE t.reopened > 0) AS reopened
FROM ({_OPENED}) t
GROUP BY GROUPING SETS {{sets}}
"""  # noqa: S608 (our own words only)
_SCORES = """
SELECT {who},
       count(*) AS scores, avg(s.score) AS mean, count(*) FILTER (WHERE s.score >= {happy}) AS happy
FROM crm_satisfactionscore s JOIN crm_ticket t ON t.conversation_id = s.conversation_id
WHERE s.at >= %(first)s AND s.at < %(last)s
GROUP BY GROUPING SETS {sets}
"""
_DAYS = f"""
SELECT (t.created_at AT TIME ZONE %(zone)s)::date AS day, {_COUNTED}
FROM ({_OPENED}) t
GROUP BY 1 ORDER BY 1
"""  # noqa: S608 (our own words only)
TARGETS = ("kept", "missed", "without")
HAPPY = 4


@dataclass
class Part:
    """One agent, one team, or all. Times in seconds of business time; None where nothing was measured."""

    pk: int | None
    tickets: int = 0
    answered: int = 0
    kept: int = 0
    missed: int = 0
    without: int = 0
    median: float | None = None
    slow: float | None = None
    reopened: int = 0
    scores: int = 0
    mean: float | None = None
    happy: int = 0

    @property
    def judged(self) -> int:
        """Tickets of which is known whether what was promised was kept."""
        return self.kept + self.missed

    @property
    def kept_share(self) -> float | None:
        return self.kept / self.judged if self.judged else None

    @property
    def reopened_share(self) -> float | None:
        return self.reopened / self.tickets if self.tickets else None

    @property
    def happy_share(self) -> float | None:
        return self.happy / self.scores if self.scores else None


@dataclass
class Report:
    """All tickets that were opened in these days, by whose they are and by team; `days` holds the day and the first
    five counts of a part."""

    whole: Part
    agents: list[Part] = field(default_factory=list)
    teams: list[Part] = field(default_factory=list)
    days: list[tuple[date, int, int, int, int, int]] = field(default_factory=list)


def with_target(rows: QuerySet[Ticket], target: str) -> QuerySet[Ticket]:
    """Tickets whose target was kept, missed, or that have none (`TARGETS`), as the report counts them."""
    late = Exists(TicketEvent.objects.filter(ticket=OuterRef("pk"), kind=TicketEvent.Kind.LATE))
    missed = Q(late_responses__gt=0) | Q(state=Ticket.State.OPEN, due_at__lt=timezone.now()) | Q(late)
    if target == "missed":
        return rows.filter(missed)
    something = Q(first_response__isnull=False) | Q(next_response__isnull=False) | Q(resolution__isnull=False)
    promises = SlaTarget.objects.filter(something, policy=OuterRef("policy"), priority=OuterRef("priority"))
    promised = Q(target_minutes__isnull=False) | Q(Exists(promises))
    if target == "without":
        return rows.exclude(missed).exclude(promised)
    settled = Q(first_responded_at__isnull=False) | Q(state__in=(Ticket.State.RESOLVED, Ticket.State.CLOSED))
    return rows.exclude(missed).filter(promised, settled)


def desk_report(first: datetime, last: datetime, zone: str) -> Report:
    """From a moment to before another. Three queries, each by index over the tickets of these days.

    A ticket belongs to the day on which it was opened and to whoever answered first, while nobody has to whom it is
    assigned; a rating to the day on which it was given and to whoever resolved the ticket.
    """
    span: dict[str, datetime | str] = {"first": first, "last": last, "zone": zone, "now": timezone.now()}
    parts = _parts(span, by_who=True)
    return Report(whole=parts["whole"][0], agents=parts["agent"], teams=parts["team"], days=list(_rows(_DAYS, span)))


def desk_total(first: datetime, last: datetime) -> Part:
    """All tickets of these days together, for a comparison. Two queries."""
    return _parts({"first": first, "last": last, "now": timezone.now()}, by_who=False)["whole"][0]


def _parts(span: dict[str, datetime | str], *, by_who: bool) -> dict[str, list[Part]]:
    """`whole` (one part), and with `by_who` `agent` and `team`, those with most tickets first."""
    found: dict[str, dict[int | None, Part]] = {"whole": {None: Part(None)}, "agent": {}, "team": {}}
    for part, who, *measured in _rows(
        _TICKETS.format(**_groups("coalesce(t.first_responder_id, t.assignee_id)", by_who)), span
    ):
        found[part][who] = Part(who, *measured)
    for part, who, scores, mean, happy in _rows(_SCORES.format(happy=HAPPY, **_groups("s.staff_id", by_who)), span):
        known = found[part].setdefault(who, Part(who))
        known.scores, known.mean, known.happy = scores, None if mean is None else float(mean), happy
    for part in ("agent", "team"):
        found[part].pop(None, None)  # nobody's, and those without a team
    return {name: sorted(rows.values(), key=lambda one: (-one.tickets, one.pk or 0)) for name, rows in found.items()}


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
