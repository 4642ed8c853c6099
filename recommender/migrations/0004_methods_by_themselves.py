"""A placement may show one method of the live model alone, or what is popular in the categories a person likes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recommender", "0003_hours_note_themselves"),
    ]

    operations = [
        migrations.AlterField(
            model_name="placement",
            name="strategy",
            field=models.CharField(
                choices=[
                    ("automatic", "for this customer"),
                    ("similar", "like the product on the page"),
                    ("together", "bought together with the product or basket"),
                    ("category", "popular in the category"),
                    ("trending", "popular right now"),
                    ("rising", "rising fast"),
                    ("popular", "popular"),
                    ("newest", "newest"),
                    ("affinity", "popular in the categories this person likes"),
                    ("item_knn", "item neighbours"),
                    ("ials", "matrix factorisation"),
                    ("ease", "linear item model"),
                    ("rp3beta", "random walk"),
                    ("sequence_rules", "what came after"),
                    ("content", "descriptions"),
                    ("two_tower", "two-tower network"),
                ],
                default="automatic",
                max_length=16,
                verbose_name="strategy",
            ),
        ),
    ]
