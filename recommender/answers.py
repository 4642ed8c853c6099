"""What an answer is made of, and how its reasons are put into words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import structlog

from catalog import recent
from catalog.models import Customer, Interaction
from catalog.showcase import Card
from core.experiments import Placed
from recommender import reasons
from recommender.ml.serving import Candidate, Ranking
from recommender.ml.steering import EXPLORED, PINNED

log = structlog.get_logger(__name__)
PERSONAL, SESSION, ITEM, SEGMENT, CATEGORY, TRENDING, RISING, POPULAR, NEWEST, CHOSEN = (
    "personal", "session", "item", "segment", "category", "trending", "rising", "popular", "newest", "pinned",
)  # fmt: skip
CHAIN = (PERSONAL, SESSION, ITEM, SEGMENT, CATEGORY, TRENDING, RISING, POPULAR, CHOSEN, NEWEST)
"""Sources of items, the best first."""
FALLBACK = "fallback"
TOGETHER = "together"
AFFINITY = "affinity"
CONTENT = "content"
"""The voice that knows how products are described and what they look like."""
LOOKS_SIMILAR = "looks_similar"
REASONS = {
    SEGMENT: "popular_with_people_like_you",
    TRENDING: "popular_now",
    RISING: "rising",
    POPULAR: "popular",
    NEWEST: "new",
}
"""What is said of items that no product speaks for."""


class Act(NamedTuple):
    """One thing a person did: `micros` says when, in microseconds since 1970, the weight how much it speaks for the
    product."""

    product_id: int
    kind: str
    micros: int
    weight: float

    @property
    def occurred_at(self) -> datetime:
        return recent.moment_of(self.micros)

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

    @property
    def source_label(self) -> str:
        """The step that gave it in words, for staff."""
        return reasons.source_name(self.source)


@dataclass(frozen=True)
class Answer:
    """`source` is the best step of the chain that gave an item, `fallback` without a model or from memory.

    `as_of` is when the model last saw data. `is_stale`: the database is away, so prices and stock are those of the last
    look, at most ten minutes ago. `shortfall` says why there are fewer items than asked for, empty when there are not.
    `is_missing`: one method alone was asked for, and the model does not have it.
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
    shortfall: str = ""
    is_missing: bool = False

    @property
    def strategy_label(self) -> str:
        """The strategy in words, for staff."""
        return reasons.strategy_name(self.strategy)

    @property
    def source_label(self) -> str:
        """The best step that was used, in words, for staff."""
        return reasons.source_name(source_of(self.items)) if self.items else ""

    @property
    def shortfall_label(self) -> str:
        """Why there are fewer, in words."""
        return reasons.shortfall(self.shortfall)


@dataclass(frozen=True)
class Person:
    """Who an answer is for, what they did, newest first, and the products they bought, however long ago; nothing when
    they said no."""

    customer: Customer | None = None
    browser: recent.Browser | None = None
    acts: list[Act] = field(default_factory=list)
    bought: frozenset[int] = frozenset()


class Step(NamedTuple):
    """What one step of the chain found, best first. `about`: what a category is called."""

    source: str
    found: Ranking
    about: str = ""


def told(shown: Iterable[int], by: Mapping[int, Step]) -> dict[int, tuple[Step, Candidate]]:
    """What is said of the products that are shown, by the step that found each of them; pins that none found are left
    out. A model that cannot say why gives no reason, but the answer stays."""
    apart: dict[int, tuple[Step, list[int]]] = {}
    for pk in shown:
        if (step := by.get(pk)) is not None:
            apart.setdefault(id(step), (step, []))[1].append(pk)
    said: dict[int, tuple[Step, Candidate]] = {}
    for step, product_ids in apart.values():
        try:
            found = step.found.told(product_ids)
        except Exception:
            log.exception("recommender.model_unusable")
            found = {pk: Candidate(pk, 0.0, step.source, None, 0.0) for pk in product_ids}
        said |= {pk: (step, candidate) for pk, candidate in found.items()}
    return said


def items_of(
    product_ids: Sequence[int],
    said: Mapping[int, tuple[Step, Candidate]],
    why: Mapping[int, str],
    speakers: Mapping[int, Act],
    cards: Mapping[int, Card],
    looks: Collection[tuple[int, int]] = (),
) -> list[Item]:
    """Items with their reasons, those without a card left out. `why`: products that stand here for another reason than
    their score; `looks`: pairs of a product and what speaks for it that look alike."""
    sentence = reasons.sentences()

    def plain(code: str) -> Reason:
        return Reason(code, sentence(code, ""))

    def told(step: Step, candidate: Candidate) -> tuple[str, Reason]:
        if step.source == CATEGORY:
            return CATEGORY, Reason("popular_in_category", sentence("popular_in_category", step.about))
        if step.source in REASONS:
            return step.source, plain(REASONS[step.source])
        act = speakers.get(candidate.reason_product_id) if candidate.reason_product_id is not None else None
        if act is None or act.product_id not in cards:
            return POPULAR, plain("popular")
        code = "bought_together" if candidate.source == TOGETHER else reasons.BECAUSE[act.kind]
        if (candidate.product_id, act.product_id) in looks:
            code = LOOKS_SIMILAR
        speaker = cards[act.product_id]
        is_itself = candidate.product_id == act.product_id
        text = reasons.again(act.kind) if is_itself else sentence(code, str(speaker["name"]))
        source = SESSION if candidate.source == SESSION else step.source
        return source, Reason(code, text, act.product_id, str(speaker["id"]), candidate.share)

    def item(product_id: int) -> Item:
        card, found = cards[product_id], said.get(product_id)
        if (other := why.get(product_id)) in (PINNED, EXPLORED) or found is None:
            source, reason = (CHOSEN, plain("chosen_by_the_shop")) if other == PINNED else (NEWEST, plain("new"))
            return Item(product_id, card, found[1].score if found else None, source, reason)
        source, reason = told(*found)
        return Item(product_id, card, found[1].score, source, reason)

    return [item(product_id) for product_id in product_ids if product_id in cards]


def source_of(items: Sequence[Item]) -> str:
    """Best step of the chain that was used."""
    steps = {item.source for item in items}
    return next((step for step in CHAIN if step in steps), NEWEST)
