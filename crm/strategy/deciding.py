"""What people do with a proposal: accept it as it is or changed, refuse it, withdraw what was decided, put it back."""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.jobs import enqueue
from core.models import StaffUser
from crm.care.triggers import SERVICE
from crm.exceptions import BadInput, DecidedMeanwhile, NotFound
from crm.models import CareEnrolment, CareProgramme, Priority, ServiceGroup, ServiceStrategy
from crm.models.desk_rules import MOST_MINUTES
from crm.models.strategy import REASON_LENGTH
from crm.strategy import trials

Decision = ServiceStrategy.Decision
FIND, ENROL, TAKE_BACK = (
    f"crm.tasks.{name}" for name in ("find_service_groups", "enrol_for_strategy", "take_strategy_back")
)
LOCK = 7_340_067
"""Advisory lock of whoever decides: groups of two runs may hold the same customers."""
MOST_CONTROL = 50


def look_again() -> None:
    """Ask for a new run."""
    enqueue(FIND, dedupe_key="crm.service_groups")


def occasion_of(strategy_id: int) -> str:
    """What enrolments in a care programme name it by."""
    return f"{SERVICE}:{strategy_id}"


@transaction.atomic
def accept(
    group_id: int,
    *,
    seen: int,
    priority: str,
    target_minutes: int | None,
    programme_id: int | None,
    control_percent: int,
    reason: str,
    by: StaffUser,
) -> ServiceStrategy:
    """From now on new tickets of the group's customers follow it. `seen` is the decision that stood on the page (0:
    none); where there is another by now, DecidedMeanwhile. It replaces what was decided about the group, also in an
    earlier run. Raises NotFound, BadInput."""
    group = _hold(group_id, seen)
    if priority not in Priority.values:
        raise BadInput(_("There is no such priority."), extra={"field": "priority"})
    if target_minutes is not None and not 1 <= target_minutes <= MOST_MINUTES:
        raise BadInput(_("Give a target from 1 minute to 90 days."), extra={"field": "target"})
    if not 0 <= control_percent <= MOST_CONTROL:
        raise BadInput(_("Half of the customers at most are served as before."), extra={"field": "control"})
    programme = _programme(programme_id)
    proposed = (group.priority, group.target_minutes, group.programme)
    chosen = (priority, target_minutes, programme.trigger if programme is not None else "")
    made = _decide(
        ServiceStrategy(
            group=group, decision=Decision.ACCEPTED, priority=priority, target_minutes=target_minutes,
            programme=programme, control_percent=control_percent, is_changed=chosen != proposed,
        ),
        reason, by,
    )  # fmt: skip
    _start(made, by)
    return made


@transaction.atomic
def refuse(group_id: int, *, seen: int, reason: str, by: StaffUser) -> ServiceStrategy:
    """The group's customers are served as everybody; what was in force ends. Raises as `accept`."""
    group = _hold(group_id, seen)
    refused = ServiceStrategy(
        group=group, decision=Decision.REFUSED, priority=group.priority, target_minutes=group.target_minutes
    )
    return _decide(refused, reason, by)


@transaction.atomic
def withdraw(strategy_id: int, *, reason: str = "", by: StaffUser) -> ServiceStrategy:
    """As if it had not been decided: tickets that are not finished get back what they would have had, the comparison
    ends, who waits for the programme is not enrolled. Twice is as good as once. Raises NotFound."""
    found = _hold_strategy(strategy_id)
    if found.withdrawn_at is None:
        _end(found, by, _one_line(reason), timezone.now())
    return found


@transaction.atomic
def put_back(strategy_id: int, *, by: StaffUser) -> ServiceStrategy:
    """A withdrawn decision again; what is in force then begins a comparison of its own. Raises NotFound,
    DecidedMeanwhile where the group has another by now, BadInput where its customers are not kept any more."""
    found = _hold_strategy(strategy_id)
    if found.withdrawn_at is None:
        return found
    if _standing(found.group):
        raise DecidedMeanwhile(_("Something else was decided about this group in the meantime."))
    if not found.group.members.exists():
        raise BadInput(_("The customers of this group are not kept any more. Decide about the newest groups."))
    found.withdrawn_by, found.withdrawn_at, found.withdrawn_because = None, None, ""
    found.save()
    if found.is_in_force:
        _start(found, by)
    return found


def _hold(group_id: int, seen: int) -> ServiceGroup:
    _lock()
    group = ServiceGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise NotFound(_("This group is not there any more."))
    standing = _standing(group)
    if seen not in ({one.pk for one in standing} or {0}):
        raise DecidedMeanwhile(_("Something else was decided about this group in the meantime."))
    return group


def _hold_strategy(strategy_id: int) -> ServiceStrategy:
    _lock()
    found = ServiceStrategy.objects.select_for_update(of=("self",)).filter(pk=strategy_id).first()
    if found is None:
        raise NotFound(_("This decision is not there any more."))
    return found


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _standing(group: ServiceGroup) -> list[ServiceStrategy]:
    """What was decided about the same group, in whichever run, and holds."""
    rows = ServiceStrategy.objects.select_for_update(of=("self",)).select_related("group")
    return list(rows.standing().filter(group__key=group.key).order_by("pk"))


def _programme(pk: int | None) -> CareProgramme | None:
    """One that is on: whoever is enrolled is looked after at once."""
    if pk is None:
        return None
    found = CareProgramme.objects.running().filter(pk=pk).first()
    if found is None:
        raise BadInput(_("Choose a care programme that is switched on."), extra={"field": "programme"})
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())[:REASON_LENGTH]


def _decide(strategy: ServiceStrategy, reason: str, by: StaffUser) -> ServiceStrategy:
    strategy.reason = _one_line(reason)
    if not strategy.reason:
        raise BadInput(_("Say why, so that others can follow the decision."), extra={"field": "reason"})
    now = timezone.now()
    for old in _standing(strategy.group):
        _end(old, by, _("Replaced"), now)
    strategy.decided_by, strategy.decided_at = by, now
    strategy.save()
    return strategy


def _start(strategy: ServiceStrategy, by: StaffUser) -> None:
    strategy.experiment = trials.begin(strategy, by=by)
    strategy.save(update_fields=["experiment", "updated_at"])
    if strategy.programme_id is not None:
        enqueue(ENROL, dedupe_key=f"crm.service.enrol.{strategy.pk}", strategy_id=strategy.pk)


def _end(strategy: ServiceStrategy, by: StaffUser, because: str, now: datetime) -> None:
    was_in_force = strategy.is_in_force
    strategy.withdrawn_by, strategy.withdrawn_at, strategy.withdrawn_because = by, now, because
    strategy.save()
    if not was_in_force:
        return
    trials.end(strategy)
    CareEnrolment.objects.filter(occasion=occasion_of(strategy.pk), state=CareEnrolment.State.WAITING).update(
        state=CareEnrolment.State.SKIPPED, result={"reason": "over"}, done_at=now
    )
    enqueue(TAKE_BACK, dedupe_key=f"crm.service.back.{strategy.pk}", strategy_id=strategy.pk)
