"""Staff page "Chat": one conversation to read, with what the assistant decided and why; also where no ticket was
needed."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.admin import desk_cells as cells
from crm.admin import log_words
from crm.models import Conversation, Message, Ticket
from crm.roles import CHATS_SEEN, INBOX_SEEN

MOST_SHOWN = 200
LONGEST_PK = 18


def address_of(conversation: int) -> str:
    """Where a conversation is read."""
    return f"{reverse('admin:crm_chat')}?conversation={conversation}"


def may_read(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(CHATS_SEEN))


def page(request: HttpRequest) -> HttpResponse:
    """`?conversation=`: what its customer could read. Four queries at most beside those of every page."""
    text = request.GET.get("conversation", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_PK else 0
    row = Conversation.objects.select_related("customer").filter(pk=number).first()
    if row is None:
        raise Http404
    newest = row.messages.public().select_related("staff").order_by("-sequence")[: MOST_SHOWN + 1]  # type: ignore[attr-defined]
    found = list(newest)
    messages = found[:MOST_SHOWN][::-1]
    titles = log_words.titles_of(messages)
    ticket = Ticket.objects.filter(conversation=row).values_list("pk", flat=True).first()
    is_customer = row.customer_id is not None and request.user.has_perm("catalog.view_customer")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Conversation with %(name)s") % {"name": cells.who(row)},
        "conversation": row,
        "said": [_said(one, cells.who(row), titles) for one in messages],
        "is_cut": len(found) > MOST_SHOWN,
        "ticket": ticket,
        "ticket_url": _ticket_url(ticket) if ticket and request.user.has_perm(INBOX_SEEN) else "",
        "customer_url": reverse("admin:catalog_customer_change", args=[row.customer_id]) if is_customer else "",
    }
    return render(request, "admin/crm/chat.html", context)


def _said(message: Message, customer: str, titles: dict[str, str]) -> dict[str, Any]:
    author = Message.Author(message.author)
    is_machine = author == Message.Author.ASSISTANT
    names = {
        Message.Author.CUSTOMER: customer, Message.Author.ASSISTANT: _("Assistant"), Message.Author.SYSTEM: "",
    }  # fmt: skip
    sides = {Message.Author.CUSTOMER: "theirs", Message.Author.ASSISTANT: "machine", Message.Author.SYSTEM: "system"}
    return {
        "message": message, "who": names.get(author, str(message.staff or _("Somebody"))),
        "side": sides.get(author, "ours"),
        "log": log_words.logged(message.answer, titles) if is_machine and message.answer else None,
    }  # fmt: skip


def _ticket_url(pk: int) -> str:
    return f"{reverse('admin:crm_inbox')}?ticket={pk}"
