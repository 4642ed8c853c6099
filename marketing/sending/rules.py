"""May this message go now? One pure decision, asked for every recipient at the moment it is claimed."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from marketing.models.campaigns import Campaign
from marketing.models.sending import Recipient
from marketing.sending import zones

Reason = Recipient.Reason


class Act(StrEnum):
    SEND = "send"
    SKIP = "skip"
    CANCEL = "cancel"
    LATER = "later"
    """Due again at another time."""
    WAIT = "wait"
    """Stays as it is: the campaign is paused, or the switch is off."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a recipient, read while the customer's row is locked."""

    campaign_state: str
    """Empty for a single message."""
    is_holdout: bool
    is_gone: bool
    is_restricted: bool
    has_consent: bool
    address: str
    is_suppressed: bool
    recent: int
    """Messages that went out, or perhaps did, within the days of the cap."""
    zones: tuple[str, ...]
    is_over: bool = False
    """What it was for is over: ordered, sold out, dearer again."""
    is_late: bool = False
    unmet: str = ""
    """Why the condition of its step leaves somebody out, as a reason."""
    again_at: datetime | None = None
    """Its hour had passed when the campaign was started: the same hour of the first day after that."""


@dataclass(frozen=True, slots=True)
class Rules:
    is_sending: bool
    cap_messages: int
    quiet_from: time
    quiet_until: time


@dataclass(frozen=True, slots=True)
class Verdict:
    act: Act
    reason: str = ""
    due_at: datetime | None = None


SEND, WAIT = Verdict(Act.SEND), Verdict(Act.WAIT)
RUNNING = ("", Campaign.State.RUNNING)


def decide(facts: Facts, rules: Rules, now: datetime) -> Verdict:
    """The first rule that stands against it decides; none: send."""
    if facts.campaign_state in Campaign.ENDED:
        return Verdict(Act.CANCEL, Reason.ENDED)
    if facts.campaign_state not in RUNNING or not rules.is_sending:
        return WAIT
    if facts.is_over:
        return Verdict(Act.CANCEL, Reason.OVER)
    against = (
        (facts.is_late, Reason.TOO_LATE),
        (facts.is_gone, Reason.GONE),
        (facts.is_holdout, Reason.HOLDOUT),
        (facts.is_restricted, Reason.RESTRICTED),
        (not facts.has_consent, Reason.NO_CONSENT),
        (not facts.address, Reason.NO_ADDRESS),
        (facts.is_suppressed, Reason.SUPPRESSED),
        (bool(facts.unmet), facts.unmet),
        (facts.recent >= rules.cap_messages, Reason.CAPPED),
    )
    for stands, reason in against:
        if stands:
            return Verdict(Act.SKIP, reason)
    if facts.again_at is not None and facts.again_at > now:
        return Verdict(Act.LATER, due_at=facts.again_at)
    if zones.is_quiet(now, facts.zones, rules.quiet_from, rules.quiet_until):
        return Verdict(Act.LATER, due_at=zones.next_loud(now, facts.zones, rules.quiet_from, rules.quiet_until))
    return SEND
