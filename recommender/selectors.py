"""What to show to whom, and why: the serving path, shared by the API and the staff preview.

One numpy pass scores all products; one query keeps what may be sold right now. Whatever is missing (model, history,
candidates) moves one step down the chain personal → popular → newest and the answer says so in `source`. While the
database is away, `from_memory` answers from the shelf of this process.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from catalog import recent
from catalog.models import Customer, Interaction, Product, Visitor
from catalog.showcase import Card, showcase
from core import model_registry as registry
from core.experiments import Placed
from recommender import reasons, tokens, trials, wishes
from recommender.arranging import Arranged, arrange, seed_of
from recommender.choices import ACT_WEIGHTS, HISTORY_LIMIT, LIKED_FROM_STARS, RECOMMENDER
from recommender.ml.serving import POPULAR, Candidate, ServingModel, build
from recommender.ml.steering import EXPLORED, PINNED
from recommender.models import Placement
from recommender.shelf import MOST, keys_of, shelf
from recommender.wishes import Wish

log = structlog.get_logger(__name__)
DEFAULT_LIMIT = 10
SIMILAR = "similar"
STRATEGIES: dict[str, str] = {
    Placement.Strategy.AUTOMATIC: trials.LIVE,
    Placement.Strategy.SIMILAR: SIMILAR,
    Placement.Strategy.POPULAR: trials.POPULAR,
    Placement.Strategy.NEWEST: trials.NEWEST,
}
BASKET_WEIGHT = 5.0
PAGE_WEIGHT = 8.0


class Act(NamedTuple):
    """One thing a person did: the weight says how much it speaks for the product."""

    product_id: int
    kind: str
    occurred_at: datetime
    weight: float

    @property
    def label(self) -> str:
        """The kind in words, for staff."""
        return str(Interaction.Kind(self.kind).label) if self.kind in Interaction.Kind.values else ""


class Reason(NamedTuple):
    """A code for machines, a sentence for people, and the product that speaks for the shown one."""

    code: str
    text: str
    product_id: int | None = None
    product_public_id: str | None = None
    share: float | None = None


class Item(NamedTuple):
    product_id: int
    card: Card
    score: float | None
    source: str
    reason: Reason


@dataclass(frozen=True)
class Answer:
    """`source` is the best step of the chain that gave an item, `fallback` without a model or from memory.

    `as_of` is when the model last saw data. `is_stale`: the database is away, so prices and stock are those of the last
    look, at most ten minutes ago.
    """

    items: list[Item]
    id: str
    placement: str
    strategy: str
    source: str
    model_version: str | None
    as_of: datetime | None
    is_stale: bool = False
    history: list[Act] = field(default_factory=list)
    placed: Placed | None = None

    @property
    def strategy_label(self) -> str:
        """The strategy in words, for staff."""
        return reasons.strategy_name(self.strategy)


@dataclass(frozen=True)
class Person:
    """Who an answer is for, and what they did, newest first; nothing when they said no."""

    customer: Customer | None = None
    browser: recent.Browser | None = None
    acts: list[Act] = field(default_factory=list)


def person(*, customer: Customer | None = None, visitor: str = "", limit: int = HISTORY_LIMIT) -> Person:
    """The person behind a customer and a browser's id: one round trip to Redis and one query."""
    asks_for_own = customer is not None and customer.is_personalised
    found = recent.history_of(customer_id=customer.pk if asks_for_own else None, visitor=visitor, limit=limit)  # type: ignore[union-attr]
    acts = [Act(act.product_id, act.kind, act.occurred_at, _weight(act.kind, act.value)) for act in found.acts]
    return Person(customer, found.browser, acts)


def recent_acts(*, customer: Customer | None, visitor: Visitor | None, limit: int = HISTORY_LIMIT) -> list[Act]:
    """The last acts of this person, newest first. Empty when they said no."""
    browser = visitor.key if visitor is not None and visitor.may_track else ""
    return person(customer=customer, visitor=browser, limit=limit).acts


