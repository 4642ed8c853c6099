"""What recommendations learned about a person, in words the person can check, and why they see a product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import get_language

from catalog import recent, services
from catalog.models import Brand, Category, Customer, Product, ProductTag
from catalog.showcase import showcase
from core import model_registry as registry
from recommender import reasons, selectors, tokens, trials, wishes
from recommender.answers import CHOSEN, ITEM, PERSONAL, SESSION
from recommender.choices import RECOMMENDER
from recommender.ml.serving import POPULAR, ServingModel, build
from recommender.models import RecommendationList
from recommender.selectors import Act, Person, Reason

MOST_NAMED = 5
COLOUR = "colour"
LEAST_FOR_PRICES = 3
"""With fewer products a price band would be that of one or two things."""


@dataclass(frozen=True)
class Interest:
    """A category or brand, and its share of what the person did, weighted by how much each act says."""

    public_id: str
    name: str
    share: float


@dataclass(frozen=True)
class Interests:
    """Empty for somebody without personal recommendations, or who did nothing since `since`."""

    acts: int = 0
    categories: list[Interest] = field(default_factory=list)
    brands: list[Interest] = field(default_factory=list)
    prices: tuple[Decimal, Decimal] | None = None
    """From the first to the third quartile of the products."""
    colours: list[tuple[str, float]] = field(default_factory=list)
    """By tags of the products, with the share of all that the person did."""


def interests(who: Person) -> Interests:
    """From the same acts that the next answer uses. One query."""
    weights: dict[int, float] = {}
    for act in who.acts:
        if act.weight > 0:
            weights[act.product_id] = weights.get(act.product_id, 0.0) + act.weight
    if not weights:
        return Interests()
    tags = ProductTag.objects.filter(product=OuterRef("pk"), kind=COLOUR).order_by("pk")
    told = ArraySubquery(tags.values(found=JSONObject(value="value", translations="value_translations")))
    products = Product.objects.existing().filter(pk__in=weights).select_related("category", "brand")
    rows: list[Any] = list(products.annotate(colour_tags=told))
    categories: dict[Category | Brand, float] = {}
    brands: dict[Category | Brand, float] = {}
    for row in rows:
        for group, own in ((row.category, categories), (row.brand, brands)):
            if group is not None:
                own[group] = own.get(group, 0.0) + weights[row.pk]
    total = float(sum(weights.values()))
    return Interests(
        acts=sum(1 for act in who.acts if act.weight > 0),
        categories=_named(categories, total),
        brands=_named(brands, total),
        prices=_band([float(row.price) for row in rows]),
        colours=_colours(rows, weights),
    )


def _colours(rows: Sequence[Any], weights: Mapping[int, float]) -> list[tuple[str, float]]:
    found: dict[str, float] = {}
    language = get_language() or ""
    for row in rows:
        for tag in row.colour_tags:
            name = str((tag["translations"] or {}).get(language) or tag["value"])
            found[name] = found.get(name, 0.0) + weights[row.pk]
    total = sum(weights.values())
    most = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:MOST_NAMED]
    return [(name, weight / total) for name, weight in most]


def _named(weights: Mapping[Category | Brand, float], total: float) -> list[Interest]:
    most = sorted(weights.items(), key=lambda item: (-item[1], item[0].pk))[:MOST_NAMED]
    return [Interest(group.public_id, str(group), weight / total) for group, weight in most]


def _band(prices: Sequence[float]) -> tuple[Decimal, Decimal] | None:
    if len(prices) < LEAST_FOR_PRICES:
        return None
    low, high = np.quantile(np.asarray(prices, np.float64), [0.25, 0.75])
    return Decimal(str(round(low, 2))), Decimal(str(round(high, 2)))


@dataclass(frozen=True)
class Why:
    """`is_personal`: what the person did speaks for the product. `placement` and `made_at` are those of the list when
    its id was given and is ours."""

    reason: Reason
    is_personal: bool
    placement: str = ""
    made_at: datetime | None = None


def why(product: Product, who: Person, *, recommendation: str = "", page_product_id: int | None = None) -> Why:
    """Why this person is, or would be, shown this product now. Nothing personal for those who said no."""
    listed = tokens.read(recommendation) if recommendation else None
    placement = listed.placement if listed else ""
    made_at = listed.made_at if listed else None
    wish = wishes.wish(placement) if placement else None
    if wish is not None and product.pk in wish.pinned(timezone.now()).values():
        return Why(Reason("chosen_by_the_shop", reasons.sentence("chosen_by_the_shop")), False, placement, made_at)
    reason = _spoken_for(product.pk, who, page_product_id)
    is_general = listed is not None and listed.source not in (PERSONAL, SESSION, ITEM, CHOSEN, "")
    if reason is not None and not is_general:
        return Why(reason, True, placement, made_at)
    code = "new" if listed is not None and listed.source == trials.NEWEST else "popular"
    return Why(Reason(code, reasons.sentence(code)), False, placement, made_at)


def _spoken_for(product_id: int, who: Person, page_product_id: int | None) -> Reason | None:
    """The act that speaks most for the product, by the live model; None when none does."""
    acts = list(who.acts)
    if page_product_id is not None:
        acts.insert(0, Act(page_product_id, "page", recent.micros_of(timezone.now()), selectors.PAGE_WEIGHT))
    speaking: dict[int, Act] = {}
    for act in acts:
        if act.weight > 0 and act.product_id != product_id:
            speaking.setdefault(act.product_id, act)
    loaded = registry.active(RECOMMENDER) if speaking else None
    if loaded is None:
        return None
    model: ServingModel = loaded.built(build)
    history = [(act.product_id, act.weight) for act in speaking.values()]
    found = model.recommend(history, k=1, allowed=model.mask([product_id]))
    if not found or found[0].source == POPULAR or found[0].reason_product_id not in speaking:
        return None
    speaker = speaking[found[0].reason_product_id]
    card = showcase.cards({speaker.product_id}).get(speaker.product_id)
    if card is None:
        return None
    code = reasons.BECAUSE[speaker.kind]
    text = reasons.sentence(code, str(card["name"]))
    return Reason(code, text, speaker.product_id, str(card["id"]), found[0].share)


def of_customer(customer: Customer) -> Person:
    """The person, with nothing they did when they chose not to have personal recommendations."""
    return selectors.person(customer=customer)


@transaction.atomic
def forget(customer_id: int) -> Customer:
    """Have what was learned forgotten, the list that was written ahead among it. Raises NotFound."""
    customer = services.forget_profile(customer_id)
    RecommendationList.objects.filter(customer=customer).delete()
    return customer
