"""Asking for a count: the look of the experiment, and the campaign by segment."""

from core.experiments import services as experiments
from core.jobs import enqueue
from core.models import StaffUser
from marketing.models import Campaign

TASK = "marketing.tasks.count_effect"


def ask(campaign: Campaign, *, by: StaffUser | None) -> None:
    """Both as jobs, once each however often somebody asks."""
    assert campaign.experiment is not None
    experiments.ask_for_look(campaign.experiment, by=by)
    enqueue(TASK, dedupe_key=f"marketing.effect:{campaign.pk}", created_by=by, campaign_id=campaign.pk)
