"""What a person decides about a proposal: take it, change it, refuse it."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from core.jobs import Job, enqueue
from core.models import StaffUser
from marketing import offers
from marketing.campaigns import audiences
from marketing.models import Campaign, Offer, StrategyProposal

State = StrategyProposal.State
LEFT_OUT = Decimal("0.1")
"""Of a campaign that comes from a proposal: without them nobody would know whether the proposal was right."""
BUILD = "marketing.strategy.tasks.build_strategy"


class Decided(DomainError):
    code = "already_decided"


def ask(*, by: StaffUser | None) -> Job:
    """A new look, by a worker. One at a time."""
    return enqueue(BUILD, dedupe_key="marketing.strategy", created_by=by)


@transaction.atomic
def accept(
    proposal_id: int, *, kind: str, value: Decimal, why: str, by: StaffUser | None
) -> StrategyProposal:  # fmt: skip
    """An offer and the draft of a campaign to this group, with some left out by chance. Another kind or value than
    proposed is a change, which needs its reason. Raises Decided, BadInput."""
    row, why = _open(proposal_id), why.strip()
    value = Decimal(0) if kind == Offer.Kind.FREE_SHIPPING else value
    is_changed = (kind, value) != (row.kind, row.value)
    _check(why, is_needed=is_changed)
    name = _("Offer for %(group)s") % {"group": str(row.segment)}
    offer = offers.create(offers.OfferData(name=name[:120], kind=kind, unit=Offer.Unit.PERCENT, value=value))
    row.campaign = Campaign.objects.create(
        name=name[:120], audience=audiences.of_segment(row.segment, by=by), offer=offer, holdout_share=LEFT_OUT,
        created_by=by,
    )  # fmt: skip
    return _decide(row, State.CHANGED if is_changed else State.ACCEPTED, why, by)


@transaction.atomic
def refuse(proposal_id: int, *, why: str, by: StaffUser | None) -> StrategyProposal:
    """Raises Decided, and BadInput without a reason."""
    row, why = _open(proposal_id), why.strip()
    _check(why, is_needed=True)
    return _decide(row, State.REFUSED, why, by)


def _open(proposal_id: int) -> StrategyProposal:
    row = (
        StrategyProposal.objects.select_for_update(of=("self",)).select_related("segment__current").get(pk=proposal_id)
    )
    if row.state != State.OPEN:
        raise Decided(_("Somebody decided this already."))
    return row


def _check(why: str, *, is_needed: bool) -> None:
    if is_needed and not why:
        raise BadInput(_("Say why, so that others can follow it."), extra={"field": "why"})
    if len(why) > 200:
        raise BadInput(_("At most 200 characters."), extra={"field": "why"})


def _decide(row: StrategyProposal, state: str, why: str, by: StaffUser | None) -> StrategyProposal:
    row.state, row.why, row.decided_by, row.decided_at = state, why, by, timezone.now()
    row.save(update_fields=["state", "why", "decided_by", "decided_at", "campaign"])
    return row
