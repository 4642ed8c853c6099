"""After a test that commits, the tables are emptied as Django does it, with less work.

Django truncates every table, which makes each of the 240 tables and 1,000 indexes anew, and then writes rights, roles
and rules of alerts again: 0.4 seconds of the processor for each test, whose ten rows are gone by a DELETE in a tenth.
So only the first time in a process goes Django's way. What it leaves is remembered, and each later time leaves the
same: tables with rows are emptied, and what was remembered is put back where a test changed it.

Whoever still writes is waited for, as TRUNCATE does. A role that may not pass by triggers and references (it takes a
superuser) goes Django's way each time.
"""

from io import StringIO
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.test import TransactionTestCase

# Filled tables, found in one call: a SELECT for each would take longer than the emptying.
FILLED = """
DO $$
DECLARE name text; is_filled boolean; filled text := '';
BEGIN
    FOREACH name IN ARRAY string_to_array('{names}', ' ') LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO is_filled;
        IF is_filled THEN filled := filled || ' ' || name; END IF;
    END LOOP;
    PERFORM set_config('tests.filled', trim(filled), true);
END $$
"""

_djangos_way = TransactionTestCase._fixture_teardown
_left: dict[str, dict[str, str]] = {}
"""By name of the database: by table the rows that stand there after Django's way, as COPY writes them."""


def _rows(cursor: Any, table: str) -> str:
    rows = StringIO()
    cursor.copy_expert(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT", rows)
    return rows.getvalue()


def _tables(connection: Any) -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [connection.ops.quote_name(name) for name in names]


def _filled(cursor: Any, tables: list[str]) -> list[str]:
    cursor.execute(FILLED.format(names=" ".join(tables)))
    cursor.execute("SELECT current_setting('tests.filled')")
    return str(cursor.fetchone()[0]).split()


def _may_pass_by_triggers(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return bool(cursor.fetchone()[0] == "on")


def _remember(connection: Any) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        filled = _filled(cursor, _tables(connection))
        _left[connection.settings_dict["NAME"]] = {table: _rows(cursor, table) for table in filled}


def _empty(connection: Any) -> None:
    left, tables = _left[connection.settings_dict["NAME"]], _tables(connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        filled = set(_filled(cursor, tables))
        for table in filled | set(left):
            if table in left and table in filled and _rows(cursor, table) == left[table]:
                continue
            cursor.execute(f"DELETE FROM {table}")
            if table in left:
                cursor.copy_expert(f"COPY {table} FROM STDIN", StringIO(left[table]))
    ContentType.objects.clear_cache()


def _emptied(case: TransactionTestCase) -> None:
    if case.available_apps is not None or case.serialized_rollback:
        _djangos_way(case)
        return
    used = [connections[alias] for alias in case._databases_names(include_mirrors=False)]
    if all(connection.settings_dict["NAME"] in _left for connection in used):
        for connection in used:
            _empty(connection)
        return
    _djangos_way(case)
    for connection in used:
        if _may_pass_by_triggers(connection):
            _remember(connection)


TransactionTestCase._fixture_teardown = _emptied
