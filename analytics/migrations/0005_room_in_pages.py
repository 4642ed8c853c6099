"""Rows that change with every order are rewritten in their page: no index holds what changes, and pages have room."""

from django.db import migrations

ROOM = """
ALTER TABLE analytics_customerstats SET (fillfactor = 70);
ALTER TABLE analytics_productday SET (fillfactor = 80);
ALTER TABLE analytics_customermonth SET (fillfactor = 80);
"""
NO_ROOM = """
ALTER TABLE analytics_customerstats RESET (fillfactor);
ALTER TABLE analytics_productday RESET (fillfactor);
ALTER TABLE analytics_customermonth RESET (fillfactor);
"""


class Migration(migrations.Migration):
    replaces = [("analytics", "0015_figures_in_place"), ("analytics", "0018_keys_without_numbers")]
    dependencies = [("analytics", "0004_visits_are_noted")]

    operations = [
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
