"""Staff page behind a number of "What customers say": the reviews, with the words that say it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import figure
from reviews import aspect_counts
from reviews.admin import cells
from reviews.admin.aspect_page import address, behind_address, chips, state
from reviews.admin.marks import marked
from reviews.aspect_counts import Asked
from reviews.models import Aspect, Polarity, Review, ReviewAspect

PAGE = 20
MOST_PAGES = 5_000


def page(request: HttpRequest) -> HttpResponse:
    """The address of "What customers say" with `polarity=positive|neutral|negative` and `page=`."""
    clock = aspect_counts.clock()
    aspects = list(Aspect.objects.filter(is_active=True))
    show, asked = state(request, clock, aspects)
    polarity = request.GET.get("polarity", "")
    polarity = polarity if polarity in Polarity.values else ""
    number = _page_number(request)
    found = aspect_counts.behind(asked, polarity)
    count = found.count()
    rows = list(found[(number - 1) * PAGE : number * PAGE])
    title = _title(asked, polarity, count)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": title,
        "crumbs": [{"title": _("What customers say"), "url": address(asked, show=show)}],
        "period": asked.period,
        "cards": _cards(request, rows, asked, polarity),
        "chips": _chips(asked, polarity),
        "polarities": [
            (value, label, behind_address(asked, polarity=value, show=show))
            for value, label in [("", _("All")), *((one.value, one.label.capitalize()) for one in Polarity)]
        ],
        "polarity": polarity,
        "back_url": address(asked, show=show),
        "previous_url": behind_address(asked, polarity=polarity, page=number - 1) if number > 1 else "",
        "next_url": behind_address(asked, polarity=polarity, page=number + 1) if count > number * PAGE else "",
    }
    return render(request, "admin/reviews/aspect_reviews.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def _title(asked: Asked, polarity: str, count: int) -> str:
    """ "Complaints about Delivery: 12 reviews"."""
    reviews = ngettext("%(count)s review", "%(count)s reviews", count) % {"count": figure(count)}
    words = {"aspect": asked.aspect.title if asked.aspect else "", "reviews": reviews}
    if asked.aspect is None:
        titles = {
            Polarity.POSITIVE.value: _("Praise: %(reviews)s"), Polarity.NEGATIVE.value: _("Complaints: %(reviews)s"),
            Polarity.NEUTRAL.value: _("Neither praise nor complaint: %(reviews)s"), "": _("Opinions: %(reviews)s"),
        }  # fmt: skip
    else:
        titles = {
            Polarity.POSITIVE.value: _("Praise for %(aspect)s: %(reviews)s"),
            Polarity.NEGATIVE.value: _("Complaints about %(aspect)s: %(reviews)s"),
            Polarity.NEUTRAL.value: _("%(aspect)s, neither praise nor complaint: %(reviews)s"),
            "": _("%(aspect)s: %(reviews)s"),
        }
    return titles[polarity] % words


def _chips(asked: Asked, polarity: str) -> list[tuple[Any, str, str]]:
    found = chips(asked, behind_address, polarity=polarity)
    if asked.aspect is not None:
        found.insert(0, (_("Aspect"), asked.aspect.title, behind_address(asked, aspect="", polarity=polarity)))
    if asked.language:
        found.append((_("Language"), asked.language, behind_address(asked, language="", polarity=polarity)))
    if asked.text:
        found.append((_("Product name or ID"), asked.text, behind_address(asked, q="", polarity=polarity)))
    return found


def _cards(request: HttpRequest, rows: list[Review], asked: Asked, polarity: str) -> list[dict[str, Any]]:
    """One query for the mentions of all reviews of the page."""
    mentions: dict[int, list[ReviewAspect]] = {}
    found = ReviewAspect.objects.filter(review__in=[row.pk for row in rows], aspect__is_active=True)
    if asked.aspect is not None:
        found = found.filter(aspect=asked.aspect)
    if polarity:
        found = found.filter(polarity=polarity)
    for one in found.select_related("aspect"):
        mentions.setdefault(one.review_id, []).append(one)
    may_see_customers = request.user.has_perm("catalog.view_customer")
    return [
        {
            "review": row,
            "stars": cells.stars(row.rating),
            "words": marked(row, mentions.get(row.pk, [])),
            "product": row.product.localised("name"),
            "who": cells.who(row, may_see_customers=may_see_customers),
            "url": reverse("admin:reviews_review_change", args=[row.pk]),
        }
        for row in rows
    ]
