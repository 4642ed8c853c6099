"""What a serving model finds."""

from typing import NamedTuple

POPULAR = "popularity"
SESSION = "session"


class Candidate(NamedTuple):
    """One product to show. `source` is the voice that brought most, session, popularity or similar; `score` compares
    among products of one source only.

    `reason_product_id` is the product of the history that speaks most for this one and `share` its part of the score
    in [0, 1]; None and 0 where no history spoke.
    """

    product_id: int
    score: float
    source: str
    reason_product_id: int | None
    share: float
