"""The product's own dictionary of aspects becomes the shop's, which staff edit."""

import json
from pathlib import Path
from typing import Any

from django.db import migrations

from reviews.ml.text import normalise

STARTER = Path(__file__).resolve().parents[1] / "starter" / "aspects.json"

LANGUAGES = ("zh", "en")


def fill(apps: Any, _schema: Any) -> None:
    Aspect, AspectTerm = (apps.get_model("reviews", name) for name in ("Aspect", "AspectTerm"))
    taken = set(AspectTerm.objects.filter(category=None).values_list("term", flat=True))
    terms = []
    for position, row in enumerate(json.loads(STARTER.read_text("utf-8"))):
        aspect, _made = Aspect.objects.get_or_create(
            key=row["key"],
            defaults={"title_en": row["title_en"], "title_zh": row["title_zh"], "position": position},
        )
        for language in LANGUAGES:
            for term in map(normalise, row[f"terms_{language}"]):
                if term not in taken:
                    taken.add(term)
                    terms.append(AspectTerm(aspect=aspect, term=term, language=language, source="shipped"))
    AspectTerm.objects.bulk_create(terms)


def empty(apps: Any, _schema: Any) -> None:
    apps.get_model("reviews", "AspectTerm").objects.filter(source="shipped").delete()
    # Aspects that staff put terms into stay.
    apps.get_model("reviews", "Aspect").objects.filter(
        key__in=[row["key"] for row in json.loads(STARTER.read_text("utf-8"))], terms=None
    ).delete()


class Migration(migrations.Migration):
    replaces = [("reviews", "0004_shipped_aspects")]
    dependencies = [("reviews", "0001_all_tables")]

    operations = [
        migrations.RunPython(fill, empty),
    ]
