"""What ids from outside stand for: looked up in one statement, and remembered for half a minute in this process.

Most calls bring one event on a product that a hundred others just looked at, so most calls ask nothing. While the
database is away what was known a while ago still holds; the writer looks once more before it stores.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from django.db import DatabaseError, InterfaceError, connection

from core.api import ids

REMEMBER_SECONDS = 30.0
STALE_SECONDS = 3_600.0
MOST_REMEMBERED = 50_000
T = TypeVar("T")

LOOK_UP = """
SELECT 'product', id, public_id, external_id, NULL::boolean FROM catalog_product
WHERE deleted_at IS NULL AND (public_id = ANY(%(products)s) OR external_id = ANY(%(own_products)s))
UNION ALL
SELECT 'customer', coalesce(merged_into_id, id), public_id, external_id, NULL FROM catalog_customer
WHERE erased_at IS NULL AND (public_id = ANY(%(customers)s) OR external_id = ANY(%(own_customers)s))
UNION ALL
SELECT 'visitor', id, key, NULL, may_track FROM catalog_visitor WHERE key = ANY(%(visitors)s)
"""


class KnownVisitor(NamedTuple):
    may_track: bool
    is_sure: bool = True
    """False while the database could not be asked."""
    is_known: bool = True
    """Has a row."""


NEW = KnownVisitor(may_track=True, is_known=False)
UNSURE = KnownVisitor(may_track=True, is_sure=False, is_known=False)


class Remembered(Generic[T]):
    """Answers of the database by id, for a moment."""

    def __init__(self, *, seconds: float | None = None, most: int = MOST_REMEMBERED) -> None:
        self._seconds, self._most = seconds, most
        self._entries: dict[str, tuple[float, T]] = {}
        self._guard = threading.Lock()

    def get(self, name: str, *, stale: bool = False) -> T | None:
        entry = self._entries.get(name)
        if entry is None or time.monotonic() > entry[0] + (STALE_SECONDS if stale else 0.0):
            return None
        return entry[1]

    def keep(self, name: str, value: T) -> None:
        with self._guard:
            if len(self._entries) >= self._most:
                self._entries.clear()
            self._entries[name] = (
                time.monotonic() + (REMEMBER_SECONDS if self._seconds is None else self._seconds),
                value,
            )

    def drop(self, name: str) -> None:
        with self._guard:
            self._entries.pop(name, None)

    def clear(self) -> None:
        with self._guard:
            self._entries.clear()


_products: Remembered[int] = Remembered()
_customers: Remembered[int] = Remembered()
_visitors: Remembered[KnownVisitor] = Remembered()


@dataclass
class Known:
    """By the ids of a call: row numbers of products and customers, and what is known of visitors."""

    products: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    visitors: dict[str, KnownVisitor] = field(default_factory=dict)


def look_up(products: set[str], customers: set[str], visitors: set[str]) -> Known:
    """What is missing in the answer exists nowhere; every visitor is in it.

    Raises DatabaseError while the database is away and a product or customer was not known here before.
    """
    known = Known()
    missing = (
        _remembered(products, _products, known.products),
        _remembered(customers, _customers, known.customers),
        _remembered(visitors, _visitors, known.visitors),
    )
    if any(missing):
        try:
            _ask(known, *missing)
        except (DatabaseError, InterfaceError):
            if not _believe(known, *missing):
                raise
    return known


def _remembered(wanted: set[str], memory: Remembered[T], found: dict[str, T], *, stale: bool = False) -> set[str]:
    """Puts what is remembered into `found`; returns the rest."""
    absent = set()
    for name in wanted:
        value = memory.get(name, stale=stale)
        if value is None:
            absent.add(name)
        else:
            found[name] = value
    return absent


def forget() -> None:
    """For tests, and for those who changed what was known."""
    _products.clear()
    _customers.clear()
    _visitors.clear()


def forget_visitor(key: str) -> None:
    _visitors.drop(key)


def _ask(known: Known, products: set[str], customers: set[str], visitors: set[str]) -> None:
    wanted = {"visitors": sorted(visitors), **_by_kind("products", products), **_by_kind("customers", customers)}
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP, {kind: values or [""] for kind, values in wanted.items()})
        rows = cursor.fetchall()
    for kind, pk, public_id, own, may_track in rows:
        if kind == "visitor":
            known.visitors[public_id] = KnownVisitor(may_track)
            if may_track:  # who says yes again is heard at once
                _visitors.keep(public_id, known.visitors[public_id])
            continue
        found, memory = (known.products, _products) if kind == "product" else (known.customers, _customers)
        for name in (public_id, None if own is None else ids.EXTERNAL + own):
            if name is not None:
                found[name] = pk
                memory.keep(name, pk)
    for key in visitors - known.visitors.keys():
        known.visitors[key] = NEW


def _by_kind(kind: str, idents: set[str]) -> dict[str, list[str]]:
    return {
        kind: [ident for ident in idents if ids.external_part(ident) is None],
        f"own_{kind}": [own for ident in idents if (own := ids.external_part(ident)) is not None],
    }


def _believe(known: Known, products: set[str], customers: set[str], visitors: set[str]) -> bool:
    """What this process knew in the last hour. False when that is not enough."""
    for key in _remembered(visitors, _visitors, known.visitors, stale=True):
        known.visitors[key] = UNSURE
    return not _remembered(products, _products, known.products, stale=True) and not _remembered(
        customers, _customers, known.customers, stale=True
    )
