"""Prices, stock and consent stand in the ledger, whoever writes them (ORM, import, an operator's psql).

One entry for each price or stock that differs afterwards; a new product or variant enters with what it starts with.
A statement that changes 100,000 rows enters them in one statement too.
"""

from django.db import migrations

WATCH = """
CREATE FUNCTION catalog_ledger_product() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- Most updates touch no price: look before anything is made ready.
        PERFORM 1 FROM was o JOIN becomes n USING (id) WHERE o.price IS DISTINCT FROM n.price LIMIT 1;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    who := core_ledger_actor();
    IF TG_OP = 'INSERT' THEN
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT 'price', 'catalog.product:' || id, who,
            jsonb_build_object('after', jsonb_build_object('price', trim_scale(price)::text))::text, clock_timestamp()
        FROM becomes ORDER BY id;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT 'price', 'catalog.product:' || id, who,
            jsonb_build_object('before', jsonb_build_object('price', trim_scale(o.price)::text),
                               'after', jsonb_build_object('price', trim_scale(n.price)::text))::text,
            clock_timestamp()
        FROM was o JOIN becomes n USING (id) WHERE o.price IS DISTINCT FROM n.price ORDER BY id;
    ELSE
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT 'price', 'catalog.product:' || id, who,
            jsonb_build_object('before', jsonb_build_object('price', trim_scale(price)::text))::text, clock_timestamp()
        FROM was ORDER BY id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION catalog_ledger_variant() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM 1 FROM was o JOIN becomes n USING (id)
        WHERE o.price IS DISTINCT FROM n.price OR o.stock <> n.stock LIMIT 1;
        IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    who := core_ledger_actor();
    IF TG_OP = 'INSERT' THEN
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT w.kind, 'catalog.variant:' || n.id, who,
            jsonb_build_object('sku', n.sku, 'after', w.body)::text, clock_timestamp()
        FROM becomes n, LATERAL (VALUES
            ('price', jsonb_build_object('price', trim_scale(n.price)::text), n.price IS NOT NULL),
            ('stock', jsonb_build_object('stock', n.stock), n.stock <> 0)
        ) w (kind, body, is_told) WHERE w.is_told ORDER BY n.id;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT w.kind, 'catalog.variant:' || id, who,
            jsonb_build_object('sku', n.sku, 'before', w.old, 'after', w.new)::text, clock_timestamp()
        FROM was o JOIN becomes n USING (id), LATERAL (VALUES
            ('price', jsonb_build_object('price', trim_scale(o.price)::text),
             jsonb_build_object('price', trim_scale(n.price)::text), o.price IS DISTINCT FROM n.price),
            ('stock', jsonb_build_object('stock', o.stock), jsonb_build_object('stock', n.stock), o.stock <> n.stock)
        ) w (kind, old, new, is_told) WHERE w.is_told ORDER BY id;
    ELSE
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT w.kind, 'catalog.variant:' || o.id, who,
            jsonb_build_object('sku', o.sku, 'before', w.body)::text, clock_timestamp()
        FROM was o, LATERAL (VALUES
            ('price', jsonb_build_object('price', trim_scale(o.price)::text), o.price IS NOT NULL),
            ('stock', jsonb_build_object('stock', o.stock), o.stock <> 0)
        ) w (kind, body, is_told) WHERE w.is_told ORDER BY o.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_product_made AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_product();
CREATE TRIGGER ledger_product_changed AFTER UPDATE ON catalog_product
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_product();
CREATE TRIGGER ledger_product_gone AFTER DELETE ON catalog_product REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_product();

CREATE TRIGGER ledger_variant_made AFTER INSERT ON catalog_variant REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_variant();
CREATE TRIGGER ledger_variant_changed AFTER UPDATE ON catalog_variant
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_variant();
CREATE TRIGGER ledger_variant_gone AFTER DELETE ON catalog_variant REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_ledger_variant();

-- Consent is given by default, so only its refusal and its changes are told.
CREATE TRIGGER ledger_customer_made AFTER INSERT ON catalog_customer FOR EACH ROW WHEN (NOT NEW.is_personalised)
EXECUTE FUNCTION core_ledger_watch('consent', 'catalog.customer', 'id', 'is_personalised');
CREATE TRIGGER ledger_customer_changed AFTER UPDATE ON catalog_customer FOR EACH ROW
WHEN (OLD.is_personalised <> NEW.is_personalised)
EXECUTE FUNCTION core_ledger_watch('consent', 'catalog.customer', 'id', 'is_personalised');
CREATE TRIGGER ledger_visitor_made AFTER INSERT ON catalog_visitor FOR EACH ROW WHEN (NOT NEW.may_track)
EXECUTE FUNCTION core_ledger_watch('consent', 'catalog.visitor', 'id', 'may_track');
CREATE TRIGGER ledger_visitor_changed AFTER UPDATE ON catalog_visitor FOR EACH ROW
WHEN (OLD.may_track <> NEW.may_track)
EXECUTE FUNCTION core_ledger_watch('consent', 'catalog.visitor', 'id', 'may_track');
"""

UNWATCH = """
DROP TRIGGER ledger_visitor_changed ON catalog_visitor;
DROP TRIGGER ledger_visitor_made ON catalog_visitor;
DROP TRIGGER ledger_customer_changed ON catalog_customer;
DROP TRIGGER ledger_customer_made ON catalog_customer;
DROP TRIGGER ledger_variant_gone ON catalog_variant;
DROP TRIGGER ledger_variant_changed ON catalog_variant;
DROP TRIGGER ledger_variant_made ON catalog_variant;
DROP TRIGGER ledger_product_gone ON catalog_product;
DROP TRIGGER ledger_product_changed ON catalog_product;
DROP TRIGGER ledger_product_made ON catalog_product;
DROP FUNCTION catalog_ledger_variant();
DROP FUNCTION catalog_ledger_product();
"""

# Emptying them has to leave its entries in the ledger.
REFUSING = ("catalog_product", "catalog_variant")

REFUSE = "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON {} EXECUTE FUNCTION core_ledger_no_truncate()"

ALLOW = "DROP TRIGGER ledger_no_truncate ON {}"


class Migration(migrations.Migration):
    replaces = [("catalog", "0006_ledger_watch"), ("catalog", "0007_no_truncate")]
    dependencies = [("catalog", "0002_states_of_stock"), ("core", "0002_ledger_of_changes")]

    operations = [
        migrations.RunSQL(WATCH, UNWATCH),
        *[migrations.RunSQL(REFUSE.format(table), ALLOW.format(table)) for table in REFUSING],
    ]
