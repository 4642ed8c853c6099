"""Mail to colleagues whom a note names, so that nobody has to look into the inbox for it."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from core import mail
from core.models import StaffUser
from core.shop import current_shop
from crm.models import Ticket
from crm.roles import INBOX_SEEN

KIND = "ticket_mention"


def tell(ticket: Ticket, by: StaffUser, people: Iterable[StaffUser]) -> int:
    """One mail for each, in their language and in the caller's transaction. Returns how many.

    It says where the note is, not what it says: notes are about customers, and stay where an erasure finds them. Nobody
    is told of a note of their own, nor of a ticket that they may not open.
    """
    told = [one for one in people if one.pk != by.pk and one.is_active and one.email and one.has_perm(INBOX_SEEN)]
    path = f"{reverse('admin:crm_inbox')}?ticket={ticket.pk}"
    for person in told:
        mail.send(
            KIND, to=person.email, language=person.language or settings.LANGUAGE_CODE,
            context={
                "name": str(by), "number": ticket.number, "shop": current_shop().name,
                "address": f"{str(settings.PUBLIC_URL).rstrip('/')}{path}",
            },
        )  # fmt: skip
    return len(told)
