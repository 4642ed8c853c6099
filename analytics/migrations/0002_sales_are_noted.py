"""Whatever changes what was sold notes whose sale it is and when: orders that are paid, their lines, refunds, and orders
that move to another customer. Statement by statement, so that nobody waits for anybody and a bulk change is one insert.

Rows of other tables are looked up one by one through their key (OFFSET 0): a plan that was made for a bulk change and
kept for the session would read whole tables for a single order.

Notes say which sale they are about, and whether it is new: that can be added instead of counting a day anew.
"""

from django.db import migrations

ORDERS = """
CREATE FUNCTION analytics_touch_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id, is_new)
    SELECT customer_id, paid_at, id, TG_OP = 'INSERT' FROM touched WHERE paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION analytics_touch_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id, is_new)
    SELECT DISTINCT x.customer_id, x.moment, t.id, b.paid_at IS NULL
    FROM touched t JOIN before b USING (id),
        LATERAL (VALUES (b.customer_id, b.paid_at), (t.customer_id, t.paid_at)) AS x (customer_id, moment)
    WHERE x.moment IS NOT NULL
        AND (t.customer_id, t.paid_at, t.paid_total, t.base_rate, t.lines_total, t.shipping, t.channel, t.country)
            IS DISTINCT FROM
            (b.customer_id, b.paid_at, b.paid_total, b.base_rate, b.lines_total, b.shipping, b.channel, b.country);
    INSERT INTO analytics_touchedsale (customer_id, moment, refund_id)
    SELECT DISTINCT x.customer_id, r.refunded_at, r.id
    FROM touched t JOIN before b USING (id)
        CROSS JOIN LATERAL (SELECT * FROM catalog_refund WHERE order_id = t.id OFFSET 0) r,
        LATERAL (VALUES (coalesce(b.customer_id, r.customer_id)), (coalesce(t.customer_id, r.customer_id)))
            AS x (customer_id)
    WHERE (t.customer_id, t.base_rate, t.channel, t.country)
        IS DISTINCT FROM (b.customer_id, b.base_rate, b.channel, b.country);
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_orders_added AFTER INSERT ON catalog_order
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_orders();
CREATE TRIGGER analytics_orders_removed AFTER DELETE ON catalog_order
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_orders();
CREATE TRIGGER analytics_orders_changed AFTER UPDATE ON catalog_order
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_changed_orders();
"""

NO_ORDERS = """
DROP TRIGGER analytics_orders_added ON catalog_order;
DROP TRIGGER analytics_orders_removed ON catalog_order;
DROP TRIGGER analytics_orders_changed ON catalog_order;
DROP FUNCTION analytics_touch_orders();
DROP FUNCTION analytics_touch_changed_orders();
"""

LINES = """
CREATE FUNCTION analytics_touch_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id)
    SELECT o.customer_id, o.paid_at, o.id
    FROM (SELECT DISTINCT order_id FROM touched) l
        CROSS JOIN LATERAL (SELECT * FROM catalog_order WHERE id = l.order_id OFFSET 0) o
    WHERE o.paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION analytics_touch_changed_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id)
    SELECT o.customer_id, o.paid_at, o.id
    FROM (
        SELECT DISTINCT x.order_id FROM touched t JOIN before b USING (id),
            LATERAL (VALUES (b.order_id), (t.order_id)) AS x (order_id)
        WHERE (t.order_id, t.product_id, t.quantity, t.unit_price, t.discount)
            IS DISTINCT FROM (b.order_id, b.product_id, b.quantity, b.unit_price, b.discount)
    ) l CROSS JOIN LATERAL (SELECT * FROM catalog_order WHERE id = l.order_id OFFSET 0) o
    WHERE o.paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_lines_added AFTER INSERT ON catalog_orderline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_lines();
CREATE TRIGGER analytics_lines_removed AFTER DELETE ON catalog_orderline
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_lines();
CREATE TRIGGER analytics_lines_changed AFTER UPDATE ON catalog_orderline
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_changed_lines();
"""

NO_LINES = """
DROP TRIGGER analytics_lines_added ON catalog_orderline;
DROP TRIGGER analytics_lines_removed ON catalog_orderline;
DROP TRIGGER analytics_lines_changed ON catalog_orderline;
DROP FUNCTION analytics_touch_lines();
DROP FUNCTION analytics_touch_changed_lines();
"""

REFUNDS = """
CREATE FUNCTION analytics_touch_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, refund_id, is_new)
    SELECT coalesce(o.customer_id, r.customer_id), r.refunded_at, r.id, TG_OP = 'INSERT'
    FROM touched r LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = r.order_id OFFSET 0) o ON true;
    RETURN NULL;
END $$;
CREATE FUNCTION analytics_touch_changed_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, refund_id)
    SELECT DISTINCT coalesce(o.customer_id, x.customer_id), x.refunded_at, x.id
    FROM (
        SELECT y.* FROM touched t JOIN before b USING (id), LATERAL (VALUES
            (b.id, b.order_id, b.customer_id, b.refunded_at), (t.id, t.order_id, t.customer_id, t.refunded_at)
        ) AS y (id, order_id, customer_id, refunded_at)
        WHERE (t.order_id, t.customer_id, t.product_id, t.quantity, t.amount, t.currency, t.refunded_at) IS DISTINCT FROM
            (b.order_id, b.customer_id, b.product_id, b.quantity, b.amount, b.currency, b.refunded_at)
    ) x LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = x.order_id OFFSET 0) o ON true;
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_refunds_added AFTER INSERT ON catalog_refund
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_refunds();
CREATE TRIGGER analytics_refunds_removed AFTER DELETE ON catalog_refund
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_refunds();
CREATE TRIGGER analytics_refunds_changed AFTER UPDATE ON catalog_refund
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_changed_refunds();
"""

NO_REFUNDS = """
DROP TRIGGER analytics_refunds_added ON catalog_refund;
DROP TRIGGER analytics_refunds_removed ON catalog_refund;
DROP TRIGGER analytics_refunds_changed ON catalog_refund;
DROP FUNCTION analytics_touch_refunds();
DROP FUNCTION analytics_touch_changed_refunds();
"""


class Migration(migrations.Migration):
    replaces = [
        ("analytics", "0003_sales_note_themselves"),
        ("analytics", "0005_sales_note_where"),
        ("analytics", "0014_new_sales"),
    ]
    dependencies = [("analytics", "0001_all_tables"), ("catalog", "0009_ids_of_customers")]

    operations = [
        migrations.RunSQL(ORDERS, NO_ORDERS),
        migrations.RunSQL(LINES, NO_LINES),
        migrations.RunSQL(REFUNDS, NO_REFUNDS),
    ]
