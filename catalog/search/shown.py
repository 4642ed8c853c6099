"""What customers may find, remembered by this process as columns and never more than a second old.

As `catalog.showcase`: only web processes remember, and whoever is inside a transaction asks the tables. Popularity is
measured by a job now and then and read with everything else.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog
from django.db import DatabaseError, InterfaceError, connection

from catalog.search.columns import EMPTY, NO_TAGS, Columns, Facts, Flags, Tagged
from catalog.showcase import Follower

log = structlog.get_logger(__name__)
MOST_CHANGES = 5_000
"""When more products changed since the last look, all are read: 50,000 take about as long."""
FACTS = """
SELECT string_agg(int8send(d.product_id), ''), string_agg(int8send(coalesce(d.category_id, 0)), ''),
    string_agg(int8send(coalesce(d.brand_id, 0)), ''), string_agg(int8send((d.price * 10000)::bigint), ''),
    string_agg(timestamptz_send(coalesce(d.published_at, '-infinity')), ''),
    string_agg(float8send(d.popularity), ''), string_agg(boolsend(d.is_in_stock), '')
FROM catalog_searchdocument d WHERE d.is_shown {among}
"""
TYPES = (">i8", ">i8", ">i8", ">i8", ">i8", ">f8", "?")
TAGGED = """
SELECT g.kind, g.value, string_agg(int8send(g.product_id), '') FROM catalog_producttag g {among} GROUP BY 1, 2
"""
HOLDING = "SELECT catalog_products_holding(%s::tsquery), catalog_products_holding(%s::tsquery)"
# In their binary form columns come without a Python object for each value.


class Shown(Follower):
    """The columns of this process."""

    def forget(self) -> None:
        super().forget()
        self._columns = EMPTY

    def columns(self) -> Columns | None:
        """None where nothing is remembered and the tables have to be asked."""
        if not self._remembers():
            return None
        self._look_when_due()
        return self._columns

    def _load(self, cursor: Any) -> None:
        self._columns = Columns.of(_facts(cursor), _tagged(cursor))

    def _take_in(self, cursor: Any, changed: set[int]) -> None:
        if len(changed) > MOST_CHANGES:
            self._load(cursor)
        else:
            among = list(changed)
            self._columns = self._columns.changed(changed, _facts(cursor, among), _tagged(cursor, among))


shown = Shown()


def read_ahead() -> None:
    """Read everything beside the requests and return at once, so that no customer of a new process waits for it."""

    def read() -> None:
        try:
            shown.columns()
        except (DatabaseError, InterfaceError) as error:  # whoever searches tries again
            log.warning("shown.not_read", error=str(error).splitlines()[0])
        finally:
            connection.close()

    threading.Thread(target=read, daemon=True, name="shown").start()


def holding(columns: Columns, query: str, strong: str | None) -> tuple[Flags, Flags | None]:
    """Which products hold the words, and which hold them outside their descriptions. One query."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDING, [query, strong])
        found, named = cursor.fetchone()
    held = columns.holding(_read(found, ">i8"))
    return held, None if strong is None else columns.holding(_read(named, ">i8"))


def _facts(cursor: Any, among: Sequence[int] | None = None) -> Facts:
    cursor.execute(FACTS.format(among="" if among is None else "AND d.product_id = ANY(%s)"), _values(among))
    return Facts(*map(_read, cursor.fetchone(), TYPES))


def _tagged(cursor: Any, among: Sequence[int] | None = None) -> Tagged:
    cursor.execute(TAGGED.format(among="" if among is None else "WHERE g.product_id = ANY(%s)"), _values(among))
    names, products = [], []
    for kind, value, own in cursor.fetchall():
        names.append((kind, value))
        products.append(_read(own, ">i8"))
    if not names:
        return NO_TAGS
    codes = np.repeat(np.arange(len(names)), [len(own) for own in products])
    return Tagged(names, np.concatenate(products), codes)


def _values(among: Sequence[int] | None) -> list[Sequence[int]]:
    return [] if among is None else [among]


def _read(sent: Any, kind: str) -> Any:
    """What PostgreSQL sent in its binary form, as the numbers of this machine."""
    column = np.frombuffer(b"" if sent is None else bytes(sent), kind)
    return column.astype(column.dtype.newbyteorder("="))
