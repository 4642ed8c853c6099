"""How reviews look in lists, cards and panels. Pure: everything shown was read before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin import cells
from catalog.admin.fields import language_name
from core.components import Meaning, ago, figure, pill
from reviews.models import Review, ReviewPhoto, ReviewReading, ReviewReply, Sentiment

MEANINGS = {
    Review.Status.PENDING: Meaning.WAITING,
    Review.Status.PUBLISHED: Meaning.GOOD,
    Review.Status.REJECTED: Meaning.STOPPED,
}
SENTIMENTS = {
    Sentiment.POSITIVE: Meaning.GOOD,
    Sentiment.NEUTRAL: Meaning.IDLE,
    Sentiment.NEGATIVE: Meaning.STOPPED,
    Sentiment.MIXED: Meaning.WAITING,
}
SMALL, LARGE = 160, 800
SHORT = 90
LONGEST_PK = 18
MOST_PHOTOS = 200
"""Of one form: six of each review of a page of the queue."""


def stars(rating: int) -> SafeString:
    """Five signs, read out as one number."""
    words = ngettext("%(count)d star of 5", "%(count)d stars of 5", rating) % {"count": rating}
    return format_html(
        '<span class="rev-stars" role="img" aria-label="{}">{}<i>{}</i></span>', words, "★" * rating, "★" * (5 - rating)
    )


def status(review: Review) -> SafeString:
    """What became of it; one that is published and complained about, suspicious or with new photos waits too."""
    if review.status == Review.Status.PUBLISHED and review.open_reports:
        return pill(Meaning.WAITING, _("complained about"))
    if review.status == Review.Status.PUBLISHED and review.is_suspected:
        return pill(Meaning.WAITING, Review.Status.PENDING.label)
    if review.status == Review.Status.PUBLISHED and review.has_new_photos:
        return pill(Meaning.WAITING, _("new photos"))
    return pill(MEANINGS[Review.Status(review.status)], review.get_status_display())


def said(value: str) -> SafeString:
    """The pill of an outcome."""
    return pill(SENTIMENTS[Sentiment(value)], Sentiment(value).label)


def sentiment(reading: ReviewReading | None) -> SafeString | str:
    """Shape, colour and word of what counts; a person's word says so. Empty while nobody read it."""
    if reading is None:
        return ""
    shown = said(reading.sentiment)
    if not reading.corrected:
        return shown
    return format_html('{}<span class="rev-by-staff" title="{}"> ✎</span>', shown, _("Corrected by staff"))


def reply_state(reply: ReviewReply | None) -> SafeString | str:
    if reply is None:
        return ""
    return pill(Meaning.GOOD, _("sent")) if reply.sent_at else pill(Meaning.PROPOSED, _("reply draft"))


def words(review: Review, length: int = SHORT) -> str:
    """Its title or the beginning of its text; stars alone say so."""
    return Truncator(" ".join((review.title or review.text).split())).chars(length) or _("No words, stars alone")


def who(review: Review, *, may_see_customers: bool) -> Any:
    """The name shown beside the review, else the customer's for those who may see customers."""
    if review.author:
        return review.author
    if may_see_customers and review.customer is not None:
        return str(review.customer)
    return cells.quiet(_("a customer") if review.customer_id else _("unknown"))


def language(review: Review) -> Any:
    return language_name(review.language) if review.language else cells.NOTHING


def verified(review: Review) -> Any:
    return _("Yes") if review.is_verified else cells.NOTHING


def some(count: int) -> SafeString:
    """A number, or nothing to look at."""
    return cells.number(figure(count)) if count else cells.number(cells.NOTHING)


def age(moment: datetime) -> Any:
    """How long ago within a day, else the date alone: a list of many columns has no room for minutes of last year."""
    return ago(moment) if timezone.now() - moment < timedelta(days=1) else cells.day(moment)


@dataclass(frozen=True)
class PhotoShown:
    """A photo drawn small, and as large as a page shows it; `pill` says where others do not see it."""

    pk: int
    small: str
    large: str
    is_new: bool
    is_hidden: bool
    pill: SafeString | str


def photos(review: Review) -> list[PhotoShown]:
    """Reads `photos`, which the selectors bring along."""
    return [_photo(one) for one in review.photos.all()]


def _photo(photo: ReviewPhoto) -> PhotoShown:
    name, state = photo.file.name, ReviewPhoto.State
    is_new, is_hidden = photo.state == state.NEW, photo.state == state.HIDDEN
    return PhotoShown(
        photo.pk, reverse("picture", args=[SMALL, name]), reverse("picture", args=[LARGE, name]), is_new, is_hidden,
        pill(Meaning.WAITING if is_new else Meaning.STOPPED, photo.get_state_display()) if is_new or is_hidden else "",
    )  # fmt: skip


def seen_photos(data: Mapping[str, Any]) -> dict[int, bool]:
    """Of a form that shows new photos: those it showed (`seen`), and whether each is to be shown (`photos`)."""
    shown = set(data.getlist("photos"))  # type: ignore[attr-defined]
    seen = data.getlist("seen")[:MOST_PHOTOS]  # type: ignore[attr-defined]
    return {int(one): one in shown for one in seen if one.isdecimal() and len(one) <= LONGEST_PK}
