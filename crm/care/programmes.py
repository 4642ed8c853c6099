"""What staff do with a programme: switch it on and off, pause it."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.extensions import message_doors
from core.jobs import enqueue
from core.models import StaffUser
from crm.care import trials
from crm.exceptions import BadInput, NotFound
from crm.models import CareProgramme

Action, State = CareProgramme.Action, CareProgramme.State
SEND, MESSAGES, PREVIEW = "send_once", "messages", "preview"
RUN = "crm.tasks.run_care_programme"


def can_send() -> bool:
    """Whether something in this installation writes to customers."""
    return SEND in message_doors


def messages() -> list[tuple[str, str]]:
    """Public ID and name of what may be sent; none where nothing sends."""
    return message_doors.get(MESSAGES).resolve()() if MESSAGES in message_doors else []


def preview(public_id: str) -> list[dict[str, Any]]:
    """What would be sent, in each language; empty where it cannot."""
    return message_doors.get(PREVIEW).resolve()(public_id) if public_id and PREVIEW in message_doors else []


def actions() -> list[tuple[str, str]]:
    """What a programme may do here: keys and titles."""
    return [(str(key), str(label)) for key, label in Action.choices if key != Action.MESSAGE or can_send()]


@transaction.atomic
def switch(programme_id: int, to: str, *, by: StaffUser | None = None) -> CareProgramme:
    """Into a state. On: the comparison begins, or goes on after a pause, and the first run is asked for. Paused: nobody
    new, the comparison goes on. Off: the comparison ends. Twice is as good as once. Raises NotFound, BadInput."""
    programme = CareProgramme.objects.select_for_update(of=("self",)).filter(pk=programme_id).first()
    if programme is None:
        raise NotFound(_("This programme is not there any more."))
    if to not in State.values:
        raise BadInput(_("A programme is on, paused or off."))
    if to == programme.state:
        return programme
    if to == State.ON:
        if programme.action == Action.MESSAGE and not can_send():
            raise BadInput(_("Nothing in this installation sends messages. Choose another action."))
        programme.experiment = trials.begin(programme, by=by) or programme.experiment
        programme.switched_on_at = programme.switched_on_at or timezone.now()
        enqueue(RUN, dedupe_key=f"crm.care.{programme.pk}", programme_id=programme.pk)
    elif to == State.OFF:
        trials.end(programme)
        programme.switched_on_at = None
    programme.state = State(to)
    programme.save(update_fields=["state", "experiment", "switched_on_at", "updated_at"])
    return programme


@transaction.atomic
def changed(programme: CareProgramme, *, by: StaffUser | None = None) -> None:
    """After its settings were changed while it is on or paused: another share of the control group is another
    comparison."""
    current = CareProgramme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    if current.state != State.OFF:
        found = trials.begin(current, by=by)
        if found is not None and found.pk != current.experiment_id:
            CareProgramme.objects.filter(pk=current.pk).update(experiment=found)
