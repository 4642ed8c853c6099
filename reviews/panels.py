"""What reviews show on the pages of a product and of a customer."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import Customer, Product
from core.components import figure, percent
from core.components.scores import Explanation, Reason
from core.panels import MAIN, Panel
from core.reports import Period
from core.reports.periods import FIRST_YEAR
from reviews import aspect_counts, selectors
from reviews.admin import cells
from reviews.admin.aspect_page import behind_address
from reviews.models import Aspect, Review
from reviews.roles import HIDE_QUOTE

SHOWN = 3
OF_CUSTOMER = 10
ASPECTS = 6


def reviews_of_product(request: HttpRequest, product: Product) -> Panel:
    """How many stars, and the newest words, waiting ones included."""
    stars = selectors.stars_of(product.pk)
    said = selectors.sentiments_of(product.pk)
    newest = Review.objects.filter(product=product).select_related("customer", "reading").order_by(*selectors.NEWEST)
    last = list(newest[:SHOWN])
    summary = selectors.summary_of(product.pk, get_language() or "en")
    may_see_customers = request.user.has_perm("catalog.view_customer")
    return Panel(
        title=_("Reviews"),
        template="admin/reviews/panels/product.html",
        context={
            "stars": stars,
            "average": figure(stars.average, 1),
            "bars": [
                (cells.stars(one), count, round(100 * share), percent(share)) for one, count, share in stars.shares
            ],
            "said": [
                (cells.said(value), figure(count), percent(count / sum(said.values()))) for value, count in said.items()
            ],
            "summary": summary,
            "sides": _sides(summary),
            "share": percent(summary.share, summary.read) if summary is not None else "",
            "why": _why(summary) if summary is not None else None,
            "may_hide": request.user.has_perm(HIDE_QUOTE),
            "last": [_row(one, cells.who(one, may_see_customers=may_see_customers)) for one in last],
        },
        count=stars.count,
        url=f"{reverse('admin:reviews_review_changelist')}?product__id__exact={product.pk}" if last else "",
        url_label=_("All reviews"),
        empty="" if last else _("Nobody has reviewed this product yet."),
    )


def aspects_of_product(_request: HttpRequest, product: Product) -> Panel:
    """What its customers praise and complain about, of all times, with the words that say it most clearly."""
    found = aspect_counts.of_product(product.pk)
    named = Aspect.objects.in_bulk([one.key for one in found])
    shown = [one for one in found if one.now.positive or one.now.negative][:ASPECTS]
    since = aspect_counts.Asked(Period("between", date(FIRST_YEAR, 1, 1), timezone.localdate()), product=product)
    quotes = selectors.clearest_quotes(product.pk, [one.key for one in shown])
    return Panel(
        title=_("What customers say"),
        template="admin/reviews/panels/aspects.html",
        context={
            "rows": [
                {"name": named[one.key].title, "said": one, "url": behind_address(since, aspect=named[one.key].key)}
                for one in shown
            ],
            "quotes": [
                {
                    "text": one.quote,
                    "polarity": one.polarity,
                    "said": f"{named[one.aspect_id].title}: {one.get_polarity_display()}",
                    "url": reverse("admin:reviews_review_change", args=[one.review_id]),
                }
                for one in quotes
            ],
        },
        url=f"{reverse('admin:reviews_aspects')}?{urlencode({'product': product.pk})}" if shown else "",
        url_label=_("By week"),
        empty="" if shown else _("No review of this product praises or blames anything by name yet."),
    )


def reviews_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """What the customer wrote, newest first, whatever became of it."""
    rows = selectors.reviews_by(customer.pk)
    last = list(rows[:OF_CUSTOMER])
    count = rows.count() if len(last) == OF_CUSTOMER else len(last)
    return Panel(
        title=_("Reviews"),
        template="admin/reviews/panels/customer.html",
        context={"last": [_row(one, one.product.localised("name")) for one in last]},
        place=MAIN,
        count=count,
        url=f"{reverse('admin:reviews_review_changelist')}?customer__id__exact={customer.pk}" if last else "",
        url_label=_("All reviews"),
        empty="" if last else _("No review yet."),
    )


def _sides(summary: selectors.Summary | None) -> list[tuple[str, list[selectors.QuoteShown]]]:
    if summary is None:
        return []
    sides = [(_("What customers praise"), summary.praise), (_("What customers complain about"), summary.complaints)]
    return [(title, quotes) for title, quotes in sides if quotes]


def _why(summary: selectors.Summary) -> Explanation:
    return Explanation(
        what=_("Sentences of published reviews, word for word"),
        reasons=[
            Reason(_("Chosen: what most reviews say of an aspect, in the sentence most like the others")),
            Reason(_("Bought and helpful reviews are preferred; personal data is not quoted")),
        ],
        how_sure=_("From %(reviews)s published reviews, of which %(read)s are read")
        % {"reviews": figure(summary.reviews), "read": figure(summary.read)},
        as_of=summary.made_at,
        model_version=summary.version or _("list of words"),
    )


def _row(review: Review, about: Any) -> dict[str, Any]:
    return {
        "pk": review.pk,
        "stars": cells.stars(review.rating),
        "status": cells.status(review),
        "read": cells.sentiment(getattr(review, "reading", None)),
        "words": cells.words(review, 140),
        "language": review.language,
        "about": about,
        "written_at": review.written_at,
    }
