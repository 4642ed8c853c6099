"""Reviews in two languages whose stars and words follow the planted quality of the product."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from catalog.demo.chance import Calendar, stream
from catalog.demo.kinds import KINDS
from catalog.demo.orders import Order
from catalog.demo.phrases import ASPECT_PHRASES, BUT, CLOSERS, HOME_ONLY, OPENERS, STUFF, TITLES
from catalog.demo.products import DAY, Product
from catalog.demo.sizes import Size
from catalog.demo.world import COLOURS

CUTS = (-0.45, -0.1, 0.28, 0.75)  # of the latent impression, between one and five stars

WAITING = 14
"""The newest reviews, which nobody of the staff has looked at yet."""


class Buyer(Protocol):
    """Of a customer, what a review needs."""

    @property
    def id(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def country(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Bought:
    """A product that came, and to whom."""

    customer: Buyer
    product: Product
    placed_at: int
    delivered_at: int


@dataclass(slots=True)
class Review:
    """`aspects` is the truth behind the text: each aspect that is spoken of, with its direction. `is_bought`: nobody's
    experience, but praise that somebody paid for (catalog.demo.happenings)."""

    product: Product
    customer: Buyer
    rating: int
    title: str
    text: str
    language: str
    created_at: int
    aspects: dict[str, int]
    id: str = ""
    status: str = "published"
    is_bought: bool = False
    reply: str = ""
    replied_at: int = 0


def make_reviews(seed: int, size: Size, calendar: Calendar, orders: list[Order]) -> list[Review]:
    """Up to `size.reviews` reviews by time, at most one per customer and product, all after the parcel came."""
    rng = stream(seed, "reviews")
    chances = came(calendar, orders)
    chosen = rng.choice(len(chances), min(size.reviews, len(chances)), replace=False)
    return write_reviews(rng, (chances[index] for index in np.sort(chosen).tolist()), calendar.end)


def came(calendar: Calendar, orders: list[Order]) -> list[Bought]:
    """What came to whom, each product once for each customer, the first time."""
    first: dict[tuple[str, str], Bought] = {}
    for order in orders:
        if order.delivered_at and order.delivered_at < calendar.end - DAY:
            for line in order.lines:
                bought = Bought(order.customer, line.product, order.placed_at, order.delivered_at)
                first.setdefault((order.customer.id, line.product.id), bought)
    return list(first.values())


def write_reviews(rng: np.random.Generator, things: Iterable[Bought], end: int) -> list[Review]:
    """One review of each of these, by time."""
    seen: set[str] = set()
    return number_reviews([write_review(rng, thing, end, seen) for thing in things])


def number_reviews(reviews: list[Review]) -> list[Review]:
    """By time, numbered in that order; the newest wait, and those that were bought."""
    reviews.sort(key=lambda review: (review.created_at, review.customer.id, review.product.id))
    for number, review in enumerate(reviews, start=1):
        review.id = f"R{number:06d}"
        is_new = number > len(reviews) - WAITING
        review.status = "pending" if is_new or review.is_bought else "published"
    return reviews


def write_review(rng: np.random.Generator, bought: Bought, end: int, seen: set[str]) -> Review:
    """What the customer makes of it, some days after it came. Words that are among `seen` are tried again."""
    customer, product, language = bought.customer, bought.product, bought.customer.language
    days = (bought.delivered_at - bought.placed_at) / DAY
    slow = days > (10 if customer.country != "CN" else 5.5)
    impression = float(np.mean(list(product.quality.values())) + rng.normal(0, 0.55) - 0.5 * slow)
    rating = 1 + int(np.searchsorted(CUTS, impression))
    mood = (rating > 3) - (rating < 3)
    text, aspects = "", {}
    for _attempt in range(20):
        aspects = _aspects(rng, product, rating, slow=slow)
        text = _compose(rng, product, language, mood, aspects)
        if text not in seen:
            break
    seen.add(text)
    titles = TITLES[language][mood]
    title = titles[int(rng.integers(len(titles)))] if rng.random() < 0.6 else ""
    waited = 0.5 + float(rng.exponential(6.0))
    written = bought.delivered_at + int(waited * DAY)
    if written >= end:  # who would write later does so already, at any hour that is left
        written = bought.delivered_at + int((end - 60 - bought.delivered_at) * (0.2 + 0.8 * (waited % 1)))
    return Review(product, customer, rating, title, text, language, written, aspects)


def _aspects(rng: np.random.Generator, product: Product, rating: int, *, slow: bool) -> dict[str, int]:
    """One to four aspects; the direction of each leans on its own planted quality and on the stars."""
    names = ["quality", "look", "value", "delivery", "service"]
    weights = [3.0, 2.6, 1.6, 2.6 if slow else 1.5, 0.6]
    if KINDS[product.kind].option == "size":
        names.append("size")
        weights.append(2.6)
    share = np.array(weights) / sum(weights)
    count = 1 + int(rng.choice(4, p=(0.22, 0.4, 0.26, 0.12)))
    aspects = {}
    for index in rng.choice(len(names), count, replace=False, p=share).tolist():
        own = (-1.2 if slow else 0.9) if names[index] == "delivery" else product.quality.get(names[index], 0.4)
        chance = 1 / (1 + np.exp(-(2.4 * (own - 0.2) + 1.9 * (rating - 3.1))))
        aspects[names[index]] = 1 if rng.random() < chance else -1
    return aspects


def _compose(rng: np.random.Generator, product: Product, language: str, mood: int, aspects: dict[str, int]) -> str:
    """What agrees with the stars comes first; the other side follows after one turn."""
    lead = mood or 1
    ordered = sorted(aspects, key=lambda aspect: aspects[aspect] != lead)
    kind, before = KINDS[product.kind], aspects[ordered[0]]
    parts = [_one_of(rng, OPENERS[language][mood])]
    for aspect in ordered:
        phrases = ASPECT_PHRASES[language][aspect][aspects[aspect]]
        if kind.parent != "home":
            phrases = tuple(phrase for phrase in phrases if phrase not in HOME_ONLY)
        phrase = _one_of(rng, phrases)
        if aspects[aspect] != before:
            before = aspects[aspect]
            phrase = BUT[language] + (phrase if phrase.startswith("I ") else phrase[0].lower() + phrase[1:])
        parts.append(phrase)
    parts.append(_one_of(rng, CLOSERS[language][mood]))
    text = (" " if language == "en" else "").join(part for part in parts if part)
    stuff_en, stuff_zh, _materials = next(row for row in STUFF if product.material in row[2].split())
    words = {
        "stuff": stuff_en if language == "en" else stuff_zh,
        "thing": product.form.en if language == "en" else kind.zh,
        "colour": COLOURS[product.colour].en if language == "en" else COLOURS[product.colour].zh,
    }
    return text.format(**words)


def _one_of(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
