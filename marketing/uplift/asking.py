"""Asking for what campaigns taught: a job for each that waits to be learned from."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.jobs import enqueue
from core.models import ModelVersion, StaffUser
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.models import Campaign
from marketing.uplift.kinds import UPLIFT

LEARN, SCORE = "marketing.uplift.tasks.learn_uplift", "marketing.uplift.tasks.score_uplift"


def due() -> list[int]:
    """Ended campaigns that left some out, whose orders are all in, and of which nothing was learned."""
    known = versions().values_list("report__campaign", flat=True)
    before = timezone.now() - timedelta(days=OUTCOME_DAYS)
    ended = Campaign.objects.filter(state=Campaign.State.DONE, holdout_share__gt=0, ended_at__lt=before)
    return list(ended.exclude(public_id__in=[name for name in known if name]).values_list("pk", flat=True))


def ask(*, by: StaffUser | None = None) -> int:
    """A job for each campaign that waits to be learned from, and one for new scores where a version serves. How many
    there are."""
    campaigns = due()
    for campaign_id in campaigns:
        enqueue(LEARN, dedupe_key=f"uplift.{campaign_id}", created_by=by, campaign_id=campaign_id)
    has_scores = versions().active().exists()
    if has_scores:
        enqueue(SCORE, dedupe_key="uplift.score", created_by=by)
    return len(campaigns) + has_scores


def versions() -> Any:
    """All versions of uplift, the newest first."""
    return ModelVersion.objects.of(UPLIFT.name).order_by("-number")
