"""Rules of placements look at category and brand too, so a product that moves is noted."""

import importlib

from django.db import migrations

before = importlib.import_module("catalog.migrations.0020_showcase").NOTE
BODY = before[
    before.index("CREATE FUNCTION catalog_note_product") : before.index("CREATE FUNCTION catalog_note_picture")
]
OLD = BODY.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
NEW = OLD.replace("o.published_at)", "o.published_at, o.category_id, o.brand_id)").replace(
    "n.published_at)", "n.published_at, n.category_id, n.brand_id)"
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0022_row_changes")]

    operations = [migrations.RunSQL(NEW, OLD)]
