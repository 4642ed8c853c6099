"""Reads for pages: what recommendations brought in some days, per placement and per arm, with likely ranges.

Four queries and two for experiments, however many placements, arms and people there are.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, Subquery, Sum

from catalog.models import Product
from core.experiments import reading
from core.ml.experiments import Interval, Sums, ratio_of, relative_interval
from core.models import Experiment, ExperimentArm, ExperimentLook
from core.remembered import remembered
from recommender.choices import BESIDE
from recommender.models import CreditState, Placement, RecommendationDay, RefusedCredit

Z = 1.959964
"""Half of a 95% range in standard errors."""
LEAST_PEOPLE = 30
"""With fewer people (or lists) no range is given."""
LEAST_EVENTS = 5
"""With fewer clicks or purchases the normal limit says nothing."""
MEASURES = ("clicked", "carted", "bought", "revenue")
COLUMNS = (
    "people", "lists", "slots", "clicked", "carted", "bought", "revenue", "lists_lists", "clicked_clicked",
    "carted_carted", "bought_bought", "revenue_revenue", "lists_clicked", "lists_carted", "lists_bought",
    "lists_revenue",
)  # fmt: skip
OF_BASE = {name: Sum(name) for name in COLUMNS}


@dataclass(frozen=True)
class Rate:
    """A share of lists, or an amount for each list. `low` and `high` are None where too few people were there."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: float = 0.0
    base: int = 0

    def times(self, factor: float) -> "Rate":
        """The same for so many lists."""
        value, low, high = (None if one is None else one * factor for one in (self.value, self.low, self.high))
        return Rate(value, low, high, self.count, self.base)


@dataclass
class Counts:
    """Sums over days; adds up."""

    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0.0))

    def add(self, row: Mapping[str, Any]) -> None:
        for name in COLUMNS:
            self.sums[name] += float(row[name] or 0)

    @property
    def lists(self) -> int:
        return int(self.sums["lists"])

    @property
    def people(self) -> int:
        return int(self.sums["people"])

    def of(self, measure: str) -> Sums:
        """For core.ml.experiments: y the measure, d the lists, one entry for each person and day."""
        s = self.sums
        return Sums(
            n=self.people, y=s[measure], yy=s[f"{measure}_{measure}"], d=s["lists"], dd=s["lists_lists"],
            yd=s[f"lists_{measure}"], nonzero=int(s[measure] > 0),
        )  # fmt: skip

    def rate(self, measure: str) -> Rate:
        """Ratio of sums with the range of the delta method (Deng, Knoblich and Lu 2018): people, not lists, came by."""
        sums = self.of(measure)
        if not sums.d:
            return Rate(None, count=sums.y)
        found = ratio_of(sums)
        events = self.sums["bought"] if measure == "revenue" else sums.y
        if sums.n < LEAST_PEOPLE or events < LEAST_EVENTS:
            return Rate(found.value, None, None, sums.y, int(sums.d))
        width = Z * math.sqrt(found.variance)
        low, high = max(0.0, found.value - width), found.value + width
        return Rate(found.value, low, high if measure == "revenue" else min(1.0, high), sums.y, int(sums.d))

    @property
    def ctr(self) -> Rate:
        return self.rate("clicked")

    @property
    def cart_rate(self) -> Rate:
        return self.rate("carted")

    @property
    def conversion(self) -> Rate:
        return self.rate("bought")

    @property
    def per_thousand(self) -> Rate:
        return self.rate("revenue").times(1000)

    @property
    def revenue(self) -> float:
        return self.sums["revenue"]


def lift(arm: Counts, control: Counts, measure: str = "clicked") -> tuple[float | None, Interval | None]:
    """Relative change against the control with its 95% range by Fieller (1954); no range with too few people."""
    one, other = ratio_of(arm.of(measure)), ratio_of(control.of(measure))
    estimate = one.value / other.value - 1 if other.value else None
    events = min(arm.sums[measure], control.sums[measure])
    if min(arm.people, control.people) < LEAST_PEOPLE or events < LEAST_EVENTS:
        return estimate, None
    return estimate, relative_interval(one, other, Z)


