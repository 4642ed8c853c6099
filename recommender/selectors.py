"""What to show to whom, and why: the serving path, shared by the API and the staff preview.

One numpy pass scores all products; one query keeps what may be sold right now. Whatever is missing (model, history,
candidates) moves one step down the chain of `recommender.chain`, and every item says in `source` which step gave it.
While the database is away, `from_memory` answers from the shelf of this process.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import structlog
from django.utils import timezone

from catalog import recent
from catalog.models import Customer, Interaction, Product, Visitor
from catalog.showcase import showcase
from catalog.wares import Wares
from core import model_registry as registry
from core.experiments import Placed
from recommender import chain, looks, memory, tokens, trials, wishes
from recommender.answers import (
    CONTENT,
    FALLBACK,
    RISING,
    TOGETHER,
    TRENDING,
    Act,
    Answer,
    Item,
    Person,
    Reason,
    Step,
    items_of,
    source_of,
    told,
)
from recommender.arranging import Arranged, arrange, seed_of
from recommender.chain import Question
from recommender.choices import (
    ACT_WEIGHTS,
    HISTORY_LIMIT,
    LIKED_FROM_STARS,
    RECOMMENDER,
    SIMILAR_BESIDE,
    SIMILAR_IN_CHAT,
    TOGETHER_BESIDE,
)
from recommender.ml.serving import ServingModel, build
from recommender.models import Placement
from recommender.shelf import keys_of, shelf
from recommender.wishes import Wish

__all__ = [
    "Act",
    "Answer",
    "Item",
    "Person",
    "Reason",
    "bought_together",
    "from_memory",
    "person",
    "recent_acts",
    "recommend",
    "similar",
]

log = structlog.get_logger(__name__)
DEFAULT_LIMIT = 10
GENERAL = (trials.POPULAR, trials.NEWEST, TRENDING, RISING)
"""Strategies that do not look at who asks."""
ASKED_BESIDE = {SIMILAR_BESIDE: trials.SIMILAR, TOGETHER_BESIDE: TOGETHER, SIMILAR_IN_CHAT: trials.SIMILAR}
"""What the lists ask for that a product page, or a chat about a product, shows by the product."""
RATED = Interaction.Kind.RATING.value
BASKET_WEIGHT = 5.0
PAGE_WEIGHT = 8.0


def person(*, customer: Customer | None = None, visitor: str = "", limit: int = HISTORY_LIMIT) -> Person:
    """The person behind a customer and a browser's id: one round trip to Redis and one query."""
    asks_for_own = customer is not None and customer.is_personalised
    if customer is not None and not asks_for_own:
        visitor = ""  # what the browser did before they signed in is theirs too
    found = recent.history_of(customer_id=customer.pk if asks_for_own else None, visitor=visitor, limit=limit)  # type: ignore[union-attr]
    acts = [Act(product_id, kind, micros, _weight(kind, value)) for product_id, kind, micros, value in found.acts]
    return Person(customer, found.browser, acts, found.bought)


def recent_acts(*, customer: Customer | None, visitor: Visitor | None, limit: int = HISTORY_LIMIT) -> list[Act]:
    """The last acts of this person, newest first. Empty when they said no."""
    return _known(customer, visitor, limit).acts


def _known(customer: Customer | None, visitor: Visitor | None, limit: int = HISTORY_LIMIT) -> Person:
    browser = visitor.key if visitor is not None and visitor.may_track else ""
    return person(customer=customer, visitor=browser, limit=limit)


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
    device: str = "",
) -> Answer:
    """At most `limit` products that may be sold right now (default: the slots of the placement), in the order of the
    slots, each with its reason.

    What the person bought, has in the basket, looks at or asked to leave out is not shown. Never raises for a missing
    or damaged model. `who` spares the look-up of customer and visitor. `placed` is the person's arm in an experiment,
    which may ask for another list than the model's; `wish` takes the place of what staff saved for the placement, to
    see what a change would do. `device`: one of catalog.devices.DEVICES that the answer is read on, if known.
    """
    wish = wish or wishes.wish(placement) or Wish(placement)
    most = limit or wish.slots or DEFAULT_LIMIT
    known = who if who is not None else _known(customer, visitor)
    acts = known.acts
    now = timezone.now()
    micros = recent.micros_of(now)
    context = [Act(product_id, "basket", micros, BASKET_WEIGHT) for product_id in basket]
    if page_product_id is not None:
        context.insert(0, Act(page_product_id, "page", micros, PAGE_WEIGHT))
    unwanted = {*exclude, *basket, *_bought(known, wish)}
    if page_product_id is not None:
        unwanted.add(page_product_id)
    strategy = trials.strategy_of(placed) if placed is not None else trials.STRATEGIES[wish.strategy]
    history = _one_act_per_product(context + acts) if strategy not in GENERAL else []
    asked = Question(
        wish=wish, strategy=strategy, limit=most, history=history, context=[act.product_id for act in context],
        unwanted=unwanted, customer_id=_segmented(customer, who), language=language, fits=_fitting(wish),
        at=None if placement == Placement.Surface.EMAIL else now.timestamp(),  # mail is read later
        device=device,
    )  # fmt: skip
    return _answer(placement, asked, placed=placed, subject=_subject(customer, visitor, who))


