"""What a customer ordered before the oldest month of events that is kept stands at the end of their history.

Months of events end, orders do not: who bought something once is not recommended it again, however long ago that was.
These entries are of the kind `ordered`: they say what was bought and nothing about taste, which follows from events.
"""

from importlib import import_module

from django.db import migrations

before = import_module("catalog.migrations.0012_bought_before").acts(with_bought=True)

ORDERED = """
    IF of_customer IS NOT NULL THEN
        SELECT to_date(right(min(c.relname), 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' INTO kept_since
        FROM pg_inherits p JOIN pg_class c ON c.oid = p.inhrelid
        WHERE p.inhparent = 'catalog_interaction'::regclass;
        SELECT string_agg(concat('[', b.product_id, ',"ordered",',
            (extract(epoch FROM b.placed_at) * 1000000)::bigint, ',null]'), ',' ORDER BY b.placed_at DESC) INTO ordered
        FROM (
            SELECT l.product_id, max(o.placed_at) AS placed_at
            FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
            WHERE o.customer_id = of_customer AND l.product_id IS NOT NULL
                AND o.status IN ('paid', 'partly_shipped', 'shipped', 'delivered', 'closed')
                AND o.placed_at >= coalesce(since, '-infinity') AND o.placed_at < coalesce(kept_since, 'infinity')
            GROUP BY l.product_id ORDER BY placed_at DESC LIMIT 1000) b;
    END IF;
    RETURN concat('[', concat_ws(',', found, bought, ordered), ']');
"""

now = before.replace(
    "    oldest timestamptz;\n", "    oldest timestamptz;\n    ordered text;\n    kept_since timestamptz;\n"
)
now = now.replace("\n    RETURN concat('[', concat_ws(',', found, bought), ']');\n", ORDERED)

# Rows that were kept before do not say it: the job writes them anew, and answers read the table until then.
NOTED = "INSERT INTO catalog_historychange (who) SELECT who FROM catalog_kepthistory WHERE who > 0"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0014_columns_of_search")]

    operations = [migrations.RunSQL(now, before), migrations.RunSQL(NOTED, NOTED)]
