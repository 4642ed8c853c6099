"""Changes of intents, articles and facts of the shop are written down, whoever makes them (see core.RowChange)."""

from django.db import migrations

from core.operations import watch_rows

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


class Migration(migrations.Migration):
    replaces = [("reviews", "0007_answers_history")]
    dependencies = [("reviews", "0002_aspects_to_begin_with"), ("core", "0005_changes_of_rows")]

    operations = [watch_rows(f"reviews.{table}", columns) for table, columns in WATCHED.items()]
