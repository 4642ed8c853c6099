"""How a review is read, on its page and in the queue: the outcome, why, how sure, and one click to say otherwise."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting, came_from
from core.components import Explanation, Reason, figure, percent, toast
from core.exceptions import DomainError
from reviews import services
from reviews.admin import cells
from reviews.ml import explaining
from reviews.ml.sentiment import judge
from reviews.models import Review, ReviewReading, Sentiment
from reviews.models.readings import text_read
from reviews.reader import scorer
from reviews.roles import CORRECT


def corrected_words(sentiment: str, count: int) -> str:
    text = ngettext("%(count)s review is %(what)s now", "%(count)s reviews are %(what)s now", count)
    return text % {"count": figure(count), "what": Sentiment(sentiment).label}


def undone_words(count: int) -> str:
    text = ngettext("Correction of %(count)s review undone", "Correction of %(count)s reviews undone", count)
    return text % {"count": figure(count)}


def tell(request: HttpRequest, done: services.Correction, sentiment: str) -> None:
    """How many are corrected, and the way back."""
    if done.corrected:
        words = corrected_words(sentiment, len(done.corrected))
        toast(request, words, undo=reverse("admin:reviews_review_uncorrect"), key=done.undo)
    else:
        messages.info(request, _("Nothing to correct: told so already, or not read yet"))


def reading_of(review: Review) -> ReviewReading | None:
    return getattr(review, "reading", None)


def shown(request: HttpRequest, review: Review) -> dict[str, Any]:
    """What the page of a review shows of its reading; reasons are worked out now, by the model that serves."""
    reading = reading_of(review)
    return {
        "reading": reading,
        "reading_pill": cells.sentiment(reading),
        "reading_why": explanation(review, reading) if reading is not None else None,
        "sentiments": choices(reading) if reading is not None and request.user.has_perm(CORRECT) else [],
    }


def choices(reading: ReviewReading | None) -> list[tuple[str, Any, bool]]:
    """(value, word, whether staff said so) in the order of the keys 1 to 4."""
    said = reading.corrected if reading is not None else ""
    return [(value, label, value == said) for value, label in Sentiment.choices]


def explanation(review: Review, reading: ReviewReading) -> Explanation:
    """What, why, how sure, by which version. Staff who corrected it are the reason then."""
    version = reading.model_version
    return Explanation(
        what=reading.sentiment_name,
        reasons=_reasons(review, reading),
        how_sure=percent(reading.confidence),
        as_of=reading.read_at,
        model_version=reading.version_name or _("the product's list of words"),
        model_url=f"{reverse('admin:core_modelversion_changelist')}?kind={version.kind}&version={version.number}"
        if version is not None else "",
    )  # fmt: skip


def _reasons(review: Review, reading: ReviewReading) -> list[Reason]:
    if reading.corrected:
        who = reading.corrected_by or _("somebody who is not here any more")
        said = Reason(_("%(who)s said so") % {"who": who})
        if reading.corrected == reading.predicted:
            return [said]
        return [said, Reason(_("Read as %(what)s before") % {"what": Sentiment(reading.predicted).label})]
    reader = scorer()
    judged = judge(reader.scorer, [text_read(review)])[0]
    if not judged.text:
        return [Reason(_("No words, stars alone"))]
    if reading.predicted == Sentiment.MIXED and (found := explaining.sides(judged)):
        return [_reason(_("“%(words)s”") % {"words": one.words}, one) for one in found]
    found = explaining.strongest(reader.scorer, judged.text)
    if not found:
        return [Reason(_("No word in it tells either way"))]
    return [
        _reason(_("“%(words)s” %(effect)s") % {"words": one.words, "effect": _points(one.effect)}, one) for one in found
    ]


def _reason(text: str, one: explaining.Influence) -> Reason:
    return Reason(text, 1 if one.effect > 0 else -1)


def _points(effect: float) -> str:
    """By how many points of a hundred the chance of positive would be other without it."""
    return f"{'+' if effect > 0 else '−'}{figure(round(100 * abs(effect)))}"


class ReadingActsMixin:
    """Addresses that correct and take back. `self` is the ModelAdmin of reviews."""

    def has_correct_permission(self, request: HttpRequest) -> bool:
        """May say how reviews are to be read."""
        return bool(request.user.has_perm(CORRECT))

    @method_decorator(require_POST)
    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`sentiment`: what the review is."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        get_object_or_404(Review, pk=pk)
        sentiment = request.POST.get("sentiment", "")
        try:
            tell(request, services.correct([pk], sentiment, by=acting(request)), sentiment)
        except DomainError as error:
            messages.error(request, str(error.message))
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_review_change", args=[pk])))

    @method_decorator(require_POST)
    def uncorrect_view(self, request: HttpRequest) -> HttpResponseBase:
        """Put back what the toast offers."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        try:
            done = services.undo_correction(request.POST.get("key", ""), by=acting(request))
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            toast(request, undone_words(len(done)))
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_review_changelist")))
