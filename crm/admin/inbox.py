"""Staff page "Inbox": what waits, one conversation, and who wrote it; answered without leaving the page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.admin.customers import may_see_people
from catalog.admin.notices import acting
from core.components import figure
from core.paginator import bounded_counts
from crm import presence
from crm import selectors_desk as reads
from crm.admin import desk_cells as cells
from crm.admin import inbox_acts, log_words
from crm.models import Message, Priority, Ticket
from crm.roles import INBOX

LONGEST_PK = 18
MOST_PAGES = 200


@dataclass(frozen=True)
class Line:
    """One row of the list; made without further queries."""

    ticket: Ticket
    who: str
    text: str
    url: str
    due: Any
    icon: str
    is_now: bool
    is_urgent: bool


@dataclass(frozen=True)
class Said:
    """One message as the page shows it."""

    message: Message
    who: str
    side: str
    mentions: list[str]
    log: log_words.Logged | None = None


def page(request: HttpRequest) -> HttpResponse:
    """`?view=`, `?q=`, `?page=`, `?ticket=`; a POST acts on the ticket (crm.admin.inbox_acts). With `Accept:
    application/json` a POST answers with data for the script, else with a page."""
    refused = None
    if request.method == "POST":
        if not request.user.has_perm(INBOX):
            raise PermissionDenied
        done = inbox_acts.act(request)
        if request.headers.get("Accept") == "application/json":
            return inbox_acts.as_json(done)
        if not done.is_refused:
            return inbox_acts.as_redirect(request, done)
        refused = done
    context = {**admin.site.each_context(request), **_list(request), "title": _("Inbox"), "page_keys": _keys()}
    pk = _key(request.GET.get("ticket", ""))
    thread = reads.thread_of(pk) if pk else None
    if pk and thread is None:
        return HttpResponseRedirect(_address(request, ticket=""))
    if thread is not None:
        if thread.ticket.pk != pk:
            return HttpResponseRedirect(_address(request, ticket=str(thread.ticket.pk)))
        context |= _thread(request, thread)
    context |= {"refused": refused, "draft": request.POST.get("text", "") if refused else ""}
    return render(request, "admin/crm/inbox.html", context, status=409 if refused else 200)


def _list(request: HttpRequest) -> dict[str, Any]:
    """Tabs with their counts and a page of threads: three queries, one more for a search."""
    person, now = acting(request), timezone.now()
    soon, mark = reads.warning_and_mark()
    late = now + timedelta(minutes=soon)
    view = request.GET.get("view", "open")
    view = view if view in reads.VIEWS else "open"
    number = min(max(_key(request.GET.get("page", "")) or 1, 1), MOST_PAGES)
    term = request.GET.get("q", "").replace("\x00", "")[:200]
    rows = reads.found(Ticket.objects.listed(), term) if term.strip() else reads.in_view(view, person, late)
    order = "done" if term.strip() else view
    first = (number - 1) * reads.PAGE
    lines = list(reads.in_order(rows, order).for_listing()[first : first + reads.PAGE + 1])  # type: ignore[attr-defined]
    chosen = _key(request.GET.get("ticket", ""))
    counts = bounded_counts([reads.in_view(one, person, late) for one in reads.VIEWS])
    labels = {
        "mine": _("Mine"), "unassigned": _("Unassigned"), "late": _("Due soon"), "open": _("All open"),
        "pending": _("Waiting for customer"), "mentions": _("Mentions"), "done": _("Done"),
    }  # fmt: skip
    return {
        "lines": [
            Line(
                ticket=row, who=cells.who(row.conversation), text=row.conversation.last_text or row.subject,
                url=_address(request, ticket=str(row.pk)), due=cells.due_pill(row, now, soon_minutes=soon),
                icon=cells.ICONS.get(row.conversation.channel, "forum"), is_now=row.pk == chosen,
                is_urgent=row.priority in cells.URGENT,
            )
            for row in lines[: reads.PAGE]
        ],
        "tabs": [
            {"key": key, "label": labels[key], "count": figure(count.number), "is_about": count.is_about,
             "url": f"?view={key}", "is_current": key == view and not term.strip()}
            for key, count in zip(reads.VIEWS, counts, strict=True)
        ],
        "view": view, "term": term, "mark": mark,
        "next_page": _address(request, page=str(number + 1)) if len(lines) > reads.PAGE else "",
        "previous_page": _address(request, page=str(number - 1)) if number > 1 else "",
        "is_never_used": not lines and not term.strip() and view == "open" and not Ticket.objects.exists(),
        "empty": _empty(view, term), "may_act": request.user.has_perm(INBOX),
    }  # fmt: skip


def _thread(request: HttpRequest, thread: reads.Thread) -> dict[str, Any]:
    ticket = thread.ticket
    names = cells.names()
    staff, teams = names.to_choose()
    customer = cells.who(ticket.conversation)
    wrote = {part.conversation_id: cells.who(part.conversation) for part in thread.parts}
    titles = log_words.titles_of(thread.messages)
    said = [_said(one, wrote.get(one.conversation_id, customer), names.staff, titles) for one in thread.messages]
    return {
        "ticket": ticket, "conversation": ticket.conversation, "who": customer,
        "state_pill": cells.state_pill(ticket), "due": cells.due_pill(ticket),
        "clocks": cells.clocks(ticket), "reasons": cells.reason_words(ticket.priority_reasons),
        "said": said, "is_cut": thread.is_cut,
        "parts": thread.parts,
        "events": [
            {"words": cells.event_words(one, names.staff, names.teams), "who": str(one.actor or ""),
             "at": one.at, "pk": one.pk, "may_undo": cells.may_undo(one), "is_undone": one.undone_at is not None}
            for one in thread.events
        ],
        "expected": thread.speaks_in.last_sequence, "speaks_in": thread.speaks_in,
        "staff": staff, "teams": teams,
        "priorities": Priority.choices, "tags_text": ", ".join(ticket.tags),
        "is_over": ticket.state == Ticket.State.CLOSED,
        "is_resolved": ticket.state == Ticket.State.RESOLVED, "is_pending": ticket.state == Ticket.State.PENDING,
        "by_mail": ticket.conversation.channel != "chat" and bool(thread.speaks_in.reply_email),
        "side_url": reverse("admin:crm_inbox_side") + f"?ticket={ticket.pk}",
        "texts_url": reverse("admin:crm_inbox_texts") + f"?ticket={ticket.pk}",
        "back_url": _address(request, ticket=""), "me": request.user.pk,
        "language": ticket.conversation.language, "may_see_people": may_see_people(request),
    }  # fmt: skip


def _said(message: Message, customer: str, staff: dict[int, str], titles: dict[str, str]) -> Said:
    author = Message.Author(message.author)
    if message.is_internal:
        mentions = [f"@{staff[key]}" for key in getattr(message, "mentioned", [])]
        nobody = pgettext("author of a note", "Automatic") if author == Message.Author.SYSTEM else _("Somebody")
        return Said(message, str(message.staff or nobody), "note", mentions)
    if author == Message.Author.CUSTOMER:
        return Said(message, customer, "theirs", [])
    if author == Message.Author.SYSTEM:
        return Said(message, "", "system", [])
    if author == Message.Author.ASSISTANT:
        log = log_words.logged(message.answer, titles) if message.answer else None
        return Said(message, _("Assistant"), "machine", [], log)
    return Said(message, str(message.staff or _("Somebody")), "ours", [])


def _empty(view: str, term: str) -> tuple[str, str]:
    if term.strip():
        return _("Nothing found"), _("No ticket matches these words.")
    if view == "mentions":
        return _("No mentions"), _("Notes that name you with @ and your user name stand here.")
    return _("Nothing waits here"), _("New messages appear by themselves.")


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_PK else 0


def _address(request: HttpRequest, **changes: str) -> str:
    """The page with other parameters; another ticket keeps the list where it is."""
    kept = {name: request.GET[name] for name in ("view", "q", "page", "ticket") if request.GET.get(name)}
    kept = {name: value for name, value in (kept | changes).items() if value}
    return reverse("admin:crm_inbox") + (f"?{urlencode(kept)}" if kept else "")


def changes(request: HttpRequest) -> JsonResponse:
    """What the page asks every few seconds: `mark` changes when a ticket did; `others` are at `?ticket=` now."""
    pk = _key(request.GET.get("ticket", ""))
    others = presence.note(pk, acting(request), is_typing=request.GET.get("typing") == "1") if pk else []
    typing = [one.name for one in others if one.is_typing]
    looking = [one.name for one in others if not one.is_typing]
    words = ""
    if typing:
        words = _("%(names)s is writing an answer") % {"names": ", ".join(typing)}
    elif looking:
        words = _("%(names)s is looking at this too") % {"names": ", ".join(looking)}
    return JsonResponse({"mark": reads.mark(), "others": words, "is_typing": bool(typing)})


def _keys() -> list[tuple[str, str]]:
    return [
        ("J K", _("Next and previous conversation")),
        ("R", _("Reply")),
        ("Ctrl Enter", _("Send")),
        ("N", _("Write a note")),
        ("M", _("Texts and macros")),
        ("C", pgettext("key", "Resolve")),
        ("Z", _("Undo the last change")),
        ("/", _("Search")),
    ]
