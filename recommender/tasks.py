"""Jobs of the recommender."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="recommender.train", queue="train", title=_("Train recommendations"))
def train() -> dict[str, Any]:
    """Learn from everything until now. Safe to run twice: the second candidate only joins the versions."""
    from recommender import pipelines

    version = pipelines.train_recommender()
    return {"version": version.name, "passed": version.gate["passed"]}
