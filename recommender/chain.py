"""Where the products of an answer come from, one step after the other until there are enough.

First what the placement's strategy asks for; then, as far as staff allow, the steps down the chain: what goes with the
products that the person looks at, what people of the same segment choose, what leads the category, what is popular
right now, what was popular when the model was trained, what is new. A step is taken only when the ones before gave too
little, so full answers pay for nothing.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from django.utils.translation import get_language

from catalog.devices import DEVICES
from catalog.models import Product
from catalog.showcase import showcase
from catalog.wares import Facts
from recommender import lists, trials
from recommender.answers import (
    AFFINITY,
    CATEGORY,
    ITEM,
    NEWEST,
    PERSONAL,
    POPULAR,
    RISING,
    SEGMENT,
    TOGETHER,
    TRENDING,
    Act,
    Step,
)
from recommender.ml.context import NO_DEVICE
from recommender.ml.serving import Candidate, Ranking, ServingModel
from recommender.models import Placement, RecommendationList
from recommender.trials import SIMILAR
from recommender.wishes import Wish

log = structlog.get_logger(__name__)
SPEAKERS = 5
"""Products whose partners and neighbours are looked up, the newest of the person."""
LISTED = {trials.POPULAR: POPULAR, TRENDING: TRENDING, RISING: RISING, CATEGORY: CATEGORY, trials.NEWEST: NEWEST}
"""Strategies that are one step of the chain."""


@dataclass(frozen=True)
class Question:
    """What is asked of the chain. `history` holds the page, the basket and then what the person did, each product once;
    `context` are page and basket alone. `unwanted` is never given. `at`: when the answer is read (seconds since 1970),
    None when nobody knows; `device`: on which of catalog.devices.DEVICES, empty likewise."""

    wish: Wish
    strategy: str
    limit: int
    history: Sequence[Act] = ()
    context: Sequence[int] = ()
    unwanted: Collection[int] = ()
    customer_id: int | None = None
    language: str | None = None
    fits: list[int] | None = field(default=None, repr=False)
    at: float | None = None
    device: str = ""

    @property
    def depth(self) -> int:
        """So many candidates of each step, because some may not be sold or are sorted out by rules."""
        return self.limit * 4 + 40

    @property
    def portions(self) -> tuple[int, ...]:
        """So many candidates are asked of the model at first and in all: a plain list is most often full with the first
        few."""
        return (self.limit * 3 // 2 + 5, self.depth) if self.wish.is_plain else (self.depth,)

    @property
    def enough(self) -> int:
        """Candidates after which no further step is taken: rules need some to choose from."""
        return self.limit if self.wish.is_plain else self.depth

    def speakers(self) -> list[int]:
        """Whose neighbours and partners fit: page and basket, else what the person did last."""
        return list(self.context or [act.product_id for act in self.history])[:SPEAKERS]


def steps(asked: Question, model: ServingModel | None, *, taken: Collection[int]) -> Iterator[Step]:
    """What was asked for, then the chain. Lazy: a step is worked out when it is taken; `taken` are the products that
    the caller has by then."""
    done: set[str] = set()
    for source in sources(asked):
        if source not in done:
            done.add(source)
            yield from step(source, asked, model, taken)


def sources(asked: Question) -> list[str]:
    """Names of the steps, in order; some may come twice."""
    if asked.strategy in LISTED:
        own = [LISTED[asked.strategy]]
    elif asked.strategy == SIMILAR:
        own = [SIMILAR, PERSONAL]
    elif asked.strategy == TOGETHER:
        own = [TOGETHER, SIMILAR, PERSONAL]
    elif asked.strategy == AFFINITY or asked.strategy in trials.ALONE:
        own = [asked.strategy]
    else:
        own = [PERSONAL]
    match asked.wish.fallback:
        case Placement.Fallback.NOTHING:
            return own
        case Placement.Fallback.NEWEST:
            return [*own, NEWEST]
    if asked.strategy == trials.POPULAR:  # the control of experiments: nothing that is cleverer
        return [*own, NEWEST]
    if own[0] in LISTED.values():
        return [*own, TRENDING, POPULAR, NEWEST]
    return [*own, PERSONAL, SIMILAR, TOGETHER, SEGMENT, CATEGORY, TRENDING, POPULAR, NEWEST]


def step(source: str, asked: Question, model: ServingModel | None, taken: Collection[int]) -> Iterator[Step]:
    """What one step finds; nothing where it cannot be taken."""
    match source:
        case "personal":
            weighted = [(act.product_id, act.weight) for act in asked.history]
            if model is not None and weighted:
                yield from _in_portions(PERSONAL, asked.portions, partial(_personal, model, weighted, asked))
            elif model is None and asked.customer_id is not None:
                yield Step(PERSONAL, _written_ahead(asked.customer_id))
        case method if method in trials.ALONE:
            weighted = [(act.product_id, act.weight) for act in asked.history]
            if model is not None and weighted:
                yield from _in_portions(
                    PERSONAL, asked.portions, partial(_personal, model, weighted, asked, voice=method)
                )
        case "affinity":
            for category in liked(asked, showcase.facts_among):
                if found := lists.of("category", category):
                    name = lists.category_name(category, asked.language or get_language() or "")
                    yield Step(CATEGORY, candidates_of(found, CATEGORY), name)
        case "similar":
            speakers = asked.speakers()
            if model is not None and speakers:
                most = asked.depth * len(speakers)
                yield from _in_portions(ITEM, (*asked.portions[:-1], most), partial(_alike, model, speakers, asked))
        case "together":
            speakers = asked.speakers()
            if speakers:
                partners = lists.partners(speakers)
                yield Step(ITEM, Ranking.of(Candidate(pk, lift, TOGETHER, by, 1.0) for pk, by, lift in partners))
        case "segment":
            segment = lists.segment_of(asked.customer_id) if asked.customer_id is not None else ""
            if segment:
                yield Step(SEGMENT, candidates_of(lists.of("segment", segment), SEGMENT))
        case "category":
            for category in categories(asked, showcase.facts_among):
                if found := lists.of("category", category):
                    name = lists.category_name(category, asked.language or get_language() or "")
                    yield Step(CATEGORY, candidates_of(found, CATEGORY), name)
                    break
        case "trending" | "rising":
            yield Step(source, candidates_of(lists.of(source), source))
        case "popular":
            if model is not None:
                yield from _in_portions(POPULAR, asked.portions, partial(_popular, model, asked, frozenset(taken)))
        case "newest":
            yield Step(NEWEST, candidates_of(newest(asked, taken), NEWEST))


def _in_portions(source: str, portions: Sequence[int], ask: Callable[[int], Ranking]) -> Iterator[Step]:
    """A step for each portion; the later ones hold the earlier ones. None more when there are no more."""
    for count in portions:
        found = _said(partial(ask, count))
        yield Step(source, found)
        if len(found) < count:
            break


def _said(ask: Callable[[], Ranking]) -> Ranking:
    """What the model says; nothing when it cannot: a model that fails must never cost the customer an answer."""
    try:
        return ask()
    except Exception:
        log.exception("recommender.model_unusable")
        return Ranking([], {})


def _personal(
    model: ServingModel, weighted: Sequence[tuple[int, float]], asked: Question, count: int, *, voice: str = ""
) -> Ranking:
    allowed = None if asked.fits is None else model.mask(asked.fits)
    device = DEVICES.index(asked.device) if asked.device else NO_DEVICE
    return model.ranked(
        weighted, count, exclude=asked.unwanted, allowed=allowed, fill=False, at=asked.at, device=device, voice=voice
    )


def _popular(model: ServingModel, asked: Question, taken: Collection[int], count: int) -> Ranking:
    allowed = None if asked.fits is None else model.mask(asked.fits)
    return Ranking.of(model.popular(count, exclude=[*asked.unwanted, *taken], allowed=allowed))


def _written_ahead(customer_id: int) -> Ranking:
    """The customer's list for e-mail, as the last model wrote it: for answers without a model. One query."""
    row = RecommendationList.objects.filter(customer=customer_id).first()
    if row is None:
        return Ranking([], {})
    pairs = zip(row.product_ids, row.speaker_ids, strict=True)
    return Ranking.of(Candidate(pk, 0.0, PERSONAL, speaker or None, 1.0) for pk, speaker in pairs)


