"""What staff want at each placement, as the serving path reads it: resolved, and at most a second old."""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import compress
from typing import Any

import numpy as np
from django.db.models import Count, Max, Sum
from numpy.typing import NDArray

from catalog.models import Category
from catalog.showcase import Facts
from recommender.ml.steering import NO_GROUP, Candidates, Plan
from recommender.models import Placement, PlacementRule

FRESH_SECONDS = 1.0
NEW_FOR_DAYS = 30
DAY_SECONDS = 86_400.0
WITHIN = "/"
"""Between a placement and a list that follows its wishes and is counted by itself, such as `product/similar`. No key
of a placement holds it."""
"""So long after its publication a product counts as new for the share for new products."""


@dataclass(frozen=True)
class Target:
    """Products, categories (with all below them) or brands that a rule speaks of, while it is in force."""

    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    brands: frozenset[int] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def is_in_force(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)

    def met_by(self, some: "Looked") -> list[bool]:
        """Whether it speaks of each of these: a rule of staff names products, a category or a brand, rarely several."""
        kinds = ((self.products, some.products), (self.categories, some.categories), (self.brands, some.brands))
        met = [[one in wanted for one in own] for wanted, own in kinds if wanted]
        if len(met) == 1:
            return met[0]
        return [any(row) for row in zip(*met, strict=True)] if met else [False] * len(some.products)


@dataclass(frozen=True)
class Looked:
    """What rules look at in some products, kind by kind, so that a rule costs one short loop."""

    products: Sequence[int]
    categories: list[int | None]
    brands: list[int | None]

    @classmethod
    def at(cls, product_ids: Sequence[int], facts: Iterable[Facts]) -> "Looked":
        """`facts` are of these products, in this order."""
        known = list(facts)
        return cls(product_ids, [one.category_id for one in known], [one.brand_id for one in known])


@lru_cache(maxsize=256)
def _together(targets: tuple[Target, ...]) -> Target:
    """What any of these speaks of."""
    return Target(
        frozenset().union(*(one.products for one in targets)),
        frozenset().union(*(one.categories for one in targets)),
        frozenset().union(*(one.brands for one in targets)),
    )


