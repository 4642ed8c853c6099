"""Hours, settings and a promise to begin with."""

from datetime import time

from django.db import migrations


def make_first(apps, schema_editor):
    """Settings, and a promise to begin with: an answer within half a working day, a solution within three."""
    hours = apps.get_model("crm", "BusinessHours").objects.create(name="Standard · 标准")
    period = apps.get_model("crm", "BusinessPeriod")
    period.objects.bulk_create(
        period(hours=hours, weekday=weekday, opens=time(9), closes=time(18)) for weekday in range(1, 6)
    )
    policy = apps.get_model("crm", "SlaPolicy").objects.create(name="Standard · 标准", hours=hours)
    target = apps.get_model("crm", "SlaTarget")
    for priority, first, following, solved in (
        ("low", 540, 540, 2700),
        ("normal", 240, 240, 1620),
        ("high", 120, 120, 1080),
        ("urgent", 30, 60, 540),
    ):
        target.objects.create(
            policy=policy, priority=priority, first_response=first, next_response=following, resolution=solved
        )
    apps.get_model("crm", "DeskSettings").objects.get_or_create(pk=1, defaults={"hours": hours})


class Migration(migrations.Migration):
    replaces = [("crm", "0003_desk")]
    dependencies = [("crm", "0002_double_entry")]

    operations = [
        migrations.RunPython(make_first, migrations.RunPython.noop),
    ]
