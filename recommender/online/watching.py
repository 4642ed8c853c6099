"""What is looked at every night: click rates that fell against their own previous weeks, and changed training data.

Each look raises its alerts and resolves them when the trouble is over.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override, pgettext_lazy

from catalog.models import Category, Interaction
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.choices import Role
from core.components import percent
from core.jobs import guard
from core.ml.stability import largest_change, stability_index
from core.models import Alert, ModelVersion
from core.said import FIGURE, Said
from recommender.choices import BESIDE, RECOMMENDER
from recommender.ml.drift import fall
from recommender.models import DriftCheck, Placement, RecommendationDay
from recommender.online import counting
from recommender.online.reports import OF_BASE, Counts

WEEKS = 4
ONE_WEEK = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=90)
LEAST_ACTS = 1_000
LEAST = {DriftCheck.Feature.LENGTHS: 150}
"""Where people are counted and not acts."""
WITHOUT_CATEGORY = _("without a category")
LEAST_LISTS = 100
"""Lists in a week, of two weeks of the four before at least, without which a placement that shows none says nothing."""
_PAGE: dict[str, Any] = {
    "page": "recommender_online",
    "page_label": _("Open what they bring"),
    "permission": "recommender.view_placement",
}

CLICKS_FELL = AlertKind(
    title=_("Recommendations are clicked less"),
    level=Alert.Level.WARNING,
    roles=(Role.MERCHANDISER, Role.ANALYST),
    threshold=10,
    unit=pgettext_lazy("unit", "% less than in the four weeks before"),
    help=_(
        "The fall is larger than chance and than the weeks before differ among themselves. Look at the rules of the "
        "placement, at what the model learned last, and whether the storefront still shows the list where it was."
    ),
    **_PAGE,
)
DATA_CHANGED = AlertKind(
    title=_("Training data changed"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST,),
    threshold=0.25,
    unit=pgettext_lazy("unit", "stability index"),
    help=_(
        "The last week differs from what the live recommender learned from. Look whether events are still sent "
        "as before: a changed storefront is more common than changed customers. A new training follows by itself."
    ),
    **_PAGE,
)


def watch() -> dict[str, Any]:
    """Everything that is looked at. Safe to run at any time; a day has one check of each kind."""
    now = timezone.now()
    falls = watch_clicks(timezone.localdate())
    drift = watch_data(now)
    return {"fallen": falls, "drifted": drift, "forgotten": counting.forget_old()}


# --- click rates --------------------------------------------------------------------------------------------------


def watch_clicks(today: date) -> int:
    """The last seven whole days of each placement and each list within one, against the four weeks before: whether it
    is clicked less, or seen by nobody any more though it is on. How many fell."""
    smallest = threshold_of("recommendations_less_clicked") / 100
    fallen = 0
    off = set(Placement.objects.filter(is_on=False).values_list("key", flat=True))
    for key, name in _places().items():
        latest, *before = (_week(key, today - n * ONE_WEEK).of("clicked") for n in range(WEEKS + 1))
        found = fall(latest, before, smallest=smallest)
        said = None
        if found is not None:
            fallen += 1
            said = Said(
                gettext_noop(
                    "%(placement)s: %(now)s of the lists were clicked in the last week, %(before)s before."
                ),
                {"placement": name, "now": percent(found.now), "before": percent(found.before)},
            )  # fmt: skip
        elif key.partition("/")[0] not in off and _has_vanished(latest.d, [week.d for week in before]):
            fallen += 1
            said = Said(
                gettext_noop(
                    "%(placement)s: nobody saw a list in the last week; in the four weeks before it was %(lists)s."
                ),
                {"placement": name, "lists": {FIGURE: int(sum(week.d for week in before))}},
            )  # fmt: skip
        link = f"{reverse('admin:recommender_online')}?{urlencode({'placement': key})}"
        keep("recommendations_less_clicked", key=key, said=said, link=link)
    return fallen


def _has_vanished(lists: float, before: Sequence[float]) -> bool:
    """Whether nobody sees any more what was seen in two of the weeks before. Such lists have no click rate that could
    fall: a page that does not ask for them is the commonest reason that nobody clicks."""
    return not lists and sum(week >= LEAST_LISTS for week in before) >= 2


def _places() -> dict[str, Mapping[str, str]]:
    """What each placement, and each list within one, is called in each language."""
    found: dict[str, Mapping[str, str]] = {
        one.key: {code: one.localised("name", code) for code, _name in settings.LANGUAGES}
        for one in Placement.objects.all()
    }
    for key, name in BESIDE.items():
        found[key] = {code: _in_language(name, code) for code, _name in settings.LANGUAGES}
    return found


def _in_language(text: Any, code: str) -> str:
    with override(code):
        return str(text)


def _week(placement: str, end: date) -> Counts:
    """The seven days before `end`."""
    found = Counts()
    days = RecommendationDay.objects.filter(placement=placement, day__gte=end - ONE_WEEK, day__lt=end)
    found.add(days.aggregate(**OF_BASE))
    return found


# --- training data ------------------------------------------------------------------------------------------------

KINDS = """
SELECT kind, count(*) FROM catalog_interaction
WHERE occurred_at >= %(first)s AND occurred_at < %(end)s AND product_id IS NOT NULL GROUP BY kind
"""
CATEGORIES = """
SELECT coalesce(left(c.path, %(step)s), ''), count(*)
FROM catalog_interaction i JOIN catalog_product p ON p.id = i.product_id LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE i.occurred_at >= %(first)s AND i.occurred_at < %(end)s GROUP BY 1
"""  # noqa: E501
LENGTHS = """
SELECT width_bucket(acts, ARRAY[2, 3, 6, 11, 21])::text, count(*) FROM (
    SELECT count(*)::int AS acts FROM catalog_interaction
    WHERE occurred_at >= %(first)s AND occurred_at < %(end)s AND product_id IS NOT NULL
    GROUP BY coalesce(customer_id, -visitor_id),
        floor(extract(epoch FROM %(end)s - occurred_at) / 604800)
) weeks GROUP BY 1
"""
FEATURES = {
    DriftCheck.Feature.KINDS: KINDS,
    DriftCheck.Feature.CATEGORIES: CATEGORIES,
    DriftCheck.Feature.LENGTHS: LENGTHS,
}


def watch_data(now: datetime) -> int:
    """The last seven days against the window that the live model learned from, without those days. How many drifted.

    Nothing is said without a model, or with fewer than 1,000 acts (150 people) on one of the sides.
    """
    active = ModelVersion.objects.of(RECOMMENDER.name).active().first()
    if active is None or active.trained_until is None:
        return 0
    until = min(active.trained_until, now - ONE_WEEK)
    first = max(active.trained_from or until - LONGEST_WINDOW, until - LONGEST_WINDOW)
    limit = threshold_of("recommender_data_changed")
    drifted = 0
    for feature, statement in FEATURES.items():
        before, latest = _counts(statement, first, until), _counts(statement, now - ONE_WEEK, now)
        acts, acts_before = sum(latest.values()), sum(before.values())
        said = None
        if min(acts, acts_before) >= LEAST.get(feature, LEAST_ACTS):
            index = stability_index(before, latest)
            with transaction.atomic():
                guard()
                DriftCheck.objects.update_or_create(
                    day=timezone.localdate(now), feature=feature,
                    defaults={"index": round(index, 4), "acts": acts, "acts_before": acts_before},
                )  # fmt: skip
            change = largest_change(before, latest)
            if index > limit and change is not None:
                drifted += 1
                shares = {"before": round(100 * change.before), "now": round(100 * change.now)}
                said = Said(
                    SENTENCES[feature], {"index": round(index, 2), "what": _called(feature, change.name), **shares}
                )
        keep("recommender_data_changed", key=feature, said=said, link=reverse("admin:recommender_online"))
    return drifted


SENTENCES = {
    DriftCheck.Feature.KINDS: gettext_noop(
        "What people do differs from what the recommender learned from (stability index %(index).2f). Most of all "
        "“%(what)s”: %(before)d%% of the acts before, %(now)d%% now."
    ),
    DriftCheck.Feature.CATEGORIES: gettext_noop(
        "The categories people look at differ from what the recommender learned from (stability index %(index).2f). "
        "Most of all “%(what)s”: %(before)d%% of the acts before, %(now)d%% now."
    ),
    DriftCheck.Feature.LENGTHS: gettext_noop(
        "How much each person does differs from what the recommender learned from (stability index %(index).2f). Most "
        "of all people with %(what)s acts a week: %(before)d%% before, %(now)d%% now."
    ),
}
LENGTH_CLASSES = ("1", "2", "3–5", "6–10", "11–20", "> 20")


def _called(feature: str, name: str) -> str | Mapping[str, str]:
    """What a class of a feature is called in each language."""
    if feature == DriftCheck.Feature.KINDS:
        title: Any = Interaction.Kind(name).label if name in Interaction.Kind.values else name
        return {code: _in_language(title, code) for code, _name in settings.LANGUAGES}
    if feature == DriftCheck.Feature.CATEGORIES:
        category = Category.objects.filter(path=name).first()
        if category is not None:
            return {code: category.localised("name", code) for code, _name in settings.LANGUAGES}
        return {code: _in_language(WITHOUT_CATEGORY, code) for code, _name in settings.LANGUAGES}
    return LENGTH_CLASSES[int(name)]


def _counts(statement: str, first: datetime, end: datetime) -> Mapping[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"first": first, "end": end, "step": Category.steplen})
        return dict(cursor.fetchall())
