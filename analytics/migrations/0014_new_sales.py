"""Notes say which sale they are about, and whether it is new: that can be added instead of counting a day anew."""

from django.db import migrations, models

OF_THE_SALE = """
CREATE OR REPLACE FUNCTION analytics_touch_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id, is_new)
    SELECT customer_id, paid_at, id, TG_OP = 'INSERT' FROM touched WHERE paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION analytics_touch_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, order_id)
    SELECT o.customer_id, o.paid_at, o.id
    FROM (SELECT DISTINCT order_id FROM touched) l
        CROSS JOIN LATERAL (SELECT * FROM catalog_order WHERE id = l.order_id OFFSET 0) o
    WHERE o.paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_changed_lines() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION analytics_touch_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment, refund_id, is_new)
    SELECT coalesce(o.customer_id, r.customer_id), r.refunded_at, r.id, TG_OP = 'INSERT'
    FROM touched r LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = r.order_id OFFSET 0) o ON true;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_changed_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
OF_THE_CUSTOMER = """
CREATE OR REPLACE FUNCTION analytics_touch_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT customer_id, paid_at FROM touched WHERE paid_at IS NOT NULL;
    RETURN NULL;
END $$;
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
CREATE OR REPLACE FUNCTION analytics_touch_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT o.customer_id, o.paid_at
    FROM (SELECT DISTINCT order_id FROM touched) l
        CROSS JOIN LATERAL (SELECT * FROM catalog_order WHERE id = l.order_id OFFSET 0) o
    WHERE o.paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_changed_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT o.customer_id, o.paid_at
    FROM (
        SELECT DISTINCT x.order_id FROM touched t JOIN before b USING (id),
            LATERAL (VALUES (b.order_id), (t.order_id)) AS x (order_id)
        WHERE (t.order_id, t.product_id, t.quantity, t.unit_price, t.discount)
            IS DISTINCT FROM (b.order_id, b.product_id, b.quantity, b.unit_price, b.discount)
    ) l CROSS JOIN LATERAL (SELECT * FROM catalog_order WHERE id = l.order_id OFFSET 0) o
    WHERE o.paid_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT coalesce(o.customer_id, r.customer_id), r.refunded_at
    FROM touched r LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = r.order_id OFFSET 0) o ON true;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION analytics_touch_changed_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedsale (customer_id, moment)
    SELECT DISTINCT coalesce(o.customer_id, x.customer_id), x.refunded_at
    FROM (
        SELECT y.* FROM touched t JOIN before b USING (id), LATERAL (VALUES
            (b.order_id, b.customer_id, b.refunded_at), (t.order_id, t.customer_id, t.refunded_at)
        ) AS y (order_id, customer_id, refunded_at)
        WHERE (t.order_id, t.customer_id, t.product_id, t.quantity, t.amount, t.currency, t.refunded_at) IS DISTINCT FROM
            (b.order_id, b.customer_id, b.product_id, b.quantity, b.amount, b.currency, b.refunded_at)
    ) x LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = x.order_id OFFSET 0) o ON true;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0013_models_and_forecasts")]

    operations = [
        migrations.AddField("touchedsale", "order_id", models.BigIntegerField(null=True)),
        migrations.AddField("touchedsale", "refund_id", models.BigIntegerField(null=True)),
        migrations.AddField("touchedsale", "is_new", models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(OF_THE_SALE, OF_THE_CUSTOMER),
    ]
