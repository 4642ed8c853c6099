"""What may be sold right now and how it is shown, remembered by this process and never more than a second old.

The database notes which products changed (migration `showcase`); a look reads the notes since the last one, so it costs
one small query however large the shop is. Only web processes remember. Whoever is inside a transaction, and every other
process, asks the tables: what they see may be taken back.
"""

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from itertools import islice
from typing import Any

import numpy as np
import orjson
from django.conf import settings
from django.db import connection
from django.utils.translation import get_language
from numpy.typing import NDArray

from catalog.models import Product
from catalog.selectors import product_cards, sellable_among
from catalog.wares import Facts, Kinds, Wares
from core.shop import current_shop

LOOK_SECONDS = 0.4
"""After this somebody looks again, while the others still use what is known."""
MOST_SECONDS = 0.9
"""After this everybody waits for the look."""
RELOAD_SECONDS = 300.0
PORTION = 1_000
"""Rows that are turned into columns together, so that what is left over of them is small."""
KEEP_MINUTES = 15
"""Notes stay longer than a process trusts its memory."""
MOST_CARDS = 6_000
"""Of each language; about 9 MB."""
NEWEST = 500
MOST_SIEVES = 64
"""Filters of placements whose products are remembered; 64 KB for each 8,000 products."""

CHANGES = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    (SELECT array_agg(ARRAY[seq, product_id]) FROM catalog_productchange WHERE xid >= %s::text::xid8)
"""
SELLABLE = """
SELECT id, coalesce(extract(epoch FROM published_at), 'infinity')::float8, category_id, brand_id, price::float8
FROM catalog_product
WHERE status = 'live' AND deleted_at IS NULL AND is_in_stock
"""


class Card(dict[str, Any]):
    """A product as a shelf shows it, and the same as JSON that is ready to be sent."""

    __slots__ = ("json",)

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(row)
        # A copy: orjson's bytes keep the 4 kB that they were written into.
        self.json = orjson.Fragment(bytes(memoryview(orjson.dumps(row))))


class Follower:
    """A memory of the products that follows their changes. Safe to share between threads."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew with the next question."""
        self._looked_at = float("-inf")
        self._xmin = 0
        self._seen: set[int] = set()

    def _load(self, cursor: Any) -> None:
        """Read everything anew."""
        raise NotImplementedError

    def _take_in(self, cursor: Any, changed: set[int]) -> None:
        """Read these products anew."""
        raise NotImplementedError

    @staticmethod
    def _remembers() -> bool:
        return bool(settings.WEB_PROCESS) and not connection.in_atomic_block

    def _look_when_due(self) -> None:
        age = time.monotonic() - self._looked_at
        if age < LOOK_SECONDS or not self._looking.acquire(blocking=age >= MOST_SECONDS):
            return
        try:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        started = time.monotonic()
        with connection.cursor() as cursor:
            if started - self._looked_at > RELOAD_SECONDS:
                xmin, seen = self._begin(cursor), set()
            else:
                cursor.execute(CHANGES, [self._xmin])
                xmin, notes = cursor.fetchone()
                seen = {seq for seq, _product in notes or ()}
                if xmin < self._xmin:  # another database took the place of the one that was read
                    xmin, seen = self._begin(cursor), set()
                elif changed := {product for seq, product in notes or () if seq not in self._seen}:
                    self._take_in(cursor, changed)
        self._xmin, self._seen, self._looked_at = xmin, seen, started

    def _begin(self, cursor: Any) -> int:
        """Everything anew. The oldest transaction that was open before."""
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        xmin = int(cursor.fetchone()[0])
        self._load(cursor)
        return xmin


