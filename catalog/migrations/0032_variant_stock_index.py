"""Sums of stock read one index and not the table, whose rows are wide; the foreign key needs no second one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0031_found_by_rules")]

    operations = [
        migrations.AddIndex(
            "variant", models.Index(fields=["product"], include=["stock", "track_stock"], name="variant_stock")
        ),
        migrations.AlterField(
            "variant",
            "product",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="variants",
                to="catalog.product",
                verbose_name="product",
            ),
        ),
    ]
