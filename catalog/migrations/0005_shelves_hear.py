"""Which products changed for those who show them, whoever wrote (ORM, COPY, an operator's psql): see catalog.showcase.

Rows are only added, so writers never wait for each other. A row carries the number of its transaction: a reader that
remembers the oldest one still open at its last look misses nothing, however late a transaction ends.
"""

from django.db import migrations

NOTE = """
CREATE TABLE catalog_productchange (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    product_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX productchange_xid ON catalog_productchange (xid);

CREATE FUNCTION catalog_note_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO catalog_productchange (product_id) SELECT id FROM becomes;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO catalog_productchange (product_id) SELECT id FROM was;
    ELSE
        INSERT INTO catalog_productchange (product_id)
        SELECT n.id FROM was o JOIN becomes n USING (id)
        WHERE (o.status, o.deleted_at, o.is_in_stock, o.price, o.name, o.name_translations, o.external_id,
               o.public_id, o.published_at, o.category_id, o.brand_id)
            IS DISTINCT FROM (n.status, n.deleted_at, n.is_in_stock, n.price, n.name, n.name_translations,
               n.external_id, n.public_id, n.published_at, n.category_id, n.brand_id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION catalog_note_picture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO catalog_productchange (product_id) SELECT DISTINCT product_id FROM was;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO catalog_productchange (product_id) SELECT DISTINCT product_id FROM becomes;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER note_product_made AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_product();
CREATE TRIGGER note_product_changed AFTER UPDATE ON catalog_product
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_product();
CREATE TRIGGER note_product_gone AFTER DELETE ON catalog_product REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_product();
CREATE TRIGGER note_picture_made AFTER INSERT ON catalog_productimage REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
CREATE TRIGGER note_picture_changed AFTER UPDATE ON catalog_productimage
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
CREATE TRIGGER note_picture_gone AFTER DELETE ON catalog_productimage REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
"""

FORGET = """
DROP TRIGGER note_picture_gone ON catalog_productimage;
DROP TRIGGER note_picture_changed ON catalog_productimage;
DROP TRIGGER note_picture_made ON catalog_productimage;
DROP TRIGGER note_product_gone ON catalog_product;
DROP TRIGGER note_product_changed ON catalog_product;
DROP TRIGGER note_product_made ON catalog_product;
DROP FUNCTION catalog_note_picture();
DROP FUNCTION catalog_note_product();
DROP TABLE catalog_productchange;
"""


class Migration(migrations.Migration):
    replaces = [("catalog", "0020_showcase"), ("catalog", "0023_note_groups")]
    dependencies = [("catalog", "0004_search_hears")]

    operations = [
        migrations.RunSQL(NOTE, FORGET),
    ]
