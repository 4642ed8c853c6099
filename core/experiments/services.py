"""What staff do with experiments. Every change of state is a line in the ledger, written by the table's trigger."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from core.experiments import kinds, metrics, placing
from core.jobs import enqueue
from core.models import Experiment, ExperimentArm, Job, ShopProfile, StaffUser
from core.models.experiments import new_salt

LOOK = "core.tasks.look_at_experiment"
MOST_ARMS = 6
GOOD_TARGET = re.compile(r"[a-z][a-z0-9_-]{0,59}|")


@dataclass(frozen=True)
class NewArm:
    """An arm as staff wrote it. `key` may be empty: then it is made from its place."""

    name: str
    weight: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_control: bool = False
    key: str = ""


@transaction.atomic
def create(*, by: StaffUser | None = None, arms: Sequence[NewArm] = (), **fields: Any) -> Experiment:
    """A draft with its arms. `fields` are those of the table; a missing key is made. Raises BadInput."""
    experiment = Experiment(created_by=by, **fields)
    experiment.key = experiment.key or f"{experiment.kind[:40]}-{secrets.token_hex(3)}"
    _check(experiment)
    experiment.save()
    _write_arms(experiment, arms)
    return experiment


@transaction.atomic
def change(experiment: Experiment, *, arms: Sequence[NewArm], **fields: Any) -> Experiment:
    """A draft with other words or arms. Raises DomainError when it has started."""
    current = _locked(experiment)
    if not current.is_draft:
        raise _started()
    for name, value in fields.items():
        setattr(current, name, value)
    _check(current)
    current.save()
    current.arms.all().delete()
    _write_arms(current, arms)
    return current


@transaction.atomic
def start(experiment: Experiment) -> Experiment:
    """From now on people are divided. The holdout is the shop's of today, for as long as this runs."""
    current = _locked(experiment)
    if not current.is_draft:
        raise _started()
    _check(current)
    _check_arms(list(current.arms.all()))
    current.state, current.started_at = Experiment.State.RUNNING, timezone.now()
    current.holdout_percent = ShopProfile.current().holdout_percent
    try:
        with transaction.atomic():
            current.save(update_fields=["state", "started_at", "holdout_percent", "updated_at"])
    except IntegrityError as error:
        if "experiment_one_running_per_target" not in str(error):
            raise
        raise DomainError(
            _("Another experiment runs there. Stop it first, or choose another place."), code="place_taken"
        ) from error
    transaction.on_commit(placing.forget)
    return current


@transaction.atomic
def stop(experiment: Experiment) -> Experiment:
    """Everybody gets what they get without the experiment. What people did is counted once more, for the last look."""
    current = _locked(experiment)
    if not current.is_running:
        raise DomainError(_("This experiment is not running."), code="not_running")
    _by_hand(current)
    current.state, current.stopped_at = Experiment.State.STOPPED, timezone.now()
    current.save(update_fields=["state", "stopped_at", "updated_at"])
    transaction.on_commit(placing.forget)
    ask_for_look(current)
    return current


@transaction.atomic
def decide(
    experiment: Experiment, *, decision: str, reason: str, by: StaffUser, arm: ExperimentArm | None = None
) -> Experiment:
    """Write down what follows from a stopped experiment, and why. A later decision replaces an earlier one."""
    current = _locked(experiment)
    if current.state not in (Experiment.State.STOPPED, Experiment.State.ARCHIVED):
        raise DomainError(_("Stop the experiment before you decide."), code="not_stopped")
    if decision not in Experiment.Decision.values:
        raise BadInput(_("Choose a decision."), extra={"field": "decision"})
    if not reason.strip():
        raise BadInput(_("Say why, so that others can follow the decision."), extra={"field": "decision_reason"})
    if decision == Experiment.Decision.ADOPT:
        if arm is None or arm.experiment_id != current.pk or arm.is_control:
            raise BadInput(_("Choose the arm to adopt."), extra={"field": "decided_arm"})
    else:
        arm = None
    current.decision, current.decided_arm, current.decision_reason = decision, arm, reason.strip()[:300]
    current.decided_by, current.decided_at = by, timezone.now()
    current.save(update_fields=["decision", "decided_arm", "decision_reason", "decided_by", "decided_at", "updated_at"])
    return current


@transaction.atomic
def archive(experiment: Experiment, *, back: bool = False) -> Experiment:
    """Put a stopped experiment away, or (`back`) take it out again. Nothing is lost."""
    current = _locked(experiment)
    wanted, other = Experiment.State.STOPPED, Experiment.State.ARCHIVED
    before, after = (other, wanted) if back else (wanted, other)
    if current.state != before:
        raise DomainError(_("Only a stopped experiment can be archived."), code="not_stopped")
    current.state = after
    current.save(update_fields=["state", "updated_at"])
    return current


