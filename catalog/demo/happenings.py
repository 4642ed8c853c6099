"""What happened of late among the reviews of a demo shop, for staff to find, and how the shop answered.

Planted: a product that many bought and liked fell apart in the hands of the last ones, who say so within six days; and
within a night a dozen new accounts that never ordered praise another product in nearly the same words. Both take the
place of ordinary reviews, so there are as many as the size says. `truth.json` names them.
"""

from dataclasses import dataclass, field
from itertools import combinations
from itertools import product as each_pair

import numpy as np

from catalog.demo.chance import Calendar, stream
from catalog.demo.customers import Customer
from catalog.demo.kinds import KINDS
from catalog.demo.orders import Order
from catalog.demo.phrases import BAD_BATCH, BOUGHT_PRAISE, CLOSERS, CONTACT, OPENERS, SHOP_REPLIES
from catalog.demo.products import DAY, Product
from catalog.demo.reviews import Bought, Review, came, number_reviews, write_review

BAD, CALM, PRAISE = 12, 12, 12
"""Reviews of the bad batch, of the same product in the eight weeks before, and those that were bought."""
NIGHT = 9 * 3_600
BURST_BEGAN = 60 * 3_600
"""Before the end of the history."""
ANSWERED = {-1: 0.45, 0: 0.12, 1: 0.04}
"""Share of reviews that the shop answers, by mood."""
UNANSWERED_DAYS = 5


@dataclass(frozen=True)
class Happenings:
    """Numbers of the planted reviews and their products; empty where the shop is too small for them."""

    bad_batch: list[str] = field(default_factory=list)
    bad_product: str = ""
    bought: list[str] = field(default_factory=list)
    praised_product: str = ""


def happen(
    seed: int, calendar: Calendar, products: list[Product], customers: list[Customer], orders: list[Order],
    reviews: list[Review],
) -> tuple[list[Review], Happenings]:  # fmt: skip
    """All reviews, the planted ones in the place of as many ordinary ones, by time and numbered in that order."""
    rng = stream(seed, "happenings")
    chances = came(calendar, orders)
    bad, calm = _bad_batch(rng, calendar.end, chances, reviews)
    praise = _bought_praise(rng, calendar.end, products, customers, orders, {one.product.id for one in bad})
    more = [*calm, *bad, *praise]
    if not bad or not praise or len(more) > len(reviews) // 4:
        return _answered(seed, calendar.end, reviews), Happenings()
    gone = set(rng.choice(len(reviews), len(more), replace=False).tolist())
    kept = [one for place, one in enumerate(reviews) if place not in gone]
    written = _answered(seed, calendar.end, number_reviews([*kept, *more]))
    return written, Happenings(
        sorted(one.id for one in bad), bad[0].product.id, sorted(one.id for one in praise), praise[0].product.id
    )


def _bad_batch(
    rng: np.random.Generator, end: int, chances: list[Bought], reviews: list[Review]
) -> tuple[list[Review], list[Review]]:
    """The best of the products that many have lately received: what the last ones say, and what those before them
    said."""
    taken = {(one.customer.id, one.product.id) for one in reviews}
    late: dict[str, list[Bought]] = {}
    before: dict[str, list[Bought]] = {}
    for one in chances:
        if (one.customer.id, one.product.id) in taken:
            continue
        if one.delivered_at > end - 35 * DAY:
            late.setdefault(one.product.id, []).append(one)
        elif end - 70 * DAY < one.delivered_at:
            before.setdefault(one.product.id, []).append(one)
    found = [key for key in late if len(late[key]) >= BAD and len(before.get(key, ())) >= CALM]
    if not found:
        return [], []
    chosen = max(found, key=lambda key: (_quality(late[key][0].product), key))
    seen: set[str] = set()
    pairs = {language: _pairs(rng, len(phrases)) for language, phrases in BAD_BATCH.items()}
    bad = [
        _fell_apart(rng, one, end, place, pairs[one.customer.language].pop())
        for place, one in enumerate(late[chosen][-BAD:])
    ]
    calm = [write_review(rng, one, end - 8 * DAY, seen) for one in before[chosen][-CALM:]]
    return bad, calm


def _pairs(rng: np.random.Generator, size: int) -> list[tuple[int, int]]:
    """Two different numbers below `size`, each pair once: nobody says just what somebody else said."""
    found = list(combinations(range(size), 2))
    return [found[place] for place in rng.permutation(len(found)).tolist()]


def _fell_apart(rng: np.random.Generator, bought: Bought, end: int, place: int, said: tuple[int, int]) -> Review:
    customer, language = bought.customer, bought.customer.language
    phrases = BAD_BATCH[language]
    first, second = said
    parts = [_one_of(rng, OPENERS[language][-1]), phrases[first], phrases[second], _one_of(rng, CLOSERS[language][-1])]
    text = (" " if language == "en" else "").join(part for part in parts if part)
    kind = KINDS[bought.product.kind]
    text = text.format(thing=bought.product.form.en if language == "en" else kind.zh)
    latest = end - int((0.3 + 5.4 * (place + float(rng.random())) / BAD) * DAY)
    written = max(latest, bought.delivered_at + DAY // 2)
    return Review(bought.product, customer, 1 + int(rng.random() < 0.3), "", text, language, written, {"quality": -1})


def _bought_praise(
    rng: np.random.Generator, end: int, products: list[Product], customers: list[Customer], orders: list[Order],
    not_of: set[str],
) -> list[Review]:  # fmt: skip
    """Accounts of the last weeks that never ordered praise the live product of the least quality."""
    began = end - BURST_BEGAN
    ordered = {order.customer.id for order in orders}
    strangers = [one for one in customers if one.id not in ordered and one.language == "zh" and one.created_at < began]
    offered = [one for one in products if one.status == "live" and one.id not in not_of]
    if len(strangers) < PRAISE or not offered:
        return []
    praised = min(offered, key=lambda one: (_quality(one), one.id))
    said = list(each_pair(*BOUGHT_PRAISE))
    made = []
    for place, (number, customer) in enumerate(
        zip(rng.permutation(len(said))[:PRAISE].tolist(), strangers[-PRAISE:], strict=True)
    ):
        how, who = said[number]
        text = f"这款{KINDS[praised.kind].zh}{how}，做工精细，颜色很正，{who}，物超所值，强烈推荐大家放心购买！"
        text += CONTACT if place == PRAISE - 1 else ""
        written = began + int(NIGHT * (place + float(rng.random())) / PRAISE)
        aspects = {"quality": 1, "look": 1, "value": 1}
        made.append(Review(praised, customer, 5, "", text, "zh", written, aspects, is_bought=True))
    return made


def _quality(product: Product) -> float:
    return float(np.mean(list(product.quality.values())))


def _answered(seed: int, end: int, reviews: list[Review]) -> list[Review]:
    """The same reviews; the shop has answered some that are older than a few days, most of them complaints."""
    rng = stream(seed, "replies")
    for one in reviews:
        chance, wait = float(rng.random()), float(rng.uniform(0.2, 2.0))
        replies = SHOP_REPLIES[one.language][(one.rating > 3) - (one.rating < 3)]
        words = _one_of(rng, replies)
        if chance < ANSWERED[(one.rating > 3) - (one.rating < 3)] and one.created_at < end - UNANSWERED_DAYS * DAY:
            one.reply, one.replied_at = words, one.created_at + int(wait * DAY)
    return reviews


def _one_of(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
