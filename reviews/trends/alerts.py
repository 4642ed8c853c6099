"""The alert about a week in which customers complain more than in the eight weeks before."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override, pgettext_lazy

from catalog.models import Product
from core.alerts import AlertKind, raise_alert, resolve, threshold_of
from core.choices import Role
from core.models import Alert
from core.said import Said
from core.shop import current_shop
from reviews.models import Aspect, ReviewTrend, Sentiment

RULE = "complaints_surge"
LEVEL = 0.01
"""Chance below which a rise is an alarm, after correction; and above which, uncorrected, it is over."""
QUIET = timedelta(days=7)
"""So long after an alert about one product and aspect none follows about the same."""

COMPLAINTS_SURGE = AlertKind(
    title=_("Customers complain more than usual"),
    level=Alert.Level.WARNING,
    roles=(Role.SUPPORT, Role.MERCHANDISER),
    threshold=5,
    unit=pgettext_lazy("unit", "complaints in 7 days"),
    help=_(
        "Read the reviews behind it: a bad batch, a new parcel service or a wrong description are the usual reasons. "
        "The alert closes when the complaints are as rare as before."
    ),
    page="reviews_trends",
    page_label=_("Open topics and trends"),
    permission="reviews.view_review",
)

SENTENCES = {
    (ReviewTrend.Kind.ASPECT, True): gettext_noop(
        "%(aspect)s of %(product)s: %(hits)d of %(reviews)d reviews of the last 7 days complain, %(before)d of "
        "%(of)d in the 8 weeks before."
    ),
    (ReviewTrend.Kind.ASPECT, False): gettext_noop(
        "%(aspect)s in the whole shop: %(hits)d of %(reviews)d reviews of the last 7 days complain, %(before)d of "
        "%(of)d in the 8 weeks before."
    ),
    (ReviewTrend.Kind.SENTIMENT, True): gettext_noop(
        "%(product)s: %(hits)d of %(reviews)d reviews of the last 7 days are negative, %(before)d of %(of)d in the 8 "
        "weeks before."
    ),
}


def tell(trends: Sequence[ReviewTrend], *, now: datetime | None = None) -> int:
    """Raise the alert of each surge, close those that are over. Returns surges told. Safe to run at any time.

    One alert for each question in seven days: one that was closed within them is not opened again.
    """
    now = now or timezone.now()
    least = threshold_of(RULE)
    asked = {trend.key: trend for trend in trends if (trend.kind, trend.product_id is not None) in SENTENCES}
    known = Alert.objects.filter(rule=RULE)
    is_open = set(known.open().values_list("key", flat=True))  # type: ignore[attr-defined]
    is_quiet = set(known.filter(created_at__gt=now - QUIET).values_list("key", flat=True)) - is_open
    surges = {
        key: trend for key, trend in asked.items()
        if trend.leans > 0 and trend.hits >= least and trend.alarm < LEVEL and key not in is_quiet
    }  # fmt: skip
    surges = _distinct(surges)
    for key, said in _said(surges).items():
        raise_alert(RULE, key=key, said=said, link=reviews_behind(surges[key], now=now))
    for key in is_open:
        if (over := asked.get(key)) is None or not _lasts(over, least):
            resolve(RULE, key=key)
    return len(surges)


def _distinct(surges: dict[str, ReviewTrend]) -> dict[str, ReviewTrend]:
    """Each trouble once, where it is told most exactly: negative reviews of a product are silent beside complaints
    about its aspects, an aspect of the whole shop where one or few products bring half of its complaints or more."""
    of_products: dict[int | None, int] = defaultdict(int)
    told = set()
    for trend in surges.values():
        if trend.aspect_id is not None and trend.product_id is not None:
            of_products[trend.aspect_id] += trend.hits
            told.add(trend.product_id)
    return {
        key: trend for key, trend in surges.items()
        if (trend.aspect_id is not None or trend.product_id not in told)
        and (trend.product_id is not None or 2 * of_products[trend.aspect_id] < trend.hits)
    }  # fmt: skip


def _lasts(trend: ReviewTrend, least: float) -> bool:
    """Milder than what raises an alert, so that none comes and goes with each review."""
    return trend.leans > 0 and trend.hits >= least and trend.p < LEVEL


def _said(surges: dict[str, ReviewTrend]) -> dict[str, Said]:
    """Two queries. Aspects and products are named in the language of whoever reads it."""
    products = Product.objects.in_bulk({one.product_id for one in surges.values() if one.product_id is not None})
    aspects = Aspect.objects.in_bulk({one.aspect_id for one in surges.values() if one.aspect_id is not None})
    with override(next(iter(current_shop().languages), None)):
        told = {}
        for key, trend in surges.items():
            product, aspect = products.get(trend.product_id or 0), aspects.get(trend.aspect_id or 0)
            values = {
                "product": _names(product) if product else "",
                "aspect": {"en": aspect.title_en, "zh": aspect.title_zh} if aspect else "",
                "hits": trend.hits, "reviews": trend.reviews, "before": trend.hits_before, "of": trend.reviews_before,
            }  # fmt: skip
            told[key] = Said(SENTENCES[ReviewTrend.Kind(trend.kind), trend.product_id is not None], values)
    return told


def _names(product: Product) -> str | dict[str, str]:
    """In both languages of staff, where they differ."""
    names = {"en": product.localised("name", "en"), "zh": product.localised("name", "zh-hans")}
    return names if names["en"] != names["zh"] else product.localised("name")


def reviews_behind(trend: ReviewTrend, *, now: datetime | None = None) -> str:
    """The list of reviews with exactly those that a trend counts: the days say when, `counted` says to the second and
    leaves out what does not count."""
    until = timezone.localtime(now or trend.looked_at)
    asked: dict[str, Any] = {
        "written_at_from": (until - timedelta(days=7)).date(), "written_at_to": until.date(),
        "counted": until.astimezone(UTC).isoformat(),
    }  # fmt: skip
    if trend.product_id is not None:
        asked["product__id__exact"] = trend.product_id
    if trend.kind == ReviewTrend.Kind.TOPIC:
        asked["topic"] = trend.topic_id
    elif trend.kind == ReviewTrend.Kind.ASPECT:
        asked["complains"] = trend.aspect_id
    else:
        asked["sentiment"] = Sentiment.NEGATIVE
    return f"{reverse('admin:reviews_review_changelist')}?{urlencode(asked)}"
