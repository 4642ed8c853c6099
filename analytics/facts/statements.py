"""The SQL of the figures: from orders, lines and refunds to what each table should hold.

Every statement is made once and used twice: over everything for a full count, over what was touched for the count of
every few seconds. The pieces put in are SQL of this package, never anything from outside. Parameters: `zone`, `base`
(currency), `week` (the first day of some week of the shop), `today`.
"""

DAY_OF = "({0} AT TIME ZONE %(zone)s)::date"
MONTH_OF = "date_trunc('month', {0}::timestamp)::date"
WEEK_OF = "({0} - mod({0} - %(week)s::date, 7))"
PAID = "CASE WHEN o.base_rate = 1 THEN o.paid_total ELSE o.paid_total * o.base_rate END"
# A refund has the rate of its order; without one it counts in the base currency only, as on the home page.
BACK = "r.amount * CASE WHEN o.id IS NOT NULL THEN o.base_rate WHEN r.currency = %(base)s THEN 1 ELSE 0 END"
REFUNDS = "catalog_refund r LEFT JOIN catalog_order o ON o.id = r.order_id WHERE true"
REFUNDED_TO = "coalesce(o.customer_id, r.customer_id)"
ORDERS = "catalog_order o WHERE o.paid_at IS NOT NULL"
ORDERS_WITH_ITEMS = (
    "catalog_order o LEFT JOIN (SELECT order_id, sum(quantity) AS items FROM catalog_orderline GROUP BY order_id) l"
    " ON l.order_id = o.id WHERE o.paid_at IS NOT NULL"
)
IS_EVEN = "(o.paid_total = o.lines_total + o.shipping AND o.base_rate = 1)"
"""Whether lines of this order count with what stands on them."""
WORTH_OF_LINE = "l.quantity * l.unit_price - l.discount"
ITEMS_OF_ORDER = "coalesce((SELECT sum(quantity) FROM catalog_orderline WHERE order_id = o.id), 0)"
LATEST_OFFSET = 32_767
"""Largest number of periods that a cell can name; orders dated to another millennium are left out of cohorts."""
# Counts are kept as integers between two sums: the sum of sums would be a numeric, which takes five times as long.


def day(moment: str) -> str:
    return DAY_OF.format(moment)


def acts(orders: str, refunds: str, items: str = "0") -> str:
    """Customer-days: what each customer (NULL: all guests together) paid and got back on each day."""
    return f"""
        SELECT customer_id, day, sum(orders)::int AS orders, sum(items)::bigint AS items, sum(gross) AS gross,
            sum(refunds)::int AS refunds, sum(refunded) AS refunded
        FROM (
            SELECT o.customer_id, {day("o.paid_at")} AS day, 1 AS orders, {items} AS items, {PAID} AS gross,
                0 AS refunds, 0::numeric AS refunded
            FROM {orders}
            UNION ALL
            SELECT {REFUNDED_TO}, {day("r.refunded_at")}, 0, 0, 0, 1, {BACK} FROM {refunds}
        ) act GROUP BY customer_id, day
    """  # noqa: S608


def months(acts: str) -> str:
    """Rows of CustomerMonth from customer-days."""
    return f"""
        SELECT customer_id, month, sum(orders)::int AS orders,
            (count(*) FILTER (WHERE orders > 0))::int AS purchase_days, sum(items)::bigint AS items,
            round(sum(gross), 4) AS gross, sum(refunds)::int AS refunds,
            round(sum(refunded), 4) AS refunded, round(sum(gross), 4) - round(sum(refunded), 4) AS revenue,
            min(day) FILTER (WHERE orders > 0) AS first_day, max(day) FILTER (WHERE orders > 0) AS last_day
        FROM (SELECT *, {MONTH_OF.format("day")} AS month FROM {acts} WHERE customer_id IS NOT NULL) act
        GROUP BY customer_id, month
    """  # noqa: S608


