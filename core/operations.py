"""What migrations do that Django has no operation for."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class AllTables(Operation):
    """The tables of an app, made one after the other against one picture of its models.

    Django draws every related model anew after each operation, so that a chain of n operations costs n² of its own
    time; here the models are drawn once. Foreign keys come when all tables are there, so tables may name each other.
    """

    reversible = True
    serialization_expand_args = ["tables"]

    def __init__(self, tables: Sequence[CreateModel]) -> None:
        self.tables = list(tables)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        for table in reversed(self.tables):
            table.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.tables)} tables"


def watch_rows(label: str, columns: str) -> RunSQL:
    """Changes of these columns of a table, such as `catalog.product`, are written down (see core.RowChange).

    The values of a column with ~ in front are not kept.
    """
    table = label.replace(".", "_")
    names = columns.split()
    old, new = (", ".join(f"{row}.{name.lstrip('~')}" for name in names) for row in ("OLD", "NEW"))
    arguments = ", ".join(f"'{name}'" for name in [label, *names])
    return RunSQL(
        f"CREATE TRIGGER row_change AFTER UPDATE ON {table} FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION core_row_change({arguments});",
        f"DROP TRIGGER row_change ON {table}",
    )
