"""A run of a programme: who is enrolled, and what happens for each.

First rows, then acts. Enrolments of a part are written in one transaction together with their exposures; each act then
is a transaction of its own that holds the row of its enrolment and marks it done. So a run that is killed goes on where
it was, and two runs at once do nothing twice. A message is planned under the enrolment's key, which counts once.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import structlog
from django.db import DataError, IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.exceptions import DomainError
from core.experiments import placing
from core.extensions import message_doors
from core.jobs import guard
from core.shop import current_shop
from crm import services as points_services
from crm.care import programmes, trials, triggers, words
from crm.models import CareEnrolment, CareProgramme, Channel, Conversation, Worklist, WorklistItem
from crm.services import calendar, desk

log = structlog.get_logger(__name__)
AT_ONCE = 300
MOST_IN_A_RUN = 20_000
LIST_DAYS = 30
State, Action = CareEnrolment.State, CareProgramme.Action


def run(
    programme_id: int, *, now: datetime | None = None, progress: Callable[[int], Any] = lambda done: None
) -> dict[str, int]:
    """Enrol whoever is due, act for whoever is enrolled. Counts by state. Nothing while the programme is not on."""
    now = now or timezone.now()
    programme = CareProgramme.objects.running().filter(pk=programme_id).first()
    counts = {"enrolled": 0, **dict.fromkeys((state.value for state in State), 0)}
    if programme is None:
        return counts
    placing.forget()  # what another process started a moment ago counts
    while counts["enrolled"] < MOST_IN_A_RUN and (part := enrol(programme, now)):
        counts["enrolled"] += part
        progress(counts["enrolled"])
    waiting = programme.enrolments.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)
    for pk in list(waiting[:MOST_IN_A_RUN]):
        counts[act(pk)] += 1
    counts[State.CONTROL] = programme.enrolments.filter(state=State.CONTROL, enrolled_at=now).count()
    CareProgramme.objects.filter(pk=programme.pk).update(last_run_at=now)
    return counts


def enrol(programme: CareProgramme, now: datetime) -> int:
    """Rows for at most `AT_ONCE` occasions that are due. How many are new."""
    found = triggers.due(programme, now, AT_ONCE)
    customers = list(Customer.objects.filter(pk__in={one.customer_id for one in found}))
    acts, seen = trials.divide(programme, customers, now)
    rows = [
        CareEnrolment(
            programme=programme, customer_id=one.customer_id, occasion=one.key, occurred_at=one.at, enrolled_at=now,
            state=State.WAITING if acts[one.customer_id] else State.CONTROL, action=programme.action,
            why={"trigger": programme.trigger, "days": programme.wait_days, **one.facts},
        )
        for one in found if one.customer_id in acts
    ]  # fmt: skip
    with transaction.atomic():
        guard()
        before = programme.enrolments.count()
        CareEnrolment.objects.bulk_create(rows, ignore_conflicts=True)
        trials.note(seen)
        return programme.enrolments.count() - before


def act(enrolment_id: int) -> str:
    """Do what the programme does for one enrolment, once. The state that it is in afterwards."""
    try:
        with transaction.atomic():
            enrolment = (
                CareEnrolment.objects.select_for_update(of=("self",)).select_related("programme", "customer")
                .get(pk=enrolment_id)
            )  # fmt: skip
            if enrolment.state != State.WAITING:
                return enrolment.state
            guard()
            if not triggers.still_holds(enrolment):
                return _end(enrolment, State.SKIPPED, {"reason": "over"})
            return _end(enrolment, State.DONE, ACTS[Action(enrolment.action)](enrolment))
    except (DomainError, ValueError, DataError, IntegrityError) as error:
        log.warning("care.failed", enrolment=enrolment_id, error=type(error).__name__)
        with transaction.atomic():
            failed = CareEnrolment.objects.select_for_update(of=("self",)).get(pk=enrolment_id)
            if failed.state != State.WAITING:
                return failed.state
            return _end(failed, State.FAILED, {"reason": getattr(error, "code", type(error).__name__)})


def _end(enrolment: CareEnrolment, state: str, result: dict[str, Any]) -> str:
    enrolment.state, enrolment.result, enrolment.done_at = State(state), result, timezone.now()
    enrolment.save(update_fields=["state", "result", "done_at"])
    return str(state)


# --- what a programme does -------------------------------------------------------------------------------------------


def _give_points(enrolment: CareEnrolment) -> dict[str, Any]:
    given = points_services.give_care(
        customer_id=enrolment.customer_id, points=enrolment.programme.points or 0, key=f"care:{enrolment.pk}"
    )
    return {"points": given}


def _put_on_worklist(enrolment: CareEnrolment) -> dict[str, Any]:
    """The programme's list of this month; who stands there already is not put there twice."""
    worklist = worklist_of(enrolment.programme, calendar.today().replace(day=1))
    Worklist.objects.select_for_update(of=("self",)).get(pk=worklist.pk)
    last = worklist.items.aggregate(last=Max("position"))["last"]
    item, is_new = WorklistItem.objects.get_or_create(
        worklist=worklist, customer_id=enrolment.customer_id, defaults={"position": 0 if last is None else last + 1}
    )
    return {"worklist": worklist.pk, "item": item.pk, "was_there": not is_new}


