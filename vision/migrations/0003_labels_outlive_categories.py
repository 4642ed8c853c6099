"""A label stays, out of use, where its category is deleted: nothing that people decided is lost with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vision", "0002_labels_to_begin_with")]

    operations = [
        migrations.AlterField(
            model_name="label",
            name="category",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="catalog.category",
                verbose_name="category",
            ),
        ),
    ]
