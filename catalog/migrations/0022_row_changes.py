"""Changes of products, categories, brands and customers are written down, whoever makes them (see core.RowChange).

Prices and stock have the ledger. What is known about a customer is named and its values are not kept.
"""

from django.db import migrations

WATCHED = {
    "product": (
        "name name_translations description description_translations category_id brand_id status attributes"
        " low_stock_at deleted_at"
    ),
    "category": "name name_translations position path",
    "brand": "name name_translations",
    "customer": "~name ~email ~phone ~language ~country ~city ~birthday ~external_id",
}


def _watch(table: str, columns: str) -> str:
    names = columns.split()
    plain = [name.lstrip("~") for name in names]
    old, new = (", ".join(f"{row}.{name}" for name in plain) for row in ("OLD", "NEW"))
    arguments = ", ".join(f"'{name}'" for name in [f"catalog.{table}", *names])
    return (
        f"CREATE TRIGGER row_change AFTER UPDATE ON catalog_{table} FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION core_row_change({arguments});"
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_history"), ("core", "0021_row_changes")]

    operations = [
        migrations.RunSQL(_watch(table, columns), f"DROP TRIGGER row_change ON catalog_{table}")
        for table, columns in WATCHED.items()
    ]
