"""Experiments, jobs and models as the addresses for staff tell them: numbers and sentences of their pages."""

from collections.abc import Sequence
from typing import Any

from core.experiments import metrics, reading
from core.experiments.reading import Reading
from core.jobs.titles import job_title
from core.models import Experiment, ExperimentLook, Job, ModelVersion

Row = dict[str, Any]


def newest_looks(experiments: Sequence[Experiment]) -> dict[int, ExperimentLook]:
    """The newest look of each, by the experiment's primary key. One query."""
    found = ExperimentLook.objects.filter(experiment__in=experiments).order_by("experiment_id", "-looked_at", "-id")
    return {look.experiment_id: look for look in found.distinct("experiment_id")}


def experiment_row(experiment: Experiment, look: ExperimentLook | None) -> Row:
    """Of an experiment with its arms at hand."""
    return {
        "key": experiment.key,
        "name": experiment.name,
        "kind": experiment.kind,
        "target": experiment.target,
        "state": experiment.state,
        "unit": experiment.unit,
        "primary_metric": experiment.primary_metric,
        "started_at": experiment.started_at,
        "stopped_at": experiment.stopped_at,
        "decision": experiment.decision,
        "people": look.people if look else None,
        "looked_at": look.looked_at if look else None,
        "verdict": None if experiment.is_draft else _said(reading.verdict(experiment, look)),
    }


def experiment_detail(experiment: Experiment, look: ExperimentLook | None) -> Row:
    """The row, the plan, the arms, and what the newest look says of every metric. Nothing of a broken split."""
    is_broken = look is not None and reading.mismatch(experiment, look) is not None
    return {
        **experiment_row(experiment, look),
        "hypothesis": experiment.hypothesis,
        "guardrails": experiment.guardrails,
        "smallest_effect": experiment.smallest_effect,
        "outcome_days": experiment.outcome_days,
        "planned_people": experiment.planned_people,
        "holdout_percent": experiment.holdout_percent,
        "decided_arm": experiment.decided_arm.key if experiment.decided_arm else None,
        "decision_reason": experiment.decision_reason,
        "decided_at": experiment.decided_at,
        "arms": [
            {
                "key": arm.key,
                "name": arm.title,
                "weight": arm.weight,
                "is_control": arm.is_control,
                "settings": arm.settings,
                "people": look.exposed.get(arm.key, 0) if look else None,
            }
            for arm in experiment.arms.all()
        ],
        "sample_ratio_p": look.sample_ratio_p if look else None,
        "metrics": [] if look is None or is_broken else _metrics(experiment, look),
    }


def _metrics(experiment: Experiment, look: ExperimentLook) -> list[Row]:
    said = {(one.metric, one.arm): one for one in reading.readings(experiment, look)}
    found = []
    for result in look.results:
        key, metric = result["metric"], metrics.known(result["metric"])
        if metric is None:
            continue
        found.append(
            {
                "metric": key,
                "title": str(metric.title),
                "is_judged": key in experiment.metrics,
                "scale": metric.scale,
                "comparisons": [
                    _comparison(row, said[key, row["arm"]], is_judged=key in experiment.metrics)
                    for row in result["comparisons"]
                ],
            }
        )
    return found


NUMBERS = ("n", "n_control", "mean", "mean_control", "difference", "interval", "always_valid_interval", "p_value")


def _comparison(row: Row, said: Reading, *, is_judged: bool) -> Row:
    corrected = row["p_value_holm"] if is_judged else None
    return {**_said(said), **{name: row[name] for name in NUMBERS}, "p_value_holm": corrected}


def _said(one: Reading) -> Row:
    return {
        "kind": one.kind,
        "sentence": one.sentence,
        "metric": one.metric,
        "arm": one.arm,
        "low": one.low,
        "high": one.high,
        "estimate": one.estimate,
    }


def job_row(job: Job) -> Row:
    """Of a job with `created_by` at hand."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "title": job_title(job),
        "queue": job.queue,
        "state": job.state,
        "share_done": job.share_done,
        "message": job.message_text,
        "asked_by": job.asked_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def job_detail(job: Job) -> Row:
    """The row, and what went in and came out."""
    return {
        **job_row(job),
        "done": job.done,
        "total": job.total,
        "starts": job.starts,
        "retries": job.retries,
        "arguments": job.arguments,
        "result": job.result,
        "error": job.error,
        "request_id": job.request_id,
    }


def model_row(version: ModelVersion) -> Row:
    return {
        "name": version.name,
        "kind": version.kind,
        "number": version.number,
        "state": version.state,
        "trained_until": version.trained_until,
        "rows": version.row_count,
        "metrics": version.metrics,
        "created_at": version.created_at,
        "activated_at": version.activated_at,
    }


def model_detail(version: ModelVersion) -> Row:
    """The row, what it was judged by, and who let it serve. Of a version with `activated_by` at hand."""
    return {
        **model_row(version),
        "trained_from": version.trained_from,
        "gate": version.gate,
        "report": version.report,
        "activated_by": str(version.activated_by) if version.activated_by else None,
        "activation_reason": version.activation_reason,
        "job": version.job_id,
    }
