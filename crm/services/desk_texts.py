"""Texts that agents put into replies: canned replies and macros, with their fields filled in."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from catalog.models import Order
from core.models import StaffUser
from core.shop import current_shop
from crm.models import CannedReply, Macro, Ticket
from crm.services.merge_tags import fill

MOST = 200


def values_for(ticket: Ticket, person: StaffUser, language: str) -> dict[str, str]:
    """What the fields mean for this ticket: a plain dictionary of texts. One query."""
    conversation = ticket.conversation
    order = ""
    if conversation.customer_id is not None:
        found = Order.objects.filter(customer_id=conversation.customer_id).order_by("-placed_at", "-pk")
        order = found.values_list("number", flat=True).first() or ""
    with override("zh-hans" if language.startswith("zh") else "en"):
        nobody = str(_("dear customer"))
    name = conversation.contact_name or (conversation.customer.name if conversation.customer is not None else "")
    return {
        "name": name or nobody, "shop": current_shop().name, "agent": person.get_full_name() or person.username,
        "number": str(ticket.number), "subject": conversation.subject, "order": order or "…",
    }  # fmt: skip


def offered(ticket: Ticket, person: StaffUser, language: str) -> list[dict[str, Any]]:
    """Macros and canned replies as they would read in this conversation. Three queries."""
    values = values_for(ticket, person, language)
    macros = Macro.objects.filter(is_on=True).select_related("team")[:MOST]
    return [
        *(
            {"kind": "macro", "pk": one.pk, "title": str(one), "shortcut": "", "acts": acts_of(one),
             "text": fill(one.in_language(language), values)}
            for one in macros
        ),
        *(
            {"kind": "text", "pk": one.pk, "title": str(one), "shortcut": one.shortcut, "acts": "",
             "text": fill(one.in_language(language), values)}
            for one in CannedReply.objects.all()[:MOST]
        ),
    ]  # fmt: skip


def acts_of(macro: Macro) -> str:
    """What a macro does beside its text."""
    found = []
    if macro.state:
        found.append(_("state: %(state)s") % {"state": macro.get_state_display()})
    if macro.priority:
        found.append(_("priority: %(priority)s") % {"priority": macro.get_priority_display()})
    if macro.add_tags:
        found.append(_("tags: %(tags)s") % {"tags": ", ".join(macro.add_tags)})
    if macro.team is not None:
        found.append(_("to %(team)s") % {"team": macro.team.name})
    if macro.to_me:
        found.append(_("assigned to you"))
    return " · ".join(found)
