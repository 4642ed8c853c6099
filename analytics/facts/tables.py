"""The tables of figures: their keys, and how they are brought to what they should hold with as few writes as can be."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from analytics.facts.statements import UNITS
from analytics.models import CohortCell, CustomerMonth, CustomerStats, DailySales, ProductDay, SalesPart
from core.models import MoneyField

AMOUNT = "CASE WHEN {0} = 0 THEN 0.0 ELSE {0} * 0.0001 END"
"""Of units (`statements.UNITS`). Most customers give nothing back: nothing is multiplied for them."""


@dataclass(frozen=True)
class Table:
    """One table of figures. `wanted` is the temporary table of this session with what it should hold, money in whole
    units of `statements`."""

    model: Any
    keys: tuple[str, ...]
    only: str = "true"

    @property
    def name(self) -> str:
        found: str = self.model._meta.db_table
        return found

    @property
    def wanted(self) -> str:
        return f"zg_{self.name}"

    @property
    def values(self) -> list[str]:
        columns = [column.column for column in self.model._meta.concrete_fields]
        return [f'"{column}"' for column in columns if column != "id" and f'"{column}"' not in self.quoted_keys]

    def told(self, alias: str) -> list[str]:
        """Each value of a row of statements as the table holds it: units become amounts."""
        money = {f'"{column.column}"' for column in self.model._meta.concrete_fields if isinstance(column, MoneyField)}
        return [AMOUNT.format(f"{alias}.{name}") if name in money else f"{alias}.{name}" for name in self.values]

    def in_units(self) -> str:
        """The rows of the table as a statement makes them: amounts become units."""
        columns = [
            f"{UNITS.format(column.column)} AS {column.column}" if isinstance(column, MoneyField) else column.column
            for column in self.model._meta.concrete_fields
        ]
        return f"SELECT {', '.join(columns)} FROM {self.name}"  # noqa: S608

    @property
    def quoted_keys(self) -> list[str]:
        return [f'"{key}"' for key in self.keys]

    def make(self, statement: str, parameters: dict[str, Any], *, analyse: str = "") -> None:
        """Fill the temporary table. `analyse`: columns by which it is grouped and joined later."""
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {self.wanted} ON COMMIT DROP AS {statement}", parameters)
            if analyse:
                cursor.execute(f"ANALYZE {self.wanted} ({analyse})")

    def apply(self, scope: str = "true") -> int:
        """Write what differs, remove what should not be there. `scope`: which rows `t` of the table `wanted` speaks
        about. How many rows differed."""
        keys = " AND ".join(f"t.{key} = w.{key}" for key in self.quoted_keys)
        columns = ", ".join([*self.quoted_keys, *self.values])
        wanted = ", ".join(self.told("w"))
        known = ", ".join(f"t.{name}" for name in self.values)
        update = ", ".join(f"{name} = EXCLUDED.{name}" for name in self.values)
        first = self.quoted_keys[0]
        picked = ", ".join([*(f"w.{key}" for key in self.quoted_keys), wanted])
        # In the order of the keys, so that pages of the index are filled one after the other.
        insert = f"INSERT INTO {self.name} ({columns}) SELECT {picked} FROM {self.wanted} w"  # noqa: S608
        order = f"ORDER BY {', '.join(f'w.{key}' for key in self.quoted_keys)}"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {self.name})")  # noqa: S608
            if not cursor.fetchone()[0]:
                cursor.execute(f"{insert} WHERE {self.only} {order}")
                return int(cursor.rowcount)
            cursor.execute(
                f"{insert} LEFT JOIN {self.name} t ON {keys}"
                f" WHERE {self.only} AND (t.{first} IS NULL OR ({known}) IS DISTINCT FROM ({wanted}))"
                f" {order} ON CONFLICT ({', '.join(self.quoted_keys)}) DO UPDATE SET {update}"
            )
            changed = cursor.rowcount
            # All that is wanted is there now: only what is more than that has to be looked for.
            cursor.execute(f"SELECT count(*) FROM {self.name} t WHERE {scope}")  # noqa: S608
            if cursor.fetchone()[0] != self.count():
                cursor.execute(
                    f"DELETE FROM {self.name} t WHERE ({scope})"  # noqa: S608
                    f" AND NOT EXISTS (SELECT 1 FROM {self.wanted} w WHERE {keys} AND {self.only})"
                )
                changed += cursor.rowcount
            return int(changed)

    def add(self, statement: str, parameters: dict[str, Any], **others: str) -> int:
        """Add to each row what the statement says there is more; rows that are not there begin with it. `others` names
        the function (LEAST, GREATEST) of columns that are no sums, or "" for one that stays. How many rows changed."""
        columns = [*self.quoted_keys, *self.values]
        sums = dict.fromkeys(self.values, "{0} + {1}")
        for name, function in others.items():
            sums[f'"{name}"'] = f"{function}({{0}}, {{1}})" if function else ""
        update = ", ".join(
            f"{name} = {told.format(f't.{name}', f'EXCLUDED.{name}')}" for name, told in sums.items() if told
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self.name} AS t ({', '.join(columns)})"  # noqa: S608
                f" SELECT {', '.join([*self.quoted_keys, *self.told('w')])} FROM ({statement}) w"
                f" ON CONFLICT ({', '.join(self.quoted_keys)}) DO UPDATE SET {update}",
                parameters,
            )
            return int(cursor.rowcount)

    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.wanted} w WHERE {self.only}")  # noqa: S608
            return int(cursor.fetchone()[0])


MONTHS = Table(CustomerMonth, ("customer_id", "month"))
STATS = Table(CustomerStats, ("customer_id",))
PRODUCTS = Table(ProductDay, ("day", "product_id"), only="w.product_id IS NOT NULL")
DAILY = Table(DailySales, ("day",))
PARTS = Table(SalesPart, ("day", "kind", "part"))
CELLS = Table(CohortCell, ("grain", "cohort", "offset"))
EVERY = (MONTHS, STATS, PRODUCTS, DAILY, PARTS, CELLS)
