"""Pictures are looked at in another way; those looked at before say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vision", "0004_size_and_weights_of_trainings")]

    operations = [
        migrations.AlterField(
            model_name="imageanalysis",
            name="method",
            field=models.PositiveSmallIntegerField(default=2, editable=False),
        ),
    ]
