"""What a review says of aspects, on its page: as it was read or as staff say, and one click to say otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting, came_from
from core.components import Meaning, pill, toast
from core.exceptions import DomainError
from reviews import services
from reviews.models import Aspect, AspectCorrection, Review, ReviewAspect
from reviews.roles import CORRECT

Said = AspectCorrection.Said
MEANINGS = {
    Said.POSITIVE: Meaning.GOOD, Said.NEUTRAL: Meaning.IDLE, Said.NEGATIVE: Meaning.STOPPED,
    Said.NOT_MEANT: Meaning.IDLE,
}  # fmt: skip
LONGEST_PK = 18


@dataclass(frozen=True)
class AspectRow:
    """One aspect that a review names. `choices`: (value, word, whether staff said so)."""

    aspect: Aspect
    pill: SafeString
    correction: AspectCorrection | None
    choices: list[tuple[str, Any, bool]]


def corrections_of(review: Review) -> dict[int, AspectCorrection]:
    """Aspect → what staff said of it. One query."""
    rows = AspectCorrection.objects.filter(review=review).select_related("corrected_by", "aspect")
    return {row.aspect_id: row for row in rows}


def rows_of(mentions: Iterable[ReviewAspect], corrections: dict[int, AspectCorrection]) -> list[AspectRow]:
    """`mentions` of one review with `aspect` fetched; in the order of the dictionary."""
    found: dict[int, ReviewAspect] = {}
    for one in mentions:
        if one.aspect_id not in found or one.is_clearest:
            found[one.aspect_id] = one
    return [
        _row(one, corrections.get(one.aspect_id))
        for one in sorted(found.values(), key=lambda one: (one.aspect.position, one.aspect_id))
    ]


def _row(mention: ReviewAspect, correction: AspectCorrection | None) -> AspectRow:
    said = Said(correction.said if correction is not None else mention.polarity)
    choices = [(value, label, correction is not None and value == said) for value, label in Said.choices]
    return AspectRow(mention.aspect, pill(MEANINGS[said], said.label), correction, choices)


def events(corrections: Iterable[AspectCorrection], gone: str) -> Sequence[tuple[str, str, str, Any]]:
    """(shape, sentence, who, moment) for what happened to a review."""
    return [
        ("✎", _said_words(one.aspect, one.said), str(one.corrected_by or gone), one.corrected_at)
        for one in corrections
    ]  # fmt: skip


def _said_words(aspect: Aspect, said: str) -> str:
    return _("%(aspect)s: corrected to %(what)s") % {"aspect": aspect.title, "what": Said(said).label}


class AspectActsMixin:
    """Addresses that correct an aspect of a review and take it back. `self` is the ModelAdmin of reviews."""

    @method_decorator(require_POST)
    def aspect_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`aspect` and what is `said` of it."""
        if not request.user.has_perm(CORRECT):
            raise PermissionDenied
        get_object_or_404(Review, pk=pk)
        key, said = request.POST.get("aspect", ""), request.POST.get("said", "")
        is_key = key.isascii() and key.isdecimal() and len(key) <= LONGEST_PK
        aspect = get_object_or_404(Aspect, pk=int(key) if is_key else 0)
        try:
            undo = services.correct_aspect(pk, aspect.pk, said, by=acting(request))
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            if undo:
                toast(request, _said_words(aspect, said), undo=reverse("admin:reviews_review_aspect_undo"), key=undo)
            else:
                messages.info(request, _("Nothing to correct: told so already, or not read yet"))
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_review_change", args=[pk])))

    @method_decorator(require_POST)
    def aspect_undo_view(self, request: HttpRequest) -> HttpResponseBase:
        """Put back what the toast offers."""
        if not request.user.has_perm(CORRECT):
            raise PermissionDenied
        try:
            is_back = services.undo_aspect(request.POST.get("key", ""), by=acting(request))
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            if is_back:
                toast(request, _("Correction of the aspect undone"))
            else:
                messages.info(request, _("Somebody corrected it again since, so it stays"))
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_review_changelist")))
