"""What a strategy in force does to a new ticket, and what its withdrawal puts back."""

from django.db import connection, transaction
from django.utils import timezone

from core.experiments.exposures import Seen
from crm.models import Conversation, ServiceStrategy, Ticket, TicketEvent
from crm.services import desk_clocks as clocks
from crm.services import desk_routing as routing
from crm.strategy import trials

REASON = "strategy"


def strategy_for(customer_id: int) -> ServiceStrategy | None:
    """The strategy in force of a customer's group; the newest where groups of two runs have one. Call in a transaction:
    it stays in force until its end, so that a withdrawal comes wholly before or after a ticket. One query, and one more
    where there is one."""
    found = (
        ServiceStrategy.objects.in_force().filter(group__members__customer=customer_id)
        .select_related("group").order_by("-decided_at", "-pk").first()
    )  # fmt: skip
    if found is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM crm_servicestrategy WHERE id = %s AND withdrawn_at IS NULL FOR KEY SHARE", [found.pk]
        )
        return found if cursor.fetchone() else None


def apply(ticket: Ticket, conversation: Conversation) -> list[Seen]:
    """Bring the strategy of its customer into a ticket that is being opened, before its clocks are set. The exposures
    to be written with it. Tickets that the shop opens itself are left alone."""
    if conversation.customer is None or conversation.channel == "care":
        return []
    strategy = strategy_for(conversation.customer.pk)
    if strategy is None:
        return []
    acts, seen = trials.divide(strategy, [conversation.customer], ticket.clock_started_at)
    if conversation.customer.pk in acts:
        _bring(ticket, strategy)
    return seen


def _bring(ticket: Ticket, strategy: ServiceStrategy) -> None:
    """What makes the ticket more urgent by itself is never taken away; without such reasons the strategy's priority
    holds, lower ones too."""
    own, wanted = routing.Priority(ticket.priority), routing.Priority(strategy.priority)
    if not ticket.priority_reasons or routing.ORDER.index(wanted) > routing.ORDER.index(own):
        ticket.priority = wanted
    ticket.priority_reasons = [*ticket.priority_reasons, {"key": REASON, "group": strategy.group.number}]
    ticket.strategy, ticket.target_minutes = strategy, strategy.target_minutes


def take_back(strategy: ServiceStrategy) -> int:
    """Unfinished tickets are as if the strategy had never been: priority by their other reasons unless a person chose
    it, clocks from what is promised. How many. Each ticket in a transaction of its own; safe to run again. None while
    it is in force: somebody put it back."""
    from crm.services import desk

    unfinished = Ticket.objects.unfinished().filter(strategy=strategy.pk)
    done = 0
    for pk in list(unfinished.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            if ServiceStrategy.objects.in_force().filter(pk=strategy.pk).exists():
                return done
            ticket = desk.hold(Ticket(pk=pk))
            if ticket.strategy_id != strategy.pk or ticket.state not in Ticket.UNFINISHED:
                continue
            before = ticket.priority
            ticket.priority_reasons = [one for one in ticket.priority_reasons if one.get("key") != REASON]
            if not ticket.priority_is_set:
                place = routing.ORDER.index(routing.Priority.NORMAL) + len(ticket.priority_reasons)
                ticket.priority = routing.ORDER[min(place, len(routing.ORDER) - 1)]
            ticket.strategy = ticket.target_minutes = None
            clocks.set_all(ticket)
            ticket.save()
            desk.record(
                ticket, TicketEvent.Kind.CLOCKS, None, before={"priority": before},
                after={"priority": ticket.priority}, at=timezone.now(),
            )  # fmt: skip
            done += 1
    return done
