"""Every table that points at customers, found in the models themselves, so that none can be forgotten.

What is not named in `catalog.extensions.customer_links` simply follows to the record that is kept. A row whose place is
taken there (one review of a product for each customer) stays with the merged record, where an undo finds it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.apps import apps
from django.db import connection
from django.db.models import CompositePrimaryKey, Field, ForeignKey, Model, UniqueConstraint

from catalog.extensions import customer_links
from catalog.models import Customer, CustomerMerge

FOLLOWS, COUNTED, HANDLED, STAYS = "follows", "counted", "handled", "stays"


class Handler(Protocol):
    """Moves what cannot move by changing a key: what a link with the rule "handled" resolves to."""

    def merge(self, merge: CustomerMerge) -> Any:
        """Inside the transaction, after the other tables. What is returned (JSON) is given to `undo`."""

    def undo(self, merge: CustomerMerge, saved: Any, moved: dict[str, list[list[Any]]]) -> None:
        """Inside the transaction, after the other tables. `moved`: keys by link, as they had moved."""

    def told(self, customer_id: int) -> str:
        """What the fingerprint covers of this table and what hangs on it."""


@dataclass(frozen=True)
class Link:
    """A foreign key to customers."""

    model: type[Model]
    field: "ForeignKey[Any, Any]"

    @property
    def label(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def rule(self) -> str:
        return str(customer_links.get(self.label).meta["rule"]) if self.label in customer_links else FOLLOWS

    @property
    def handler(self) -> Handler:
        found: Handler = customer_links.get(self.label).resolve()()
        return found

    @property
    def table(self) -> str:
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def column(self) -> str:
        return connection.ops.quote_name(self.field.column)

    @property
    def keys(self) -> "list[Field[Any, Any]]":
        """The columns of the primary key."""
        key = self.model._meta.pk
        return list(key.fields) if isinstance(key, CompositePrimaryKey) else [key]  # type: ignore[list-item, arg-type]

    def places(self) -> Iterator[list[str]]:
        """Columns that make a row unique beside the customer; an empty list: one row for each customer."""
        if self.field.unique:
            yield []
        names: list[Any] = [one.fields for one in self.model._meta.constraints if isinstance(one, UniqueConstraint)]
        for fields in (*names, *self.model._meta.unique_together):
            if self.field.name in fields:
                others = (self.model._meta.get_field(name) for name in fields if name != self.field.name)
                yield [connection.ops.quote_name(one.column) for one in others]  # type: ignore[union-attr, arg-type]


@cache
def links() -> tuple[Link, ...]:
    """Foreign keys to customers of all models, in the order of their labels."""
    found = [
        Link(model, field)
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and model._meta.managed
        for field in model._meta.local_concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is Customer
    ]
    return tuple(sorted(found, key=lambda link: link.label))


def move(link: Link, *, from_id: int, into_id: int) -> list[list[Any]]:
    """Change the key of all rows that find a place. The primary keys of those that moved, as text."""
    taken = "".join(_place_is_free(link, others) for others in link.places())
    keys = ", ".join(f"r.{_quoted(key)}::text" for key in link.keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {link.table} r SET {link.column} = %(into)s WHERE r.{link.column} = %(from)s{taken}"  # noqa: S608
            f" RETURNING {keys}",
            {"from": from_id, "into": into_id},
        )
        return [list(row) for row in cursor.fetchall()]


def move_back(link: Link, keys: list[list[Any]], *, from_id: int, into_id: int) -> int:
    """Those of these rows that still exist and still belong to `from_id`. How many."""
    taken = "".join(_place_is_free(link, others) for others in link.places())
    columns = ", ".join(f"r.{_quoted(key)}" for key in link.keys)
    texts = ", ".join(f"(k.content ->> {n})::{key.cast_db_type(connection)}" for n, key in enumerate(_plain(link)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {link.table} r SET {link.column} = %(into)s WHERE r.{link.column} = %(from)s{taken}"  # noqa: S608
            f" AND ({columns}) IN (SELECT {texts} FROM jsonb_array_elements(%(keys)s::jsonb) k (content))",
            {"from": from_id, "into": into_id, "keys": json.dumps(keys)},
        )
        return int(cursor.rowcount)


def set_aside(link: Link, merge: CustomerMerge) -> None:
    """Take all rows of the merged record out of the table, and keep them whole where numbers stay exact."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH taken AS (DELETE FROM {link.table} r WHERE r.{link.column} = %s RETURNING to_jsonb(r) AS said)"  # noqa: S608
            " INSERT INTO catalog_customermergerows (merge_id, link, kind, content)"
            " SELECT %s, %s, 'aside', jsonb_agg(said) FROM taken HAVING count(*) > 0",
            [merge.gone_id, merge.pk, link.label],
        )


