"""Changes of products, categories, brands and customers are written down, whoever makes them (see core.RowChange).

Prices and stock have the ledger. What is known about a customer is named and its values are not kept.
"""

from django.db import migrations

from core.operations import watch_rows

WATCHED = {
    "product": (
        "name name_translations description description_translations category_id brand_id status attributes"
        " low_stock_at deleted_at"
    ),
    "category": "name name_translations position path",
    "brand": "name name_translations",
    "customer": "~name ~email ~phone ~language ~country ~city ~birthday ~external_id",
}


class Migration(migrations.Migration):
    replaces = [("catalog", "0022_row_changes")]
    dependencies = [("catalog", "0005_shelves_hear"), ("core", "0005_changes_of_rows")]

    operations = [watch_rows(f"catalog.{table}", columns) for table, columns in WATCHED.items()]
