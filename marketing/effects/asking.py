"""Asking for a count: the look of the experiment, and the campaign by segment."""

from core.experiments import services as experiments
from core.jobs import Job, enqueue
from core.models import StaffUser
from marketing.models import Campaign

TASK, ALL = "marketing.tasks.count_effect", "marketing.tasks.count_effects"


def ask(campaign: Campaign, *, by: StaffUser | None) -> None:
    """Both as jobs, once each however often somebody asks."""
    assert campaign.experiment is not None
    experiments.ask_for_look(campaign.experiment, by=by)
    enqueue(TASK, dedupe_key=f"marketing.effect:{campaign.pk}", created_by=by, campaign_id=campaign.pk)


def ask_for_all(*, by: StaffUser | None) -> Job:
    """Every campaign that may have changed, and the year: what the clock asks for each night."""
    return enqueue(ALL, dedupe_key=f"schedule:{ALL}", created_by=by)
