"""Long lists: an estimate of how many rows a query has, and the indexes that searches, filters and sorting use."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

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
    dependencies = [("core", "0014_no_truncate")]

    operations = [
        # The shop's first migration makes it too, but may come after this one; taking it back belongs to that one.
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        migrations.RunSQL(ESTIMATE, "DROP FUNCTION core_estimate(text)"),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="ledger_time", pages_per_range=32),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("subject"), name="gin_trgm_ops"
                ),
                name="mail_subject_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("to"), name="gin_trgm_ops"
                ),
                name="mail_to_trgm",
            ),
        ),
        migrations.AddIndex(model_name="outgoingmail", index=models.Index(fields=["kind", "-id"], name="mail_by_kind")),
        migrations.AddIndex(model_name="job", index=models.Index(fields=["queue", "-id"], name="job_by_queue")),
        migrations.AddIndex(model_name="job", index=models.Index(fields=["state", "-id"], name="job_by_state")),
    ]