@dataclass(frozen=True)
class ArmFigures:
    arm: ExperimentArm
    counts: Counts
    shown: int
    """Products that may be sold and were shown."""
    lift: float | None = None
    interval: Interval | None = None


@dataclass
class PlacementFigures:
    """One placement in these days, or a list of the product page that is asked for by the product (`choices.BESIDE`).
    `experiment` is the one that runs there, else the last one that ran in them."""

    key: str
    title: str
    pk: int | None
    strategy: str = ""
    counts: Counts = field(default_factory=Counts)
    shown: int = 0
    daily: dict[date, Counts] = field(default_factory=lambda: defaultdict(Counts))
    experiment: Experiment | None = None
    arms: list[ArmFigures] = field(default_factory=list)
    broken: reading.Reading | None = None

    @property
    def has_control(self) -> bool:
        return any(one.arm.is_control for one in self.arms)


@dataclass(frozen=True)
class Report:
    """Everything that the page shows."""

    placements: list[PlacementFigures]
    everything: Counts
    shown: int
    sellable: int
    counted_at: datetime | None
    hours: int

    @property
    def coverage(self) -> float | None:
        """None where impressions do not say what was seen."""
        return self.coverage_of(self.shown)

    def coverage_of(self, shown: int) -> float | None:
        return shown / self.sellable if self.sellable and shown else None


def report(
    first: date, last: date, *, hours: int, placement: str = "", known: Iterable[Placement] | None = None
) -> Report:
    """The days from `first` to `last`, of all placements or of one. `hours`: what the shop wants now.
    `known`: placements, for callers that have read them."""
    within: dict[str, Any] = {"day__range": (first, last)} | ({"placement": placement} if placement else {})
    found: dict[str, PlacementFigures] = {}
    by_arm: dict[str, dict[int, Counts]] = defaultdict(lambda: defaultdict(Counts))
    everything = Counts()
    own_of = {one.key: one for one in (Placement.objects.all() if known is None else known)}
    days = RecommendationDay.objects.filter(**within)
    credit = CreditState.objects.filter(pk=1)
    how_far = {name: Subquery(credit.values(name)) for name in ("counted_at", "hours")}  # with the days in one query
    rows: list[Any] = list(days.values("day", "placement", "arm_id").annotate(**_aliased(), **how_far).order_by("day"))
    state: Any = rows[0] if rows else credit.values("counted_at", "hours").first() or {}
    for row in rows:
        counted = {name: row[f"all_{name}"] for name in COLUMNS}
        key = row["placement"]
        own = own_of.get(key)
        one = found.get(key)
        if one is None:
            title = str(own or BESIDE.get(key, key))
            one = found[key] = PlacementFigures(key, title, own.pk if own else None, own.strategy if own else "")
        for counts in (one.counts, one.daily[row["day"]], by_arm[key][row["arm_id"]], everything):
            counts.add(counted)
    shown, overall, sellable = _shown(first, last, placement)
    _compare(found, by_arm, shown)
    for key, one in found.items():
        one.shown = shown.get((key, None), 0)
    return Report(
        placements=sorted(found.values(), key=lambda one: -one.counts.lists),
        everything=everything,
        shown=overall,
        sellable=sellable,
        counted_at=state.get("counted_at"),
        hours=state.get("hours") or hours,
    )


def refused(first: date, last: date) -> dict[str, int]:
    """Acts of these days that were credited to nothing, by reason."""
    days = RefusedCredit.objects.filter(day__range=(first, last))
    return dict(days.values_list("reason").annotate(Sum("acts")))


def _aliased() -> dict[str, Any]:
    return {f"all_{name}": total for name, total in OF_BASE.items()}


