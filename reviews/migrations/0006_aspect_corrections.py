"""What staff say that a review says of an aspect."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0005_languages_that_words_say"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AspectCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "said",
                    models.CharField(
                        choices=[
                            ("positive", "praise"),
                            ("neutral", "neither"),
                            ("negative", "complaint"),
                            ("not_meant", "not meant"),
                        ],
                        max_length=9,
                        verbose_name="corrected to",
                    ),
                ),
                ("corrected_at", models.DateTimeField(verbose_name="corrected")),
                (
                    "aspect",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reviews.aspect",
                        verbose_name="aspect",
                    ),
                ),
                (
                    "corrected_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="corrected by",
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aspect_corrections",
                        to="reviews.review",
                        verbose_name="review",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction of an aspect",
                "verbose_name_plural": "corrections of aspects",
                "ordering": ["review", "aspect"],
                "constraints": [models.UniqueConstraint(fields=("review", "aspect"), name="aspect_correction_once")],
            },
        ),
    ]
