"""Jobs of uplift."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="marketing.uplift", queue="train", title=_("Learn whom a campaign moved"))
def learn_uplift(*, campaign_id: int) -> dict[str, Any]:
    """Learn, judge, keep, score. Safe to run twice: a campaign has one version."""
    from marketing.uplift import learning

    return learning.learn(campaign_id)


@job(kind="marketing.uplift.nightly", queue="light", title=_("Campaigns to learn from"))
def look_for_ended() -> dict[str, Any]:
    """Ask for ended campaigns that nothing was learned of, and for new scores. Safe to run at any time."""
    from marketing.uplift import asking

    return {"jobs": asking.ask()}


@job(kind="marketing.uplift.score", queue="train", title=_("Score whom messages move"))
def score_uplift() -> dict[str, Any]:
    """Scores of everybody by the version that serves. Safe to run twice."""
    from marketing.uplift import asking, learning

    version = asking.versions().active().first()
    return {"customers": learning.score(version) if version is not None else 0}
