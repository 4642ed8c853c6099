"""Whether a product is in stock, and whether it is low, follow from its variants and its limit, whoever writes them (ORM,
COPY, an operator's psql)."""

from django.db import migrations

KEEP = """
CREATE FUNCTION catalog_stock_state(product bigint, own_limit integer, OUT available boolean, OUT low boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- 5 is the shop's limit, catalog.models.LOW_STOCK. Products with a variant that is not counted are never low.
    SELECT coalesce(bool_or(NOT track_stock OR stock > 0), false),
           coalesce(bool_and(track_stock) AND sum(stock) BETWEEN 1 AND coalesce(own_limit, 5), false)
    INTO available, low FROM catalog_variant WHERE product_id = product;
END $$;

CREATE FUNCTION catalog_refresh_in_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two variants of one product that sell out at once would each still see the other's piece: take turns.
    PERFORM 1 FROM catalog_product WHERE id IN (NEW.product_id, OLD.product_id) ORDER BY id FOR NO KEY UPDATE;
    UPDATE catalog_product p SET is_in_stock = s.available, is_low = s.low
    FROM catalog_product own, LATERAL catalog_stock_state(own.id, own.low_stock_at) s
    WHERE own.id IN (NEW.product_id, OLD.product_id) AND p.id = own.id
        AND (p.is_in_stock, p.is_low) IS DISTINCT FROM (s.available, s.low);
    RETURN NULL;
END $$;
CREATE TRIGGER catalog_variant_stock AFTER INSERT OR DELETE OR UPDATE OF stock, track_stock, product_id
ON catalog_variant FOR EACH ROW EXECUTE FUNCTION catalog_refresh_in_stock();

-- The row is held while this runs, so that it sees every change of pieces that did not wait for it.
CREATE FUNCTION catalog_refresh_is_low() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_low := (SELECT low FROM catalog_stock_state(NEW.id, NEW.low_stock_at));
    RETURN NEW;
END $$;
CREATE TRIGGER catalog_product_limit BEFORE UPDATE OF low_stock_at, is_low ON catalog_product FOR EACH ROW
WHEN ((OLD.low_stock_at, OLD.is_low) IS DISTINCT FROM (NEW.low_stock_at, NEW.is_low))
EXECUTE FUNCTION catalog_refresh_is_low();
"""

FORGET = """
DROP TRIGGER catalog_product_limit ON catalog_product;
DROP FUNCTION catalog_refresh_is_low();
DROP TRIGGER catalog_variant_stock ON catalog_variant;
DROP FUNCTION catalog_refresh_in_stock();
DROP FUNCTION catalog_stock_state(bigint, integer);
"""


class Migration(migrations.Migration):
    replaces = [
        ("catalog", "0003_stock_state_trigger"),
        ("catalog", "0033_product_is_low"),
        ("catalog", "0034_products_low_by_now"),
    ]
    dependencies = [("catalog", "0001_all_tables")]

    operations = [
        migrations.RunSQL(KEEP, FORGET),
    ]
