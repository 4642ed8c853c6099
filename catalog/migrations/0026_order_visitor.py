"""Orders say in which browser they were placed, so that experiments credit guests too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0025_option_translations"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="visitor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                help_text="The browser in which it was placed.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="orders",
                to="catalog.visitor",
                verbose_name="visitor",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("visitor__isnull", False)), fields=["visitor"], name="order_of_visitor"
            ),
        ),
    ]
