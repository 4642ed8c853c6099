"""What the server's planner knows of tables that a test filled with thousands of rows."""

from django.db import connection, models


def analysed(*tables: type[models.Model]) -> None:
    """Count their rows, as the server does by itself within a minute: with the counts that an earlier test left behind,
    a plan may take a minute rather than a moment."""
    names = ", ".join(connection.ops.quote_name(table._meta.db_table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