SHOWN = """
SELECT s.placement, s.arm_id, count(DISTINCT s.product_id), (
    SELECT count(*) FROM catalog_product WHERE status = %(live)s AND deleted_at IS NULL AND is_in_stock)
FROM recommender_shownproduct s JOIN catalog_product p ON p.id = s.product_id
WHERE s.day BETWEEN %(first)s AND %(last)s AND (%(placement)s = '' OR s.placement = %(placement)s)
    AND p.status = %(live)s AND p.deleted_at IS NULL AND p.is_in_stock
GROUP BY GROUPING SETS ((s.placement, s.arm_id), (s.placement), ())
"""


def _shown(first: date, last: date, placement: str) -> tuple[dict[tuple[str, int | None], int], int, int]:
    """How many products that may be sold were shown: per placement (arm None) and arm, at all, and of how many."""

    def ask() -> tuple[dict[tuple[str, int | None], int], int, int]:
        about: dict[str, Any] = {"first": first, "last": last, "placement": placement, "live": str(Product.Status.LIVE)}
        with connection.cursor() as cursor:
            cursor.execute(SHOWN, about)
            rows = cursor.fetchall()
        found = {(key, arm_id): count for key, arm_id, count, _sellable in rows if key is not None}
        overall, sellable = next((row[2], row[3]) for row in rows if row[0] is None)
        return found, overall, sellable

    return remembered(f"recommender.shown.{first}.{last}.{placement}", ask)[0]


def _compare(
    found: Mapping[str, PlacementFigures],
    by_arm: Mapping[str, Mapping[int, Counts]],
    shown: Mapping[tuple[str, int | None], int],
) -> None:
    """Arms of the experiment of each placement beside its control. Two queries."""
    ids = {arm_id for arms in by_arm.values() for arm_id in arms if arm_id}
    newest = ExperimentLook.objects.filter(experiment=OuterRef("pk")).order_by("-looked_at", "-id")
    experiments = list(
        Experiment.objects.filter(pk__in=ExperimentArm.objects.filter(pk__in=ids).values("experiment"))
        .annotate(
            look_exposed=Subquery(newest.values("exposed")[:1]),
            look_p=Subquery(newest.values("sample_ratio_p")[:1]),
        )
        .order_by("-started_at")
        .prefetch_related("arms")
    )
    for key, one in found.items():
        here = [experiment for experiment in experiments if experiment.target == key]
        running = [experiment for experiment in here if experiment.is_running]
        if not here:
            continue
        one.experiment = (running or here)[0]
        arms = sorted(one.experiment.arms.all(), key=lambda arm: (not arm.is_control, arm.pk))
        control = next((by_arm[key].get(arm.pk, Counts()) for arm in arms if arm.is_control), None)
        one.arms = [_arm(arm, by_arm[key].get(arm.pk, Counts()), control, shown.get((key, arm.pk), 0)) for arm in arms]
        newest_look: Any = one.experiment
        if newest_look.look_p is not None:
            look = ExperimentLook(exposed=newest_look.look_exposed, sample_ratio_p=newest_look.look_p)
            one.broken = reading.mismatch(one.experiment, look)


def _arm(arm: ExperimentArm, counts: Counts, control: Counts | None, shown: int) -> ArmFigures:
    if arm.is_control or control is None:
        return ArmFigures(arm, counts, shown)
    return ArmFigures(arm, counts, shown, *lift(counts, control))


def totals(*, first: date, since: date, last: date) -> tuple[Counts, Counts]:
    """Everything from `first` until before `since`, and from `since` to `last`; in one query, for the home page."""
    before, now = Counts(), Counts()
    rows = RecommendationDay.objects.filter(day__range=(first, last)).values(is_now=Q(day__gte=since))
    for row in rows.annotate(**OF_BASE).order_by():
        (now if row["is_now"] else before).add(row)
    return before, now


def daily(days: Iterable[date], one: PlacementFigures) -> list[Rate]:
    """Click rates for these days, None where nothing was seen."""
    return [one.daily[day].ctr if day in one.daily else Rate(None) for day in days]


def is_measured(placements: Iterable[PlacementFigures]) -> bool:
    return any(one.experiment is not None and one.experiment.is_running for one in placements)
