"""Recommendations in a chat: what suits whoever asks, and what is like a product. Made, counted and explained like any
other list of the recommender, under keys of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import Customer, Product, Visitor
from catalog.showcase import showcase
from core.experiments import Placed, Subject
from core.metrics import count
from crm.assistant import products
from crm.assistant.asking import Advice
from recommender import selectors, trials, wishes
from recommender.answers import CATEGORY, ITEM, Answer, Item, Person
from recommender.choices import CHAT, SIMILAR_IN_CHAT
from recommender.models import Placement

SHOWN = 3
LOOKED_AT = 24
ALIKE = (ITEM, CATEGORY)
"""Steps of the chain that speak for the product that was asked about; popular and new ones are not like it."""


@dataclass(frozen=True)
class Recommended:
    """`products` as the chat shows them, each with its reason; `listed` is what the log keeps: the id that clicks are
    credited by, and how the list was made. `about` is the product they are like, or, without `is_alike`, go with."""

    products: Sequence[Mapping[str, Any]]
    listed: Mapping[str, str]
    about: str = ""
    is_alike: bool = False


def advised(
    asked: Advice, page: Product | None, shown: Sequence[Mapping[str, Any]], *, customer: Customer | None,
    visitor: Visitor | None,
) -> Recommended | None:  # fmt: skip
    """What is recommended: like the product that is named, on whose page somebody asks, or that the assistant showed
    last (`shown`, the first where no place is told); what suits them where none is meant, or nothing is like it. None
    where a name is no product's, or nothing can be sold."""
    about = None
    if asked.like:
        named = products.named(asked.like, customer=customer, visitor=visitor)
        if not named:
            return None
        about = _product(named.rows[0]["id"])
    elif asked.is_alike:
        about = page if page is not None and asked.place is None else _shown_at(shown, asked.place or 0)
    alike = like(about, customer=customer, visitor=visitor) if about is not None else None
    return alike or suiting(page, customer=customer, visitor=visitor)


def like(product: Product, *, customer: Customer | None, visitor: Visitor | None) -> Recommended | None:
    """What is like this product and may be sold now: of its category, else what is chosen together with it. None where
    nothing is known of it."""
    who, placed = _who(SIMILAR_IN_CHAT, Placement.Strategy.SIMILAR, customer, visitor)
    answer = selectors.similar(product=product, key=SIMILAR_IN_CHAT, limit=LOOKED_AT, who=who, placed=placed)
    items = [one for one in answer.items if one.source in ALIKE]
    facts = showcase.facts_among([one.product_id for one in items])
    kind = [
        one for one in items if one.product_id in facts and facts[one.product_id].category_id == product.category_id
    ]
    found = _recommended(answer, (kind or items)[:SHOWN], about=str(product), is_alike=bool(kind))
    if found is not None:
        trials.note_shown(placed, _subject(who), strategy=Placement.Strategy.SIMILAR)
    return found


def like_sold_out(public_id: str, *, customer: Customer | None, visitor: Visitor | None) -> Recommended | None:
    """The same for a product that the chat was about to show."""
    product = _product(public_id)
    return like(product, customer=customer, visitor=visitor) if product is not None else None


def suiting(page: Product | None, *, customer: Customer | None, visitor: Visitor | None) -> Recommended | None:
    """What suits this person now, from what they did and the page they are on; popular products where nothing is known
    of them or they do not want it used."""
    wish = wishes.wish(CHAT) or wishes.Wish(CHAT)
    who, placed = _who(CHAT, wish.strategy, customer, visitor)
    answer = selectors.recommend(
        placement=CHAT, who=who, page_product_id=page.pk if page is not None else None, limit=SHOWN, placed=placed,
        wish=wish,
    )  # fmt: skip
    found = _recommended(answer, answer.items)
    if found is not None:
        trials.note_shown(placed, _subject(who), strategy=wish.strategy)
    return found


def _who(key: str, strategy: str, customer: Customer | None, visitor: Visitor | None) -> tuple[Person, Placed | None]:
    who = selectors.person(customer=customer, visitor=visitor.key if visitor is not None else "")
    subject = _subject(who)
    return who, trials.placed_at(key, subject, strategy=strategy)


def _subject(who: Person) -> Subject | None:
    return trials.subject_of(customer=who.customer, browser=who.browser)


def meant(page: Product | None, shown: Sequence[Mapping[str, Any]]) -> Product | None:
    """The product that "it" is: of the page, else the first that the assistant showed last."""
    return page if page is not None else _shown_at(shown, 0)


def _shown_at(shown: Sequence[Mapping[str, Any]], place: int) -> Product | None:
    """The last one for a place that nothing stood at."""
    return _product(str(shown[min(place, len(shown) - 1)].get("id", ""))) if shown else None


def _product(public_id: str) -> Product | None:
    return Product.objects.live().filter(public_id=public_id).first()


def _recommended(
    answer: Answer, items: Sequence[Item], *, about: str = "", is_alike: bool = False
) -> Recommended | None:
    if not items:
        return None
    count("recommendations", source=answer.source)
    shown = [products.card(one.card) | {"reason": one.reason.text, "reason_code": one.reason.code} for one in items]
    made = {
        "id": answer.id, "placement": answer.placement, "source": answer.source, "version": answer.model_version or "",
        "arm": answer.placed.arm if answer.placed is not None else "",
    }  # fmt: skip
    return Recommended(shown, {name: value for name, value in made.items() if value}, about, is_alike)
