"""The list of products low in stock and its count read one small index; nobody asks for those with a limit any more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0034_products_low_by_now")]

    operations = [
        migrations.AddIndex(
            "product",
            models.Index(
                condition=models.Q(("deleted_at", None), ("is_low", True), ("status", "live")),
                fields=["-id"],
                name="product_low",
            ),
        ),
        migrations.RemoveIndex("product", "product_own_limit"),
    ]
