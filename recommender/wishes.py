"""What staff want at each placement, as the serving path reads it: resolved, and at most a second old."""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from weakref import ref

import numpy as np
from django.db.models import Count, Max, Sum
from numpy.typing import NDArray

from catalog.models import Category
from catalog.showcase import showcase
from catalog.wares import Kinds, Wares
from recommender.ml.steering import Candidates, Plan
from recommender.models import Placement, PlacementRule

FRESH_SECONDS = 1.0
NEW_FOR_DAYS = 30
"""So long after its publication a product counts as new for the share for new products."""
DAY_SECONDS = 86_400.0
WITHIN = "/"
"""Between a placement and a list that follows its wishes and is counted by itself, such as `product/similar`. No key
of a placement holds it."""


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

    def kinds(self, told: Kinds) -> NDArray[np.bool_]:
        """By number of the kind: whether the rule speaks of all its products."""
        categories, brands = told.columns
        found: NDArray[np.bool_] = np.isin(categories, list(self.categories)) | np.isin(brands, list(self.brands))
        return found

    def rows(self, wares: Wares) -> NDArray[np.bool_]:
        """Whether the rule speaks of each of these products."""
        found = self.kinds(wares.told).take(wares.kinds)
        if self.products:
            named = wares.rows(np.fromiter(self.products, np.int64, len(self.products)))
            found[named[named >= 0]] = True
        return found


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

    def standing(self, wares: Wares, now: datetime) -> NDArray[np.float64]:
        """The factor of each of these products, all boosts and burials that speak of it multiplied, and 0 where it may
        not stand here; one 0 more at the end, where the place of a product that is not for sale points to. Exclusions
        beat pins, filters do not.

        Worked out for all of them once and remembered until one changes or a rule begins or ends: answers then look up
        a hundred numbers.
        """
        in_force = tuple(target.is_in_force(now) for target in self._dated)
        known = self._standing.get(in_force)
        if known is None or known[0]() is not wares:
            known = ref(wares), self._worked_out(wares, now)
            self._standing.clear()  # whatever else was remembered is of another state
            self._standing[in_force] = known
        return known[1]

    def _worked_out(self, wares: Wares, now: datetime) -> NDArray[np.float64]:
        found = np.ones(len(wares) + 1)
        own = found[:-1]
        for target, times in [*self.factors, *((target, 0.0) for target in self.excluded)]:
            if target.is_in_force(now):
                np.multiply(own, times, out=own, where=target.rows(wares))
        if self._filters:
            stays = self.fits(wares)
            pinned = wares.rows(np.array(list(self.pinned(now).values()), np.int64))
            stays[pinned[pinned >= 0]] = True
            own[~stays] = 0.0
        found[-1] = 0.0
        return found

    @cached_property
    def _standing(self) -> dict[tuple[bool, ...], tuple[ref[Wares], NDArray[np.float64]]]:
        return {}

    @cached_property
    def _dated(self) -> tuple[Target, ...]:
        """Targets of rules that are not always in force."""
        targets = (*(one for _slot, _pk, one in self.pins), *(one for one, _factor in self.factors), *self.excluded)
        return tuple(one for one in targets if one.starts_at is not None or one.ends_at is not None)

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

    @property
    def sieve(self) -> tuple[object, ...]:
        """What `fits` looks for; equal for placements that let the same products through."""
        return (self.categories, self.brand_id, self.price_min, self.price_max)

    def fits(self, wares: Wares) -> NDArray[np.bool_]:
        """Whether the filter of the placement lets each of these products through."""
        categories, brands = wares.told.columns
        kinds = np.ones(len(categories), bool)
        if self.categories is not None:
            kinds &= np.isin(categories, list(self.categories))
        if self.brand_id is not None:
            kinds &= brands == self.brand_id
        found = kinds.take(wares.kinds)
        if self.price_min is not None:
            found &= wares.price >= self.price_min
        if self.price_max is not None:
            found &= wares.price <= self.price_max
        return found

    def plan(self, slots: int, now: datetime) -> Plan:
        return Plan(slots, self.diversity, self.category_cap, self.exploration, self.pinned(now))

    def candidates(self, ranked: Iterable[int], wares: Wares, now: datetime) -> Candidates:
        """Those of these products that may stand here, each once and in their order, with what
        `recommender.ml.steering` looks at in them. What is not among the wares is passed over."""
        asked = dict.fromkeys(ranked)
        items = np.fromiter(asked, np.int64, len(asked))
        rows = wares.rows(items)
        factors = self.standing(wares, now).take(rows)  # -1 is the last one, a 0
        stays = factors.nonzero()[0]
        if len(stays) < len(items):
            items, rows, factors = items.take(stays), rows.take(stays), factors.take(stays)
        tried = _is_new(wares.published.take(rows), now) if self.exploration > 0 else np.zeros(len(items), bool)
        return Candidates(items, factors, wares.categories.take(rows), tried)


def _is_new(published: NDArray[np.float64], now: datetime) -> NDArray[np.bool_]:
    """Nothing is whose time is unknown: that is infinite."""
    age = now.timestamp() - published
    return np.asarray((age > -np.inf) & (age < NEW_FOR_DAYS * DAY_SECONDS), bool)


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


def within(wanted: Wish, category: Category) -> Wish:
    """The same on the page of a category: nothing from outside it and what lies below it, pinned or not. One query."""
    branch = frozenset(Category.objects.filter(path__startswith=category.path).values_list("pk", flat=True))
    pinned = showcase.facts_among([product_id for _slot, product_id, _dates in wanted.pins]) if wanted.pins else {}
    there = {pk for pk, facts in pinned.items() if facts.category_id in branch}
    return replace(
        wanted, categories=branch if wanted.categories is None else branch & wanted.categories,
        category_id=category.pk, pins=tuple(pin for pin in wanted.pins if pin[1] in there),
    )  # fmt: skip


def remembered(key: str) -> Wish | None:
    """The same as it was last seen, for answers without the database."""
    return _known.wishes.get(placement_of(key))


def remembered_pins() -> set[int]:
    """Products that are pinned anywhere, in force or not, as last seen."""
    return {product_id for one in _known.wishes.values() for _slot, product_id, _dates in one.pins}


def forget() -> None:
    """Look again at the next question: for tests, and after a change in this process."""
    _known.looked_at, _known.state = float("-inf"), None
