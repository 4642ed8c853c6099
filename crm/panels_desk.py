"""What the inbox shows on the page of a customer."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.panels import MAIN, Panel
from crm.admin import desk_cells as cells
from crm.models import Ticket

SHOWN = 8


def tickets_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """The newest tickets, open ones first. Two queries."""
    rows = Ticket.objects.listed().filter(conversation__customer=customer).select_related("conversation", "assignee")
    found = list(rows.order_by("-state", "-updated_at")[: SHOWN + 1])
    inbox = reverse("admin:crm_inbox")
    return Panel(
        title=_("Tickets"),
        template="admin/crm/panels/tickets.html",
        place=MAIN,
        count=len(found) if len(found) <= SHOWN else rows.count(),
        empty="" if found else _("This customer has not needed a person yet."),
        context={
            "rows": [
                {"number": one.pk, "subject": one.subject or one.conversation.last_text[:80], "at": one.updated_at,
                 "state": cells.state_pill(one), "due": cells.due_pill(one), "who": one.assignee,
                 "url": f"{inbox}?ticket={one.pk}"}
                for one in found[:SHOWN]
            ],
        },
    )  # fmt: skip