def recommend(
    *,
    placement: str = "home",
    customer: Customer | None = None,
    visitor: Visitor | None = None,
    who: Person | None = None,
    page_product_id: int | None = None,
    basket: Sequence[int] = (),
    exclude: Collection[int] = (),
    limit: int | None = None,
    language: str | None = None,
    placed: Placed | None = None,
    wish: Wish | None = None,
) -> Answer:
    """At most `limit` products that may be sold right now (default: the slots of the placement), in the order of the
    slots, each with its reason.

    What the person bought, has in the basket, looks at or asked to leave out is not shown. Never raises for a missing
    or damaged model. `who` spares the look-up of customer and visitor. `placed` is the person's arm in an experiment,
    which may ask for another list than the model's; `wish` takes the place of what staff saved for the placement, to
    see what a change would do.
    """
    wish = wish or wishes.wish(placement) or Wish(placement)
    most = limit or wish.slots or DEFAULT_LIMIT
    acts = who.acts if who is not None else recent_acts(customer=customer, visitor=visitor)
    context = [Act(product_id, "basket", timezone.now(), BASKET_WEIGHT) for product_id in basket]
    if page_product_id is not None:
        context.insert(0, Act(page_product_id, "page", timezone.now(), PAGE_WEIGHT))
    bought = set() if wish.repeats_allowed else {a.product_id for a in acts if a.kind == Interaction.Kind.PURCHASE}
    unwanted = {*exclude, *basket, *bought} | ({page_product_id} if page_product_id is not None else set())
    strategy = trials.strategy_of(placed) if placed is not None else STRATEGIES[wish.strategy]
    history = _one_act_per_product(context + acts) if strategy in (trials.LIVE, SIMILAR) else []
    page = page_product_id or next(iter(basket), None) if strategy == SIMILAR else None
    fits = _fitting(wish)

    def score(model: ServingModel) -> list[Candidate]:
        k = most * 4 + 40
        alike = model.similar(page, k, exclude=unwanted) if page is not None else []
        weighted = [(act.product_id, act.weight) for act in history]
        allowed = None if fits is None else model.mask(fits)
        return alike + model.recommend(weighted, k, exclude=unwanted, allowed=allowed)

    loaded, candidates = _scored(score if strategy != trials.NEWEST else lambda model: [])
    return _answer(
        placement, candidates, history=history, unwanted=unwanted, limit=most, language=language, loaded=loaded,
        placed=placed, wish=wish, strategy=strategy, subject=_subject(customer, visitor, who),
    )  # fmt: skip


def _subject(customer: Customer | None, visitor: Visitor | None, who: Person | None) -> str:
    """What tells one person from another where chance decides what is tried."""
    customer = customer or (who.customer if who is not None else None)
    if customer is not None:
        return customer.public_id
    if who is not None and who.browser is not None:
        return who.browser.key
    return visitor.key if visitor is not None else ""


def _fitting(wish: Wish) -> list[int] | None:
    """Products that the filter of the placement lets through; None without a filter. The model then looks among these
    only, instead of finding ten of a thousand by chance."""
    wanted = {} if wish.is_plain else wish.filter()
    return list(Product.objects.sellable().filter(**wanted).values_list("pk", flat=True)) if wanted else None


def similar(*, product: Product, limit: int = 10, exclude: Collection[int] = (), language: str | None = None) -> Answer:
    """Products that the same people choose, for a product page. The same guarantees as `recommend`."""
    page = Act(product.pk, "page", timezone.now(), PAGE_WEIGHT)
    loaded, candidates = _scored(lambda model: model.similar(product.pk, k=limit * 4 + 40))
    return _answer(
        "product", candidates, history=[page], unwanted={product.pk, *exclude}, limit=limit, language=language,
        loaded=loaded, wish=wishes.wish("product") or Wish("product"), strategy=SIMILAR,
    )  # fmt: skip


