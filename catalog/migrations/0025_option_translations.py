"""Options of variants in other languages, which search finds as well."""

from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION catalog_search_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM becomes;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO catalog_searchchange (product_id)
        SELECT DISTINCT p FROM becomes n JOIN was o USING (id), LATERAL (VALUES (o.product_id), (n.product_id)) x (p)
        WHERE (o.sku, o.options, {old}o.barcode, o.external_id, o.product_id)
            IS DISTINCT FROM (n.sku, n.options, {new}n.barcode, n.external_id, n.product_id);
    ELSE
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM was;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0024_after_recommended")]

    operations = [
        migrations.AddField(
            model_name="variant",
            name="options_translations",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, help_text='Such as {"zh-hans": {"尺码": "M"}}.',
                verbose_name="options in other languages",
            ),
        ),
        migrations.RunSQL(
            FUNCTION.format(old="o.options_translations, ", new="n.options_translations, "),
            FUNCTION.format(old="", new=""),
        ),
    ]  # fmt: skip
