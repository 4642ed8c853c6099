"""Amounts are rounded sale by sale now: figures of shops with several currencies or discounts on whole orders are
counted anew when the shop starts, so that the night finds no difference."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0016_funnel_ways")]

    operations = [migrations.RunSQL("DELETE FROM analytics_factsstate", migrations.RunSQL.noop)]
