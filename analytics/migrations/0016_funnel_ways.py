"""Days of the funnel are parted by what led to products; every day that still has its events is counted again."""

from django.db import migrations, models

AGAIN = """
INSERT INTO analytics_touchedvisit (hour)
SELECT DISTINCT date_trunc('hour', occurred_at) FROM catalog_interaction WHERE kind IN ('view', 'cart', 'purchase')
"""
# Without the parts a day has one row for each device again.
TOGETHER = """
WITH gone AS (DELETE FROM analytics_funnelday WHERE way <> '' RETURNING *)
INSERT INTO analytics_funnelday AS t (day, device, way, viewed, carted, bought, skipped)
SELECT day, device, '', sum(viewed), sum(carted), sum(bought), sum(skipped) FROM gone GROUP BY day, device
ON CONFLICT (day, device, way) DO UPDATE SET viewed = t.viewed + excluded.viewed, carted = t.carted + excluded.carted,
    bought = t.bought + excluded.bought, skipped = t.skipped + excluded.skipped
"""


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0015_figures_in_place"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="funnelday",
            name="funnel_day_once",
        ),
        migrations.AddField(
            model_name="funnelday",
            name="way",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "neither, or not known"),
                    ("search", "search"),
                    ("recommended", "recommendations"),
                    ("both", "search and recommendations"),
                ],
                default="",
                max_length=12,
                verbose_name="found through",
            ),
        ),
        migrations.AddConstraint(
            model_name="funnelday",
            constraint=models.UniqueConstraint(fields=("day", "device", "way"), name="funnel_day_once"),
        ),
        migrations.RunSQL(AGAIN, TOGETHER),
    ]
