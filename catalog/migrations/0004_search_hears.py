"""Search hears of every change, whoever writes it (ORM, COPY, an operator's psql).

Facts that decide what may be shown and counted are copied in the same transaction. Texts are not looked at here: the
product is noted, and a job reads it soon. Notes are only added, so writers never wait for each other.
"""

from django.db import migrations

TABLE = """
ALTER TABLE catalog_searchdocument SET (fillfactor = 70, toast_tuple_target = 128);
ALTER TABLE catalog_searchdocument ALTER COLUMN fields SET STORAGE EXTERNAL;
ALTER TABLE catalog_searchchange SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
"""

WATCH = """
CREATE FUNCTION catalog_search_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO catalog_searchdocument
            (product_id, is_shown, is_in_stock, price, category_id, brand_id, published_at, popularity, fields)
        SELECT id, status = 'live' AND deleted_at IS NULL, is_in_stock, price, category_id, brand_id, published_at, 0, ''
        FROM becomes
        ON CONFLICT (product_id) DO UPDATE SET
            is_shown = EXCLUDED.is_shown, is_in_stock = EXCLUDED.is_in_stock, price = EXCLUDED.price,
            category_id = EXCLUDED.category_id, brand_id = EXCLUDED.brand_id, published_at = EXCLUDED.published_at;
        INSERT INTO catalog_searchchange (product_id) SELECT id FROM becomes;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE catalog_searchdocument d SET
            is_shown = n.status = 'live' AND n.deleted_at IS NULL, is_in_stock = n.is_in_stock, price = n.price,
            category_id = n.category_id, brand_id = n.brand_id, published_at = n.published_at
        FROM becomes n JOIN was o USING (id)
        WHERE d.product_id = n.id
            AND (o.status, o.deleted_at, o.is_in_stock, o.price, o.category_id, o.brand_id, o.published_at)
            IS DISTINCT FROM
            (n.status, n.deleted_at, n.is_in_stock, n.price, n.category_id, n.brand_id, n.published_at);
        INSERT INTO catalog_searchchange (product_id)
        SELECT n.id FROM becomes n JOIN was o USING (id)
        WHERE (o.name, o.name_translations, o.description, o.description_translations, o.attributes, o.external_id,
               o.category_id, o.brand_id) IS DISTINCT FROM
              (n.name, n.name_translations, n.description, n.description_translations, n.attributes, n.external_id,
               n.category_id, n.brand_id);
    ELSE
        DELETE FROM catalog_searchdocument d USING was WHERE d.product_id = was.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_product_made AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_product();
CREATE TRIGGER search_product_changed AFTER UPDATE ON catalog_product
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_product();
CREATE TRIGGER search_product_gone AFTER DELETE ON catalog_product REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_product();

CREATE FUNCTION catalog_search_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM becomes;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO catalog_searchchange (product_id)
        SELECT DISTINCT p FROM becomes n JOIN was o USING (id), LATERAL (VALUES (o.product_id), (n.product_id)) x (p)
        WHERE (o.sku, o.options, o.options_translations, o.barcode, o.external_id, o.product_id)
            IS DISTINCT FROM (n.sku, n.options, n.options_translations, n.barcode, n.external_id, n.product_id);
    ELSE
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM was;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_variant_made AFTER INSERT ON catalog_variant REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variant();
CREATE TRIGGER search_variant_changed AFTER UPDATE ON catalog_variant
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variant();
CREATE TRIGGER search_variant_gone AFTER DELETE ON catalog_variant REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variant();

CREATE FUNCTION catalog_search_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM becomes;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO catalog_searchchange (product_id) SELECT DISTINCT product_id FROM was;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_tag_made AFTER INSERT ON catalog_producttag REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_tag();
CREATE TRIGGER search_tag_changed AFTER UPDATE ON catalog_producttag
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_tag();
CREATE TRIGGER search_tag_gone AFTER DELETE ON catalog_producttag REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_tag();

CREATE FUNCTION catalog_search_brand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_searchchange (product_id) SELECT id FROM catalog_product WHERE brand_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER search_brand_changed AFTER UPDATE ON catalog_brand FOR EACH ROW
WHEN ((OLD.name, OLD.name_translations) IS DISTINCT FROM (NEW.name, NEW.name_translations))
EXECUTE FUNCTION catalog_search_brand();

CREATE FUNCTION catalog_search_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_searchchange (product_id)
    SELECT p.id FROM catalog_product p JOIN catalog_category c ON c.id = p.category_id
    WHERE c.path LIKE NEW.path || '%';
    RETURN NULL;
END $$;
CREATE TRIGGER search_category_changed AFTER UPDATE ON catalog_category FOR EACH ROW
WHEN ((OLD.name, OLD.name_translations, OLD.path) IS DISTINCT FROM (NEW.name, NEW.name_translations, NEW.path))
EXECUTE FUNCTION catalog_search_category();
"""

UNWATCH = """
DROP TRIGGER search_category_changed ON catalog_category;
DROP TRIGGER search_brand_changed ON catalog_brand;
DROP TRIGGER search_tag_gone ON catalog_producttag;
DROP TRIGGER search_tag_changed ON catalog_producttag;
DROP TRIGGER search_tag_made ON catalog_producttag;
DROP TRIGGER search_variant_gone ON catalog_variant;
DROP TRIGGER search_variant_changed ON catalog_variant;
DROP TRIGGER search_variant_made ON catalog_variant;
DROP TRIGGER search_product_gone ON catalog_product;
DROP TRIGGER search_product_changed ON catalog_product;
DROP TRIGGER search_product_made ON catalog_product;
DROP FUNCTION catalog_search_category();
DROP FUNCTION catalog_search_brand();
DROP FUNCTION catalog_search_tag();
DROP FUNCTION catalog_search_variant();
DROP FUNCTION catalog_search_product();
"""


class Migration(migrations.Migration):
    replaces = [("catalog", "0015_search_triggers")]
    dependencies = [("catalog", "0003_prices_and_stock_in_the_ledger")]

    operations = [
        migrations.RunSQL(TABLE, migrations.RunSQL.noop),
        migrations.RunSQL(WATCH, UNWATCH),
    ]
