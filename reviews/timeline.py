"""What reviews tell on the timeline of a customer."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import ngettext

from catalog.models import Customer
from catalog.timeline import Moment
from reviews.models import Review

PREVIEW = 100


def reviews(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    rows = Review.objects.filter(customer=customer, written_at__lt=before).select_related("product")
    return [
        Moment(
            row.written_at, "reviews", "rate_review",
            ngettext("%(count)d star for %(product)s", "%(count)d stars for %(product)s", row.rating)
            % {"count": row.rating, "product": row.product},
            row.text[:PREVIEW], reverse("admin:reviews_review_change", args=[row.pk]),
        )
        for row in rows.order_by("-written_at", "-id")[:limit]
    ]  # fmt: skip
