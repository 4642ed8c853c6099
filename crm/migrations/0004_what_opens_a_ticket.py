"""Tickets from reviews follow the list of unhappy customers; no table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_desk_to_begin_with")]

    operations = [
        migrations.AlterField(
            model_name="desksettings",
            name="tickets_from_reviews",
            field=models.BooleanField(
                default=False,
                help_text=(
                    "For each customer who comes on the list of unhappy customers: three stars or fewer, and words that "
                    "complain."
                ),
                verbose_name="open a ticket for a bad review",
            ),
        ),
    ]
