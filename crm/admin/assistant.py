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
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from catalog.admin.notices import acting
from core.components import Figure, figure, percent, toast
from core.components.words import day_text
from core.exceptions import DomainError
from core.exports import PageTable
from core.reports import Chart, Line, Period, line_chart
from crm.assistant import counting, proposing
from crm.assistant.answering import Act
from crm.models import Conversation
from reviews.models import Intent

WRITES_ARTICLES = "reviews.add_article"
ACTS: dict[str, Any] = {
    Act.ARTICLE: pgettext_lazy("the assistant", "Quoted an article"),
    Act.ORDER: pgettext_lazy("the assistant", "Told the state of an order"),
    Act.PRODUCTS: pgettext_lazy("the assistant", "Showed products"),
    Act.WORDS: pgettext_lazy("the assistant", "Said its own words"),
    Act.ASK_ORDER: pgettext_lazy("the assistant", "Asked for an order number"),
    Act.ASK: pgettext_lazy("the assistant", "Asked which was meant"),
    Act.UNKNOWN: pgettext_lazy("the assistant", "Did not understand"),
    Act.HAND_OVER: pgettext_lazy("the assistant", "Handed over to a person"),
}
RULES: dict[str, Any] = {
    "person": gettext_lazy("Asked for a person"),
    "injury": gettext_lazy("Injury or danger"),
    "legal": gettext_lazy("Legal threat"),
    "refund_dispute": gettext_lazy("Disputed refund"),
    "data": gettext_lazy("Personal data"),
}
WHYS: dict[str, Any] = {
    "unknown": gettext_lazy("Like nothing the shop knows"),
    "unsure": gettext_lazy("Several things may be meant"),
    "no_answer": gettext_lazy("Understood, but no article answers it"),
    "no_words": gettext_lazy("No words in it"),
    "chosen_other": gettext_lazy("None of the offers was meant"),
    "failed": gettext_lazy("The assistant failed"),
}


def page(request: HttpRequest) -> HttpResponseBase:
    """`?within=…&from=…&to=…`. A POST decides a proposal: `proposal` and `act` (accept, refuse, reconsider)."""
    if request.method == "POST":
        return _decide(request)
    period = Period.of(request)
    found = counting.counted(*period.moments)
    may_write = request.user.has_perm(WRITES_ARTICLES)
    titles = {one.key: one.title for one in Intent.objects.active()}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": pgettext("page", "Assistant"),
        "period": period,
        "found": found,
        "sentence": _sentence(found.outcomes),
        "figures": _figures(found),
        "chart": _chart(found, period),
        "acts": [(title, figure(found.acts[act]), percent(_share(found.acts[act], found.messages)))
                 for act, title in ACTS.items() if found.acts[act]],
        "reasons": [(label, figure(found.reasons[key])) for key, label in Conversation.Reason.choices
                    if found.reasons[key]],
        "rules": [(title, figure(found.rules[key])) for key, title in RULES.items() if found.rules[key]],
        "unanswered": [
            (
                one.message, WHYS.get(one.why, one.why),
                [titles.get(each.get("intent", ""), "") for each in one.intents[:1]],
            )
            for one in counting.unanswered(*period.moments)
        ],
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


def _figures(found: counting.Counted) -> list[Figure]:
    whole = found.outcomes
    base = _("of %(count)s conversations") % {"count": figure(whole.conversations)}
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
            note=_("of %(count)s messages") % {"count": figure(found.messages)},
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
