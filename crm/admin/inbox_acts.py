"""What a form of the inbox asks for, done through the services, and how it is told."""

import re
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from catalog.admin.notices import acting
from core.components import toast
from core.exceptions import DomainError
from core.models import StaffUser
from crm.admin.desk_cells import who
from crm.models import Macro, Team, Ticket, TicketEvent
from crm.roles import INBOX_SEEN
from crm.services import desk, desk_acts

MENTION = re.compile(r"(?<![a-zA-Z0-9_@.+-])@([\w.@+-]{1,150})")
LONGEST_PK = 18
MOST_NAMES = 50


@dataclass(frozen=True)
class Done:
    """What an act did: a sentence, the event that can be taken back, the ticket to show, and whether it was refused;
    `seen` is the message of somebody else that a refusal told of, after which the same text may be sent."""

    text: str = ""
    event: int = 0
    ticket: int = 0
    is_refused: bool = False
    is_sent: bool = False
    seen: int = 0


def act(request: HttpRequest) -> Done:
    """`act` on `ticket`. A refusal changes nothing and says why."""
    post, by = request.POST, acting(request)
    name = post.get("act", "")
    try:
        if name == "undo":
            return _undo(_number(post.get("event", "")), by)
        ticket = Ticket.objects.select_related("conversation").filter(pk=_number(post.get("ticket", ""))).first()
        if ticket is None:
            return Done(_("This ticket is not there any more."), is_refused=True)
        return _ACTS[name](request, ticket, by) if name in _ACTS else Done(ticket=ticket.pk)
    except DomainError as error:
        seen = error.extra.get("sequence", 0)
        return Done(str(error.message), ticket=_number(post.get("ticket", "")), is_refused=True, seen=seen)


def _undo(pk: int, by: StaffUser) -> Done:
    event = TicketEvent.objects.filter(pk=pk).first()
    if event is None:
        return Done(_("This cannot be taken back any more."), is_refused=True)
    return Done(_("Put back"), ticket=desk_acts.undo(event, by).pk)


