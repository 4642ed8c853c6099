"""Sales that are new since the last count are added to the figures, where adding gives what counting anew would.

Amounts are rounded sale by sale and summed as whole numbers, so a sum that is added to is the sum. A new order is added
when its customer bought nothing after its day: then the day on which the customer bought last tells whether a day, week
or month is their first. Orders that come late and orders of somebody who so far only gave back are left to be counted
whole, like everything that changed.

A sale is new from the note on that says so: nobody counted it before, so it is added as it stands now, and what later
notes say about it says nothing more. The figures have to be those of the last count; what changed since among other
sales is counted whole afterwards and writes over.
"""

from typing import Any

from django.db import connection

from analytics.facts import statements as sql
from analytics.facts.tables import CELLS, DAILY, MONTHS, PARTS, PRODUCTS, STATS

TEMPORARY = ("zg_note", "zg_new")

NOTES = """
CREATE TEMP TABLE zg_note (id bigint, customer_id bigint, moment timestamptz, sale bigint, is_new boolean)
    ON COMMIT DROP;
WITH taken AS (DELETE FROM analytics_touchedsale RETURNING *)
INSERT INTO zg_note SELECT id, customer_id, moment, coalesce(order_id, -refund_id), is_new FROM taken;
ANALYZE zg_note (sale)
"""
"""`sale` names an order by its number and a refund by its number below zero."""
SPAN = """
SELECT coalesce(min(sale), 0), coalesce(max(sale), 0), count(DISTINCT sale) FROM zg_note WHERE is_new AND sale > 0
"""
# Orders by the range of their numbers, as a value: new ones mostly lie beside each other, and so the planner knows how
# many they are. Everything else is looked up one by one through its key (OFFSET 0): few among very many. What is found
# lies by customer and day, the order in which the tables below want it.
NEW = f"""
CREATE TEMP TABLE zg_new ON COMMIT DROP AS
WITH first AS (SELECT sale, min(id) AS since FROM zg_note WHERE is_new GROUP BY sale),
found AS (
    SELECT f.sale, f.since, o.customer_id, o.paid_at AT TIME ZONE %(zone)s AS moment, o.channel, o.country,
        1 AS orders, {{items}}::bigint AS items, {sql.PAID} AS gross, 0 AS refunds, 0::bigint AS refunded,
        o.paid_total, o.lines_total, o.shipping, o.base_rate
    FROM first f JOIN catalog_order o ON o.id = f.sale {{items_from}}
    WHERE o.id BETWEEN %(first)s AND %(last)s AND o.paid_at IS NOT NULL
    UNION ALL
    SELECT f.sale, f.since, {sql.REFUNDED_TO}, r.refunded_at AT TIME ZONE %(zone)s, coalesce(o.channel, ''),
        coalesce(o.country, ''), 0, 0, 0, 1, {sql.BACK}, NULL, NULL, NULL, NULL
    FROM first f CROSS JOIN LATERAL (SELECT * FROM catalog_refund WHERE id = -f.sale OFFSET 0) r
        LEFT JOIN LATERAL (SELECT * FROM catalog_order WHERE id = r.order_id OFFSET 0) o ON true
    WHERE f.sale < 0
)
SELECT f.*, moment::date AS day, {sql.WEEK_OF.format("moment::date")} AS week,
    {sql.MONTH_OF.format("moment")} AS month, s.first_day AS first_before, s.last_day AS last_before
FROM (SELECT * FROM found WHERE gross >= 0 AND refunded >= 0 ORDER BY customer_id, moment) f
    LEFT JOIN LATERAL (SELECT * FROM analytics_customerstats WHERE customer_id = f.customer_id OFFSET 0) s ON true
WHERE CASE
    WHEN f.orders = 0 OR f.customer_id IS NULL THEN true
    WHEN s.customer_id IS NULL THEN
        NOT EXISTS (SELECT 1 FROM analytics_customermonth m WHERE m.customer_id = f.customer_id OFFSET 0)
    ELSE moment::date >= s.last_day END;
ANALYZE zg_new (customer_id, day, orders, sale)
"""  # noqa: S608
DENSE = 4
"""New orders lie beside each other when at least every so manieth number from the first to the last is one of them."""
ONE_BY_ONE = {
    "items": sql.ITEMS_OF_ORDER,
    "items_from": "",
    "lines": "CROSS JOIN LATERAL (SELECT * FROM catalog_orderline WHERE order_id = o.sale OFFSET 0) l",
}
IN_ONE_GO = {
    "items": "coalesce(l.items, 0)",
    "items_from": """LEFT JOIN (SELECT order_id, sum(quantity) AS items FROM catalog_orderline
        WHERE order_id BETWEEN %(first)s AND %(last)s GROUP BY order_id) l ON l.order_id = o.id""",
    "lines": """JOIN (SELECT * FROM catalog_orderline WHERE order_id BETWEEN %(first)s AND %(last)s) l
        ON l.order_id = o.sale""",
}
"""Lines of orders that lie beside each other are read as they lie, which takes a third of looking each order up."""
REST = """
INSERT INTO zg_touched SELECT DISTINCT customer_id, {day} FROM zg_note n
WHERE NOT EXISTS (SELECT 1 FROM zg_new w WHERE w.sale = n.sale AND w.since <= n.id)
""".format(day=sql.day("moment"))  # noqa: S608

# --- what the new sales come to ------------------------------------------------------------------------------------

