"""Lists that are kept of what a report shows, and by a job: `source` says which people, `is_ready` that they are
there. Every list of before is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0006_whole_sums")]

    operations = [
        migrations.AddField(
            "segmentsnapshot", "source", models.JSONField(blank=True, default=dict, verbose_name="people of")
        ),
        migrations.AddField(
            "segmentsnapshot", "is_ready", models.BooleanField(db_default=True, default=True, verbose_name="ready")
        ),
    ]