def stats(months: str) -> str:
    """Rows of CustomerStats from rows of CustomerMonth."""
    return f"""
        SELECT customer_id, sum(orders) AS orders, sum(purchase_days) AS purchase_days, sum(items) AS items,
            sum(gross) AS gross, sum(refunds) AS refunds, sum(refunded) AS refunded, sum(revenue) AS revenue,
            min(first_day) AS first_day, max(last_day) AS last_day
        FROM {months} GROUP BY customer_id HAVING sum(orders) > 0
    """  # noqa: S608


def products(orders: str, refunds: str) -> str:
    """Rows of ProductDay; those without a product hold what was sold of products that are gone.

    A line counts with its share of what was paid for the order, so that an order's discount falls on its lines.
    """
    share = "o.paid_total / nullif(o.lines_total + o.shipping, 0) * o.base_rate"
    worth = f"CASE WHEN {IS_EVEN} THEN {WORTH_OF_LINE} ELSE coalesce(({WORTH_OF_LINE}) * {share}, 0) END"
    return f"""
        SELECT day, product_id, sum(orders) AS orders, sum(items) AS items, round(sum(gross), 4) AS gross,
            sum(returned) AS returned, round(sum(refunded), 4) AS refunded
        FROM (
            SELECT day, product_id, 1 AS orders, sum(quantity) AS items, sum(worth) AS gross,
                0::bigint AS returned, 0::numeric AS refunded
            FROM (
                SELECT o.id, {day("o.paid_at")} AS day, l.product_id, l.quantity, {worth} AS worth
                FROM catalog_orderline l JOIN (SELECT o.* FROM {orders}) o ON l.order_id = o.id
            ) line GROUP BY id, day, product_id
            UNION ALL
            SELECT {day("r.refunded_at")}, r.product_id, 0, 0, 0, r.quantity, {BACK}
            FROM {refunds} AND r.product_id IS NOT NULL
        ) act GROUP BY day, product_id
    """  # noqa: S608


def daily(acts: str, products: str, newcomers: str) -> str:
    """Rows of DailySales from customer-days, rows of ProductDay and (day, new_buyers)."""
    return f"""
        SELECT day, d.orders, d.buyers, coalesce(n.new_buyers, 0) AS new_buyers, d.guest_orders,
            coalesce(p.items, 0) AS items, d.gross, d.refunds, d.refunded, d.gross - d.refunded AS revenue
        FROM (
            SELECT day, sum(orders) AS orders, count(customer_id) FILTER (WHERE orders > 0) AS buyers,
                coalesce(sum(orders) FILTER (WHERE customer_id IS NULL), 0) AS guest_orders,
                round(sum(gross), 4) AS gross, sum(refunds) AS refunds, round(sum(refunded), 4) AS refunded
            FROM {acts} GROUP BY day
        ) d LEFT JOIN (SELECT day, sum(items) AS items FROM {products} GROUP BY day) p USING (day)
        LEFT JOIN ({newcomers}) n USING (day)
    """  # noqa: S608


def parts(orders: str, refunds: str) -> str:
    """Rows of SalesPart. Orders are read once, into the few groups that all three kinds are added up from."""
    return parts_of(f"""
        SELECT o.paid_at AT TIME ZONE %(zone)s AS moment, o.channel, o.country, 1 AS orders, {PAID} AS gross,
            0::numeric AS refunded
        FROM {orders}
        UNION ALL
        SELECT r.refunded_at AT TIME ZONE %(zone)s, coalesce(o.channel, ''), coalesce(o.country, ''), 0, 0, {BACK}
        FROM {refunds}
    """)  # noqa: S608


