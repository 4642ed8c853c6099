"""Whatever changes what a day of recommendations says notes the hour: acts with a recommendation's id, paid orders, and
browsers that turn out to belong to a customer. One row for each statement and hour, so nobody waits for anybody."""

from django.db import migrations

ACTS = """
CREATE FUNCTION recommender_touch_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recommender_touchedhour (hour, is_order)
    SELECT DISTINCT date_trunc('hour', occurred_at), false FROM touched WHERE context ? 'recommendation';
    RETURN NULL;
END $$;
CREATE TRIGGER recommender_acts_added AFTER INSERT ON catalog_interaction
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_acts();
CREATE TRIGGER recommender_acts_removed AFTER DELETE ON catalog_interaction
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_acts();
CREATE TRIGGER recommender_acts_changed AFTER UPDATE ON catalog_interaction
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_acts();
"""

NO_ACTS = """
DROP TRIGGER recommender_acts_added ON catalog_interaction;
DROP TRIGGER recommender_acts_removed ON catalog_interaction;
DROP TRIGGER recommender_acts_changed ON catalog_interaction;
DROP FUNCTION recommender_touch_acts();
"""

ORDERS = """
CREATE FUNCTION recommender_touch_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recommender_touchedhour (hour, is_order)
    SELECT DISTINCT date_trunc('hour', paid_at), true FROM touched WHERE paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION recommender_touch_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recommender_touchedhour (hour, is_order)
    SELECT DISTINCT date_trunc('hour', moment), true
    FROM touched t JOIN before b USING (id), unnest(ARRAY[t.paid_at, b.paid_at]) AS moment
    WHERE moment IS NOT NULL AND (t.paid_at, t.status, t.paid_total, t.refunded_total, t.customer_id, t.base_rate,
        t.placed_at) IS DISTINCT FROM (b.paid_at, b.status, b.paid_total, b.refunded_total, b.customer_id, b.base_rate,
        b.placed_at);
    RETURN NULL;
END $$;
CREATE TRIGGER recommender_orders_added AFTER INSERT ON catalog_order
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_orders();
CREATE TRIGGER recommender_orders_removed AFTER DELETE ON catalog_order
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_orders();
CREATE TRIGGER recommender_orders_changed AFTER UPDATE ON catalog_order
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_changed_orders();
"""

NO_ORDERS = """
DROP TRIGGER recommender_orders_added ON catalog_order;
DROP TRIGGER recommender_orders_removed ON catalog_order;
DROP TRIGGER recommender_orders_changed ON catalog_order;
DROP FUNCTION recommender_touch_orders();
DROP FUNCTION recommender_touch_changed_orders();
"""

BROWSERS = """
CREATE FUNCTION recommender_touch_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recommender_touchedhour (hour, is_order)
    SELECT DISTINCT date_trunc('hour', o.paid_at), true
    FROM touched t JOIN before b USING (id) JOIN catalog_order o ON o.customer_id IN (t.customer_id, b.customer_id)
    WHERE t.customer_id IS DISTINCT FROM b.customer_id AND o.paid_at >= t.first_seen_at - interval '2 days';
    RETURN NULL;
END $$;
CREATE TRIGGER recommender_browsers_joined AFTER UPDATE ON catalog_visitor
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION recommender_touch_joined();
"""

NO_BROWSERS = """
DROP TRIGGER recommender_browsers_joined ON catalog_visitor;
DROP FUNCTION recommender_touch_joined();
"""


class Migration(migrations.Migration):
    replaces = [("recommender", "0004_touched_hours")]
    dependencies = [("recommender", "0002_places_to_begin_with"), ("catalog", "0009_ids_of_customers")]

    operations = [
        migrations.RunSQL(ACTS, NO_ACTS),
        migrations.RunSQL(ORDERS, NO_ORDERS),
        migrations.RunSQL(BROWSERS, NO_BROWSERS),
    ]