def _bought(who: Person, wish: Wish) -> frozenset[int]:
    """What the placement does not show to this person again."""
    return frozenset() if wish.repeats_allowed else who.bought


def _segmented(customer: Customer | None, who: Person | None) -> int | None:
    """The customer whose segment may be looked up; nobody who does not want personal answers."""
    customer = customer or (who.customer if who is not None else None)
    return customer.pk if customer is not None and customer.is_personalised else None


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
    if not wanted:
        return None
    found = showcase.fitting(wish.sieve, wish.fits)
    return list(Product.objects.sellable().filter(**wanted).values_list("pk", flat=True)) if found is None else found


def similar(*, product: Product, key: str = SIMILAR_BESIDE, **asked: Any) -> Answer:
    """Products that the same people choose, for a product page. The same guarantees as `recommend`. `key`: under which
    the list is counted, one of ASKED_BESIDE."""
    return _beside(key, product, **asked)


def bought_together(*, product: Product, **asked: Any) -> Answer:
    """Products that lie in one order with this one more often than by chance. The same guarantees as `recommend`."""
    return _beside(TOGETHER_BESIDE, product, **asked)


def _beside(
    key: str,
    product: Product,
    *,
    limit: int = DEFAULT_LIMIT,
    exclude: Collection[int] = (),
    language: str | None = None,
    who: Person | None = None,
    placed: Placed | None = None,
) -> Answer:
    """A list that follows what staff want on the product page and is counted under its own key.

    What the person did does not speak here: the page does. What they bought is left out, and one of the holdout is
    `placed` at its control.
    """
    page = Act(product.pk, "page", recent.micros_of(timezone.now()), PAGE_WEIGHT)
    wish = wishes.wish(key) or Wish(key)
    strategy = trials.strategy_of(placed) if placed is not None else ASKED_BESIDE[key]
    asked = Question(
        wish=wish, strategy=strategy, limit=limit, history=[page] if strategy not in GENERAL else [],
        context=[product.pk], unwanted={product.pk, *exclude, *(_bought(who, wish) if who is not None else ())},
        language=language, fits=_fitting(wish),
    )  # fmt: skip
    return _answer(key, asked, placed=placed, subject=_subject(None, None, who))


def from_memory(
    *,
    placement: str,
    page: str | None = None,
    basket: Sequence[str] = (),
    exclude: Collection[str] = (),
    limit: int | None = None,
    language: str | None = None,
) -> Answer | None:
    """An answer without the database, by public or `ext:` ids: the chain as far as memory reaches.

    None when this process remembers nothing that is young enough.
    """
    goods = shelf.goods()
    if goods is None:
        return None
    now = timezone.now()
    wish = wishes.remembered(placement) or Wish(placement)
    micros = recent.micros_of(now)
    context = [Act(pk, "page", micros, PAGE_WEIGHT) for pk in keys_of([page] if page else [])]
    context += [Act(pk, "basket", micros, BASKET_WEIGHT) for pk in keys_of(basket)]
    unwanted = {*keys_of(exclude), *(act.product_id for act in context)}
    strategy = ASKED_BESIDE.get(placement) or trials.STRATEGIES[wish.strategy]
    wares = memory.for_sale(goods, wish, now, besides=unwanted)
    asked = Question(
        wish=wish, strategy=strategy, limit=limit or wish.slots or DEFAULT_LIMIT,
        history=_one_act_per_product(context) if strategy not in GENERAL else [],
        context=[act.product_id for act in context], unwanted=unwanted, language=language, fits=wares.ids.tolist(),
        at=now.timestamp(),
    )  # fmt: skip
    loaded, model = _loaded()
    items = memory.items(placement, asked, goods, wares, model, now)
    return _told(
        items, placement, loaded, is_stale=True, strategy=strategy,
        shortfall=_shortfall(asked) if len(items) < asked.limit else "",
    )  # fmt: skip


