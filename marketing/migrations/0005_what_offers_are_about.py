"""What an offer is about, and how well it fitted whoever it was allocated to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_bought_before"),
        ("marketing", "0004_shown_in_the_shop"),
    ]

    operations = [
        migrations.AddField(
            model_name="allocatedoffer",
            name="fit",
            field=models.FloatField(
                blank=True,
                help_text="Affinity with what the offer is about, where that decided between offers that are alike else.",
                null=True,
                verbose_name="fit",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="categories",
            field=models.ManyToManyField(
                blank=True,
                help_text="Whom it fits is told by these. It counts for the whole order all the same.",
                related_name="+",
                to="catalog.category",
                verbose_name="about",
            ),
        ),
    ]
