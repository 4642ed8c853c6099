"""What a tag is called in other languages is found by its kind and value."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_ids_of_customers")]

    operations = [
        migrations.AddIndex(
            model_name="producttag",
            index=models.Index(
                fields=["kind", "value", "id"], condition=~models.Q(value_translations={}), name="tag_names"
            ),
        ),
    ]
