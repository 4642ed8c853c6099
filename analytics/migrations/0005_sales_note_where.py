"""An order that moves to another channel or country moves its part of the day's sales."""

from django.db import migrations

WITH_PLACE = """
CREATE OR REPLACE FUNCTION analytics_touch_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT x.customer_id, x.moment
    FROM touched t JOIN before b USING (id),
        LATERAL (VALUES (b.customer_id, b.paid_at), (t.customer_id, t.paid_at)) AS x (customer_id, moment)
    WHERE x.moment IS NOT NULL
        AND (t.customer_id, t.paid_at, t.paid_total, t.base_rate, t.lines_total, t.shipping, t.channel, t.country)
            IS DISTINCT FROM
            (b.customer_id, b.paid_at, b.paid_total, b.base_rate, b.lines_total, b.shipping, b.channel, b.country);
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT x.customer_id, r.refunded_at
    FROM touched t JOIN before b USING (id)
        CROSS JOIN LATERAL (SELECT * FROM catalog_refund WHERE order_id = t.id OFFSET 0) r,
        LATERAL (VALUES (coalesce(b.customer_id, r.customer_id)), (coalesce(t.customer_id, r.customer_id)))
            AS x (customer_id)
    WHERE (t.customer_id, t.base_rate, t.channel, t.country)
        IS DISTINCT FROM (b.customer_id, b.base_rate, b.channel, b.country);
    RETURN NULL;
END $$;
"""
WITHOUT_PLACE = """
CREATE OR REPLACE FUNCTION analytics_touch_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT x.customer_id, x.moment
    FROM touched t JOIN before b USING (id),
        LATERAL (VALUES (b.customer_id, b.paid_at), (t.customer_id, t.paid_at)) AS x (customer_id, moment)
    WHERE x.moment IS NOT NULL
        AND (t.customer_id, t.paid_at, t.paid_total, t.base_rate, t.lines_total, t.shipping)
            IS DISTINCT FROM (b.customer_id, b.paid_at, b.paid_total, b.base_rate, b.lines_total, b.shipping);
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT x.customer_id, r.refunded_at
    FROM touched t JOIN before b USING (id)
        CROSS JOIN LATERAL (SELECT * FROM catalog_refund WHERE order_id = t.id OFFSET 0) r,
        LATERAL (VALUES (coalesce(b.customer_id, r.customer_id)), (coalesce(t.customer_id, r.customer_id)))
            AS x (customer_id)
    WHERE (t.customer_id, t.base_rate) IS DISTINCT FROM (b.customer_id, b.base_rate);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_sales_part")]

    operations = [migrations.RunSQL(WITH_PLACE, WITHOUT_PLACE)]
