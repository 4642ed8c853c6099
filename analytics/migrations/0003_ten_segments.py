"""The ten RFM segments, so that scores have groups to fill from the first run on."""

from django.db import migrations

RFM = (
    ("champions", "Champions", "冠军顾客"),
    ("loyal", "Loyal customers", "忠诚顾客"),
    ("potential_loyal", "Potential loyal customers", "潜在忠诚顾客"),
    ("new", "New customers", "新顾客"),
    ("promising", "Promising", "有潜力顾客"),
    ("needs_attention", "Need attention", "需要关注的顾客"),
    ("about_to_sleep", "About to sleep", "即将沉睡的顾客"),
    ("cannot_lose", "Cannot lose them", "不能流失的顾客"),
    ("at_risk", "At risk", "有流失风险的顾客"),
    ("hibernating", "Hibernating", "沉睡顾客"),
)


def make(apps, schema_editor):
    segment_model = apps.get_model("analytics", "Segment")
    version_model = apps.get_model("analytics", "SegmentVersion")
    for key, english, chinese in RFM:
        names = {"name": english, "name_translations": {"en": english, "zh-hans": chinese}}
        segment, is_new = segment_model.objects.get_or_create(kind="rfm", key=key, defaults=names)
        if is_new:
            segment.current = version_model.objects.create(segment=segment, number=1)
            segment.save(update_fields=["current"])


def keep(apps, schema_editor):
    """Going back drops the tables in the migration before."""


class Migration(migrations.Migration):
    replaces = [("analytics", "0007_rfm_segments")]
    dependencies = [("analytics", "0002_sales_are_noted")]

    operations = [
        migrations.RunPython(make, keep),
    ]
