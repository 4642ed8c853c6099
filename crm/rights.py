"""What an erasure does with points and with conversations."""

from django.db.models import Q
from django.utils import timezone

from catalog.models import Customer
from core.models.base import NewPublicId
from core.rights.erasing import clear_quotes
from core.rights.holdings import Identity
from crm.models import Conversation, Ticket, TicketEvent
from crm.services import forfeit


def loyalty_traces(who: Identity, label: str, pk: int) -> int:
    """Points of somebody who is erased are forfeited, in the same transaction; the account closes."""
    return int(bool(forfeit(pk))) if label == "catalog.Customer" else 0


QUOTED = "Removed: it quoted a person whose data was erased."


def desk_traces(who: Identity, label: str, pk: int) -> int:
    """Conversations of somebody who is erased end: open tickets close without being counted as solved, guests with the
    same e-mail belong to them, and what other conversations say of their address or number goes. Their own texts are
    emptied afterwards, by the registry; times and states stay for reports."""
    if label != "catalog.Customer":
        return 0
    email = Customer.objects.filter(pk=pk).values_list("email", flat=True).first()
    if email:
        Conversation.objects.filter(customer=None, contact_email__iexact=email).update(customer_id=pk)
    now = timezone.now()
    own = Conversation.objects.select_for_update().filter(customer_id=pk).order_by("pk")
    numbers = list(own.values_list("pk", flat=True))
    tickets = Ticket.objects.select_for_update().filter(conversation__in=numbers).exclude(state=Ticket.State.CLOSED)
    ended = list(tickets.values_list("pk", "state"))
    Ticket.objects.filter(pk__in=[ticket for ticket, _state in ended]).update(
        state=Ticket.State.CLOSED, closed_at=now, due_at=None, first_response_due=None, next_response_due=None,
        resolve_due=None, awaiting_since=None, updated_at=now,
    )  # fmt: skip
    TicketEvent.objects.bulk_create(
        TicketEvent(
            ticket_id=ticket,
            kind=TicketEvent.Kind.ERASED,
            at=now,
            before={"state": state},
            after={"state": Ticket.State.CLOSED},
        )
        for ticket, state in ended
    )
    Conversation.objects.filter(pk__in=numbers).update(state=Conversation.State.CLOSED, closed_at=now)
    telling = Identity.of(*(text for text in who.texts if "@" in text or any(sign.isdigit() for sign in text)))
    return (
        len(ended)
        + clear_quotes(telling, "crm_message", {"text": QUOTED})
        + clear_quotes(telling, "crm_conversation", {"subject": "", "last_text": ""})
    )


def new_public_id_each() -> NewPublicId:
    """Somebody may have many: PostgreSQL makes one for each row."""
    return NewPublicId()


def pairs_of(pk: int) -> Q:
    """Rows of DuplicateCustomers in which a customer stands."""
    return Q(one_id=pk) | Q(other_id=pk)
