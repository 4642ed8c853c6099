"""The last acts of a person in one statement whose plan each connection keeps.

Planning a query over the months of events takes ten times as long as running it, so the storefront must not plan it
for every answer.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION catalog_history(of_customer bigint, of_visitor text, most integer)
RETURNS TABLE (visitor_id bigint, may_track boolean, product_id bigint, kind varchar, occurred_at timestamptz,
               value double precision)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    own bigint;
    allowed boolean;
BEGIN
    IF of_customer IS NOT NULL THEN
        RETURN QUERY SELECT NULL::bigint, NULL::boolean, i.product_id, i.kind, i.occurred_at, i.value
        FROM catalog_interaction i WHERE i.customer_id = of_customer AND i.product_id IS NOT NULL
        ORDER BY i.occurred_at DESC LIMIT most;
    END IF;
    IF of_visitor IS NOT NULL THEN
        SELECT v.id, v.may_track INTO own, allowed FROM catalog_visitor v WHERE v.key = of_visitor;
        IF own IS NOT NULL THEN
            -- A row without a product says who the visitor is.
            RETURN QUERY SELECT own, allowed, NULL::bigint, NULL::varchar, NULL::timestamptz, NULL::double precision;
            IF allowed THEN
                RETURN QUERY SELECT own, allowed, i.product_id, i.kind, i.occurred_at, i.value
                FROM catalog_interaction i
                WHERE i.visitor_id = own AND i.customer_id IS NULL AND i.product_id IS NOT NULL
                ORDER BY i.occurred_at DESC LIMIT most;
            END IF;
        END IF;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0020_showcase")]

    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION catalog_history(bigint, text, integer)")]
