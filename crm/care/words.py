"""Why somebody got care, and what came of it, as sentences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import figure
from crm.models import CareEnrolment, CareProgramme

Trigger, State, Action = CareProgramme.Trigger, CareEnrolment.State, CareProgramme.Action


def sentence(why: Mapping[str, Any]) -> str:
    """Of what was stored when somebody was enrolled."""
    days = int(why.get("days") or 0)
    about = {"count": days}
    match why.get("trigger"):
        case "service":
            return _("Service strategy: group %(number)s") % {"number": why.get("group", "")}
        case Trigger.WELCOME:
            return ngettext("New here since %(count)s day", "New here since %(count)s days", days) % about
        case Trigger.POST_PURCHASE:
            return ngettext("Paid %(count)s day ago", "Paid %(count)s days ago", days) % about
        case Trigger.BIRTHDAY:
            return _("Has a birthday")
        case Trigger.WIN_BACK:
            return ngettext("No order for %(count)s day", "No order for %(count)s days", days) % about
        case Trigger.BAD_REVIEW:
            return _("Wrote a review with one or two stars")
        case Trigger.LATE_ORDER:
            return ngettext(
                "Paid %(count)s day ago, nothing was sent", "Paid %(count)s days ago, nothing was sent", days
            ) % about  # fmt: skip
    return ""


def came_of(enrolment: CareEnrolment) -> str:
    """What happened."""
    result = enrolment.result
    if enrolment.state == State.CONTROL:
        return _("Nothing: control group")
    if enrolment.state == State.SKIPPED:
        return _("Nothing: it was over by then")
    if enrolment.state == State.FAILED:
        return _("Could not be done (%(code)s)") % {"code": result.get("reason", "")}
    if enrolment.state == State.WAITING:
        return _("Under way")
    if "points" in result:
        given = int(result["points"])
        if not given:
            return _("No points: the loyalty programme is off or the account closed")
        return ngettext("%(count)s point", "%(count)s points", given) % {"count": figure(given)}
    if "item" in result:
        return _("Stood on the worklist already") if result.get("was_there") else _("On the worklist")
    if "ticket" in result:
        return _("Ticket #%(number)s") % {"number": result["ticket"]}
    return MESSAGES.get(str(result.get("message")), _not_sent)()


MESSAGES = {
    "planned": lambda: _("Message planned"), "sending": lambda: _("Message on its way"),
    "sent": lambda: _("Message sent"), "skipped": lambda: _("No message: not agreed to, or not now"),
    "no_sender": lambda: _("No message: nothing here sends any"),
}  # fmt: skip


def _not_sent() -> str:
    return _("Message not sent")