def worklist_of(programme: CareProgramme, month: date) -> Worklist:
    """One list for each programme and month, made when the first customer comes."""
    made, _is_new = Worklist.objects.get_or_create(
        programme=programme, month=month,
        defaults={
            "name": Worklist.called(programme.name, month), "source": Worklist.Source.CARE, "compared_percent": 0,
            "follow_days": LIST_DAYS, "created_at": timezone.now(),
        },
    )  # fmt: skip
    return made


def _open_ticket(enrolment: CareEnrolment) -> dict[str, Any]:
    """A conversation that the shop begins, with a note of why. A bad review that has its conversation goes on there."""
    review = enrolment.why.get("review")
    known = Conversation.objects.filter(review=review).first() if review else None
    if known is None or known.state == Conversation.State.CLOSED:
        known = desk.start(
            customer=enrolment.customer, visitor="", channel=Channel.CARE, language=enrolment.customer.language,
            subject=enrolment.programme.name, review_id=review if known is None else None,
        )  # fmt: skip
    with translation.override(next(iter(current_shop().languages), None)):
        text = "\n\n".join(filter(None, [words.sentence(enrolment.why), enrolment.programme.instructions]))
    desk.say(
        known, author="system", text=text or enrolment.programme.name, is_internal=True,
        client_key=f"care:{enrolment.pk}",
    )  # fmt: skip
    ticket = desk.hand_over(known, reason=Conversation.Reason.CARE, skill="care")
    return {"ticket": ticket.pk}


def _send(enrolment: CareEnrolment) -> dict[str, Any]:
    """Planned with whoever writes to customers, under this enrolment's key; consent and quiet hours are theirs."""
    if not programmes.can_send():
        return {"message": "no_sender"}
    send_once = message_doors.get(programmes.SEND).resolve()
    state = send_once(
        enrolment.customer_id, template_public_id=enrolment.programme.template_public_id, purpose="care",
        key=f"care:{enrolment.pk}",
    )  # fmt: skip
    return {"message": str(state)}


ACTS: dict[Any, Callable[[CareEnrolment], dict[str, Any]]] = {
    Action.POINTS: _give_points, Action.WORKLIST: _put_on_worklist, Action.TICKET: _open_ticket, Action.MESSAGE: _send,
}  # fmt: skip


def points_reach(programme: CareProgramme) -> str:
    """Why points would reach nobody, in words; empty when they do."""
    from crm.models import LoyaltyProgramme

    if programme.action == Action.POINTS and not LoyaltyProgramme.current().is_on:
        return _("The loyalty programme is switched off: no points are given.")
    return ""
