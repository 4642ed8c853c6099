"""What the palette finds of reviews, for those who may see them."""

from collections.abc import Iterator

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from core.palette import MOST, Found
from reviews.admin import cells
from reviews.models import Review
from reviews.roles import SEEN

LEAST = 3
"""Characters, so that the indexes of words answer."""


def reviews(request: HttpRequest, term: str) -> Iterator[Found]:
    """By words of title and text, name of the writer or of the product, the newest first."""
    if len(term) < LEAST or not request.user.has_perm(SEEN):
        return
    rows = Review.objects.only("title", "text", "rating").order_by("-written_at", "-pk")
    found, _twice = admin.site.get_model_admin(Review).get_search_results(request, rows, term)
    title = capfirst(str(Review._meta.verbose_name))
    for row in found[:MOST]:
        address = reverse("admin:reviews_review_change", args=[row.pk])
        yield Found(cells.words(row, 60), f"{title} · {row.rating} ★", address, "rate_review")