@dataclass(frozen=True)
class Wish:
    """One placement. `pins` are (slot from 1, product, target with its dates), `factors` (target, factor)."""

    key: str
    strategy: str = Placement.Strategy.AUTOMATIC
    fallback: str = Placement.Fallback.POPULAR
    slots: int | None = None
    repeats_allowed: bool = False
    diversity: float = 0.0
    category_cap: int | None = None
    exploration: float = 0.0
    categories: frozenset[int] | None = None
    category_id: int | None = None
    brand_id: int | None = None
    price_min: float | None = None
    price_max: float | None = None
    pins: tuple[tuple[int, int, Target], ...] = ()
    factors: tuple[tuple[Target, float], ...] = ()
    excluded: tuple[Target, ...] = ()
    version: int = 0

    @cached_property
    def is_plain(self) -> bool:
        """Nothing is wanted but a list as it was ranked: most placements, so the answer is spared the arithmetic."""
        return (
            not (self.pins or self.factors or self.excluded or self.filter() or self.diversity or self.exploration)
            and self.category_cap is None
        )

    def pinned(self, now: datetime) -> dict[int, int]:
        """Slot (from 0) to product, of the pins in force."""
        return {slot - 1: product for slot, product, dates in self.pins if dates.is_in_force(now)}

    def allowed(self, facts: Mapping[int, Facts], now: datetime) -> set[int]:
        """Which of these products may stand here: filters and exclusions. Exclusions beat pins, filters do not."""
        if not self.excluded and not self._filters:
            return set(facts)
        pinned = set(self.pinned(now).values())
        barred = tuple(target for target in self.excluded if target.is_in_force(now))
        found = set(facts)
        if barred:
            met = _together(barred).met_by(Looked.at(list(facts), facts.values()))
            found.difference_update(compress(facts, met))
        return {pk for pk in found if pk in pinned or self._fits(facts[pk])} if self._filters else found

    @cached_property
    def _filters(self) -> bool:
        return bool(self.filter())

    def filter(self) -> dict[str, Any]:
        """The filter of the placement in the words of the ORM; empty when everything may stand here."""
        wanted = {
            "category_id__in": None if self.categories is None else sorted(self.categories),
            "brand_id": self.brand_id,
            "price__gte": self.price_min,
            "price__lte": self.price_max,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def _fits(self, facts: Facts) -> bool:
        return (
            (self.categories is None or facts.category_id in self.categories)
            and (self.brand_id is None or facts.brand_id == self.brand_id)
            and (self.price_min is None or facts.price >= self.price_min)
            and (self.price_max is None or facts.price <= self.price_max)
        )

    def _factors(self, some: Looked, now: datetime) -> NDArray[np.float64]:
        """All boosts and burials that speak of each product, multiplied."""
        found = [1.0] * len(some.products)
        for target, factor in self.factors:
            if target.is_in_force(now):
                found = [own * factor if met else own for own, met in zip(found, target.met_by(some), strict=True)]
        return np.array(found)

    def plan(self, slots: int, now: datetime) -> Plan:
        return Plan(slots, self.diversity, self.category_cap, self.exploration, self.pinned(now))

    def candidates(
        self,
        product_ids: Sequence[int],
        scores: Sequence[float] | NDArray[np.floating],
        facts: Mapping[int, Facts],
        now: datetime,
    ) -> Candidates:
        """These products, in this order, with what `recommender.ml.steering` looks at."""
        known = [facts[pk] for pk in product_ids]
        some = Looked.at(product_ids, known)
        return Candidates(
            np.asarray(product_ids, np.int64),
            np.asarray(scores, np.float64),
            self._factors(some, now),
            np.asarray([NO_GROUP if one is None else one for one in some.categories], np.int64),
            _is_new(known, now) if self.exploration > 0 else np.zeros(len(known), bool),
        )


def _is_new(facts: Sequence[Facts], now: datetime) -> NDArray[np.bool_]:
    published = np.asarray([one.published for one in facts], np.float64)
    return np.asarray(np.isfinite(published) & (now.timestamp() - published < NEW_FOR_DAYS * DAY_SECONDS), bool)


def wish_of(placement: Placement, rules: Iterable[PlacementRule], branches: Mapping[int, frozenset[int]]) -> Wish:
    """A placement, saved or not, in the form of the serving path. `branches`: each category with all below it."""
    pins, factors, excluded = [], [], []
    for rule in rules:
        target = Target(
            products=frozenset([rule.product_id] if rule.product_id else ()),
            categories=branches.get(rule.category_id, frozenset()) if rule.category_id else frozenset(),
            brands=frozenset([rule.brand_id] if rule.brand_id else ()),
            starts_at=rule.starts_at,
            ends_at=rule.ends_at,
        )
        match rule.kind:
            case PlacementRule.Kind.PIN if rule.slot and rule.product_id:
                pins.append((rule.slot, rule.product_id, target))
            case PlacementRule.Kind.BOOST:
                factors.append((target, rule.strength))
            case PlacementRule.Kind.BURY:
                factors.append((target, 1.0 / rule.strength))
            case PlacementRule.Kind.EXCLUDE:
                excluded.append(target)
    return Wish(
        key=placement.key,
        strategy=placement.strategy,
        fallback=placement.fallback,
        slots=placement.slots,
        repeats_allowed=placement.repeats_allowed,
        diversity=placement.diversity,
        category_cap=placement.category_cap,
        exploration=placement.exploration,
        categories=branches.get(placement.category_id, frozenset()) if placement.category_id else None,
        category_id=placement.category_id,
        brand_id=placement.brand_id,
        price_min=None if placement.price_min is None else float(placement.price_min),
        price_max=None if placement.price_max is None else float(placement.price_max),
        pins=tuple(pins),
        factors=tuple(factors),
        excluded=tuple(excluded),
        version=placement.version,
    )


def branches_of(category_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Each of these categories with all below it. Two queries, none without categories."""
    if not category_ids:
        return {}
    paths = dict(Category.objects.filter(pk__in=category_ids).values_list("pk", "path"))
    tree = list(Category.objects.values_list("pk", "path"))
    return {pk: frozenset(other for other, below in tree if below.startswith(path)) for pk, path in paths.items()}


def resolved(placement: Placement, rules: Sequence[PlacementRule]) -> Wish:
    """The same with the categories looked up: for pages that show what a change would do."""
    wanted = {rule.category_id for rule in rules} | {placement.category_id}
    return wish_of(placement, rules, branches_of({pk for pk in wanted if pk is not None}))


@dataclass
class _Known:
    """The wishes of this process. Looked at again when older than a second; read anew when a version changed."""

    wishes: dict[str, Wish] = field(default_factory=dict)
    state: tuple[object, ...] | None = None
    looked_at: float = float("-inf")
    guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> Wish | None:
        if time.monotonic() - self.looked_at > FRESH_SECONDS and self.guard.acquire(blocking=not self.wishes):
            try:
                self._look()
            finally:
                self.guard.release()
        return self.wishes.get(placement_of(key))

    def _look(self) -> None:
        now = Placement.objects.aggregate(n=Count("id"), version=Sum("version"), at=Max("updated_at"))
        tree = Category.objects.aggregate(n=Count("id"), at=Max("updated_at"))
        state = (*now.values(), *tree.values())
        if state != self.state:
            placements = list(Placement.objects.with_rules())
            rules = {placement.pk: list(placement.rules.all()) for placement in placements}
            wanted = {rule.category_id for some in rules.values() for rule in some}
            branches = branches_of({pk for pk in wanted | {p.category_id for p in placements} if pk is not None})
            known = {one.key for one in placements}
            plain = {key: Wish(key) for key in Placement.Surface.values if key not in known}
            self.wishes = plain | {one.key: wish_of(one, rules[one.pk], branches) for one in placements if one.is_on}
            self.state = state
        self.looked_at = time.monotonic()


_known = _Known()


def placement_of(key: str) -> str:
    """The placement whose wishes the list with this key follows: most often the key itself."""
    return key.partition(WITHIN)[0]


def wish(key: str) -> Wish | None:
    """What staff want at the placement with this key; None when there is none that is on. At most a second old.

    The places that every storefront has are there without a row, and then want nothing in particular. A list within a
    placement follows its wishes.
    """
    return _known.get(key)


def remembered(key: str) -> Wish | None:
    """The same as it was last seen, for answers without the database."""
    return _known.wishes.get(placement_of(key))


def remembered_pins() -> set[int]:
    """Products that are pinned anywhere, in force or not, as last seen."""
    return {product_id for one in _known.wishes.values() for _slot, product_id, _dates in one.pins}


def forget() -> None:
    """Look again at the next question: for tests, and after a change in this process."""
    _known.looked_at, _known.state = float("-inf"), None
