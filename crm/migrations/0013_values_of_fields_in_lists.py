import django.contrib.postgres.indexes
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0041_known_customers"),
        ("crm", "0012_service_strategies"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="customfieldvalue",
            index=models.Index(fields=["field", "value", "customer"], name="custom_value_in_field"),
        ),
        migrations.AddIndex(
            model_name="customfieldvalue",
            index=models.Index(
                models.F("field"),
                models.Case(
                    models.When(
                        then=django.db.models.functions.comparison.Cast(
                            "value", models.DecimalField(decimal_places=20, max_digits=60)
                        ),
                        value__regex="^-?[0-9]{1,31}(\\.[0-9]+)?$",
                    )
                ),
                name="custom_value_as_number",
            ),
        ),
        migrations.AddIndex(
            model_name="customfieldvalue",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("value"), name="gin_trgm_ops"
                ),
                name="custom_value_trgm",
            ),
        ),
    ]
