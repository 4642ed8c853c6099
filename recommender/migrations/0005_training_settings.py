"""Staff choose whether a network learns beside the other methods."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recommender", "0004_methods_by_themselves"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrainingSettings",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("with_network", models.BooleanField(verbose_name="with a two-tower network")),
            ],
            options={
                "verbose_name": "settings of the training",
                "verbose_name_plural": "settings of the training",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="training_settings_once")],
            },
        ),
    ]