def _loaded() -> tuple[registry.LoadedModel | None, ServingModel | None]:
    """The model that answers; neither when it cannot be used."""
    try:
        loaded = registry.active(RECOMMENDER)
        return (loaded, loaded.built(build)) if loaded else (None, None)
    except Exception:  # a model that cannot be used must never cost the customer an answer
        log.exception("recommender.model_unusable")
        return None, None


def _answer(placement: str, asked: Question, *, placed: Placed | None = None, subject: str = "") -> Answer:
    """Walk down the chain until enough may be sold, arrange it as staff wish, and put the reasons into words."""
    now = timezone.now()
    wish, unwanted, limit = asked.wish, asked.unwanted, asked.limit
    loaded, model = _loaded()
    pins = [pk for pk in wish.pinned(now).values() if pk not in unwanted]
    found: dict[int, Step] = {}
    wares: Wares | None = None

    def arranged(wares: Wares, explored: Sequence[int] = ()) -> Arranged:
        if wish.is_plain:
            return Arranged(list(found)[:limit], {})
        return arrange(
            [*found, *pins, *explored], wish=wish, wares=wares, slots=limit, now=now,
            seed=seed_of(placement, subject, now) if wish.exploration > 0 else 0, similarity=_likeness(loaded),
        )  # fmt: skip

    shown = Arranged([], {})
    for step in chain.steps(asked, model, taken=found.keys()):
        more = [pk for pk in step.found.product_ids if pk not in unwanted and pk not in found]
        if not more:
            continue
        wares = showcase.wares([*found, *pins, *more])
        known = wares.among(more)
        if len(known) < len(more):
            shelf.forget(set(more).difference(known))
        found |= dict.fromkeys(known, step)
        if len(found) >= asked.enough:
            shown = arranged(wares)
            if len(shown.product_ids) >= limit:
                break
    else:
        shown = arranged(showcase.wares(pins) if wares is None else wares)
    if wish.exploration > 0:
        explored = [pk for pk in chain.newest(asked, found.keys()) if pk not in found]
        shown = arranged(showcase.wares([*found, *pins, *explored]), explored)
    shelf.keep_fresh()
    by_product = {act.product_id: act for act in asked.history}
    said = told(shown.product_ids, found)
    speakers = {candidate.reason_product_id for _step, candidate in said.values()}
    cards = showcase.cards({*shown.product_ids, *(by_product.keys() & speakers)}, language=asked.language)
    described = {
        (pk, speaker)
        for pk, (_step, candidate) in said.items()
        if candidate.source == CONTENT and (speaker := candidate.reason_product_id) in by_product
    }
    items = items_of(shown.product_ids, said, shown.why, by_product, cards, looks.alike(described))
    return _told(
        items, placement, loaded, history=list(asked.history), placed=placed, strategy=asked.strategy,
        shortfall=_shortfall(asked) if len(items) < limit else "",
        is_missing=asked.strategy in trials.ALONE and (model is None or asked.strategy not in model.voices),
    )  # fmt: skip


def _shortfall(asked: Question) -> str:
    """Why there are fewer items than asked for."""
    if asked.wish.fallback == Placement.Fallback.NOTHING and asked.strategy != trials.NEWEST:
        return "no_fill"
    return "nothing_left" if asked.wish.is_plain else "rules"


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
    shortfall: str = "",
    is_missing: bool = False,
) -> Answer:
    source = FALLBACK if loaded is None or is_stale else source_of(items)
    return Answer(
        items=items,
        id=tokens.make(
            placement=placement,
            version_id=loaded.version_id if loaded else 0,
            arm_id=placed.arm_id if placed and not placed.is_held_out else 0,
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
        shortfall=shortfall,
        is_missing=is_missing,
    )


def _own_strategy(loaded: registry.LoadedModel | None) -> str:
    return str(loaded.meta.get("strategy", "")) if loaded else "newest"


def _one_act_per_product(acts: Sequence[Act]) -> list[Act]:
    """Newest first; of several acts on one product the strongest kind stays, at the place of the newest."""
    best: dict[int, Act] = {}
    for act in acts:
        known = best.get(act.product_id)
        if known is None:
            best[act.product_id] = act
        elif act.weight > known.weight:
            best[act.product_id] = Act(act.product_id, act.kind, known.micros, act.weight)
    return [act for act in best.values() if act.weight > 0][:HISTORY_LIMIT]


def _weight(kind: str, value: float | None) -> float:
    if kind == RATED and (value or 0) < LIKED_FROM_STARS:
        return 0.0
    return ACT_WEIGHTS.get(kind, 0.0)
