"""The methods that a shop may blend: for which sizes each is made, and what tuning may turn."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from recommender.ml.blend import Source
from recommender.ml.content import Content, ContentParams
from recommender.ml.ease import LARGEST, Ease, EaseParams
from recommender.ml.ials import Ials, IalsParams
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.popularity import Popularity
from recommender.ml.rp3beta import Rp3Beta, Rp3BetaParams
from recommender.ml.sequences import SequenceParams, SequenceRules, SequenceWalk
from recommender.ml.two_tower import TwoTower, TwoTowerParams

Steps = tuple[tuple[str, tuple[Any, ...]], ...]
EASE_OPERATIONS_PER_SECOND = 1e11
"""Of the dense inverse, on one slow core; says beforehand whether it fits into the time there is."""


DESCRIBED_ITEMS = 50_000
"""Descriptions are compared each with each; beyond this the work (n²) does not fit into a night."""


PENALTY_OF_ITEMS = 50.0
"""iALS starts with so much λ for what a customer did not meet: about what search finds from 1,700 to 100,000 items."""


TOWER_ITEMS = 50_000
"""Vectors of a network are compared each with each as well."""


@dataclass(frozen=True)
class Size:
    """What decides which methods a shop can pay for. `seconds`: the time budget (of the processor), None
    without one."""

    events: int
    customers: int
    items: int
    seconds: float | None = None

    @classmethod
    def of(cls, interactions: Interactions, seconds: float | None = None) -> "Size":
        """Customers and items that have events."""
        customers, items = (
            int(np.count_nonzero(np.bincount(numbers))) for numbers in (interactions.customers, interactions.items)
        )
        return cls(len(interactions), customers, items, seconds)


@dataclass(frozen=True)
class Recipe:
    """How to make one method: parameters as they start, and the steps of the search over them, one parameter after the
    other. `share` is its part of the time budget."""

    name: str
    start: Any
    make: Callable[[Any, Popularity, "Kitchen"], Source]
    steps: Steps
    fits: Callable[[Size, "Kitchen"], bool]
    share: float


@dataclass(frozen=True)
class Kitchen:
    """What methods are made with beside parameters: facts of items and the seed. `deep`: networks may learn too.
    `zone`: the time zone that the shop lives in."""

    facts: ItemFacts = field(default_factory=ItemFacts)
    seed: int = 0
    deep: bool = False
    zone: str = "UTC"


def _fits_ease(size: Size, _kitchen: "Kitchen") -> bool:
    seconds = size.items**3 / EASE_OPERATIONS_PER_SECOND
    return size.items <= LARGEST and (size.seconds is None or seconds <= size.seconds / 2)


def _has_networks(size: Size, kitchen: Kitchen) -> bool:
    return kitchen.deep and size.items <= TOWER_ITEMS


def _knows_items(_size: Size, kitchen: Kitchen) -> bool:
    facts = kitchen.facts
    if max(len(facts.attributes), len(facts.texts)) > DESCRIBED_ITEMS:
        return False
    return bool(len(facts.attributes) or len(facts.texts) or facts.vectors is not None)


RECIPES = (
    Recipe(
        "item_knn",
        ItemKnnParams(),
        lambda params, fallback, _kitchen: ItemKnn(params, fallback=fallback),
        (
            ("damping", (0.0, 0.25, 0.5, 0.75)),
            ("weighting", ("log", "binary", "value", "bm25", "idf")),
            ("alpha", (0.2, 0.3, 0.4, 0.5)),
            ("neighbours", (20, 50, 100, 200)),
            ("sharpness", (0.7, 1.0, 1.5, 2.0)),
            ("shrinkage", (0.0, 5.0, 20.0)),
            ("history_weighting", ("log", "value")),
            # no 0: the newest act of a visitor always speaks loudest
            ("half_life", (3.0, 10.0, 30.0, 100.0)),
            ("alpha", (0.2, 0.3, 0.4, 0.5)),
            ("neighbours", (20, 50, 100, 200)),
        ),
        lambda _size, _kitchen: True,
        0.35,
    ),
    Recipe(
        "ials",
        IalsParams(),
        lambda params, fallback, kitchen: Ials(params, fallback=fallback, seed=kitchen.seed),
        (
            # the small ones are for large catalogues that each customer knows little of
            ("regularisation", (0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1)),
            ("alpha", (3.0, 10.0, 30.0, 100.0)),
            ("history_weighting", ("log", "value", "binary")),
            ("factors", (32, 64, 128)),
            ("regularisation", (0.015, 0.02, 0.025, 0.03, 0.04)),
            ("alpha", (5.0, 7.0, 10.0, 15.0, 20.0, 50.0, 200.0)),
            ("half_life", (0.0, 10.0, 30.0)),
        ),
        lambda _size, _kitchen: True,
        0.25,
    ),
    Recipe(
        "ease",
        EaseParams(),
        lambda params, fallback, _kitchen: Ease(params, fallback=fallback),
        (
            ("regularisation", (25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)),
            ("weighting", ("binary", "log", "value")),
            ("damping", (0.0, 0.25, 0.5)),
            ("regularisation", (25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)),
            ("history_weighting", ("binary", "log", "value")),
            ("half_life", (30.0, 100.0, 300.0)),
            ("neighbours", (100, 200, 500, 1000)),
        ),
        _fits_ease,
        0.2,
    ),
    Recipe(
        "rp3beta",
        Rp3BetaParams(),
        lambda params, fallback, _kitchen: Rp3Beta(params, fallback=fallback),
        (
            ("beta", (0.0, 0.2, 0.4, 0.6, 0.8)),
            ("alpha", (0.8, 1.0, 1.3)),
            ("neighbours", (50, 100, 200)),
            ("weighting", ("log", "binary", "value")),
            ("history_weighting", ("log", "binary")),
        ),
        lambda _size, _kitchen: True,
        0.1,
    ),
    Recipe(
        "sequence_rules",
        SequenceParams(),
        lambda params, fallback, _kitchen: SequenceRules(params, fallback=fallback),
        (
            ("half_life", (1.0, 2.0, 4.0, 10.0)),
            ("held_back", (0.0, 0.15, 0.3)),
            ("power", (0.25, 0.5, 0.75, 1.0)),
            ("backwards", (0.0, 0.2, 0.5, 1.0)),
        ),
        lambda _size, _kitchen: True,
        0.1,
    ),
    Recipe(
        "sequence_walk",
        SequenceParams(backwards=0.8),
        lambda params, fallback, _kitchen: SequenceWalk(params, fallback=fallback),
        (("half_life", (1.0, 2.0, 4.0, 10.0)), ("backwards", (0.4, 0.8))),
        lambda _size, _kitchen: True,
        0.05,
    ),
    Recipe(
        "content",
        ContentParams(),
        lambda params, fallback, kitchen: Content(kitchen.facts, params, fallback=fallback),
        (
            ("popularity", (0.0, 0.2, 0.4, 0.7)),
            ("half_life", (1.0, 3.0, 10.0, 30.0)),
            ("text", (0.5, 1.0, 2.0)),
            ("picture", (0.5, 1.0, 2.0)),
            ("neighbours", (50, 100, 200)),
        ),
        _knows_items,
        0.1,
    ),
    Recipe(
        "two_tower",
        TwoTowerParams(),
        lambda params, fallback, kitchen: TwoTower(kitchen.facts, params, fallback=fallback, seed=kitchen.seed),
        (
            ("half_life", (3.0, 10.0, 30.0)),
            ("popularity", (0.0, 0.2, 0.4, 0.7)),
            ("sharpness", (1.0, 2.0, 4.0)),
        ),
        _has_networks,
        0.3,
    ),
)


def recipes_for(size: Size, kitchen: Kitchen) -> list[Recipe]:
    """The methods that a shop of this size can pay for. A shop with few customers or items has no use for many factors;
    where there are many items, λ starts small, so that a search that is cut short begins near the goal."""
    found = [recipe for recipe in RECIPES if recipe.fits(size, kitchen)]
    most = min(size.customers, size.items) // 4
    return [
        _with_fewer_factors(_with_fitting_penalty(recipe, size.items), most) if recipe.name == "ials" else recipe
        for recipe in found
    ]


def _with_fitting_penalty(recipe: Recipe, items: int) -> Recipe:
    """λ grows with the number of items; what is good for a few thousand silences the factors of a hundred thousand."""
    fitting = float(f"{PENALTY_OF_ITEMS / max(items, 1):.1g}")
    return replace(recipe, start=replace(recipe.start, regularisation=min(recipe.start.regularisation, fitting)))


def _with_fewer_factors(recipe: Recipe, most: int) -> Recipe:
    if most >= max(value for name, values in recipe.steps if name == "factors" for value in values):
        return recipe
    fewest = 8
    kept = tuple(
        (name, tuple(value for value in values if name != "factors" or value <= most)) for name, values in recipe.steps
    )
    start = replace(recipe.start, factors=max(fewest, min(recipe.start.factors, most)))
    return replace(recipe, start=start, steps=kept)
