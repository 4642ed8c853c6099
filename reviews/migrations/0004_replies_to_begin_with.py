"""Reply templates to begin with, in both languages; a shop that has its own gets none."""

import json
from pathlib import Path
from typing import Any

from django.db import migrations

STARTER = Path(__file__).resolve().parents[1] / "starter" / "replies.json"


def fill(apps: Any, _schema: Any) -> None:
    ReplyTemplate = apps.get_model("reviews", "ReplyTemplate")
    if not ReplyTemplate.objects.exists():
        ReplyTemplate.objects.bulk_create(ReplyTemplate(**row) for row in json.loads(STARTER.read_text("utf-8")))


def empty(apps: Any, _schema: Any) -> None:
    """Those that nobody has changed."""
    for row in json.loads(STARTER.read_text("utf-8")):
        apps.get_model("reviews", "ReplyTemplate").objects.filter(**row).delete()


class Migration(migrations.Migration):
    replaces = [("reviews", "0010_starter_replies")]
    dependencies = [("reviews", "0003_changes_of_answers")]

    operations = [
        migrations.RunPython(fill, empty),
    ]
