"""What the inbox loads after the conversation: who wrote, what they bought, other tickets, texts to answer with."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog import selectors_admin as catalog_reads
from catalog.admin import cells as catalog_cells
from catalog.admin.customers import may_see_people
from catalog.admin.notices import acting
from catalog.models import Order
from core.components import ago, figure, money
from core.shop import current_shop
from crm.admin import desk_cells as cells
from crm.models import Conversation, Ticket
from crm.services import desk_texts
from crm.services.desk_mail import people_behind

SHOWN = 5


def page(request: HttpRequest) -> HttpResponse:
    """A fragment for `?ticket=`. Eight queries at most."""
    ticket = _ticket(request, "conversation__review__product", "conversation__satisfaction")
    conversation = ticket.conversation
    sees_customers = request.user.has_perm("catalog.view_customer")
    context: dict[str, Any] = {
        "conversation": conversation, "who": cells.who(conversation),
        "contact": _contact(request, conversation), "others": _others(ticket),
        "review": conversation.review, "candidates": [],
    }  # fmt: skip
    customer = conversation.customer
    if customer is not None and sees_customers:
        bought = catalog_reads.customer_purchases([customer.pk], current_shop().base_currency).get(customer.pk)
        context |= {
            "customer_url": reverse("admin:catalog_customer_change", args=[customer.pk]),
            "facts": [
                (_("Paid orders"), figure(bought.orders if bought else 0)),
                (_("Worth"), money(bought.revenue if bought else 0)),
                (_("Last order"), ago(bought.last_at) if bought and bought.last_at else "–"),
                (_("Customer since"), catalog_cells.day(customer.joined_at)),
            ],
            "score": getattr(conversation, "satisfaction", None),
        }
        if request.user.has_perm("catalog.view_order"):
            orders = Order.objects.filter(customer=customer).order_by("-placed_at", "-pk")[:SHOWN]
            context["orders"] = [
                {"number": one.number, "url": reverse("admin:catalog_order_change", args=[one.pk]),
                 "status": catalog_cells.order_status(one), "total": money(one.total, one.currency),
                 "at": one.placed_at}
                for one in orders
            ]  # fmt: skip
    elif sees_customers and may_see_people(request):
        context["candidates"] = [
            (str(one), reverse("admin:catalog_customer_change", args=[one.pk])) for one in people_behind(conversation)
        ]
    return render(request, "admin/crm/inbox_side.html", context)


def texts(request: HttpRequest) -> HttpResponse:
    """Canned replies and macros as they would read in `?ticket=`: a fragment. Four queries at most."""
    ticket = _ticket(request)
    offered = desk_texts.offered(ticket, acting(request), ticket.conversation.language)
    return render(request, "admin/crm/inbox_texts.html", {"texts": offered})


def _ticket(request: HttpRequest, *related: str) -> Ticket:
    """The ticket of `?ticket=` with its conversation and customer. Raises Http404."""
    text = request.GET.get("ticket", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
    ticket = Ticket.objects.select_related("conversation__customer", *related).filter(pk=number).first()
    if ticket is None:
        raise Http404
    return ticket


def _contact(request: HttpRequest, conversation: Conversation) -> list[tuple[str, str]]:
    """What a guest said, and how to reach a customer: only for those who may see it."""
    if not may_see_people(request):
        return []
    customer = conversation.customer
    rows = [
        (_("E-mail"), conversation.contact_email or (customer.email if customer else "")),
        (_("Phone"), conversation.contact_phone or (customer.phone if customer else "")),
    ]
    return [(label, value) for label, value in rows if value]


def _others(ticket: Ticket) -> list[dict[str, Any]]:
    """Other tickets of the same customer, or of the same address."""
    conversation = ticket.conversation
    rows = Ticket.objects.listed().exclude(pk=ticket.pk).select_related("conversation")
    if conversation.customer_id is not None:
        rows = rows.filter(conversation__customer=conversation.customer_id)
    elif conversation.contact_email:
        rows = rows.filter(conversation__contact_email__iexact=conversation.contact_email)
    else:
        return []
    return [
        {"number": one.pk, "subject": one.subject or one.conversation.last_text[:60], "state": cells.state_pill(one),
         "url": f"{reverse('admin:crm_inbox')}?ticket={one.pk}", "at": one.updated_at}
        for one in rows.order_by("-updated_at")[:SHOWN]
    ]  # fmt: skip
