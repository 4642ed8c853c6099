"""From what the model found to what a placement shows: the wishes of staff, applied in the answer.

Whatever is wished, only products that the caller found sellable and wanted can be shown.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from catalog.wares import Wares
from recommender.ml.steering import EXPLORED, PINNED, steer
from recommender.wishes import Wish

Similarity = Callable[[Sequence[int]], NDArray[np.floating] | None]
"""Products to their [n, n] likeness in [0, 1]; None when the model cannot say."""


@dataclass(frozen=True)
class Arranged:
    """Products in the order of the slots; `why` names those that stand there for another reason than their score."""

    product_ids: list[int]
    why: dict[int, str]


def arrange(
    ranked: Iterable[int],
    *,
    wish: Wish,
    wares: Wares,
    slots: int,
    now: datetime,
    seed: int,
    similarity: Similarity | None = None,
) -> Arranged:
    """Fill the slots from `ranked`, best first: candidates and, anywhere among them, the products to pin.

    Products that are not among the `wares` are not for sale and are passed over. The same state gives the same list.
    """
    candidates, plan = wish.candidates(ranked, wares, now), wish.plan(slots, now)
    is_varied = plan.diversity > 0 and similarity is not None and len(candidates.items) > 0
    alike = similarity(candidates.items.tolist()) if is_varied and similarity is not None else None
    found = steer(candidates, plan, similarity=alike, seed=seed)
    order = candidates.items.take(found.chosen).tolist()
    return Arranged(order, {pk: why for pk, why in zip(order, found.why, strict=True) if why in (PINNED, EXPLORED)})


def seed_of(placement: str, subject: str, now: datetime) -> int:
    """What decides which slots try new products: changes with the person, the placement and the hour."""
    text = f"{placement}|{subject}|{now:%Y%m%d%H}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