@transaction.atomic
def new_version(experiment: Experiment, *, by: StaffUser | None = None) -> Experiment:
    """A draft with the same arms and a salt of its own: how weights or arms of a started experiment are changed."""
    _by_hand(experiment)
    fields = {
        name: getattr(experiment, name)
        for name in (
            "name", "kind", "target", "hypothesis", "unit", "primary_metric", "guardrails", "smallest_effect",
            "outcome_days", "planned_people", "winsorise_at",
        )
    }  # fmt: skip
    stem, number = re.sub(r"-v\d+$", "", experiment.key)[:52], 2
    while Experiment.objects.filter(key=f"{stem}-v{number}").exists():
        number += 1
    made = Experiment.objects.create(
        **fields, key=f"{stem}-v{number}", salt=new_salt(), replaces=experiment, created_by=by
    )
    ExperimentArm.objects.bulk_create(
        ExperimentArm(
            experiment=made, key=a.key, name=a.name, weight=a.weight, settings=a.settings, is_control=a.is_control
        )
        for a in experiment.arms.order_by("pk")
    )
    return made


@transaction.atomic
def delete(experiment: Experiment) -> None:
    """Only drafts: what has run stays on record."""
    current = _locked(experiment)
    if not current.is_draft:
        raise DomainError(_("What has run stays on record. Archive it instead."), code="has_run")
    current.delete()


def ask_for_look(experiment: Experiment, *, by: StaffUser | None = None) -> Job:
    """Queue a look now. While one waits or runs there is no second."""
    return enqueue(LOOK, dedupe_key=f"experiment:{experiment.pk}", created_by=by, experiment_id=experiment.pk)


# --- checks -------------------------------------------------------------------------------------------------------


def _locked(experiment: Experiment) -> Experiment:
    return Experiment.objects.select_for_update(of=("self",)).get(pk=experiment.pk)


def _by_hand(experiment: Experiment) -> None:
    if experiment.kind == placing.EVERYTHING:
        raise DomainError(_("The shop profile sets the holdout. Change its share there."), code="is_holdout")


def _started() -> DomainError:
    return DomainError(
        _("This experiment has started, so its arms and what it measures stay as they are. Make a new version."),
        code="has_started",
    )


def _check(experiment: Experiment) -> None:
    kind = kinds.known(experiment.kind)
    if kind is None or not kind.available():
        raise BadInput(_("Choose what the experiment changes."), extra={"field": "kind"})
    if not GOOD_TARGET.fullmatch(experiment.target) or (
        experiment.target not in kind.targets and not kind.open_targets
    ):
        raise BadInput(_("Choose where the experiment runs."), extra={"field": "target"})
    primary = metrics.known(experiment.primary_metric)
    if primary is None:
        raise BadInput(_("Choose a primary metric."), extra={"field": "primary_metric"})
    for name in experiment.metrics:
        metric = metrics.known(name)
        if metric is None or experiment.unit not in metric.sql:
            field_name = "primary_metric" if name == experiment.primary_metric else "guardrails"
            raise BadInput(
                _("“%(metric)s” cannot be counted for this kind of unit.") % {"metric": metrics.title(name)},
                extra={"field": field_name},
            )


def _check_arms(arms: Sequence[ExperimentArm]) -> None:
    if not 2 <= len(arms) <= MOST_ARMS:
        raise BadInput(_("An experiment has 2 to %(most)d arms.") % {"most": MOST_ARMS}, extra={"field": "arms"})
    if sum(arm.is_control for arm in arms) != 1:
        raise BadInput(_("Exactly one arm is the control."), extra={"field": "arms"})
    whole = sum(arm.weight for arm in arms)
    if whole != 100:
        raise BadInput(
            _("The shares of the arms add up to %(sum)d%%, not to 100%%.") % {"sum": whole}, extra={"field": "arms"}
        )
    if len({str(sorted(arm.settings.items())) for arm in arms}) < 2:
        raise BadInput(_("All arms do the same. Let at least one differ."), extra={"field": "arms"})


def _write_arms(experiment: Experiment, arms: Sequence[NewArm]) -> None:
    kind = kinds.known(experiment.kind)
    rows = []
    for place, arm in enumerate(arms):
        if kind is not None and kind.choice_of(arm.settings) is None:
            raise BadInput(_("Choose what this arm shows."), extra={"field": "arms"})
        key = arm.key or ("control" if arm.is_control else f"arm-{chr(ord('a') + place)}")
        rows.append(
            ExperimentArm(
                experiment=experiment, key=key, name=arm.name.strip() or key, weight=arm.weight,
                settings=dict(arm.settings), is_control=arm.is_control,
            )
        )  # fmt: skip
    if len({row.key for row in rows}) != len(rows):
        raise BadInput(_("Two arms have the same key."), extra={"field": "arms"})
    _check_arms(rows)
    ExperimentArm.objects.bulk_create(rows)
