"""How well a product answers a query. Pure; the product and `evaluate search` rank with the same numbers.

Text: for every group of the query the fields that hold it add their weights, saturated as in BM25F (Robertson,
Zaragoza 2009) with one occurrence per field; groups weigh by how rare they are (idf). A tag counts where name and
attributes do not say it: said a second time it is no better answer, and products without a photo to read would stand
behind (docs/adr/0135). Then popularity, stock and, where the person allows it, taste.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.search.documents import FIELDS, Fields
from catalog.search.parsing import Group

WEIGHTS = {
    "name": 1.0, "code": 1.0, "category": 0.7, "brand": 0.6, "tags": 0.5, "attributes": 0.5, "description": 0.12,
}  # fmt: skip
SATURATION = 0.7
SPREAD = 0.3
"""Part that counts when the tokens of one alternative stand in different fields."""
POPULARITY = 0.08
SOLD_OUT = 0.6
"""Factor of products that cannot be bought now."""
PERSONAL = 0.12
_WEIGHT_LIST = [WEIGHTS[name] for name in FIELDS]
_NAME, _TAGS, _ATTRIBUTES = (FIELDS.index(name) for name in ("name", "tags", "attributes"))
_STRONG = FIELDS.index("description")
"""Fields before the description, which is the last: where synonyms count."""
_BEST = sum(_WEIGHT_LIST) / (sum(_WEIGHT_LIST) + SATURATION)


@dataclass(frozen=True)
class Candidate:
    """A product that matched, with what ranking needs. `popularity` lies in 0…1."""

    product_id: int
    fields: Fields
    popularity: float = 0.0
    is_in_stock: bool = True


@dataclass(frozen=True)
class Ranked:
    product_id: int
    score: float
    text: float
    personal: float = 0.0


@dataclass(frozen=True)
class Ranker:
    """Ranks candidates for one query. `rarity` holds a weight for each group."""

    groups: Sequence[Group]
    rarity: Sequence[float]
    tastes: Mapping[int, float] = field(default_factory=dict)

    def rank(self, candidates: Sequence[Candidate]) -> list[Ranked]:
        """Best first; ties by popularity, then the newest product."""
        ranked = [(self.judge(one), one) for one in candidates]
        ranked.sort(key=lambda pair: (-pair[0].score, -pair[1].popularity, -pair[0].product_id))
        return [judged for judged, _one in ranked]

    def judge(self, one: Candidate) -> Ranked:
        text = self.text_score(one.fields)
        personal = self.tastes.get(one.product_id, 0.0)
        score = text + POPULARITY * one.popularity + PERSONAL * personal
        return Ranked(one.product_id, score if one.is_in_stock else score * SOLD_OUT, text, personal)

    def text_score(self, fields: Fields) -> float:
        """In 0…1."""
        total = sum(self.rarity)
        if not total:
            return 0.0
        return sum(r * self._group(group, fields) for group, r in zip(self.groups, self.rarity, strict=True)) / total

    @staticmethod
    def _group(group: Group, fields: Fields) -> float:
        best = 0.0
        for way in group.alternatives:
            wanted = [f" {token} " for token in way.tokens]
            held = 0.0
            searched = fields[:_STRONG] if way.is_synonym else fields
            for at, text in enumerate(searched):
                is_held = wanted[0] in text and all(token in text for token in wanted)
                if is_held and not (at == _TAGS and _is_told(fields, wanted)):
                    held += _WEIGHT_LIST[at]
            if not held and len(wanted) > 1 and all(any(token in text for text in searched) for token in wanted):
                held = SPREAD
            best = max(best, way.factor * held / (held + SATURATION) if held else 0.0)
        return best / _BEST


def _is_told(fields: Fields, wanted: Sequence[str]) -> bool:
    """Whether the name or the attributes say it."""
    return any(all(token in fields[at] for token in wanted) for at in (_NAME, _ATTRIBUTES))


def rarity(found: int, total: int) -> float:
    """Weight of a group that `found` of `total` products hold: idf (Robertson, Spärck Jones 1976), never below 0.1."""
    return max(0.1, math.log((total - found + 0.5) / (found + 0.5) + 1.0))
