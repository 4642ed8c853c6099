"""Looking at experiments: what everybody did is added up, compared with the control, and kept as one more look."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from core.experiments import exposures, holdout, kinds, metrics
from core.extensions import experiment_metrics
from core.jobs import guard, progress
from core.ml import experiments as ml
from core.ml.experiments import Comparison, Interval
from core.models import Experiment, ExperimentLook, Exposure

ALPHA = 0.05
GRACE = timedelta(days=1)


def look(experiment_id: int) -> dict[str, Any]:
    """One look: a row with the people per arm, the sample ratio and every metric against the control."""
    exposures.store()
    experiment = Experiment.objects.prefetch_related("arms").get(pk=experiment_id)
    if experiment.is_draft:
        return {"skipped": "draft"}
    now = timezone.now()
    arms = {arm.pk: arm for arm in sorted(experiment.arms.all(), key=lambda arm: (not arm.is_control, arm.pk))}
    found = dict(Exposure.objects.filter(experiment=experiment).values_list("arm").annotate(Count("id")))
    exposed = {arm.key: found.get(pk, 0) for pk, arm in arms.items()}
    ratio = ml.sample_ratio(list(exposed.values()), [arm.weight for arm in arms.values()])
    wanted = [key for key in _metrics_of(experiment) if metrics.known(key) is not None]
    results = []
    for done, key in enumerate(wanted):
        progress(done, len(wanted))
        results.append(_measure(experiment, key, {pk: arm.key for pk, arm in arms.items()}, now))
    _correct(results, experiment.metrics)
    with transaction.atomic():
        guard()
        ExperimentLook.objects.create(
            experiment=experiment, looked_at=now, exposed=exposed, sample_ratio_p=ratio, results=results
        )
    progress(len(wanted), len(wanted))
    return {"people": sum(exposed.values()), "metrics": len(results)}


def look_at_all() -> dict[str, Any]:
    """A look at every experiment that still gathers outcomes; exposures kept long enough are removed. The holdout is
    kept as the shop profile asks, and looked at once a day."""
    now = timezone.now()
    holdout.keep(now)
    looked = 0
    rows = Experiment.objects.filter(Q(state=Experiment.State.RUNNING) | Q(state=Experiment.State.STOPPED))
    for experiment in rows.order_by("pk"):
        if experiment.kind == holdout.KIND and not holdout.is_due(experiment, now):
            continue
        last = experiment.stopped_at + timedelta(days=experiment.outcome_days) + GRACE if experiment.stopped_at else now
        if last >= now:
            look(experiment.pk)
            looked += 1
    return {"looked": looked, "forgotten": forget_old()}


def forget_old() -> int:
    """Remove who was exposed to experiments that ended longer ago than events are kept. Their looks stay."""
    oldest = timezone.now() - timedelta(days=31 * settings.EVENT_RETENTION_MONTHS)
    return Exposure.objects.filter(experiment__in=Experiment.objects.ended().filter(stopped_at__lt=oldest)).delete()[0]


def _metrics_of(experiment: Experiment) -> list[str]:
    """Those it is judged by first, then the others of its kind that can be counted: they are shown, and decide nothing.
    What is counted for other kinds (how long a chat waits, say) would be noise beside them."""
    kind = kinds.known(experiment.kind)
    others = kind.metrics if kind is not None else [entry.key for entry in experiment_metrics]
    countable = [key for key in others if (one := metrics.known(key)) is not None and experiment.unit in one.sql]
    return list(dict.fromkeys([*experiment.metrics, *countable]))


def _measure(experiment: Experiment, key: str, arms: dict[int, str], now: Any) -> dict[str, Any]:
    metric = metrics.known(key)
    assert metric is not None
    counted = metrics.count(experiment, metric, now=now)
    sums = {name: counted.sums.get(pk, ml.Sums(0, 0.0, 0.0)) for pk, name in arms.items()}
    control = next(iter(sums))
    compared = ml.compare(
        sums, control=control, tuned_for=experiment.planned_people, alpha=ALPHA, is_ratio=metric.is_ratio
    )
    plain = {name: (ml.ratio_of(one) if metric.is_ratio else ml.mean_of(one)) for name, one in sums.items()}
    return {
        "metric": key,
        "arms": {name: {"n": one.n, "nonzero": one.nonzero, "value": plain[name].value} for name, one in sums.items()},
        "cap": counted.cap,
        "capped": counted.capped,
        "removed": compared.removed,
        "comparisons": [as_row(one) for one in compared.comparisons],
    }


def as_row(one: Comparison) -> dict[str, Any]:
    """A comparison as JSON; ranges without an end become None."""
    told = one.difference
    return {
        "arm": one.arm,
        "n": one.n,
        "n_control": one.n_control,
        "mean": one.mean,
        "mean_control": one.mean_control,
        "difference": told.value,
        "error": told.error,
        "interval": _ends(told.interval),
        "p_value": told.p_value,
        "method": told.method,
        "relative": told.relative,
        "relative_interval": _ends(told.relative_interval),
        "always_valid_interval": _ends(one.always_valid),
        "always_valid_relative_interval": _ends(one.always_valid_relative),
        "alpha": one.alpha,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    if interval is None or any(abs(end) == float("inf") for end in interval):
        return None
    return list(interval)


def _correct(results: list[dict[str, Any]], judged: list[str]) -> None:
    """p values after Holm over what the experiment is judged by; None for what is only shown."""
    for row in (row for result in results for row in result["comparisons"]):
        row["p_value_holm"] = None
    rows = [row for result in results if result["metric"] in judged for row in result["comparisons"]]
    for row, p in zip(rows, ml.holm([row["p_value"] for row in rows]), strict=True):
        row["p_value_holm"] = p