def from_memory(
    *,
    placement: str,
    page: str | None = None,
    basket: Sequence[str] = (),
    exclude: Collection[str] = (),
    limit: int | None = None,
    language: str | None = None,
) -> Answer | None:
    """An answer without the database, by public or `ext:` ids: what sold well when it was last seen.

    None when this process remembers nothing that is young enough.
    """
    goods = shelf.goods()
    if goods is None:
        return None
    cards = goods.cards.get(language or get_language() or "") or goods.cards[settings.LANGUAGE_CODE]
    known = keys_of([page, *basket] if page else basket)
    unwanted = {*known, *keys_of(exclude), *shelf.gone()}
    if (seen := showcase.last_seen()) is not None:
        cards = {pk: card for pk, card in cards.items() if pk in seen}
    loaded, candidates = _scored(lambda model: model.recommend([(pk, PAGE_WEIGHT) for pk in known], k=2 * MOST))
    ranked = dict.fromkeys([*(c.product_id for c in candidates), *goods.order])
    wish = wishes.remembered(placement) or Wish(placement)
    allowed = wish.allowed(goods.facts, timezone.now())
    most = limit or wish.slots or DEFAULT_LIMIT
    chosen = [pk for pk in ranked if pk in cards and pk in allowed and pk not in unwanted][:most]
    reason = Reason("popular", reasons.sentence("popular"))
    return _told([Item(pk, cards[pk], None, "popular", reason) for pk in chosen], placement, loaded, is_stale=True)


def _scored(
    score: Callable[[ServingModel], list[Candidate]],
) -> tuple[registry.LoadedModel | None, list[Candidate]]:
    """The model that answers, and its candidates; neither when it cannot be used."""
    try:
        loaded = registry.active(RECOMMENDER)
        return (loaded, score(loaded.built(build))) if loaded else (None, [])
    except Exception:  # a model that cannot be used must never cost the customer an answer
        log.exception("recommender.model_unusable")
        return None, []


def _answer(
    placement: str,
    candidates: Sequence[Candidate],
    *,
    history: Sequence[Act],
    unwanted: Collection[int],
    limit: int,
    language: str | None,
    loaded: registry.LoadedModel | None,
    wish: Wish,
    strategy: str,
    placed: Placed | None = None,
    subject: str = "",
) -> Answer:
    """Keep what may be sold, arrange it as staff wish, fill up, and put the reasons into words."""
    now = timezone.now()
    pins = [pk for pk in wish.pinned(now).values() if pk not in unwanted]
    wanted = [c for c in candidates if c.product_id not in unwanted and _is_wanted(c, wish, strategy)]
    facts = showcase.facts_among([*(c.product_id for c in wanted), *pins])
    shelf.forget(c.product_id for c in wanted if c.product_id not in facts)
    shelf.keep_fresh()
    ranked = [*(c.product_id for c in wanted if c.product_id in facts), *pins]

    def arranged(products: Sequence[int]) -> Arranged:
        if wish.is_plain:
            return Arranged(list(dict.fromkeys(products))[:limit], {})
        return arrange(
            products, wish=wish, facts=facts, slots=limit, now=now, seed=seed_of(placement, subject, now),
            similarity=_likeness(loaded),
        )  # fmt: skip

    shown = arranged(ranked)
    may_fill = wish.fallback != Placement.Fallback.NOTHING or strategy == trials.NEWEST
    if (len(shown.product_ids) < limit and may_fill) or wish.exploration > 0:
        fresh = _newest(wish, limit * 2, besides={*unwanted, *ranked})
        facts |= showcase.facts_among(fresh)
        shown = arranged([*ranked, *fresh])
    by_product = {act.product_id: act for act in history}
    found = {c.product_id: c for c in reversed(wanted)}
    speakers = {found[pk].reason_product_id for pk in shown.product_ids if pk in found}
    named = {pk for pk in by_product if pk in speakers}
    cards = showcase.cards({*shown.product_ids, *named}, language=language)
    items = [_item(pk, found.get(pk), shown.why.get(pk), by_product, cards) for pk in shown.product_ids if pk in cards]
    return _told(items, placement, loaded, history=list(history), placed=placed, strategy=strategy)


def _newest(wish: Wish, count: int, *, besides: Collection[int]) -> list[int]:
    """The newest products that may be sold and pass the filter of the placement, newest first."""
    wanted = {} if wish.is_plain else wish.filter()
    if not wanted:
        return showcase.newest(count, exclude=besides)
    rows = Product.objects.sellable().filter(**wanted).exclude(pk__in=besides).order_by("-published_at", "-id")
    return list(rows.values_list("pk", flat=True)[:count])


