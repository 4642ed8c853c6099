"""Whom the shop's own IDs stand for: the ID of a merged record stands for the record that was kept."""

from django.db import migrations

VIEW = """
CREATE VIEW catalog_knowncustomer AS
SELECT external_id, coalesce(merged_into_id, id) AS id FROM catalog_customer WHERE external_id IS NOT NULL
"""


class Migration(migrations.Migration):
    replaces = [("catalog", "0041_known_customers")]
    dependencies = [("catalog", "0008_cards_of_shelves")]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW catalog_knowncustomer"),
    ]
