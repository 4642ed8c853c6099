"""What staff want at each placement, as the serving path reads it: resolved, and at most a second old."""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Count, Max, Sum
from numpy.typing import NDArray

from catalog.models import Category
from catalog.showcase import Facts, showcase
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

    def speaks_of(self, product_id: int, facts: Facts) -> bool:
        return product_id in self.products or facts.category_id in self.categories or facts.brand_id in self.brands


MOST_TOLD = 4_096
"""Pairs of a category and a brand, and named products with theirs, that rules remember; about 200 bytes each."""


class Rules:
    """The rules of a placement that are in force: which products they bar, and the factor of the others, all boosts and
    burials that speak of them multiplied. Safe to share between threads.

    Most products are told by their category and brand alone, so each pair is looked at once; those that a rule names
    are told by their number, too.
    """

    def __init__(self, factors: Sequence[tuple[Target, float]], excluded: Sequence[Target]) -> None:
        self._factors, self._excluded = tuple(factors), tuple(excluded)
        self.named = frozenset[int]().union(
            *(target.products for target, _factor in factors), *(target.products for target in excluded)
        )
        self.known: dict[tuple[int | None, ...], tuple[bool, float]] = {}

    def told(self, product_id: int, facts: Facts) -> tuple[bool, float]:
        """Whether this product is barred, and its factor. Remembered in `known`: by category and brand, and by the
        product before them where it is `named`."""
        _published, category, brand, _price = facts
        key = (category, brand) if product_id not in self.named else (product_id, category, brand)
        found = self.known.get(key)
        if found is None:
            if len(self.known) >= MOST_TOLD:
                self.known.clear()
            found = self.known[key] = self._looked_at(product_id, facts)
        return found

    def _looked_at(self, product_id: int, facts: Facts) -> tuple[bool, float]:
        factor = 1.0
        for target, times in self._factors:
            if target.speaks_of(product_id, facts):
                factor *= times
        return any(target.speaks_of(product_id, facts) for target in self._excluded), factor


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
        return set(self.standing(facts, facts, now)[0])

    def standing(
        self, ranked: Iterable[int], facts: Mapping[int, Facts], now: datetime
    ) -> tuple[list[int], list[Facts], list[float]]:
        """Those of these products that may stand here, each once and in their order, their facts, and for each the
        factor of all boosts and burials that speak of it. Products without `facts` are passed over."""
        rules = self.rules(now)
        told, named, known = rules.told, rules.named, rules.known
        pinned = set(self.pinned(now).values()) if self._filters else None
        kept: list[int] = []
        own: list[Facts] = []
        factors: list[float] = []
        for pk in dict.fromkeys(ranked):  # one loop: a hundred products are looked at sooner than six lists are made
            one = facts.get(pk)
            if one is None:
                continue
            _published, category, brand, _price = one
            key = (category, brand) if pk not in named else (pk, category, brand)
            is_barred, factor = known.get(key) or told(pk, one)  # most are known, and a call costs as much as the rest
            if is_barred or (pinned is not None and not (self.fits(one) or pk in pinned)):
                continue
            kept.append(pk)
            own.append(one)
            factors.append(factor)
        return kept, own, factors

    def rules(self, now: datetime) -> Rules:
        """Boosts, burials and exclusions in force; made once for each set of them."""
        key = tuple(target.is_in_force(now) for target in self._dated)
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = Rules(
                [(target, factor) for target, factor in self.factors if target.is_in_force(now)],
                [target for target in self.excluded if target.is_in_force(now)],
            )
        return found

    @cached_property
    def _rules(self) -> dict[tuple[bool, ...], Rules]:
        return {}

    @cached_property
    def _dated(self) -> tuple[Target, ...]:
        """Targets of rules that are not always in force."""
        targets = (*(target for target, _factor in self.factors), *self.excluded)
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

    def fits(self, facts: Facts) -> bool:
        """Whether the filter of the placement lets such a product through."""
        return (
            (self.categories is None or facts.category_id in self.categories)
            and (self.brand_id is None or facts.brand_id == self.brand_id)
            and (self.price_min is None or facts.price >= self.price_min)
            and (self.price_max is None or facts.price <= self.price_max)
        )

    def plan(self, slots: int, now: datetime) -> Plan:
        return Plan(slots, self.diversity, self.category_cap, self.exploration, self.pinned(now))

    def candidates(
        self, ranked: Collection[int], facts: Mapping[int, Facts], now: datetime
    ) -> tuple[list[int], Candidates]:
        """Those of these products, best first, that may stand here, and what `recommender.ml.steering` looks at in
        them."""
        kept, known, factors = self.standing(ranked, facts, now)
        return kept, Candidates(
            np.array(kept, np.int64),
            np.arange(len(kept), 0, -1.0),
            np.array(factors, np.float64),
            np.array(groups_of(known), np.int64),
            is_new(known, now) if self.exploration > 0 else np.zeros(len(known), bool),
        )


def groups_of(facts: Sequence[Facts]) -> list[int]:
    """What a cap counts together: the category."""
    return [NO_GROUP if category is None else category for _published, category, _brand, _price in facts]


def is_new(facts: Sequence[Facts], now: datetime) -> NDArray[np.bool_]:
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
