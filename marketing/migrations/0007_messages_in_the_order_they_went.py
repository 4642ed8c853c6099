"""The list of messages: what went out, the newest first; then what waits; then those left out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_ordered_long_ago"),
        ("marketing", "0006_asked_to_be_told_of_stock"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                models.Case(
                    models.When(state="skipped", then=models.Value(1)),
                    models.When(state="cancelled", then=models.Value(1)),
                    default=models.Value(0),
                    output_field=models.SmallIntegerField(),
                ),
                models.OrderBy(models.F("claimed_at"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="recipient_listed",
            ),
        ),
    ]
