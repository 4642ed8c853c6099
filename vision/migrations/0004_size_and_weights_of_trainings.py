"""What a training learns with: pixels a side, and whether weights of a local file learn on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vision", "0003_labels_outlive_categories")]

    operations = [
        migrations.AddField(
            model_name="visionsettings",
            name="may_unfreeze",
            field=models.BooleanField(
                default=True,
                help_text="Where VISION_WEIGHTS names a file: otherwise only what stands on them is learned.",
                verbose_name="weights of the file learn on",
            ),
        ),
        migrations.AddField(
            model_name="visionsettings",
            name="size",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (64, "64 pixels a side: most epochs in the time"),
                    (96, "96 pixels: for fine patterns, with twice the time"),
                    (160, "160 pixels: on a graphics card, or with six times the time"),
                ],
                default=64,
                verbose_name="size of photos",
            ),
        ),
        migrations.AddConstraint(
            model_name="visionsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__in", [64, 96, 160])), name="vision_settings_size_known"
            ),
        ),
    ]
