"""An estimate of how many rows a query has, for long lists."""

from django.db import migrations

ESTIMATE = """
CREATE FUNCTION core_estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    -- Plans the query and does not run it.
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END $$;
"""


class Migration(migrations.Migration):
    replaces = [("core", "0016_lists_at_size")]
    dependencies = [("core", "0002_ledger_of_changes")]

    operations = [
        migrations.RunSQL(ESTIMATE, "DROP FUNCTION core_estimate(text)"),
    ]
