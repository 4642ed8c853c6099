"""Changes of intents, articles and facts of the shop are written down, whoever makes them (see core.RowChange)."""

from importlib import import_module

from django.db import migrations

WATCHED = {
    "intent": (
        "key title_en title_zh description_en description_zh belongs_en belongs_zh elsewhere_en elsewhere_zh hand_over"
        " answers_with words_en words_zh is_active"
    ),
    "article": (
        "key category intent_id title_en title_zh body_en body_zh questions_en questions_zh valid_from valid_until"
    ),
    "shopfact": "value_en value_zh",
}
trigger = import_module("catalog.migrations.0022_row_changes")._watch


def _watch(table: str, columns: str) -> str:
    return str(trigger(table, columns)).replace("catalog_", "reviews_").replace("'catalog.", "'reviews.")


class Migration(migrations.Migration):
    dependencies = [("reviews", "0006_answers"), ("catalog", "0022_row_changes"), ("core", "0021_row_changes")]

    operations = [
        migrations.RunSQL(_watch(table, columns), f"DROP TRIGGER row_change ON reviews_{table}")
        for table, columns in WATCHED.items()
    ]
