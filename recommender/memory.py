"""The chain as far as memory reaches: answers while the database is away, from the shelf of this process.

Page and basket come with the question, so products that go with them are found as ever. Who asks and what they did
before is left out: whether they allow it stands in the database, and nobody is followed without being sure of that.
Bought together and the segment are read from the database too, so these steps find nothing here.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from django.utils.translation import get_language

from catalog.showcase import showcase
from catalog.wares import Wares
from recommender import chain, lists, trials
from recommender.answers import CATEGORY, NEWEST, POPULAR, Item, Step, items_of, told
from recommender.arranging import Arranged, arrange, seed_of
from recommender.chain import Question, candidates_of
from recommender.ml.serving import Ranking, ServingModel
from recommender.shelf import Goods, shelf
from recommender.wishes import Wish

MODELLED = ("personal", "similar", "popular")
"""Steps that look at nothing but the model, as methods asked alone do."""


def for_sale(goods: Goods, wish: Wish, now: datetime, *, besides: Collection[int]) -> Wares:
    """Products that could be sold when they were last seen and that pass the filter and the exclusions of staff."""
    ids, seen = goods.wares.ids, showcase.last_seen()
    stays = ~np.isin(ids, list(shelf.gone().union(besides)))
    if seen is not None:
        stays &= seen.rows(ids) >= 0
    there = goods.wares.at(stays)
    return there.at(wish.standing(there, now)[:-1] > 0)


def items(
    placement: str, asked: Question, goods: Goods, wares: Wares, model: ServingModel | None, now: datetime
) -> list[Item]:
    """At most `asked.limit` of the `wares`, in the order of the slots, each with its source and reason."""
    found: dict[int, Step] = {}
    pins = list(asked.wish.pinned(now).values())
    shown = Arranged([], {})
    for source in dict.fromkeys(chain.sources(asked)):
        step = _step(source, asked, goods, wares, model)
        for pk in wares.among(step.found.product_ids):
            found.setdefault(pk, step)
        shown = _arranged([*found, *pins], placement, asked, wares, now)
        if len(shown.product_ids) >= asked.limit and len(found) >= asked.enough:
            break
    cards = goods.in_language(asked.language)
    speakers = {act.product_id: act for act in asked.history}
    return items_of(shown.product_ids, told(shown.product_ids, found), shown.why, speakers, cards)


def _arranged(products: Sequence[int], placement: str, asked: Question, wares: Wares, now: datetime) -> Arranged:
    if asked.wish.is_plain:
        return Arranged(list(products[: asked.limit]), {})
    return arrange(
        products, wish=asked.wish, wares=wares, slots=asked.limit, now=now, seed=seed_of(placement, "", now)
    )  # fmt: skip


def _step(source: str, asked: Question, goods: Goods, wares: Wares, model: ServingModel | None) -> Step:
    match source:
        case name if model is not None and (name in MODELLED or name in trials.ALONE):
            return next(chain.step(source, asked, model, ()), Step(source, Ranking([], {})))
        case "popular":
            return Step(POPULAR, candidates_of(goods.popular, POPULAR))
        case "trending" | "rising":
            return Step(source, candidates_of(lists.remembered(source), source))
        case "category":
            for category in chain.categories(asked, goods.facts_among):
                if known := lists.remembered("category", category):
                    name = lists.category_name(category, asked.language or get_language() or "")
                    return Step(CATEGORY, candidates_of(known, CATEGORY), name)
        case "newest":
            return Step(NEWEST, candidates_of(wares.newest(len(wares)), NEWEST))
    return Step(source, Ranking([], {}))