def _alike(model: ServingModel, speakers: Sequence[int], asked: Question, count: int) -> Ranking:
    return Ranking.of(model.beside(speakers, count, depth=asked.depth, exclude=asked.unwanted))


def candidates_of(product_ids: Sequence[int], source: str) -> Ranking:
    """A list for everybody as candidates, in its order."""
    return Ranking.of(
        Candidate(pk, float(len(product_ids) - at), source, None, 0.0) for at, pk in enumerate(product_ids)
    )


def categories(asked: Question, facts_among: Callable[[Collection[int]], Mapping[int, Facts]]) -> list[int]:
    """The placement's own, else those of the page and the basket, else those the person was in last, most often met
    first."""
    if asked.wish.category_id is not None:
        return [asked.wish.category_id]
    speakers = list(asked.context) or [act.product_id for act in asked.history]
    if not speakers:
        return []
    facts = facts_among(speakers)
    met = Counter(facts[pk].category_id for pk in speakers if pk in facts)
    return [category for category, _times in met.most_common() if category is not None]


def liked(asked: Question, facts_among: Callable[[Collection[int]], Mapping[int, Facts]]) -> list[int]:
    """Categories by how much what the person did speaks for them, most first: the order of `ml.affinity.affinity` where
    each product belongs to one category, and within one all products are liked alike. Categories that the filter of the
    placement leaves out are passed over."""
    facts = facts_among([act.product_id for act in asked.history])
    weights: dict[int, float] = {}
    for act in asked.history:
        category = facts[act.product_id].category_id if act.product_id in facts else None
        if category is not None and (asked.wish.categories is None or category in asked.wish.categories):
            weights[category] = weights.get(category, 0.0) + act.weight
    return sorted(weights, key=lambda category: -weights[category])


def newest(asked: Question, taken: Collection[int]) -> list[int]:
    """The newest products that may be sold and pass the filter of the placement, newest first."""
    wanted = {} if asked.wish.is_plain else asked.wish.filter()
    count = max(asked.limit * 2, asked.enough)
    besides = {*asked.unwanted, *taken}
    if not wanted:
        return showcase.newest(count, exclude=besides)
    rows = Product.objects.sellable().filter(**wanted).exclude(pk__in=besides)
    return list(rows.order_by("-published_at", "-id").values_list("pk", flat=True)[:count])
