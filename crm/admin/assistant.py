"""Staff page "Assistant": what came of its conversations, what it could not answer, and articles that could be
written from what people answered instead."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from catalog.admin.notices import acting
from core.components import Figure, figure, percent, toast
from core.components.words import day_text
from core.exceptions import DomainError
from core.exports import PageTable
from core.reports import Chart, Line, Period, line_chart
from crm.admin import chat, log_words
from crm.assistant import counting, proposing
from crm.models import Conversation
from reviews.models import Intent

WRITES_ARTICLES = "reviews.add_article"


def page(request: HttpRequest) -> HttpResponseBase:
    """`?within=…&from=…&to=…`. A POST decides a proposal: `proposal` and `act` (accept, refuse, reconsider)."""
    if request.method == "POST":
        return _decide(request)
    period = Period.of(request)
    found = counting.counted(*period.moments)
    may_write, may_read = request.user.has_perm(WRITES_ARTICLES), chat.may_read(request)
    titles = {one.key: one.title for one in Intent.objects.active()}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": pgettext("page", "Assistant"),
        "period": period,
        "found": found,
        "sentence": _sentence(found.outcomes),
        "person_first": _person_first(found.person_first),
        "figures": _figures(found),
        "chart": _chart(found, period),
        "acts": [(title, figure(found.acts[act]), percent(_share(found.acts[act], found.messages)))
                 for act, title in log_words.ACTS.items() if found.acts[act]],
        "reasons": [(label, figure(found.reasons[key])) for key, label in Conversation.Reason.choices
                    if found.reasons[key]],
        "rules": [(title, figure(found.rules[key])) for key, title in log_words.RULES.items() if found.rules[key]],
        "unanswered": [
            (
                one.message, log_words.why_words(one.why),
                [titles.get(each.get("intent", ""), "") for each in one.intents[:1]],
                chat.address_of(one.message.conversation_id) if may_read else "",
            )
            for one in counting.unanswered(*period.moments)
        ],
        "chats": [
            (one, chat.address_of(one.pk)) for one in counting.newest(*period.moments)
        ] if may_read else [],
        "proposals": proposing.open_proposals(),
        "may_write": may_write,
        "here": reverse("admin:crm_assistant"),
        "answers_url": reverse("admin:reviews_answers") if request.user.has_perm("reviews.view_intent") else "",
    }  # fmt: skip
    return render(request, "admin/crm/assistant.html", context)


def _share(count: int, base: int) -> float | None:
    return count / base if base else None


def _sentence(found: counting.Outcomes) -> str:
    """The answer of the page."""
    return ngettext(
        "In %(count)s conversation customers said %(resolved)s times that it helped; %(handed)s went to a person, and "
        "%(left)s ended without a word",
        "In %(count)s conversations customers said %(resolved)s times that it helped; %(handed)s went to a person, and "
        "%(left)s ended without a word",
        found.conversations,
    ) % {
        "count": figure(found.conversations), "resolved": figure(found.resolved),
        "handed": figure(found.handed_over), "left": figure(found.abandoned),
    }  # fmt: skip


def _person_first(count: int) -> str:
    """Of the control of an experiment; empty where there is none."""
    return ngettext(
        "Beside them, an experiment left %(count)s chat to a person from its first message on",
        "Beside them, an experiment left %(count)s chats to a person from their first message on",
        count,
    ) % {"count": figure(count)} if count else ""  # fmt: skip


def _figures(found: counting.Counted) -> list[Figure]:
    whole = found.outcomes
    count = whole.conversations
    base = ngettext("of %(count)s conversation", "of %(count)s conversations", count) % {"count": figure(count)}
    return [
        Figure(
            pgettext("assistant", "Resolved, by the customer's word"), whole.share(whole.resolved), kind="share",
            note=base,
        ),
        Figure(
            pgettext("assistant", "Handed over to a person"), whole.share(whole.handed_over), kind="share", note=base
        ),
        Figure(pgettext("assistant", "Ended without a word"), whole.share(whole.abandoned), kind="share", note=base),
        Figure(
            pgettext("assistant", "Messages answered at once"), _share(found.answered, found.messages), kind="share",
            note=ngettext("of %(count)s message", "of %(count)s messages", found.messages)
            % {"count": figure(found.messages)},
        ),
    ]  # fmt: skip


def _chart(found: counting.Counted, period: Period) -> Chart | None:
    if len(found.days) < 2:
        return None
    lines = [
        Line(pgettext("assistant", "Resolved"), [one.resolved for _day, one in found.days]),
        Line(pgettext("assistant", "Handed over"), [one.handed_over for _day, one in found.days]),
        Line(pgettext("assistant", "Ended without a word"), [one.abandoned for _day, one in found.days]),
    ]
    return line_chart(
        _("Conversations a day, by what came of them"), [day_text(day) for day, _one in found.days], lines,
        first_head=_("Day"), note=_("Chats in which the customer wrote, by the day they began: %(days)s")
        % {"days": period.words},
    )  # fmt: skip


def _decide(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(WRITES_ARTICLES):
        raise PermissionDenied
    number, act = request.POST.get("proposal", ""), request.POST.get("act", "")
    here = reverse("admin:crm_assistant")
    if (
        not number.isascii()
        or not number.isdecimal()
        or len(number) > 18
        or act not in ("accept", "refuse", "reconsider")
    ):
        raise Http404
    try:
        if act == "accept":
            article = proposing.accept(int(number), by=acting(request))
            messages.success(request, _("Draft made. Customers read it once it is published."))
            return HttpResponseRedirect(reverse("admin:reviews_article_change", args=[article.pk]))
        if act == "refuse":
            proposing.refuse(int(number), by=acting(request))
            toast(request, _("Proposal put away"), undo=here, proposal=number, act="reconsider")
        else:
            proposing.reconsider(int(number))
    except DomainError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(here)


def table(request: HttpRequest) -> PageTable:
    """Outcomes by day."""
    period = Period.of(request)
    found = counting.counted(*period.moments)

    def rows() -> Iterator[list[Any]]:
        for day, one in found.days:
            yield [day, one.conversations, one.resolved, one.handed_over, one.abandoned, one.open]

    heads = [
        _("Day"), _("Conversations"), pgettext("assistant", "Resolved"), pgettext("assistant", "Handed over"),
        pgettext("assistant", "Ended without a word"), pgettext("assistant", "Open"),
    ]  # fmt: skip
    return PageTable(f"{pgettext('page', 'Assistant')} {period.words}", heads, rows())
