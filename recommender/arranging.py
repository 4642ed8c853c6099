"""From what the model found to what a placement shows: the wishes of staff, applied in the answer.

Whatever is wished, only products that the caller found sellable and wanted can be shown.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from catalog.showcase import Facts
from recommender.ml.steering import EXPLORED, PINNED, line_up, steer
from recommender.wishes import Wish, groups_of, is_new

Similarity = Callable[[Sequence[int]], NDArray[np.floating] | None]
"""Products to their [n, n] likeness in [0, 1]; None when the model cannot say."""


@dataclass(frozen=True)
class Arranged:
    """Products in the order of the slots; `why` names those that stand there for another reason than their score."""

    product_ids: list[int]
    why: dict[int, str]


def arrange(
    ranked: Sequence[int],
    *,
    wish: Wish,
    facts: Mapping[int, Facts],
    slots: int,
    now: datetime,
    seed: int,
    similarity: Similarity | None = None,
) -> Arranged:
    """Fill the slots from `ranked`, best first: candidates and, anywhere among them, the products to pin.

    Products without `facts` are not for sale and are passed over. The same state gives the same list.
    """
    plan = wish.plan(slots, now)
    if plan.diversity > 0:
        kept, candidates = wish.candidates(ranked, facts, now)
        alike = similarity(kept) if similarity is not None and kept else None
        found = steer(candidates, plan, similarity=alike, seed=seed)
        chosen, reasons = found.chosen.tolist(), found.why
    else:
        kept, own, factors = wish.standing(ranked, facts, now)
        tried = is_new(own, now) if plan.exploration > 0 else None
        chosen, reasons = line_up(kept, factors, groups_of(own), plan, is_new=tried, seed=seed)
    order = [kept[position] for position in chosen]
    return Arranged(order, {pk: why for pk, why in zip(order, reasons, strict=True) if why in (PINNED, EXPLORED)})


def seed_of(placement: str, subject: str, now: datetime) -> int:
    """What decides which slots try new products: changes with the person, the placement and the hour."""
    text = f"{placement}|{subject}|{now:%Y%m%d%H}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
