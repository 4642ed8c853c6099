"""Removed pictures are kept by the floor that removes them."""

from django.db import migrations

COLUMNS = "product_id, kept, file, removed_at, removed_by_id"


class Migration(migrations.Migration):
    dependencies = [("vision", "0004_shipped_labels"), ("catalog", "0039_arriving_pictures")]

    operations = [
        migrations.RunSQL(
            f"INSERT INTO catalog_removedpicture ({COLUMNS}) SELECT {COLUMNS} FROM vision_removedpicture ORDER BY id;"  # noqa: S608
            " DELETE FROM vision_removedpicture",
            f"INSERT INTO vision_removedpicture ({COLUMNS}) SELECT {COLUMNS} FROM catalog_removedpicture ORDER BY id;"  # noqa: S608
            " DELETE FROM catalog_removedpicture",
        )
    ]
