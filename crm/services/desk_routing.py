"""What is promised for a new ticket, how urgent it is, and whose it becomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone

from catalog.models import CustomerTrait
from core.models import StaffUser
from crm.models import Channel, Conversation, Priority, SlaPolicy, Team, TeamMember, Ticket
from crm.services.desk_mood import sounds_unhappy

BEST = ("champions", "loyal", "cannot_lose")
"""Segments by recency, frequency and money whose customers go first."""
UNHAPPY = "unhappy"
ORDER = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT]


def policies() -> list[SlaPolicy]:
    """The promises that are on, by position, with their targets and hours."""
    return list(SlaPolicy.objects.filter(is_on=True).select_related("hours").prefetch_related("targets"))


def policy_for(conversation: Conversation, skill: str, among: Sequence[SlaPolicy] | None = None) -> SlaPolicy | None:
    """The first promise that fits the channel and the skill; `among`: `policies()`, for callers with many tickets."""
    for policy in policies() if among is None else among:
        if policy.channels and conversation.channel not in policy.channels:
            continue
        if not policy.skills or skill in policy.skills:
            return policy
    return None


def priority_of(conversation: Conversation) -> tuple[Priority, list[dict[str, Any]]]:
    """Normal, and one step up for each reason: a complaint in a review, or else words that sound unhappy; a risk rule;
    a valuable customer. The reasons are keys with the values their sentences need
    (crm.admin.desk_cells.reason_words)."""
    reasons: list[dict[str, Any]] = []
    if conversation.channel == Channel.REVIEW or conversation.review_id is not None:
        reasons.append({"key": "bad_review"})
    elif sounds_unhappy(conversation):
        reasons.append({"key": UNHAPPY})
    if conversation.handover_reason == Conversation.Reason.RULE:
        reasons.append({"key": "rule"})
    if conversation.customer_id is not None and _is_valuable(conversation.customer_id):
        reasons.append({"key": "valuable"})
    return ORDER[min(ORDER.index(Priority.NORMAL) + len(reasons), len(ORDER) - 1)], reasons


def raise_if_unhappy(ticket: Ticket, conversation: Conversation) -> None:
    """One step more for a ticket that is opened again by words that sound unhappy, once, unless a person chose its
    priority. The caller saves it."""
    known = {one.get("key") for one in ticket.priority_reasons}
    if ticket.priority_is_set or known & {UNHAPPY, "bad_review"} or not sounds_unhappy(conversation):
        return
    ticket.priority = ORDER[min(ORDER.index(Priority(ticket.priority)) + 1, len(ORDER) - 1)]
    ticket.priority_reasons = [*ticket.priority_reasons, {"key": UNHAPPY}]


def _is_valuable(customer_id: int) -> bool:
    return CustomerTrait.objects.filter(customer_id=customer_id, kind="rfm", value__in=BEST).exists()


def team_for(skill: str, language: str) -> Team | None:
    """The team with the skill and the language; else one for everything in the language; else one for everything."""
    teams = list(Team.objects.filter(is_on=True))

    def speaks(team: Team) -> bool:
        return not team.languages or any(language.startswith(one[:2]) for one in team.languages)

    able = [team for team in teams if skill and skill in team.skills]
    general = [team for team in teams if not team.skills]
    for group in (able, general):
        fitting = [team for team in group if speaks(team)] or group
        if fitting:
            return min(fitting, key=lambda team: (not team.languages, team.pk))
    return None


def next_member(team: Team, now: datetime | None = None) -> StaffUser | None:
    """Whoever waited longest for a ticket, of those who take some now and have room. Call in a transaction: the row of
    the team is held, so that two tickets at once go to two people."""
    Team.objects.select_for_update().get(pk=team.pk)
    unfinished = Count(
        "staff__tickets", filter=Q(staff__tickets__state=Ticket.State.OPEN, staff__tickets__merged_into=None)
    )
    member = (
        TeamMember.objects.filter(team=team, is_available=True, staff__is_active=True)
        .annotate(has=unfinished)
        .filter(has__lt=F("capacity"))
        .select_related("staff")
        .order_by(F("last_assigned_at").asc(nulls_first=True), "id")
        .first()
    )
    if member is None:
        return None
    TeamMember.objects.filter(pk=member.pk).update(last_assigned_at=now or timezone.now())
    return member.staff
