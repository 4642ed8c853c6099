"""Staff page "Weekly sample": one review after another, the reading hidden until it is answered."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin import cells as shared
from catalog.admin.notices import acting
from catalog.models import ProductImage
from catalog.thumbnails import first_thumbnail
from core.components import percent, toast
from core.components.words import day_text
from core.exceptions import DomainError
from reviews.models import QualitySample, SampledReview, Sentiment
from reviews.quality import figures, sampling


def page(request: HttpRequest) -> HttpResponse:
    """The next question of the open sample. A POST answers (`row`, `answer`; an empty one takes it back) or, with
    `act` close, ends the sample."""
    sample = sampling.open_sample()
    if request.method == "POST":
        return _act(request, sample)
    here = reverse("admin:reviews_sample")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Weekly sample"),
        "crumbs": [
            {"title": _("Reviews"), "url": reverse("admin:reviews_review_changelist")},
            {"title": _("Quality of readings"), "url": reverse("admin:reviews_quality")},
        ],
        "sample": sample,
        "here": here,
        **(_question(sample) if sample is not None else {}),
        "page_keys": [("1 2 3 4", _("It is positive, neutral, negative or mixed"))],
    }
    return render(request, "admin/reviews/sample.html", context)


def _question(sample: QualitySample) -> dict[str, Any]:
    """What is asked next, and what the last answer met. Nothing of the reading of a question is in the page."""
    pictures = Prefetch("review__product__images", ProductImage.objects.order_by("position", "id"))
    open_rows = sample.rows.filter(answer="").select_related("review__product").prefetch_related(pictures)
    row = open_rows.order_by("position").first()
    total, left = sample.rows.count(), sample.rows.filter(answer="").count()
    last = sample.rows.exclude(answer="").order_by("-answered_at").first()
    share = figures.added(
        figures.Share(int(said == read), 1) for said, read in sample.rows.exclude(answer="").values_list(
            "answer", "predicted"
        )
    )  # fmt: skip
    return {
        "row": row,
        "product": row.review.product.localised("name") if row is not None else "",
        "picture": shared.picture(first_thumbnail(row.review.product)) if row is not None else "",
        "sentiments": Sentiment.choices,
        "number": total - left + 1,
        "total": total,
        "done_share": round(100 * (total - left) / total) if total else 0,
        "last": _last(last) if last is not None else "",
        "share": percent(share.value) if share.value is not None else "",
        "week": day_text(sample.week),
    }


def _last(row: SampledReview) -> str:
    words = {"answer": Sentiment(row.answer).label, "read": Sentiment(row.predicted).label}
    if row.answer == row.predicted:
        return _("You said %(answer)s, and so it was read") % words
    return _("You said %(answer)s; it was read as %(read)s") % words


def _act(request: HttpRequest, sample: QualitySample | None) -> HttpResponse:
    here = reverse("admin:reviews_sample")
    if sample is None:
        return HttpResponseRedirect(here)
    if request.POST.get("act") == "close":
        sampling.close(sample)
        toast(request, _("Sample closed"))
        return HttpResponseRedirect(reverse("admin:reviews_quality"))
    number, said = request.POST.get("row", ""), request.POST.get("answer", "")
    if not number.isdecimal() or len(number) > 18:
        raise Http404
    row = get_object_or_404(SampledReview, pk=int(number))
    try:
        sampling.answer(row, said, by=acting(request))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        if said:
            toast(request, _last(row), undo=here, row=row.pk, answer="")
    return HttpResponseRedirect(here)
