"""What a person decides: within which budget offers are allocated, and whether that is what the campaign gives."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.components.words import figure, money
from core.exceptions import BadInput, DomainError
from core.jobs import Job, enqueue
from core.models import StaffUser
from marketing.campaigns import lifecycle
from marketing.models import Campaign, CampaignEvent, Offer, OfferAllocation

State = OfferAllocation.State
WORK_OUT = "marketing.allocation.tasks.work_out_allocation"
MOST_OFFERS = 8
MOST_BUDGET = Decimal(10) ** 9


class Outdated(DomainError):
    """The campaign is no draft any more, or not the one that the allocation was worked out for."""

    code = "allocation_outdated"


def key_of(campaign: Campaign) -> str:
    return f"marketing.allocation:{campaign.pk}"


def job_of(campaign: Campaign) -> Job | None:
    """The job that works one out now, or worked the last one out."""
    return Job.objects.filter(kind="marketing.allocation", dedupe_key=key_of(campaign)).order_by("-pk").first()


@transaction.atomic
def ask(
    campaign: Campaign, *, offers: Sequence[int], budget: Decimal, margin: Decimal, by: StaffUser | None
) -> OfferAllocation:
    """A new allocation, worked out by a job. One that nobody decided goes. Raises BadInput, Outdated."""
    row = _draft(campaign)
    if row.audience is None or row.trigger:
        raise BadInput(_("Choose an audience first: offers are allocated to people who are known beforehand."))
    if not budget.is_finite() or not 0 < budget <= MOST_BUDGET:
        raise BadInput(_("Say how much the offers may cost, more than 0."), extra={"field": "budget"})
    if not margin.is_finite() or not 0 < margin <= 1:
        raise BadInput(_("The margin lies between 0 and 100%."), extra={"field": "margin"})
    wanted = list(dict.fromkeys(offers))
    known = set(Offer.objects.filter(pk__in=wanted, is_active=True).exclude(ends_at__lte=timezone.now())
                .values_list("pk", flat=True))  # fmt: skip
    if not wanted or len(wanted) > MOST_OFFERS or set(wanted) - known:
        raise BadInput(_("Choose 1 to %(most)d offers that are still given.") % {"most": MOST_OFFERS},
                       extra={"field": "offers"})  # fmt: skip
    if Job.objects.active().filter(dedupe_key=key_of(row)).exists():
        raise DomainError(_("One is being worked out already."), code="allocation_running")
    row.allocations.filter(state__in=(State.COMPUTING, State.PROPOSED)).delete()
    made = OfferAllocation.objects.create(
        campaign=row, audience=row.audience, offers=wanted, budget=budget, margin=margin,
        holdout_share=row.holdout_share, created_by=by,
    )  # fmt: skip
    enqueue(WORK_OUT, dedupe_key=key_of(row), created_by=by, allocation_id=made.pk)
    return made


@transaction.atomic
def accept(allocation_id: int, *, by: StaffUser | None) -> OfferAllocation:
    """The campaign gives these offers to these people. Raises BadInput, Outdated."""
    found = OfferAllocation.objects.get(pk=allocation_id)
    campaign = _draft(found.campaign)
    found = OfferAllocation.objects.select_for_update().get(pk=allocation_id)
    if found.state != State.PROPOSED or is_outdated(found, campaign):
        raise Outdated(_("The campaign was changed since: work it out again."))
    if not found.results.get("given"):
        raise BadInput(_("Nobody gets an offer by it."))
    if any(arm.get("offer") for step in campaign.steps.all() for arm in step.arms):
        raise BadInput(_("Versions of the message have offers of their own: take them out first."))
    for old in campaign.allocations.filter(state=State.ACCEPTED):
        _drop(old, by)
    lifecycle.change(campaign, offer=None)
    found.state, found.decided_by, found.decided_at = State.ACCEPTED, by, timezone.now()
    found.save(update_fields=["state", "decided_by", "decided_at"])
    _note(campaign, by, _("Offers for %(people)s people within %(budget)s") % {
        "people": figure(found.results["given"]), "budget": money(found.budget)
    })  # fmt: skip
    return found


@transaction.atomic
def drop(allocation_id: int, *, by: StaffUser | None) -> None:
    """The campaign gives these offers no more. Raises Outdated once it is no draft."""
    found = OfferAllocation.objects.get(pk=allocation_id)
    campaign = _draft(found.campaign)
    found = OfferAllocation.objects.select_for_update().get(pk=allocation_id)
    if found.state == State.ACCEPTED:
        _note(campaign, by, _("Allocated offers taken back"))
    _drop(found, by)


def is_outdated(found: OfferAllocation, campaign: Campaign) -> bool:
    """Whether the campaign has another audience, or leaves out another share, than when it was worked out."""
    return found.audience_id != campaign.audience_id or found.holdout_share != campaign.holdout_share


def _draft(campaign: Campaign) -> Campaign:
    row = lifecycle.locked(campaign)
    if row.state != Campaign.State.DRAFT:
        raise Outdated(_("Only a draft is changed."))
    return row


def _drop(found: OfferAllocation, by: StaffUser | None) -> None:
    found.people.all().delete()
    found.state, found.decided_by, found.decided_at = State.DROPPED, by, timezone.now()
    found.save(update_fields=["state", "decided_by", "decided_at"])


def _note(campaign: Campaign, by: StaffUser | None, text: str) -> None:
    """In the campaign's history, where its state does not change."""
    CampaignEvent.objects.create(campaign=campaign, before=campaign.state, after=campaign.state, by=by, note=text)
