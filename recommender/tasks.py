"""Jobs of the recommender."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core.jobs import BROKE, current_job_id, enqueue, job


@job(kind="recommender.train", queue="train", title=_("Train recommendations"))
def train() -> dict[str, Any]:
    """Learn from everything until now. Safe to run twice: the second candidate only joins the versions. Where a network
    is to learn, too, the job of its queue does it."""
    from core.models import Job
    from recommender import pipelines
    from recommender.choices import DEEP_TRAINING
    from recommender.models import TrainingSettings

    if TrainingSettings.learns_with_network():
        asked = Job.objects.select_related("created_by").filter(pk=current_job_id() or 0).first()
        by = asked.created_by if asked is not None else None
        return {"job": enqueue(DEEP_TRAINING, dedupe_key="recommender.train_deep", created_by=by).pk}
    version = pipelines.train_recommender()
    return {"version": version.name, "passed": version.gate["passed"]}


@job(kind="recommender.train_first", queue="train", title=_("Train the first recommendations"))
def train_first() -> dict[str, Any]:
    """Learn what is learned within seconds, so that a new shop can open. Safe to run twice: where a model serves,
    nothing is done, so that a start that comes late displaces no better one."""
    from core.models import ModelVersion
    from recommender import pipelines
    from recommender.choices import RECOMMENDER

    if ModelVersion.objects.of(RECOMMENDER.name).active().exists():
        return {"skipped": "a model serves"}
    version = pipelines.train_recommender(quick=True)
    return {"version": version.name, "passed": version.gate["passed"]}


@job(kind="recommender.credit", queue="bulk", title=_("Count what recommendations bring"), if_broken=BROKE)
def count_credit() -> dict[str, Any]:
    """Count the days that changed since the last time. Safe to run at any time."""
    from recommender.online import counting

    return counting.count_touched()


@job(kind="recommender.credit.rebuild", queue="bulk", title=_("Count recommendations anew"), if_broken=BROKE)
def rebuild_credit() -> dict[str, Any]:
    """Count every day anew, which changes nothing unless rows were lost. Safe to run at any time."""
    from recommender.online import counting

    return counting.rebuild()


@job(kind="recommender.train_deep", queue="deep", title=_("Train recommendations with a network"))
def train_deep() -> dict[str, Any]:
    """The same with a two-tower network among the sources; the only job of the recommender that loads TensorFlow."""
    from recommender import pipelines

    version = pipelines.train_recommender(time_budget=pipelines.DEEP_BUDGET_SECONDS, deep=True)
    return {"version": version.name, "passed": version.gate["passed"]}


@job(kind="recommender.lists", queue="train", title=_("Count popular products anew"))
def count_lists() -> dict[str, Any]:
    """Lists for everybody from all facts. Safe to run at any time."""
    from recommender import pipelines

    return {"lists": pipelines.count_lists()}


@job(kind="recommender.mail_lists", queue="bulk", title=_("Write recommendations for e-mail"), if_broken=BROKE)
def write_mail_lists() -> dict[str, Any]:
    """Write ahead what each customer would be shown. Safe to run twice, and goes on where it was cut off."""
    from recommender import mailing

    return {"lists": mailing.write_lists()}


@shared_task(name="recommender.tasks.keep_lists_fresh")
def keep_lists_fresh() -> None:
    """Take up what people did in the last seconds. Safe to run at any time, also twice at once."""
    from recommender import counting

    if counting.refresh() is None:
        enqueue("recommender.tasks.count_lists", dedupe_key="recommender.lists")


@job(kind="recommender.watch", queue="bulk", title=_("Watch recommendations"), if_broken=BROKE)
def watch() -> dict[str, Any]:
    """Look for click rates that fell and for training data that changed. Safe to run at any time."""
    from recommender.online import watching

    return watching.watch()


@job(kind="recommender.evaluate", queue="train", title=_("Evaluate the live recommender"))
def evaluate_served() -> dict[str, Any]:
    """Judge the live model on what happened since it learned. Safe to run twice: a day has one evaluation."""
    from recommender import pipelines

    return pipelines.evaluate_served()