def _reply(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    """`text`, `expected`, `key`; `then` resolved or pending brings the ticket there in the same transaction; `macro`
    does what the macro says."""
    from django.db import transaction

    post = request.POST
    text, expected, key = post.get("text", ""), _number(post.get("expected", "")), post.get("key", "")[:80]
    macro = Macro.objects.filter(is_on=True, pk=_number(post.get("macro", ""))).select_related("team").first()
    then = post.get("then", "")
    with transaction.atomic():
        if macro is not None:
            sent = desk_acts.use_macro(ticket, macro, by, text=text, expected_sequence=expected, client_key=key)
        else:
            sent = desk.reply(ticket, by, text, expected_sequence=expected, client_key=key)
        if then in (Ticket.State.RESOLVED, Ticket.State.PENDING):
            desk.set_state(ticket, then, by)
    told = _("Sent and resolved") if then == Ticket.State.RESOLVED else _("Sent") if sent else _("Macro used")
    return Done(told, ticket=ticket.pk, is_sent=True)


def _note(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    """Whom nobody is called, and who may not open tickets, is told, so that nobody waits for an answer."""
    text = request.POST.get("text", "")
    named, lost = _mentioned(text)
    desk.note(ticket, by, text, mentions=named)
    told = _("Note added")
    if lost:
        told = _("Note added. Nobody here is called %(names)s.") % {"names": ", ".join(lost)}
    elif blind := [f"@{one}" for one in named if not one.has_perm(INBOX_SEEN)]:
        told = _("Note added. %(names)s may not open tickets and gets no notice.") % {"names": ", ".join(blind)}
    return Done(told, ticket=ticket.pk, is_sent=True)


def _mentioned(text: str) -> tuple[list[StaffUser], list[str]]:
    """Who is named with @, and what is nobody's name. A name is the longest user name that the words after the @ begin
    with: Chinese goes on without a space, and a sentence ends with a point. One query where there is an @."""
    words = list(dict.fromkeys(MENTION.findall(text)))[:MOST_NAMES]
    heads = {word: [word[:length].lower() for length in range(len(word), 0, -1)] for word in words}
    people = StaffUser.objects.filter(is_active=True).annotate(called=Lower("username"))
    known = {one.called: one for one in people.filter(called__in=set(chain(*heads.values())))} if words else {}
    found = {word: next((known[head] for head in heads[word] if head in known), None) for word in words}
    named = {one.pk: one for one in found.values() if one is not None}
    return list(named.values()), [f"@{word}" for word, one in found.items() if one is None]


def _take(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    desk.take(ticket, by)
    return _told(ticket, _("It is yours now"), ticket.events.filter(kind=TicketEvent.Kind.ASSIGNED).last())


def _assign(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    """`to`: a member of staff by key, `team-` and a key, or empty for nobody."""
    to = request.POST.get("to", "")
    if to.startswith("team-"):
        team = Team.objects.filter(pk=_number(to.removeprefix("team-"))).first()
        if team is not None:
            return _told(ticket, _("Handed to %(name)s") % {"name": team}, desk_acts.hand_to_team(ticket, team, by))
    person = StaffUser.objects.filter(is_active=True, pk=_number(to)).first()
    event = desk_acts.assign(ticket, person, by)
    text = _("Assigned to %(name)s") % {"name": person} if person else _("Assigned to nobody")
    return _told(ticket, text, event)


def _priority(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    return _told(ticket, _("Priority changed"), desk_acts.set_priority(ticket, request.POST.get("priority", ""), by))


def _tags(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    tags = re.split(r"[,，、]", request.POST.get("tags", ""))
    return _told(ticket, _("Tags changed"), desk_acts.set_tags(ticket, tags, by))


def _state(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    to = request.POST.get("state", "")
    words = {
        Ticket.State.OPEN.value: _("Open again"), Ticket.State.PENDING.value: _("Waits for the customer"),
        Ticket.State.RESOLVED.value: _("Resolved"), Ticket.State.CLOSED.value: _("Closed"),
    }  # fmt: skip
    if to not in words:
        return Done(ticket=ticket.pk)
    desk.set_state(ticket, to, by)
    return _told(ticket, words[to], ticket.events.filter(kind=TicketEvent.Kind.STATE).order_by("pk").last())


def _merge(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    """`into`: the number of the other ticket, which goes on."""
    number = _number(request.POST.get("into", "").strip().removeprefix("#"))
    into = Ticket.objects.select_related("conversation__customer").filter(pk=number).first()
    if into is None:
        return Done(_("There is no ticket with this number."), ticket=ticket.pk, is_refused=True)
    event = desk_acts.merge(ticket, into, by)
    words = {"number": into.pk, "name": who(into.conversation)}
    both = {ticket.conversation.customer_id, into.conversation.customer_id} - {None}
    told = (
        _("Now part of #%(number)d, of another customer: %(name)s") if len(both) > 1 else _("Now part of #%(number)d")
    )
    return Done(told % words, event.pk, into.pk)


def _split(request: HttpRequest, ticket: Ticket, by: StaffUser) -> Done:
    numbers = [_number(one) for one in request.POST.getlist("messages")]
    event = desk_acts.split(ticket, [one for one in numbers if one], by)
    return Done(_("Split into #%(number)d") % {"number": event.after["ticket"]}, event.pk, ticket.pk)


_ACTS: dict[str, Any] = {
    "reply": _reply, "note": _note, "take": _take, "assign": _assign, "priority": _priority, "tags": _tags,
    "state": _state, "merge": _merge, "split": _split,
}  # fmt: skip


def _told(ticket: Ticket, text: str, event: TicketEvent | None) -> Done:
    return Done(text if event is not None else "", event.pk if event is not None else 0, ticket.pk)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_PK else 0


def as_json(done: Done) -> JsonResponse:
    told = {"text": done.text, "undo": done.event or "", "ticket": done.ticket, "sent": done.is_sent, "seen": done.seen}
    return JsonResponse(told, status=409 if done.is_refused else 200)


def as_redirect(request: HttpRequest, done: Done) -> HttpResponse:
    """Back to the ticket, with what was done and its way back."""
    page = reverse("admin:crm_inbox")
    if done.event:
        toast(request, done.text, undo=page, act="undo", event=done.event)
    elif done.text:
        toast(request, done.text) if not done.is_refused else messages.error(request, done.text)
    kept = {name: request.GET[name] for name in ("view", "q", "page") if request.GET.get(name)}
    if done.ticket:
        kept["ticket"] = str(done.ticket)
    return HttpResponseRedirect(f"{page}?{urlencode(kept)}" if kept else page)
