"""Products that look like a photo or like another product: the nearest first, only what can be bought now."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from catalog.search import questions
from catalog.search.questions import Filters
from catalog.search.rows import product_rows
from core.metrics import count
from vision import memory, seeing
from vision.memory import Laid
from vision.ml.nearest import Floats, Nearest, mask, nearest
from vision.ml.pictures import Opened
from vision.ml.serving import prepared

NETWORK = "network"
FALLBACK = "fallback"
"""Nothing could be compared: no picture was read yet, or files are missing or damaged."""
LOOKS_LIKE = "looks_like"
SPARE = 4
"""So many times more products than wanted are asked first whether they can be bought; usually that is enough."""


@dataclass(frozen=True)
class Answer:
    """`rows` as the product list has them, with `score` (0 to 1) and `reason`. Empty where `source` is `fallback`."""

    source: str = FALLBACK
    version: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)


def by_photo(picture: Opened, filters: Filters, *, limit: int) -> Answer:
    """Products that look like this picture. Two queries, three when the filters are narrow."""
    laid = memory.laid()
    direction = direction_of(picture, laid) if laid is not None else None
    answer = Answer(version=laid.version if laid else None)
    if laid is not None and direction is not None:
        answer = _answered(laid, direction, filters, limit, _("Looks like your photo"))
    count("photo_searches", source=answer.source)
    return answer


def like_product(product_id: int, filters: Filters, *, limit: int) -> Answer:
    """Products that look like this one, without it. Two queries, three when the filters are narrow."""
    laid = memory.laid()
    direction = laid.matrix.mean(product_id) if laid is not None else None
    if laid is None or direction is None or not direction.any():
        return Answer(version=laid.version if laid else None)
    return _answered(laid, direction, filters, limit, _("Looks like this product"), but=product_id)


def direction_of(picture: Opened, laid: Laid) -> Floats | None:
    """What the network of the matrix sees, float32 [D]; None when it cannot be asked or sees nothing."""
    tagger = seeing.tagger(laid.version_id)
    if tagger is None or tagger.dimensions != laid.matrix.dimensions:
        return None
    direction = tagger.read(prepared(picture, tagger.size)[np.newaxis]).embedding[0]
    return direction if np.isfinite(direction).all() and direction.any() else None


def nearest_buyable(laid: Laid, direction: Floats, filters: Filters, limit: int, *, but: int | None = None) -> Nearest:
    """The nearest that can be bought and that the filters leave: asks for a few first, for all when those are not
    enough. One or two queries."""
    first = nearest(laid.matrix, direction, limit * SPARE, but=but)
    allowed = np.isin(first.products, questions.buyable(filters, first.products.tolist()))
    if allowed.sum() >= limit or len(first.products) < limit * SPARE:
        kept = np.flatnonzero(allowed)[:limit]
        return Nearest(first.products[kept], first.likeness[kept], first.images[kept])
    everything = mask(laid.matrix, np.array(questions.buyable(filters), np.int64))
    return nearest(laid.matrix, direction, limit, allowed=everything, but=but)


def _answered(
    laid: Laid, direction: Floats, filters: Filters, limit: int, words: str, *, but: int | None = None
) -> Answer:
    found = nearest_buyable(laid, direction, filters, limit, but=but)
    rows = product_rows(found.products.tolist())
    return Answer(
        NETWORK, laid.version,
        [
            {**rows[product][0], "score": round(max(0.0, likeness), 3), "reason": {"code": LOOKS_LIKE, "text": words}}
            for product, likeness in zip(found.products.tolist(), found.likeness.tolist(), strict=True)
            if product in rows
        ],
    )  # fmt: skip