def parts_of(sales: str) -> str:
    """The same from (moment on the shop's clock, channel, country, orders, gross, refunded)."""
    return f"""
        SELECT day, CASE WHEN grouping(hour) = 0 THEN 'hour' WHEN grouping(channel) = 0 THEN 'channel'
                ELSE 'country' END AS kind,
            CASE WHEN grouping(hour) = 0 THEN lpad(hour::text, 2, '0') WHEN grouping(channel) = 0 THEN channel
                ELSE country END AS part,
            sum(orders) AS orders, round(sum(gross), 4) AS gross, round(sum(refunded), 4) AS refunded
        FROM (
            SELECT moment::date AS day, date_part('hour', moment)::int AS hour, channel, country,
                sum(orders) AS orders, sum(gross) AS gross, sum(refunded) AS refunded
            FROM ({sales}) act GROUP BY 1, 2, 3, 4
        ) hours GROUP BY GROUPING SETS ((day, hour), (day, channel), (day, country))
    """  # noqa: S608


def newcomers_of(stats: str) -> str:
    return f"SELECT first_day AS day, count(*) AS new_buyers FROM {stats} GROUP BY first_day"  # noqa: S608


def newcomers_among(acts: str) -> str:
    """The same for the days of these customer-days, looked up customer by customer."""
    return f"""SELECT a.day, count(*) AS new_buyers FROM {acts} a
        JOIN analytics_customerstats s ON s.customer_id = a.customer_id AND s.first_day = a.day
        WHERE a.orders > 0 GROUP BY a.day"""  # noqa: S608


def cells(months: str, weeks: str, stats: str) -> str:
    """Rows of CohortCell. `months` and `weeks` give (customer_id, period, orders, gross, refunded), of months one row
    for a customer's period."""

    def grain(periods: str, cohort: str, customers: str) -> str:
        return f"""
            SELECT cohort, period, count({customers}) FILTER (WHERE orders > 0) AS customers, sum(orders) AS orders,
                round(sum(gross), 4) - round(sum(refunded), 4) AS revenue
            FROM ({periods}) p JOIN (SELECT customer_id, {cohort} AS cohort FROM {stats}) c USING (customer_id)
            WHERE period >= cohort GROUP BY cohort, period
        """  # noqa: S608

    return cells_of(
        grain(weeks, WEEK_OF.format("first_day"), "DISTINCT customer_id"),
        grain(months, MONTH_OF.format("first_day"), "*"),
    )


def weeks(acts: str) -> str:
    """What `cells` wants of weeks, from customer-days."""
    return f"SELECT customer_id, {WEEK_OF.format('day')} AS period, orders, gross, refunded FROM {acts}"  # noqa: S608


def months_of(table: str) -> str:
    """What `cells` wants of months, from rows of CustomerMonth."""
    return f"SELECT customer_id, month AS period, orders, gross, refunded FROM {table}"  # noqa: S608


def cells_of(weeks: str, months: str) -> str:
    """The same from (cohort, period, customers, orders, revenue) of weeks and of months."""
    return f"""
        SELECT * FROM (
            SELECT 'week' AS grain, cohort, (period - cohort) / 7 AS "offset", customers, orders, revenue,
                period + 7 <= %(today)s::date AS is_frozen
            FROM ({weeks}) w
            UNION ALL
            SELECT 'month', cohort, ((date_part('year', period) - date_part('year', cohort)) * 12
                + date_part('month', period) - date_part('month', cohort))::int, customers, orders, revenue,
                (period + interval '1 month')::date <= %(today)s::date
            FROM ({months}) m
        ) cell WHERE "offset" <= {LATEST_OFFSET}
    """  # noqa: S608


PERIOD_OF_CELL = (
    "CASE t.grain WHEN 'week' THEN t.cohort + 7 * t.\"offset\""
    ' ELSE (t.cohort + make_interval(months => t."offset"::int))::date END'
)
FREEZE = f"""
UPDATE analytics_cohortcell t SET is_frozen = true WHERE NOT t.is_frozen
    AND {PERIOD_OF_CELL} + CASE t.grain WHEN 'week' THEN interval '7 days' ELSE interval '1 month' END
        <= %(today)s::date
"""  # noqa: S608
