"""TRUNCATE passes by the triggers that write the ledger, so the watched tables refuse it; DELETE is told row by row."""

from django.db import migrations

TABLES = (
    "core_staffuser",
    "core_apikey",
    "core_modelversion",
    "core_staffuser_groups",
    "core_staffuser_user_permissions",
    "auth_group_permissions",
)
FUNCTION = """
CREATE FUNCTION core_ledger_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE would empty % without an entry in the ledger.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Use DELETE: the ledger is told of it.';
END $$;
"""


def refuse(table: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION core_ledger_no_truncate()",
        f"DROP TRIGGER ledger_no_truncate ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0013_job_worker")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION core_ledger_no_truncate()"),
        *[migrations.RunSQL(*refuse(table)) for table in TABLES],
    ]
