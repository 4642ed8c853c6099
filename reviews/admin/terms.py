"""Staff page "Suggested terms": words of reviews that the dictionary does not know, taken or dismissed with one key."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from core.components import figure, toast
from core.exceptions import DomainError
from core.jobs import Job, enqueue
from reviews.aspect_reading import Dictionary
from reviews.ml.aspects import clause_of, locate
from reviews.ml.placing import Placed
from reviews.ml.text import normalise
from reviews.models import Aspect, AspectTerm, Review, ReviewAspect
from reviews.models.readings import text_read
from reviews.services import dictionary

PAGE = 24
EXAMPLE_LENGTH = 140
TASK, JOB_KEY, KIND = "reviews.tasks.find_terms", "reviews.terms", "reviews.terms"


@dataclass(frozen=True)
class Card:
    """A suggestion: the term, where it was used, and the aspect it belongs to most likely (None: nothing tells)."""

    term: AspectTerm
    examples: list[tuple[SafeString, str]]
    likely: Aspect | None


def page(request: HttpRequest) -> HttpResponse:
    """A POST decides: `act` publish (into the likely `aspect`), dismiss, undo or find, or `reason`, the key of another
    aspect. With `Accept: application/json` the answer is data for the script, else a page."""
    if request.method == "POST":
        return _answer(request)
    aspects = list(Aspect.objects.filter(is_active=True))
    rows = list(AspectTerm.objects.offered().order_by("-score", "id")[:PAGE])
    newest = Job.objects.filter(kind=KIND).order_by("-id").first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Suggested terms"),
        "crumbs": [{"title": _("Aspects"), "url": reverse("admin:reviews_aspect_changelist")}],
        "cards": _cards(rows, aspects),
        "aspects": aspects,
        "summary": _summary(),
        "job": newest,
        "page_keys": [
            ("J K", _("Next and previous term; arrows too")), ("A", _("Add to the aspect that is proposed")),
            ("R", _("Another aspect, then 1 to 9")), ("D", _("Dismiss; it is not offered again")), ("S", _("Skip")),
            ("Z", _("Undo the last decision")),
        ],
    }  # fmt: skip
    return render(request, "admin/reviews/terms.html", context)


def _summary() -> str:
    count = AspectTerm.objects.offered().count()
    return ngettext("%(count)s term to look at", "%(count)s terms to look at", count) % {"count": figure(count)}


def _cards(rows: list[AspectTerm], aspects: list[Aspect]) -> list[Card]:
    """Three queries for any number of terms."""
    reviews = Review.objects.in_bulk({pk for row in rows for pk in row.examples})
    named: dict[int, Counter[int]] = {}
    for review_id, aspect_id in ReviewAspect.objects.filter(
        review__in=list(reviews), is_clearest=True
    ).values_list("review_id", "aspect_id"):  # fmt: skip
        named.setdefault(review_id, Counter())[aspect_id] += 1
    known = Dictionary.of_the_shop().for_path("")
    by_key, by_pk = {one.key: one for one in aspects}, {one.pk: one for one in aspects}
    cards = []
    for row in rows:
        some = [reviews[pk] for pk in row.examples if pk in reviews]
        inside = known.mentions(row.term)
        beside = sum((named.get(review.pk, Counter()) for review in some), Counter[int]()).most_common(1)
        likely = (
            by_key.get(inside[-1].aspect)
            if inside
            else by_pk.get(beside[0][0])
            if beside and beside[0][1] > 1
            else None
        )
        examples = {str(text): (text, url) for text, url in (_example(review, row.term) for review in some)}
        cards.append(Card(row, list(examples.values()), likely))
    return cards


def _example(review: Review, term: str) -> tuple[SafeString, str]:
    """The clause that uses the term, and the page of the review."""
    written, text = text_read(review), normalise(text_read(review))
    url = reverse("admin:reviews_review_change", args=[review.pk])
    span = locate(text, term)
    placed = Placed(written, text)
    exact = placed.exact(span) if span is not None else None
    if span is None or exact is None:
        return format_html("{}", written[:EXAMPLE_LENGTH]), url
    around = placed.around(clause_of(text, span), exact, EXAMPLE_LENGTH)
    parts = written[around.start : exact.start], written[exact.start : exact.end], written[exact.end : around.end]
    return format_html("{}<b>{}</b>{}", *parts), url


def _answer(request: HttpRequest) -> HttpResponse:
    text, undo, is_refused = "", "", False
    try:
        text, undo = _act(request)
    except DomainError as error:
        text, is_refused = str(error.message), True
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"text": text, "undo": undo, "summary": _summary()}, status=409 if is_refused else 200)
    if is_refused:
        messages.error(request, text)
    elif undo:
        toast(request, text, undo=reverse("admin:reviews_terms"), act="undo", key=undo)
    elif text:
        toast(request, text)
    return HttpResponseRedirect(reverse("admin:reviews_terms"))


def _act(request: HttpRequest) -> tuple[str, str]:
    """What was done in a few words, and the key that takes it back."""
    by, act, key = acting(request), request.POST.get("act", ""), request.POST.get("reason", "")
    ids = [int(one) for one in request.POST.getlist("ids")[:PAGE] if one.isdecimal() and len(one) < 19]
    ids = list(AspectTerm.objects.offered().filter(pk__in=ids).values_list("pk", flat=True))
    if act == "find":
        enqueue(TASK, dedupe_key=JOB_KEY, created_by=by)
        return _("Looking for new terms"), ""
    if act == "undo":
        count = dictionary.undo_change(request.POST.get("key", ""), by=by)
        return ngettext("%(count)s term put back", "%(count)s terms put back", count) % {"count": figure(count)}, ""
    if act == "dismiss":
        change = dictionary.dismiss(ids, by=by)
        return (_("Dismissed") if change.count else _("Somebody else decided it meanwhile")), change.undo
    aspect = Aspect.objects.filter(key=key or request.POST.get("aspect", ""), is_active=True).first()
    if aspect is None:
        return _("Choose an aspect."), ""
    change = dictionary.move(ids, aspect, by=by)
    words = _("Added to %(aspect)s") % {"aspect": aspect.title}
    return (words if change.count else _("Somebody else decided it meanwhile")), change.undo
