"""What waited to be sorted into the index of texts alike was read again for each review that looks for its like."""

import django.contrib.postgres.indexes
from django.db import migrations

AT_ONCE = """
ALTER INDEX suspicion_bands SET (fastupdate = off);
SELECT gin_clean_pending_list('suspicion_bands');
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_languages_in_one_form")]

    operations = [
        migrations.RunSQL(
            AT_ONCE,
            "ALTER INDEX suspicion_bands RESET (fastupdate)",
            state_operations=[
                migrations.RemoveIndex("suspicionscore", "suspicion_bands"),
                migrations.AddIndex(
                    "suspicionscore",
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["bands"], name="suspicion_bands"
                    ),
                ),
            ],
        )
    ]
