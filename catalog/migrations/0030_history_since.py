"""The last acts of a person begin where they had their profile forgotten."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("catalog.migrations.0021_history").MAKE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
NOW = (
    BEFORE.replace(
        "    allowed boolean;\n",
        "    allowed boolean;\n    since timestamptz;\n",
    )
    .replace(
        "        RETURN QUERY SELECT NULL::bigint, NULL::boolean,",
        "        SELECT c.profile_since INTO since FROM catalog_customer c WHERE c.id = of_customer;\n"
        "        RETURN QUERY SELECT NULL::bigint, NULL::boolean,",
    )
    .replace(
        "WHERE i.customer_id = of_customer AND i.product_id IS NOT NULL",
        "WHERE i.customer_id = of_customer AND i.product_id IS NOT NULL\n"
        "            AND i.occurred_at >= coalesce(since, '-infinity')",
    )
    .replace(
        "SELECT v.id, v.may_track INTO own, allowed FROM",
        "SELECT v.id, v.may_track, v.profile_since INTO own, allowed, since FROM",
    )
    .replace(
        "AND i.customer_id IS NULL AND i.product_id IS NOT NULL",
        "AND i.customer_id IS NULL AND i.product_id IS NOT NULL\n"
        "                    AND i.occurred_at >= coalesce(since, '-infinity')",
    )
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0029_profile_since")]

    operations = [migrations.RunSQL(NOW, BEFORE)]
