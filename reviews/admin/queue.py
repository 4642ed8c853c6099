"""Staff page "Reviews to check": what waits, complaints first, decided with one key each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import selectors_admin as reads
from catalog.admin import cells as shared
from catalog.admin.notices import acting
from catalog.models import ProductImage
from catalog.selectors_admin import Purchases
from catalog.thumbnails import first_thumbnail
from core.components import figure, toast
from core.exceptions import DomainError
from core.shop import current_shop
from reviews import selectors, services
from reviews.admin import cells, reading, suspicion
from reviews.admin.review_page import done_words, words_of
from reviews.models import Review, ReviewReading, ReviewReport
from reviews.roles import CORRECT

PAGE = 24
MOST_PAGES = 1_000
LONGEST_PK = 18
SUSPICIOUS = "suspicious"
Status = Review.Status


@dataclass(frozen=True)
class Card:
    """One review as the queue shows it; made without further queries."""

    review: Review
    who: Any
    product: str
    picture: SafeString
    stars: SafeString
    photos: list[cells.PhotoShown]
    facts: list[str]
    suspicion: SafeString | str
    why: list[str]
    reports: list[ReviewReport]
    read: Any
    sentiments: list[tuple[str, Any, bool]]

    @property
    def key(self) -> str:
        """For names in the page."""
        return str(self.review.pk)

    @property
    def new_photos(self) -> list[int]:
        return [photo.pk for photo in self.photos if photo.is_new]


@dataclass(frozen=True)
class Outcome:
    """What an act did: a sentence, the key that takes it back, and whether it was refused."""

    text: str = ""
    undo: str = ""
    is_refused: bool = False
    undo_act: str = "undo"
    read: str = ""
    """The pill of a review that was corrected."""


def page(request: HttpRequest) -> HttpResponse:
    """`?page=`, `?show=suspicious`; a POST decides. With `Accept: application/json` the answer is data for the script,
    else a page."""
    if request.method == "POST":
        return _answer(request, _act(request))
    number, may_see = _page_number(request), suspicion.may_see(request)
    only_suspected = may_see and request.GET.get("show") == SUSPICIOUS
    (waiting, suspected), done = selectors.waiting_counts(), selectors.done_today(acting(request))
    shown = suspected if only_suspected else waiting
    here = reverse("admin:reviews_queue") + (f"?show={SUSPICIOUS}" if only_suspected else "")
    if number > 1 and (number - 1) * PAGE >= shown:
        return HttpResponseRedirect(here)
    cards = _cards(request, (number - 1) * PAGE, only_suspected=only_suspected) if shown else []
    many = [card for card in cards if not card.reports and not card.review.is_suspected]
    page_of = f"{here}{'&' if only_suspected else '?'}page="
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Reviews to check"),
        "crumbs": [{"title": _("Reviews"), "url": reverse("admin:reviews_review_changelist")}],
        "cards": cards,
        "many": [card.review.pk for card in many],
        "many_photos": [photo for card in many for photo in card.new_photos],
        "tabs": _tabs(waiting, suspected, only_suspected=only_suspected) if may_see and suspected else [],
        "agreement": suspicion.agreement_words(selectors.agreement()) if only_suspected else "",
        "reasons": Review.Reason.choices,
        "summary": _summary(waiting, done),
        "done_today": done,
        "next_page": f"{page_of}{number + 1}" if shown > number * PAGE else "",
        "previous_page": f"{page_of}{number - 1}" if number > 1 else "",
        "page_keys": _keys(),
        **_nothing(),
    }
    return render(request, "admin/reviews/queue.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isdecimal() and len(text) < 6 else 1


def _tabs(waiting: int, suspected: int, *, only_suspected: bool) -> list[dict[str, Any]]:
    here = reverse("admin:reviews_queue")
    return [
        {"label": _("All that wait"), "count": waiting, "url": here, "is_current": not only_suspected},
        {
            "label": _("Suspicious"), "count": suspected, "url": f"{here}?show={SUSPICIOUS}",
            "is_current": only_suspected,
        },
    ]  # fmt: skip


def _cards(request: HttpRequest, first: int, *, only_suspected: bool) -> list[Card]:
    """Seven queries for any number of reviews."""
    pictures = Prefetch("product__images", ProductImage.objects.order_by("position", "id"))
    found = selectors.queue(only_suspected=only_suspected).select_related("reading").prefetch_related(pictures)
    may_see = suspicion.may_see(request)
    rows = list((found.select_related("suspicion") if may_see else found)[first : first + PAGE])
    reports = selectors.open_reports_of(row.pk for row in rows)
    may_see_customers, may_correct = request.user.has_perm("catalog.view_customer"), request.user.has_perm(CORRECT)
    bought: dict[int, Purchases] = {}
    if may_see_customers:
        people = [row.customer_id for row in rows if row.customer_id]
        bought = reads.customer_purchases(people, current_shop().base_currency)
    return [
        Card(
            review=row,
            who=cells.who(row, may_see_customers=may_see_customers),
            product=row.product.localised("name"),
            picture=shared.picture(first_thumbnail(row.product)),
            stars=cells.stars(row.rating),
            photos=cells.photos(row),
            facts=_facts(row, bought.get(row.customer_id or 0), may_see_customers=may_see_customers),
            reports=reports.get(row.pk, []),
            read=cells.sentiment(reading.reading_of(row)),
            sentiments=reading.choices(reading.reading_of(row)) if may_correct and reading.reading_of(row) else [],
            **(_suspicion(row) if may_see else {"suspicion": "", "why": []}),
        )
        for row in rows
    ]


def _suspicion(review: Review) -> dict[str, Any]:
    """The badge and its reasons where it is high: what is hardly suspicious is not worth a line here."""
    found = getattr(review, "suspicion", None)
    if found is None or not review.is_suspected:
        return {"suspicion": "", "why": []}
    return {"suspicion": suspicion.badge(found, lead=False), "why": suspicion.sentences(found)}


def _facts(review: Review, bought: Purchases | None, *, may_see_customers: bool) -> list[str]:
    facts = [_("verified purchase") if review.is_verified else _("not bought here")]
    if may_see_customers and review.customer_id:
        orders = bought.orders if bought else 0
        facts.append(ngettext("%(count)s paid order", "%(count)s paid orders", orders) % {"count": figure(orders)})
    if review.status == Status.PUBLISHED:
        facts.append(review.get_status_display())
    return facts


def _act(request: HttpRequest) -> Outcome:
    """`act` publish or undo, or a `reason`, which rejects. `ids`: at most a page. `seen`: new photos on it, `photos`
    those of them to show."""
    by, act, reason = acting(request), request.POST.get("act", ""), request.POST.get("reason", "")
    ids = [int(one) for one in request.POST.getlist("ids")[:PAGE] if one.isdecimal() and len(one) <= LONGEST_PK]
    try:
        if (act == "uncorrect" or "sentiment" in request.POST) and request.user.has_perm(CORRECT):
            return _correct(request, ids)
        if act == "undo":
            return Outcome(done_words("undone", services.undo_decision(request.POST.get("key", ""), by=by)))
        if reason:
            decision = services.reject(ids, by=by, reason=reason, note=request.POST.get("note", ""))
            text = words_of(decision, Status.REJECTED)
        elif act == "publish":
            decision = services.publish(ids, by=by, photos=cells.seen_photos(request.POST))
            text = words_of(decision, Status.PUBLISHED)
        else:
            return Outcome()
    except DomainError as error:
        return Outcome(str(error.message), is_refused=True)
    return Outcome(text or _("Somebody else decided it meanwhile"), decision.undo)


def _correct(request: HttpRequest, ids: list[int]) -> Outcome:
    """`sentiment` of these reviews, or `act` uncorrect with the `key` of a correction. Raises DomainError."""
    by, sentiment = acting(request), request.POST.get("sentiment", "")
    if not sentiment:
        done = services.undo_correction(request.POST.get("key", ""), by=by)
        return Outcome(reading.undone_words(len(done)), read=_read(done))
    correction = services.correct(ids, sentiment, by=by)
    if not correction.corrected:
        return Outcome(_("Nothing to correct: told so already, or not read yet"))
    words = reading.corrected_words(sentiment, len(correction.corrected))
    return Outcome(words, correction.undo, undo_act="uncorrect", read=_read(correction.corrected))


def _read(ids: Sequence[int]) -> str:
    return str(cells.sentiment(ReviewReading.objects.filter(pk__in=ids[:1]).first()))


def _answer(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    if request.headers.get("Accept") == "application/json":
        summary = _summary(selectors.waiting_count(), selectors.done_today(acting(request)))
        told = {"text": outcome.text, "undo": outcome.undo, "summary": summary, "read": outcome.read}
        return JsonResponse(told, status=409 if outcome.is_refused else 200)
    if outcome.is_refused:
        messages.error(request, outcome.text)
    elif outcome.undo:
        toast(request, outcome.text, undo=reverse("admin:reviews_queue"), act=outcome.undo_act, key=outcome.undo)
    elif outcome.text:
        toast(request, outcome.text)
    return HttpResponseRedirect(request.get_full_path())


def _summary(waiting: int, done: int) -> str:
    to_check = ngettext("%(count)s to check", "%(count)s to check", waiting) % {"count": figure(waiting)}
    by_you = ngettext("%(count)s done today", "%(count)s done today", done) % {"count": figure(done)}
    return f"{to_check} · {by_you}"


def _nothing() -> dict[str, str]:
    return {
        "empty_title": _("Nothing to review"),
        "empty_text": _("New reviews and complaints appear here as soon as they arrive."),
        "empty_label": _("All reviews"),
        "empty_url": reverse("admin:reviews_review_changelist"),
    }


def _keys() -> list[tuple[str, str]]:
    return [
        ("J K", _("Next and previous review; arrows too")),
        ("A", _("Publish, or keep published")),
        ("R", _("Reject, then 1 to 7 for the reason")),
        ("1 2 3 4", _("It is positive, neutral, negative or mixed")),
        ("S", _("Skip")),
        ("Z", _("Undo the last decision")),
        ("Shift A", _("Publish all shown without complaints or suspicion")),
        ("O", _("Open the review")),
    ]
