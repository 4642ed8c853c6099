"""The check of a campaign. A small audience is counted at once; a large one by a job, with the page saying how far it
is. What was counted holds only for the draft as it was: whoever changes it meanwhile checks it again."""

from typing import Any

from core.exceptions import DomainError
from core.jobs import Job, current_job_id, enqueue, progress
from core.models import StaffUser
from marketing.campaigns import audiences, lifecycle
from marketing.campaigns.lifecycle import NotReady
from marketing.models import Campaign

CHECK = "marketing.tasks.check_campaign"
KIND = "marketing.check"
CHANGED, NOT_READY = "changed", "not_ready"


def ask(campaign: Campaign, *, by: StaffUser | None) -> Job | None:
    """Check it now; for a large audience ask for a job, which is returned. Raises NotReady, WrongState."""
    if campaign.state != Campaign.State.DRAFT:
        lifecycle.mark_checked(campaign, by=by)
    stops = [one.text for one in lifecycle.findings(campaign)[0] if one.level == "stop"]
    if stops:
        raise NotReady(" ".join(stops), extra={"findings": stops})
    if campaign.audience is None:
        lifecycle.mark_checked(campaign, by=by)
        return None
    ids = audiences.live_ids(campaign.audience)
    if ids is None:
        return enqueue(CHECK, dedupe_key=_key(campaign), created_by=by, campaign_id=campaign.pk)
    lifecycle.mark_checked(campaign, by=by, counts=lifecycle.count(campaign, ids=ids))
    return None


def run(campaign_id: int) -> dict[str, Any]:
    """The job: count without holding the campaign, then freeze it if it is as it was."""
    campaign = Campaign.objects.select_related("audience__segment", "offer").get(pk=campaign_id)
    if campaign.state != Campaign.State.DRAFT or campaign.audience is None:
        return {"skipped": campaign.state}
    seen, total = campaign.updated_at, audiences.customers_of(campaign.audience).count()
    counts = lifecycle.count(campaign, told=lambda done: progress(done, total))
    if not Campaign.objects.filter(pk=campaign_id, updated_at=seen).exists():
        return {"refused": CHANGED}
    try:
        lifecycle.mark_checked(campaign, by=_asked_by(campaign), counts=counts)
    except DomainError:
        return {"refused": NOT_READY, **counts}
    return {"checked": True, **counts}


def job_of(campaign: Campaign) -> Job | None:
    """The check that runs, or the last one of this draft."""
    jobs = Job.objects.filter(kind=KIND, arguments__campaign_id=campaign.pk)
    return jobs.order_by("-pk").first()


def _asked_by(campaign: Campaign) -> StaffUser | None:
    """Whoever asked for the job; for a command whoever made the campaign."""
    job = Job.objects.filter(pk=current_job_id() or 0).select_related("created_by").first()
    return job.created_by if job is not None and job.created_by is not None else campaign.created_by


def _key(campaign: Campaign) -> str:
    return f"marketing.check:{campaign.pk}"