def put_back(link: Link, merge: CustomerMerge) -> int:
    """The rows that were set aside, in place of what stands there now. What they point at and is gone by now is left
    out, with the row where it cannot be empty. How many."""
    columns, values, exist = [], [], []
    for field in link.model._meta.local_concrete_fields:
        if not field.column:  # a key of several columns has none of its own
            continue
        name = _quoted(field)
        value = f"r.{name}"
        if isinstance(field, ForeignKey) and field != link.field:
            related: Any = field.related_model
            table, key = connection.ops.quote_name(related._meta.db_table), _quoted(field.target_field)
            value = f"(SELECT t.{key} FROM {table} t WHERE t.{key} = r.{name})"  # noqa: S608
            if not field.null:
                exist.append(f"{value} IS NOT NULL")
        columns.append(name)
        values.append(value)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {link.table} WHERE {link.column} = %s", [merge.gone_id])  # noqa: S608
        cursor.execute(
            f"INSERT INTO {link.table} ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608
            f" FROM catalog_customermergerows m, jsonb_populate_recordset(NULL::{link.table}, m.content) r"
            f" WHERE m.merge_id = %s AND m.link = %s AND m.kind = 'aside'{''.join(f' AND {one}' for one in exist)}"
            " ON CONFLICT DO NOTHING",
            [merge.pk, link.label],
        )
        return int(cursor.rowcount)


def fingerprint(customer_id: int) -> str:
    """SHA-256 over all rows of one record: its own, those of every table that points at it, and what handlers tell.

    Left out are figures that are counted anew from these rows, and the log of merges.
    """
    own = (
        "SELECT 'catalog.Customer' AS label, to_jsonb(r)::text AS said FROM \"catalog_customer\" r WHERE r.id = %(id)s"
    )
    parts, told = [own], []
    for link in links():
        if link.rule == FOLLOWS:
            parts.append(
                f"SELECT '{link.label}', to_jsonb(r)::text FROM {link.table} r WHERE r.{link.column} = %(id)s"  # noqa: S608
            )
        elif link.rule == HANDLED:
            told.append(link.handler.told(customer_id))
    statement = (
        "SELECT encode(sha256(convert_to(coalesce(string_agg(label || said, E'\\n' ORDER BY label, said), '')"  # noqa: S608
        f" || %(told)s, 'UTF8')), 'hex') FROM ({' UNION ALL '.join(parts)}) everything"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"id": customer_id, "told": "\n".join(told)})
        return str(cursor.fetchone()[0])


def _place_is_free(link: Link, others: list[str]) -> str:
    same = "".join(f" AND t.{name} = r.{name}" for name in others)
    return f" AND NOT EXISTS (SELECT 1 FROM {link.table} t WHERE t.{link.column} = %(into)s{same})"  # noqa: S608


def _plain(link: Link) -> list[Any]:
    """Key columns whose type can be cast to: that of a serial column is its number."""
    return [key.target_field if isinstance(key, ForeignKey) else key for key in link.keys]


def _quoted(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