class Showcase(Follower):
    """What this process knows of what may be sold."""

    def forget(self) -> None:
        super().forget()
        self._wares = Wares.of(())
        self._newest: list[int] | None = None
        self._fitting: dict[Hashable, list[int]] = {}
        self._cards: dict[str, dict[int, Card]] = {}
        self._currency = ""
        self._changes = 0

    # --- questions

    def sellable_among(self, ids: Iterable[int]) -> set[int]:
        """Those of these products that may be sold right now: live, not deleted, in stock."""
        if not self._remembers():
            return sellable_among(ids)
        self._look_when_due()
        return set(self._wares.among(list(ids)))

    def wares(self, ids: Collection[int]) -> Wares:
        """What may be sold right now of at least these products, with what rules look at in each: all there is where
        this process remembers."""
        if not self._remembers():
            with connection.cursor() as cursor:
                cursor.execute(f"{SELLABLE} AND id = ANY(%s)", [list(ids)])
                return _read(cursor, Kinds())
        self._look_when_due()
        return self._wares

    def facts_among(self, ids: Collection[int]) -> dict[int, Facts]:
        """What rules look at in those of these products that may be sold right now."""
        return self.wares(ids).facts(ids)

    def last_seen(self) -> Wares | None:
        """What could be sold at the last look, for when there can be no other. None: there was none."""
        return self._wares if self._looked_at > float("-inf") else None

    def newest(self, limit: int, *, exclude: Collection[int] = ()) -> list[int]:
        """Sellable products, latest published first."""
        if self._remembers():
            self._look_when_due()
            found = [pk for pk in self._newest_first() if pk not in exclude][:limit]
            if len(found) == limit or len(self._wares) <= NEWEST:
                return found
        rows = Product.objects.sellable().exclude(pk__in=exclude).order_by("-published_at", "-id")
        return list(rows.values_list("pk", flat=True)[:limit])

    def fitting(self, sieve: Hashable, fits: Callable[[Wares], NDArray[np.bool_]]) -> list[int] | None:
        """Sellable products that `fits` says yes to, gone through once until something changes: `sieve` names the
        question. None where nothing is remembered and the tables have to be asked."""
        if not self._remembers():
            return None
        self._look_when_due()
        found = self._fitting.get(sieve)
        if found is None:
            with self._looking:
                if len(self._fitting) >= MOST_SIEVES:
                    self._fitting = {}
                found = self._fitting[sieve] = self._wares.ids[fits(self._wares)].tolist()
        return found

    def cards(self, ids: Collection[int], language: str | None = None) -> dict[int, Card]:
        """Cards of these products by primary key, as `product_cards`; no query for those that are known."""
        language = language or get_language() or ""
        if not self._remembers():
            return {pk: Card(row) for pk, row in product_cards(ids, language).items()}
        self._look_when_due()
        self._drop_cards_of_another_currency()
        known = self._cards.setdefault(language, {})
        found = {pk: known[pk] for pk in ids if pk in known}
        missing = [pk for pk in ids if pk not in found]
        if missing:
            changes = self._changes
            made = {pk: Card(row) for pk, row in product_cards(missing, language).items()}
            found |= made
            if len(known) > MOST_CARDS:
                for pk in list(islice(known, MOST_CARDS // 8)):  # the oldest
                    known.pop(pk, None)
            # A look in between may have noted the very change that these rows do not show yet.
            if changes == self._changes:
                known.update(made)
        return found

    # --- looking

    def _load(self, cursor: Any) -> None:
        self._changes += 1
        cursor.execute(SELLABLE)
        self._wares = _read(cursor, Kinds())
        self._newest, self._fitting, self._cards = None, {}, {}

    def _take_in(self, cursor: Any, changed: set[int]) -> None:
        self._changes += 1
        cursor.execute(f"{SELLABLE} AND id = ANY(%s)", [list(changed)])
        self._wares = self._wares.changed(changed, _read(cursor, self._wares.told))
        self._newest, self._fitting = None, {}
        for known in self._cards.values():
            for pk in changed:
                known.pop(pk, None)

    def _newest_first(self) -> list[int]:
        found = self._newest
        if found is None:
            with self._looking:
                found = self._newest = self._wares.newest(NEWEST)
        return found

    def _drop_cards_of_another_currency(self) -> None:
        currency = current_shop().base_currency
        if currency != self._currency:
            self._cards, self._currency = {}, currency


def _read(cursor: Any, told: Kinds) -> Wares:
    """Taken over some at a time."""
    parts = []
    while rows := cursor.fetchmany(PORTION):
        parts.append(Wares.of(rows, told))
    return Wares.joined(parts, told)


showcase = Showcase()


def tidy() -> int:
    """Remove notes that every process has read. How many. Safe to run at any time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM catalog_productchange WHERE at < clock_timestamp() - make_interval(mins => %s)",
            [KEEP_MINUTES],
        )
        return int(cursor.rowcount)
