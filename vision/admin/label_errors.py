"""Staff page "Probable errors": what stands about photos and the live model, which did not learn them, doubts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from core.components import figure, percent
from vision import deciding, tag_selectors
from vision.admin import tag_cards as cards
from vision.admin.tag_cards import PAGE, Told
from vision.admin.tag_queue import crumbs, tabs
from vision.deciding import Outcome
from vision.models import ReviewDecision
from vision.tag_selectors import ProbableError


def page(request: HttpRequest) -> HttpResponse:
    """`?page=`; a POST keeps what stands (`accept`) or corrects it (`reject`), by the number of the photo."""
    if request.method == "POST":
        return cards.answer(request, _act, _summary)
    version = tag_selectors.live_version()
    found = tag_selectors.probable_errors(version)
    number, here = cards.page_number(request), reverse("admin:vision_label_errors")
    if number > 1 and (number - 1) * PAGE >= len(found):
        return HttpResponseRedirect(here)
    shown = found[(number - 1) * PAGE : number * PAGE]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Probable errors"),
        "crumbs": crumbs(),
        "tabs": tabs("errors"),
        "errors": [_row(one) for one in shown],
        "version": version.name if version else "",
        "summary": _words(len(found), request),
        "next_page": f"{here}?page={number + 1}" if len(found) > number * PAGE else "",
        "previous_page": f"{here}?page={number - 1}" if number > 1 else "",
        "accept": _("Keep"),
        "reject": _("Correct"),
        "page_keys": cards.keys(_("Keep what stands"), _("Correct it as the model says")),
        "empty_title": _("No probable errors"),
        "empty_text": (
            _("The live model agrees with what stands about all photos, or somebody looked at each.")
            if version
            else _("When a model has been trained, photos that it is sure are labelled wrongly appear here.")
        ),
        "empty_label": _("Suggested tags"),
        "empty_url": reverse("admin:vision_queue"),
    }
    return render(request, "admin/vision/tags.html", context)


def _row(error: ProbableError) -> dict[str, Any]:
    return {
        "card": cards.photo_card(error.image),
        "label": error.label.name,
        "probable": error.probable.name,
        "chance": percent(error.chance),
    }


def _act(request: HttpRequest) -> Told:
    act, ids = cards.sent(request)
    by = acting(request)
    known = {one.image.pk: one for one in tag_selectors.probable_errors(tag_selectors.live_version())}
    if not ids:
        return Told(_("Tick the photos first")) if act else Told()
    count, keys = 0, []
    for pk in ids:
        if (error := known.get(pk)) is None:
            continue
        outcome = _decide(error, act, by)
        count += outcome.count
        keys.append(outcome.undo)
    whole = Outcome(count, deciding.joined(keys, by=by), len(ids) - count)
    return cards.told_of(whole, "keep" if act == "accept" else "change")


def _decide(error: ProbableError, act: str, by: Any) -> Outcome:
    if act == "accept":
        return deciding.label_photos(
            [error.image.pk], error.label, is_right=True, by=by, came_from=ReviewDecision.CameFrom.ERRORS
        )
    return deciding.correct(error.image.pk, error.label, to=error.probable, by=by)


def _words(count: int, request: HttpRequest) -> str:
    words = ngettext("%(count)s to look at", "%(count)s to look at", count) % {"count": figure(count)}
    return f"{words} · {cards.done_words(request)}"


def _summary(request: HttpRequest) -> str:
    return _words(len(tag_selectors.probable_errors(tag_selectors.live_version())), request)
