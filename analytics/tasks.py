"""Jobs of analytics."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core.jobs import enqueue, job


@shared_task(name="analytics.tasks.keep_facts_fresh")
def keep_facts_fresh() -> None:
    """Count what was sold and given back in the last seconds. Safe to run at any time, also twice at once."""
    from analytics.facts import counting

    if not counting.refresh():
        enqueue("analytics.tasks.count_facts", dedupe_key="analytics.facts")


@job(kind="analytics.facts", queue="bulk", title=_("Count figures"))
def count_facts() -> dict[str, Any]:
    """Count whatever changed, or everything. Safe to run at any time and to end at any line."""
    from analytics.facts import counting

    return counting.count()


@job(kind="analytics.facts.check", queue="bulk", title=_("Compare figures with a full count"))
def check_facts() -> dict[str, Any]:
    """Count everything, put right what differs and write down how much that was. Safe to run at any time."""
    from analytics.facts import watching

    return watching.check()


@job(kind="analytics.rfm", queue="bulk", title=_("Score customers by recency, frequency and money"))
def score_rfm() -> dict[str, Any]:
    """RFM scores of everybody as of today. Safe to run twice: what did not change is not written."""
    from analytics.facts import rfm

    return rfm.score()


@job(kind="analytics.segment", queue="bulk", title=_("Count a segment"))
def count_segment(*, segment_id: int) -> dict[str, Any]:
    """Count one segment and write its size of the day. Safe to run twice: a second count replaces the first."""
    from analytics.segments import keeping

    return keeping.count_one(segment_id)


@job(kind="analytics.list", queue="bulk", title=_("Keep a list of customers"))
def keep_list(*, snapshot_id: int) -> dict[str, Any]:
    """Write down who is on one list and count its segment. Safe to run twice: a list that is ready is left alone."""
    from analytics.reports import kept

    return kept.fill(snapshot_id)


@job(kind="analytics.segments", queue="bulk", title=_("Count segments"))
def count_segments() -> dict[str, Any]:
    """Give newcomers their clusters, write who joined and left, count every segment. Safe to run at any time."""
    from analytics.segments import keeping

    return keeping.keep()


@job(kind="analytics.clusters", queue="train", title=_("Find clusters of customers"))
def train_clusters() -> dict[str, Any]:
    """Learn, judge, publish, give everybody a cluster. Safe to run twice: clusters keep their names."""
    from analytics.segments import clusters, keeping

    return {**clusters.train(), **keeping.keep(assign=False)}


@job(kind="analytics.visits", queue="bulk", title=_("Count visits"))
def count_visits() -> dict[str, Any]:
    """Count the days whose views, baskets and purchases changed. Safe to run at any time and to end at any line."""
    from analytics.reports import funnel

    return funnel.count_touched()


@job(kind="analytics.reports.mail", queue="light", title=_("Write reports by mail"))
def write_reports() -> dict[str, Any]:
    """Write the reports that are due, each period once for each person. Safe to run at any time, also twice at once."""
    from analytics.reports import mails

    return mails.write_reports()


@job(kind="analytics.quality", queue="bulk", title=_("Look at the data"))
def look_at_data() -> dict[str, Any]:
    """What is missing, impossible, far off or twice in everything the shop has. Safe to run twice."""
    from analytics.quality import watching

    return watching.look_every_night()


@job(kind="analytics.quality.import", queue="bulk", title=_("Look at what an import brought"))
def look_at_import(*, batch_id: int) -> dict[str, Any]:
    """The same for the rows that an import made. Safe to run twice: an import has one report."""
    from analytics.quality import watching

    return watching.look_at_import(batch_id)


@job(kind="analytics.customers", queue="train", title=_("Score customers"))
def score_customers() -> dict[str, Any]:
    """Train models of customers where a week has passed, score everybody, check. Safe to run at any time."""
    from analytics.customers import work

    return work.nightly()


@job(kind="analytics.value", queue="train", title=_("Train lifetime value"))
def train_value() -> dict[str, Any]:
    """Learn, judge, publish, score. Safe to run twice: the second candidate only joins the versions."""
    from analytics.customers import work
    from analytics.models import ScoreKind

    return work.train(ScoreKind.VALUE)


@job(kind="analytics.churn", queue="train", title=_("Train churn risk"))
def train_churn() -> dict[str, Any]:
    """As for lifetime value."""
    from analytics.customers import work
    from analytics.models import ScoreKind

    return work.train(ScoreKind.CHURN)


@job(kind="analytics.propensity", queue="train", title=_("Train the chance of an order"))
def train_propensity() -> dict[str, Any]:
    """As for lifetime value."""
    from analytics.customers import work
    from analytics.models import ScoreKind

    return work.train(ScoreKind.PROPENSITY)


@job(kind="analytics.forecast", queue="train", title=_("Forecast sales"))
def forecast() -> dict[str, Any]:
    """Forecast the shop, categories and products, judge earlier forecasts, look for unusual days. Safe to run again."""
    from analytics.forecasts import making, unusual

    return {**making.make(), **{f"anomalies_{name}": count for name, count in unusual.look().items()}}
