"""Rows that change with every order are rewritten in their page: no index holds what changes, and pages have room."""

from django.db import migrations

ROOM = """
ALTER TABLE analytics_customerstats SET (fillfactor = 70);
ALTER TABLE analytics_productday SET (fillfactor = 80);
"""
NO_ROOM = """
ALTER TABLE analytics_customerstats RESET (fillfactor);
ALTER TABLE analytics_productday RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0014_new_sales")]

    operations = [
        migrations.RemoveIndex("customerstats", "stats_by_last_day"),
        migrations.RemoveIndex("customerstats", "stats_by_orders"),
        migrations.RemoveIndex("customerstats", "stats_by_revenue"),
        migrations.RemoveIndex("customermonth", "month_of_customers"),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
