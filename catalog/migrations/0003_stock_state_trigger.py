"""Whether a product is in stock follows from its variants, whoever writes them (ORM, COPY, an operator's psql)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION catalog_refresh_in_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two variants of one product that sell out at once would each still see the other's piece: take turns.
    PERFORM 1 FROM catalog_product WHERE id IN (NEW.product_id, OLD.product_id) ORDER BY id FOR NO KEY UPDATE;
    UPDATE catalog_product p SET is_in_stock = s.available
    FROM (
        SELECT p2.id, EXISTS (
            SELECT 1 FROM catalog_variant v WHERE v.product_id = p2.id AND (NOT v.track_stock OR v.stock > 0)
        ) AS available
        FROM catalog_product p2 WHERE p2.id IN (NEW.product_id, OLD.product_id)
    ) s
    WHERE p.id = s.id AND p.is_in_stock IS DISTINCT FROM s.available;
    RETURN NULL;
END $$;
CREATE TRIGGER catalog_variant_stock AFTER INSERT OR DELETE OR UPDATE OF stock, track_stock, product_id
ON catalog_variant FOR EACH ROW EXECUTE FUNCTION catalog_refresh_in_stock();
"""
DROP = """
DROP TRIGGER catalog_variant_stock ON catalog_variant;
DROP FUNCTION catalog_refresh_in_stock();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_links_and_constraints")]

    operations = [migrations.RunSQL(CREATE, DROP)]