def _is_wanted(candidate: Candidate, wish: Wish, strategy: str) -> bool:
    """Popular products complete a personal list only when staff want it so."""
    is_filler = candidate.source == POPULAR and strategy in (trials.LIVE, SIMILAR)
    return not is_filler or wish.fallback == Placement.Fallback.POPULAR


def _likeness(loaded: registry.LoadedModel | None) -> Callable[[Sequence[int]], Any] | None:
    def ask(product_ids: Sequence[int]) -> Any:
        try:
            return loaded.built(build).likeness(product_ids) if loaded else None
        except Exception:  # as in _scored: categories then say what is alike
            log.exception("recommender.model_unusable")
            return None

    return ask if loaded else None


def _told(
    items: list[Item],
    placement: str,
    loaded: registry.LoadedModel | None,
    *,
    history: list[Act] | None = None,
    is_stale: bool = False,
    placed: Placed | None = None,
    strategy: str = trials.LIVE,
) -> Answer:
    source = "fallback" if loaded is None or is_stale else _source(items)
    return Answer(
        items=items,
        id=tokens.make(
            placement=placement,
            version_id=loaded.version_id if loaded else 0,
            arm_id=placed.arm_id if placed else 0,
            source=source,
        ),
        placement=placement,
        strategy=strategy if strategy != trials.LIVE else _own_strategy(loaded),
        source=source,
        model_version=loaded.name if loaded else None,
        as_of=loaded.trained_until if loaded else None,
        is_stale=is_stale,
        history=history or [],
        placed=placed,
    )


def _own_strategy(loaded: registry.LoadedModel | None) -> str:
    return str(loaded.meta.get("strategy", "")) if loaded else "newest"


def _item(
    product_id: int, candidate: Candidate | None, why: str | None, by_product: dict[int, Act], cards: dict[int, Card]
) -> Item:
    """`why`: the product stands here for another reason than its score."""
    if why == PINNED:
        source, reason = "pinned", Reason("chosen_by_the_shop", reasons.sentence("chosen_by_the_shop"))
    elif why == EXPLORED or candidate is None:
        source, reason = "newest", Reason("new", reasons.sentence("new"))
    else:
        source, reason = _spoken_for(candidate, by_product, cards)
    return Item(product_id, cards[product_id], candidate.score if candidate else None, source, reason)


def _spoken_for(candidate: Candidate, by_product: dict[int, Act], cards: dict[int, Card]) -> tuple[str, Reason]:
    """Source and reason of a product that the model found."""
    act = by_product.get(candidate.reason_product_id) if candidate.reason_product_id is not None else None
    if act is None or act.product_id not in cards:
        return "popular", Reason("popular", reasons.sentence("popular"))
    code = reasons.BECAUSE[act.kind]
    speaker = cards[act.product_id]
    text = reasons.sentence(code, str(speaker["name"]))
    return "personal", Reason(code, text, act.product_id, str(speaker["id"]), candidate.share)


def _source(items: Sequence[Item]) -> str:
    """Best step of the chain that was used."""
    steps = {item.source for item in items}
    return next((step for step in ("personal", "popular", "pinned", "newest") if step in steps), "newest")


def _one_act_per_product(acts: Sequence[Act]) -> list[Act]:
    """Newest first; of several acts on one product the strongest kind stays, at the place of the newest."""
    best: dict[int, Act] = {}
    for act in acts:
        known = best.get(act.product_id)
        if known is None:
            best[act.product_id] = act
        elif act.weight > known.weight:
            best[act.product_id] = Act(act.product_id, act.kind, known.occurred_at, act.weight)
    return [act for act in best.values() if act.weight > 0][:HISTORY_LIMIT]


def _weight(kind: str, value: float | None) -> float:
    if kind == Interaction.Kind.RATING and (value or 0) < LIKED_FROM_STARS:
        return 0.0
    return ACT_WEIGHTS.get(kind, 0.0)
