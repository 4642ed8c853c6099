"""Label sets that most shops can begin with; staff edit them."""

import json
from pathlib import Path
from typing import Any

from django.db import migrations

STARTER = Path(__file__).resolve().parents[1] / "starter" / "labels.json"

OWN = ("key", "labels")


def fill(apps: Any, _schema: Any) -> None:
    LabelSet, Label = (apps.get_model("vision", name) for name in ("LabelSet", "Label"))
    for position, row in enumerate(json.loads(STARTER.read_text("utf-8"))):
        names = {name: value for name, value in row.items() if name not in OWN}
        label_set, _made = LabelSet.objects.get_or_create(key=row["key"], defaults={**names, "position": position})
        Label.objects.bulk_create(
            [
                Label(label_set=label_set, key=key, name_en=name_en, name_zh=name_zh, position=at)
                for at, (key, name_en, name_zh) in enumerate(row["labels"])
            ],
            ignore_conflicts=True,
        )


def empty(apps: Any, _schema: Any) -> None:
    """Labels go with what was suggested and decided about them, sets with their labels."""
    keys = [row["key"] for row in json.loads(STARTER.read_text("utf-8"))]
    apps.get_model("vision", "Label").objects.filter(label_set__key__in=keys).delete()
    apps.get_model("vision", "LabelSet").objects.filter(key__in=keys).delete()


class Migration(migrations.Migration):
    replaces = [("vision", "0004_shipped_labels")]
    dependencies = [("vision", "0001_all_tables")]

    operations = [
        migrations.RunPython(fill, empty),
    ]
