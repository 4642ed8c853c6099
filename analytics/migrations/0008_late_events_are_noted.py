"""What writes events that just arrived says so (`zhanggui.arriving`); then the trigger that notes their hours also notes
how many of them happened more than an hour before."""

from django.db import migrations, models

NOTED = """
CREATE OR REPLACE FUNCTION analytics_touch_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedvisit (hour)
    SELECT DISTINCT date_trunc('hour', occurred_at) FROM touched WHERE kind IN ('view', 'cart', 'purchase');
    IF TG_OP = 'INSERT' AND current_setting('zhanggui.arriving', true) = 'on' THEN
        INSERT INTO analytics_lateevents (arrived_at, events)
        SELECT now(), count(*) FROM touched WHERE occurred_at < now() - interval '1 hour' HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;
"""
NOT_NOTED = """
CREATE OR REPLACE FUNCTION analytics_touch_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedvisit (hour)
    SELECT DISTINCT date_trunc('hour', occurred_at) FROM touched WHERE kind IN ('view', 'cart', 'purchase');
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0007_lists_are_kept_by_jobs")]

    operations = [
        migrations.CreateModel(
            name="LateEvents",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("arrived_at", models.DateTimeField(verbose_name="arrived")),
                ("events", models.PositiveIntegerField(verbose_name="events")),
            ],
            options={"verbose_name": "late events", "verbose_name_plural": "late events"},
        ),
        migrations.RunSQL(NOTED, NOT_NOTED),
    ]
