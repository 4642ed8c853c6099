"""Customers of a strategy in the care programme that it names: each once, killed in the middle or not."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Customer
from core.experiments import placing
from core.jobs import enqueue, guard
from crm.care import programmes
from crm.care import trials as care_trials
from crm.models import CareEnrolment, CareProgramme, ServiceStrategy
from crm.strategy import trials
from crm.strategy.deciding import occasion_of

AT_ONCE = 300
State = CareEnrolment.State


def enrol(strategy_id: int, *, progress: Callable[[int], Any] = lambda done: None) -> dict[str, int]:
    """Both arms of the comparison are exposed at this moment; who is served as before is not enrolled. The programme's
    own control group gets nothing from it here either. Counts; a run that was stopped goes on where it was."""
    placing.forget()  # what another process started a moment ago counts
    counts, after, programme_id = {"looked_at": 0, "enrolled": 0}, 0, 0
    while True:
        with transaction.atomic():
            guard()
            strategy = (
                ServiceStrategy.objects.in_force().select_for_update(of=("self",), no_key=True)
                .select_related("group").filter(pk=strategy_id).first()
            )  # fmt: skip
            if strategy is None or strategy.programme_id is None:
                break
            programme = CareProgramme.objects.get(pk=strategy.programme_id)
            members = strategy.group.members.filter(customer__gt=after).order_by("customer")
            part = list(members.values_list("customer_id", flat=True)[:AT_ONCE])
            if not part or programme.state == CareProgramme.State.OFF:
                break
            counts["enrolled"] += _enrol(strategy, programme, list(Customer.objects.existing().filter(pk__in=part)))
            counts["looked_at"] += len(part)
            after, programme_id = part[-1], programme.pk
        progress(counts["looked_at"])
    if counts["enrolled"]:
        enqueue(programmes.RUN, dedupe_key=f"crm.care.{programme_id}", programme_id=programme_id)
    return counts


def _enrol(strategy: ServiceStrategy, programme: CareProgramme, customers: list[Customer]) -> int:
    now, occasion = timezone.now(), occasion_of(strategy.pk)
    acts, seen = trials.divide(strategy, customers, now)
    chosen = [one for one in customers if one.pk in acts]
    gets, seen_there = care_trials.divide(programme, chosen, now)
    known = set(
        CareEnrolment.objects.filter(programme=programme, occasion=occasion, customer__in=chosen)
        .values_list("customer_id", flat=True)
    )  # fmt: skip
    rows = [
        CareEnrolment(
            programme=programme, customer=one, occasion=occasion, occurred_at=strategy.decided_at, enrolled_at=now,
            state=State.WAITING if gets[one.pk] else State.CONTROL, action=programme.action,
            why={"trigger": "service", "group": strategy.group.number},
        )
        for one in chosen if one.pk not in known
    ]  # fmt: skip
    CareEnrolment.objects.bulk_create(rows, ignore_conflicts=True)
    trials.note([*seen, *seen_there])
    return len(rows)
