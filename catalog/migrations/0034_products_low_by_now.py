"""Products that are low already are marked, in one pass; what moves meanwhile is kept by the triggers."""

from django.db import migrations

MARK = """
UPDATE catalog_product p SET is_low = true
FROM catalog_product own, LATERAL catalog_stock_state(own.id, own.low_stock_at) s
WHERE own.is_in_stock AND own.id = p.id AND s.low
"""
# So few rows changed that the planner would go on believing that every second product is low.
COUNT = "ANALYZE catalog_product (is_low)"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0033_product_is_low")]

    operations = [
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
