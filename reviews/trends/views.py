"""Staff page "Topics and trends": what rises and falls this week, and what reviews are about."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.notices import acting
from core.components import Meaning, figure, percent, pill, toast
from core.components.words import day_text
from core.exports import PageTable
from core.models import Alert
from core.reports import Chart, Line, line_chart
from reviews.admin import cells
from reviews.models import Review, ReviewTopic, ReviewTrend, Topic, TopicWeek
from reviews.roles import RENAME_TOPICS
from reviews.trends import alerts
from reviews.trends.choices import LANGUAGES

SHOWN = 12
DRAWN = 5
SURE, LIKELY, ALONE = 0.01, 0.05, 0.05
"""Chance after correction, and of a question alone, from which words are chosen."""
NAME_LENGTH = 80
LONGEST_PK = 18
Kind = ReviewTrend.Kind

LANGUAGE_NAMES: dict[str, Any] = {"zh": gettext_lazy("Chinese"), "en": gettext_lazy("English")}
WORDS: dict[str, Any] = {
    "sure": gettext_lazy("Very unlikely to be chance"),
    "likely": gettext_lazy("Unlikely to be chance"),
    "alone": gettext_lazy("May be chance: among so many questions some look like this"),
    "chance": gettext_lazy("Likely chance"),
}


@dataclass(frozen=True)
class Row:
    """One trend, ready to be written."""

    name: str
    where: str
    now: str
    before: str
    words: str
    chance: str
    is_sure: bool
    url: str


@dataclass(frozen=True)
class Card:
    """One topic with the reviews that stand for it."""

    topic: Topic
    words: list[str]
    share: str
    trend: SafeString | str
    url: str
    exemplars: list[tuple[Review, SafeString, str]]


def page(request: HttpRequest) -> HttpResponseBase:
    """`?language=`. A POST names a topic (`topic`, `name`; an empty name is that of its words)."""
    if request.method == "POST":
        return _rename(request)
    trends = list(ReviewTrend.objects.select_related("product", "aspect", "topic").order_by("p", "pk"))
    topics = list(Topic.objects.filter(archived_at=None))
    languages = [code for code in LANGUAGES if any(topic.language == code for topic in topics)]
    language = request.GET.get("language", "")
    language = language if language in languages else next(iter(languages), "")
    shown = [topic for topic in topics if topic.language == language]
    here = reverse("admin:reviews_trends")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Topics and trends"),
        "is_empty": not trends and not topics,
        "looked_at": max((trend.looked_at for trend in trends), default=None),
        "alerts": _open_alerts(request),
        "rises": _rows(trends, 1),
        "falls": _rows(trends, -1),
        "has_topics": bool(topics),
        "tabs": [
            (str(LANGUAGE_NAMES[code]), f"{here}?{urlencode({'language': code})}", code == language)
            for code in languages
        ],
        "language": language,
        "cards": _cards(shown, trends),
        "chart": _chart(shown),
        "may_rename": request.user.has_perm(RENAME_TOPICS),
        "name_length": NAME_LENGTH,
        "here": here,
        "reviews_url": reverse("admin:reviews_review_changelist"),
    }
    return render(request, "admin/reviews/trends.html", context)


def _rename(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(RENAME_TOPICS):
        raise PermissionDenied
    key = request.POST.get("topic", "")
    is_key = key.isascii() and key.isdecimal() and len(key) <= LONGEST_PK
    topic = Topic.objects.filter(pk=int(key), archived_at=None).first() if is_key else None
    if topic is None:
        raise Http404
    before = topic.name
    topic.name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[:NAME_LENGTH]
    if topic.name != before:
        topic.save(update_fields=["name", "updated_at"])
        toast(request, _("Topic renamed"), undo=reverse("admin:reviews_trends"), topic=topic.pk, name=before)
    return HttpResponseRedirect(f"{reverse('admin:reviews_trends')}?{urlencode({'language': topic.language})}")


def _open_alerts(request: HttpRequest) -> list[tuple[str, str]]:
    """Sentence and page of each, for those whose role is told."""
    if not request.user.has_perm("core.view_alert"):
        return []
    rows = Alert.objects.visible_to(acting(request)).open().filter(rule=alerts.RULE).order_by("-created_at")  # type: ignore[attr-defined]
    return [(str(row.said), reverse("admin:core_alert_change", args=[row.pk])) for row in rows[:SHOWN]]


# --- trends -----------------------------------------------------------------------------------------------------------


def _rows(trends: Sequence[ReviewTrend], leans: int) -> list[Row]:
    return [_row(trend) for trend in trends if trend.leans == leans and trend.p < ALONE][:SHOWN]


def _row(trend: ReviewTrend) -> Row:
    name, where = named(trend)
    key = chance_of(trend)
    return Row(
        name=name,
        where=where,
        now=_of(trend.hits, trend.reviews),
        before=_of(trend.hits_before, trend.reviews_before),
        words=str(WORDS[key]),
        chance=_chance(trend.p),
        is_sure=key == "sure",
        url=alerts.reviews_behind(trend),
    )


def named(trend: ReviewTrend) -> tuple[str, str]:
    """What a trend is about, and where."""
    where = trend.product.localised("name") if trend.product is not None else _("Whole shop")
    if trend.aspect is not None:
        return _("Complaints about %(aspect)s") % {"aspect": trend.aspect.title}, where
    if trend.topic is not None:
        return _("Topic: %(topic)s") % {"topic": trend.topic.title}, str(
            LANGUAGE_NAMES.get(trend.topic.language, trend.topic.language)
        )
    return _("Negative reviews"), where


def chance_of(trend: ReviewTrend) -> str:
    """Key of the words that say how likely chance alone is."""
    if trend.adjusted < SURE:
        return "sure"
    if trend.adjusted < LIKELY:
        return "likely"
    return "alone" if trend.p < ALONE else "chance"


def _of(hits: int, reviews: int) -> str:
    share = percent(hits / reviews) if reviews else "–"
    return _("%(share)s of %(count)s") % {"share": share, "count": figure(reviews)}


def _chance(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


# --- topics -----------------------------------------------------------------------------------------------------------


def _cards(topics: Sequence[Topic], trends: Sequence[ReviewTrend]) -> list[Card]:
    """One query for all exemplars."""
    leaning = {trend.topic_id: trend for trend in trends if trend.kind == Kind.TOPIC and trend.adjusted < LIKELY}
    members: dict[int, list[tuple[Review, SafeString, str]]] = defaultdict(list)
    rows = ReviewTopic.objects.filter(topic__in=topics, exemplar__isnull=False).exclude(
        review__status=Review.Status.REJECTED
    )
    for row in rows.select_related("review__product").order_by("topic", "exemplar"):
        if row.topic_id is not None:
            about = row.review.product.localised("name")
            members[row.topic_id].append((row.review, cells.stars(row.review.rating), about))
    total = sum(topic.reviews for topic in topics)
    return [
        Card(
            topic=topic,
            words=[word for word, _weight in topic.words[:8]],
            share=_share(topic, total),
            trend=_lean(leaning.get(topic.pk)),
            url=f"{reverse('admin:reviews_review_changelist')}?{urlencode({'topic': topic.pk})}",
            exemplars=members[topic.pk],
        )
        for topic in topics
    ]


def _share(topic: Topic, total: int) -> str:
    count = ngettext("%(count)s review", "%(count)s reviews", topic.reviews) % {"count": figure(topic.reviews)}
    if not total:
        return count
    told = _("%(share)s of the reviews with a topic") % {"share": percent(topic.reviews / total)}
    return f"{count} · {told}"


def _lean(trend: ReviewTrend | None) -> SafeString | str:
    if trend is None:
        return ""
    return pill(Meaning.MOVING, _("more this week") if trend.leans > 0 else _("less this week"))


def _weeks(topics: Sequence[Topic]) -> tuple[list[date], dict[int, dict[date, TopicWeek]]]:
    """One query."""
    rows: dict[int, dict[date, TopicWeek]] = defaultdict(dict)
    for row in TopicWeek.objects.filter(topic__in=topics).order_by("week"):
        rows[row.topic_id][row.week] = row
    return sorted({week for found in rows.values() for week in found}), rows


def _chart(topics: Sequence[Topic]) -> Chart | None:
    """Share of each topic in the reviews of its language, week by week; the largest ones are drawn."""
    weeks, rows = _weeks(topics)
    if not weeks:
        return None
    lines = [
        Line(
            topic.title,
            [
                rows[topic.pk][week].reviews / rows[topic.pk][week].of if week in rows[topic.pk] else None
                for week in weeks
            ],
            kind="share", is_open=True, is_drawn=place < DRAWN,
        )
        for place, topic in enumerate(sorted(topics, key=lambda one: -one.reviews))
    ]  # fmt: skip
    largest = max(topics, key=lambda one: one.reviews)
    return line_chart(
        _("Most reviews speak of %(topic)s") % {"topic": largest.title},
        [day_text(week) for week in weeks],
        lines,
        first_head=_("Week from"),
        note=_("Share of a week's reviews of this language, by week. The last week is not over."),
    )


def table(request: HttpRequest) -> PageTable:
    """Every question that may be more than chance, not only those that the page shows."""
    heads = [
        _("What"), _("Where"), _("Direction"), _("Last 7 days"), _("Of reviews"), _("8 weeks before"), _("Of reviews"),
        _("p value"), _("p value after correction"), _("In words"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for trend in ReviewTrend.objects.select_related("product", "aspect", "topic").order_by("p", "pk"):
            name, where = named(trend)
            yield [
                name, where, trend.get_leans_display(), trend.hits, trend.reviews, trend.hits_before,
                trend.reviews_before, trend.p, trend.adjusted, str(WORDS[chance_of(trend)]),
            ]  # fmt: skip

    return PageTable(_("Topics and trends"), heads, rows())