IS_FIRST_OF_DAY = "orders > 0 AND (last_before IS NULL OR last_before < day)"
MONTHS_MORE = f"""
SELECT customer_id, month, sum(orders) AS orders, count(DISTINCT day) FILTER (WHERE {IS_FIRST_OF_DAY}) AS purchase_days,
    sum(items) AS items, sum(gross) AS gross, sum(refunds) AS refunds, sum(refunded) AS refunded,
    sum(gross - refunded) AS revenue, min(day) FILTER (WHERE orders > 0) AS first_day,
    max(day) FILTER (WHERE orders > 0) AS last_day
FROM zg_new WHERE customer_id IS NOT NULL GROUP BY customer_id, month
"""  # noqa: S608
# Whoever only gives back and never bought stands in months alone.
STATS_MORE = f"""
SELECT customer_id, sum(orders) AS orders, count(DISTINCT day) FILTER (WHERE {IS_FIRST_OF_DAY}) AS purchase_days,
    sum(items) AS items, sum(gross) AS gross, sum(refunds) AS refunds, sum(refunded) AS refunded,
    sum(gross - refunded) AS revenue, coalesce(min(first_before), min(day) FILTER (WHERE orders > 0)) AS first_day,
    coalesce(max(day) FILTER (WHERE orders > 0), max(last_before)) AS last_day
FROM zg_new WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING sum(orders) > 0 OR min(first_before) IS NOT NULL
"""  # noqa: S608
NEWCOMERS = """
SELECT customer_id, min(day) AS first_day FROM zg_new
WHERE first_before IS NULL AND orders > 0 AND customer_id IS NOT NULL GROUP BY customer_id
"""
DAILY_MORE = f"""
SELECT day, orders, buyers, coalesce(new_buyers, 0) AS new_buyers, guest_orders, items, gross, refunds, refunded,
    gross - refunded AS revenue
FROM (
    SELECT day, sum(orders) AS orders, count(DISTINCT customer_id) FILTER (WHERE {IS_FIRST_OF_DAY}) AS buyers,
        coalesce(sum(orders) FILTER (WHERE customer_id IS NULL), 0) AS guest_orders, sum(items) AS items,
        sum(gross) AS gross, sum(refunds) AS refunds, sum(refunded) AS refunded
    FROM zg_new GROUP BY day
) d LEFT JOIN (SELECT first_day AS day, count(*) AS new_buyers FROM ({NEWCOMERS}) n GROUP BY first_day) n USING (day)
"""  # noqa: S608
PRODUCTS_MORE = f"""
SELECT day, product_id, count(DISTINCT sale) AS orders, sum(items) AS items, sum(gross) AS gross,
    sum(returned) AS returned, sum(refunded) AS refunded
FROM (
    SELECT o.day, l.product_id, o.sale, l.quantity AS items, {sql.WORTH_OF_LINE} AS gross,
        0::bigint AS returned, 0::bigint AS refunded
    FROM zg_new o {{lines}}
    WHERE o.orders = 1 AND l.product_id IS NOT NULL
    UNION ALL
    SELECT n.day, r.product_id, NULL, 0, 0, r.quantity, n.refunded
    FROM zg_new n CROSS JOIN LATERAL (SELECT * FROM catalog_refund WHERE id = -n.sale OFFSET 0) r
    WHERE n.refunds = 1 AND r.product_id IS NOT NULL
) act GROUP BY day, product_id
"""  # noqa: S608


def _grain(period: str, cohort: str) -> str:
    """In a period before which a customer bought last, or never, the customer is one more."""
    is_more = f"orders > 0 AND (last_before IS NULL OR last_before < {period})"
    return f"""
        SELECT cohort, {period} AS period, count(DISTINCT customer_id) FILTER (WHERE {is_more}) AS customers,
            sum(orders) AS orders, sum(gross - refunded) AS revenue
        FROM (
            SELECT n.*, {cohort.format("coalesce(n.first_before, c.first_day)")} AS cohort
            FROM zg_new n LEFT JOIN ({NEWCOMERS}) c USING (customer_id) WHERE customer_id IS NOT NULL
        ) act WHERE {period} >= cohort GROUP BY cohort, {period}
    """  # noqa: S608


CELLS_MORE = sql.cells_of(_grain("week", sql.WEEK_OF), _grain("month", sql.MONTH_OF))


def add_new(values: dict[str, Any]) -> int:
    """Take all notes; add the sales that are new. What is left to be counted whole stands in `zg_touched` as customers
    and days. How many rows changed."""
    with connection.cursor() as cursor:
        cursor.execute(NOTES)
        cursor.execute(SPAN)
        first, last, orders = cursor.fetchone()
        values = values | {"first": first, "last": last}
        how = IN_ONE_GO if last - first < DENSE * orders else ONE_BY_ONE
        cursor.execute(NEW.format(**how), values)
        cursor.execute("CREATE TEMP TABLE zg_touched (customer_id bigint, day date) ON COMMIT DROP")
        cursor.execute(REST, values)
        cursor.execute("SELECT EXISTS (SELECT 1 FROM zg_new)")
        if not cursor.fetchone()[0]:
            return 0
    return (
        MONTHS.add(MONTHS_MORE, values, first_day="LEAST", last_day="GREATEST")
        + STATS.add(STATS_MORE, values, first_day="", last_day="GREATEST")
        + DAILY.add(DAILY_MORE, values)
        + PARTS.add(sql.parts("zg_new"), values)
        + PRODUCTS.add(PRODUCTS_MORE.format(**how), values)
        + CELLS.add(CELLS_MORE, values, is_frozen="")
    )
