"""What a serving model finds."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Self

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


class Ranking:
    """Products that were found, best first. Why a product stands there is told when somebody asks for it: most answers
    show few of those that they choose from. Safe to share between threads."""

    __slots__ = ("_ask", "_told", "product_ids")

    def __init__(
        self,
        product_ids: list[int],
        told: dict[int, Candidate],
        ask: Callable[[Sequence[int]], Iterable[Candidate]] | None = None,
    ) -> None:
        """`told` are those that are known already, `ask` says the others."""
        self.product_ids, self._told, self._ask = product_ids, told, ask

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Self:
        """What is told already. Of several with one product the first counts."""
        told: dict[int, Candidate] = {}
        for one in candidates:
            told.setdefault(one.product_id, one)
        return cls(list(told), told)

    def __len__(self) -> int:
        return len(self.product_ids)

    def told(self, product_ids: Collection[int]) -> dict[int, Candidate]:
        """Score and reason of these products of the ranking."""
        missing = [pk for pk in product_ids if pk not in self._told]
        if missing and self._ask is not None:
            self._told.update((one.product_id, one) for one in self._ask(missing))
        return {pk: self._told[pk] for pk in product_ids}

    def candidates(self) -> list[Candidate]:
        """All of them."""
        return list(self.told(self.product_ids).values())
