"""Lists for everybody as the serving path reads them: in memory, and a few seconds old at the most.

Only short answers need them, so whoever needs them looks; answers that are full cost nothing.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.models import Category, CustomerTrait
from recommender.models import ListCount, ServedList

FRESH_SECONDS = 3.0
"""A change may take so long from the table into an answer."""
SEGMENT = "segment"


@dataclass(frozen=True)
class Names:
    """What a category is called."""

    name: str
    translations: dict[str, str]

    def in_language(self, language: str) -> str:
        return self.translations.get(language) or self.name


@dataclass
class _Known:
    """The lists of this process. Looked at again when older than FRESH_SECONDS; only what changed is read."""

    lists: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    names: dict[int, Names] = field(default_factory=dict)
    versions: tuple[int, int] | None = None
    looked_at: float = float("-inf")
    guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, kind: str, key: str) -> list[int]:
        if time.monotonic() - self.looked_at > FRESH_SECONDS and self.guard.acquire(blocking=self.versions is None):
            try:
                self._look()
            finally:
                self.guard.release()
        return self.lists.get((kind, key), [])

    def _look(self) -> None:
        found = ListCount.objects.values_list("version", "whole_version").first() or (0, 0)
        if found != self.versions:
            rows = ServedList.objects.small()
            known: dict[tuple[str, str], list[int]] = {}
            if self.versions is not None and found[1] == self.versions[1]:
                rows, known = rows.filter(version__gt=self.versions[0]), dict(self.lists)
            known |= {(kind, key): ids for kind, key, ids in rows.values_list("kind", "key", "product_ids")}
            categories = {int(key) for kind, key in known if kind == ServedList.Kind.CATEGORY}
            rows_of_names = Category.objects.filter(pk__in=categories).values_list("pk", "name", "name_translations")
            self.names = {pk: Names(name, translations or {}) for pk, name, translations in rows_of_names}
            self.lists, self.versions = known, found
        self.looked_at = time.monotonic()


_known = _Known()


def of(kind: str, key: object = "") -> list[int]:
    """The products of a list, best first, whether they may be sold or not; empty for a list that is not there."""
    return _known.get(kind, str(key))


def remembered(kind: str, key: object = "") -> list[int]:
    """The same as this process saw it last, for answers without the database."""
    return _known.lists.get((kind, str(key)), [])


def category_name(category_id: int, language: str) -> str:
    """What the category of a list is called; empty for one without a list."""
    names = _known.names.get(category_id)
    return names.in_language(language) if names is not None else ""


def partners(product_ids: Sequence[int]) -> list[tuple[int, int, float]]:
    """(product, the one of `product_ids` that it is bought with, lift): those of the first come first. One query."""
    if not product_ids:
        return []
    keys = [str(pk) for pk in product_ids]
    rows = ServedList.objects.filter(kind=ServedList.Kind.TOGETHER, key__in=keys)
    there = {key: (ids, lifts) for key, ids, lifts in rows.values_list("key", "product_ids", "lifts")}
    found: dict[int, tuple[int, int, float]] = {}
    longest = max((len(ids) for ids, _lifts in there.values()), default=0)
    for place in range(longest):  # in turns, so that every product of a basket has its say
        for key in keys:
            ids, lifts = there.get(key, ([], []))
            if place < len(ids):
                found.setdefault(ids[place], (ids[place], int(key), lifts[place]))
    return list(found.values())


def segment_of(customer_id: int) -> str:
    """The segment that analytics put this customer into; empty for none. One query."""
    value = CustomerTrait.objects.filter(customer=customer_id, kind=SEGMENT).values_list("value", flat=True).first()
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def forget() -> None:
    """Look again at the next question: for tests, and after a change in this process."""
    _known.looked_at, _known.versions, _known.lists = float("-inf"), None, {}
