"""The SQL of the figures: from orders, lines and refunds to what each table should hold.

Every statement is made once and used twice: over everything for a full count, over what was touched for the count of
every few seconds. The pieces put in are SQL of this package, never anything from outside. Parameters: `zone`, `base`
(currency), `week` (the first day of some week of the shop), `today`.

Money is a whole number of ten-thousandths here (`UNITS`), rounded sale by sale, and becomes an amount again where it is
written (`tables`): whole numbers are summed several times faster than numerics, and a sum that is added to is the sum.
`analytics_sum` (migration 0006) adds up whole numbers as such, where `sum` would make a numeric for each group.
Groups are made of rows that come sorted by their key (`ORDER BY` within), so that what is kept at a time is one group
and not a million; the next, coarser groups find the rows sorted already.
"""

DAY_OF = "({0} AT TIME ZONE %(zone)s)::date"
MONTH_OF = "date_trunc('month', {0}::timestamp)::date"
WEEK_OF = "({0} - mod({0} - %(week)s::date, 7))"
PER_AMOUNT = 10_000
UNITS = f"({{0}} * {PER_AMOUNT})::bigint"
PAID = UNITS.format("CASE WHEN o.base_rate = 1 THEN o.paid_total ELSE o.paid_total * o.base_rate END")
# A refund has the rate of its order; without one it counts in the base currency only, as on the home page.
BACK = UNITS.format(
    "r.amount * CASE WHEN o.id IS NOT NULL THEN o.base_rate WHEN r.currency = %(base)s THEN 1 ELSE 0 END"
)
REFUNDS = "catalog_refund r LEFT JOIN catalog_order o ON o.id = r.order_id WHERE true"
REFUNDED_TO = "coalesce(o.customer_id, r.customer_id)"
ORDERS = "catalog_order o WHERE o.paid_at IS NOT NULL"
ORDERS_WITH_ITEMS = (
    "catalog_order o LEFT JOIN (SELECT order_id, sum(quantity) AS items"
    " FROM (SELECT order_id, quantity FROM catalog_orderline ORDER BY order_id) s GROUP BY order_id) l"
    " ON l.order_id = o.id WHERE o.paid_at IS NOT NULL"
)
WORTH_OF_LINE = UNITS.format("""CASE WHEN o.paid_total = o.lines_total + o.shipping AND o.base_rate = 1
    THEN l.quantity * l.unit_price - l.discount
    ELSE coalesce((l.quantity * l.unit_price - l.discount) * o.paid_total * o.base_rate
        / nullif(o.lines_total + o.shipping, 0), 0) END""")
"""With the line's share of what was paid for the order, so that an order's discount falls on its lines."""
ITEMS_OF_ORDER = "coalesce((SELECT sum(quantity) FROM catalog_orderline WHERE order_id = o.id), 0)"
LATEST_OFFSET = 32_767
"""Largest number of periods that a cell can name; orders dated to another millennium are left out of cohorts."""


def day(moment: str) -> str:
    return DAY_OF.format(moment)


def sales(orders: str, refunds: str, items: str = "0") -> str:
    """Each order and refund once, on the shop's clock: (customer, moment, channel, country, orders, items, gross,
    refunds, refunded). What `acts` and `parts` are added up from."""
    return f"""
        SELECT o.customer_id, o.paid_at AT TIME ZONE %(zone)s AS moment, o.channel, o.country, 1 AS orders,
            {items}::bigint AS items, {PAID} AS gross, 0 AS refunds, 0::bigint AS refunded
        FROM {orders}
        UNION ALL
        SELECT {REFUNDED_TO}, r.refunded_at AT TIME ZONE %(zone)s, coalesce(o.channel, ''), coalesce(o.country, ''),
            0, 0, 0, 1, {BACK}
        FROM {refunds}
    """  # noqa: S608


def acts(sales: str) -> str:
    """Customer-days: what each customer (NULL: all guests together) paid and got back on each day."""
    return f"""
        SELECT customer_id, day, sum(orders)::int AS orders, analytics_sum(items) AS items,
            analytics_sum(gross) AS gross, sum(refunds)::int AS refunds, analytics_sum(refunded) AS refunded
        FROM (
            SELECT customer_id, moment::date AS day, orders, items, gross, refunds, refunded FROM {sales} sale
            ORDER BY customer_id, day
        ) act GROUP BY customer_id, day
    """  # noqa: S608


def months(acts: str) -> str:
    """Rows of CustomerMonth from customer-days."""
    return f"""
        SELECT customer_id, month, sum(orders)::int AS orders,
            (count(*) FILTER (WHERE orders > 0))::int AS purchase_days, analytics_sum(items) AS items,
            analytics_sum(gross) AS gross, sum(refunds)::int AS refunds, analytics_sum(refunded) AS refunded,
            analytics_sum(gross - refunded) AS revenue,
            min(day) FILTER (WHERE orders > 0) AS first_day, max(day) FILTER (WHERE orders > 0) AS last_day
        FROM (
            SELECT *, {MONTH_OF.format("day")} AS month FROM {acts} WHERE customer_id IS NOT NULL
            ORDER BY customer_id, month
        ) act GROUP BY customer_id, month
    """  # noqa: S608


def stats(months: str) -> str:
    """Rows of CustomerStats from rows of CustomerMonth."""
    return f"""
        SELECT customer_id, sum(orders)::int AS orders, sum(purchase_days)::int AS purchase_days,
            analytics_sum(items) AS items, analytics_sum(gross) AS gross, sum(refunds)::int AS refunds,
            analytics_sum(refunded) AS refunded, analytics_sum(revenue) AS revenue,
            min(first_day) AS first_day, max(last_day) AS last_day
        FROM (SELECT * FROM {months} ORDER BY customer_id) m GROUP BY customer_id HAVING sum(orders) > 0
    """  # noqa: S608


def products(orders: str, refunds: str) -> str:
    """Rows of ProductDay; those without a product hold what was sold of products that are gone."""
    return f"""
        SELECT day, product_id, count(DISTINCT id) AS orders, analytics_sum(items) AS items,
            analytics_sum(gross) AS gross, analytics_sum(returned) AS returned, analytics_sum(refunded) AS refunded
        FROM (
            SELECT {day("o.paid_at")} AS day, l.product_id, o.id, l.quantity AS items, {WORTH_OF_LINE} AS gross,
                0 AS returned, 0::bigint AS refunded
            FROM catalog_orderline l JOIN (SELECT o.* FROM {orders}) o ON l.order_id = o.id
            UNION ALL
            SELECT {day("r.refunded_at")}, r.product_id, NULL, 0, 0, r.quantity, {BACK}
            FROM {refunds} AND r.product_id IS NOT NULL
            ORDER BY day, product_id, id
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
                analytics_sum(gross) AS gross, sum(refunds) AS refunds, analytics_sum(refunded) AS refunded
            FROM {acts} GROUP BY day
        ) d LEFT JOIN (SELECT day, sum(items) AS items FROM {products} GROUP BY day) p USING (day)
        LEFT JOIN ({newcomers}) n USING (day)
    """  # noqa: S608


def parts(sales: str) -> str:
    """Rows of SalesPart. Sales are read once, into the few groups that all three kinds are added up from."""
    return f"""
        SELECT day, CASE WHEN grouping(hour) = 0 THEN 'hour' WHEN grouping(channel) = 0 THEN 'channel'
                ELSE 'country' END AS kind,
            CASE WHEN grouping(hour) = 0 THEN lpad(hour::text, 2, '0') WHEN grouping(channel) = 0 THEN channel
                ELSE country END AS part,
            sum(orders) AS orders, analytics_sum(gross) AS gross, analytics_sum(refunded) AS refunded
        FROM (
            SELECT begun::date AS day, date_part('hour', begun)::int AS hour, channel, country, orders, gross, refunded
            FROM (
                SELECT date_bin('1 hour', moment, '2000-01-01') AS begun, channel, country, sum(orders) AS orders,
                    analytics_sum(gross) AS gross, analytics_sum(refunded) AS refunded
                FROM {sales} sale GROUP BY 1, 2, 3
            ) bins
        ) hours GROUP BY GROUPING SETS ((day, hour), (day, channel), (day, country))
    """  # noqa: S608


def newcomers_of(stats: str) -> str:
    return f"SELECT first_day AS day, count(*) AS new_buyers FROM {stats} GROUP BY first_day"  # noqa: S608


def newcomers_among(acts: str) -> str:
    """The same for the days of these customer-days, looked up customer by customer."""
    return f"""SELECT a.day, count(*) AS new_buyers FROM {acts} a
        JOIN analytics_customerstats s ON s.customer_id = a.customer_id AND s.first_day = a.day
        WHERE a.orders > 0 GROUP BY a.day"""  # noqa: S608


def cells(months: str, weeks: str, stats: str, *, is_whole: bool = False) -> str:
    """Rows of CohortCell. `months` and `weeks` give (customer_id, period, orders, revenue), one row for a customer's
    period; `stats` the customers' first days. `is_whole`: of all customers, whose cohorts are worked out once each and
    not looked up one by one."""
    fence = "OFFSET 0" if is_whole else ""

    def grain(periods: str, cohort: str) -> str:
        return f"""
            SELECT cohort, period, count(*) FILTER (WHERE orders > 0) AS customers, sum(orders) AS orders,
                analytics_sum(revenue) AS revenue
            FROM ({periods}) p
                JOIN (SELECT customer_id, {cohort} AS cohort FROM {stats} {fence}) c USING (customer_id)
            WHERE period >= cohort GROUP BY cohort, period
        """  # noqa: S608

    return cells_of(grain(weeks, WEEK_OF.format("first_day")), grain(months, MONTH_OF.format("first_day")))


def weeks(acts: str) -> str:
    """What `cells` wants of weeks, from customer-days."""
    return f"""
        SELECT customer_id, period, sum(orders)::int AS orders, analytics_sum(gross - refunded) AS revenue
        FROM (
            SELECT *, {WEEK_OF.format("day")} AS period FROM {acts} WHERE customer_id IS NOT NULL
            ORDER BY customer_id, period
        ) act GROUP BY customer_id, period
    """  # noqa: S608


def months_of(months: str) -> str:
    """What `cells` wants of months, from rows of CustomerMonth."""
    return f"SELECT customer_id, month AS period, orders, revenue FROM {months}"  # noqa: S608


def cells_of(weeks: str, months: str) -> str:
    """The same from (cohort, period, customers, orders, revenue) of weeks and of months. OFFSET 0: how many
    periods lie between is worked out for each cell, and not for each customer in it."""
    return f"""
        SELECT * FROM (
            SELECT 'week' AS grain, cohort, (period - cohort) / 7 AS "offset", customers, orders, revenue,
                period + 7 <= %(today)s::date AS is_frozen
            FROM ({weeks} OFFSET 0) w
            UNION ALL
            SELECT 'month', cohort, ((date_part('year', period) - date_part('year', cohort)) * 12
                + date_part('month', period) - date_part('month', cohort))::int, customers, orders, revenue,
                (period + interval '1 month')::date <= %(today)s::date
            FROM ({months} OFFSET 0) m
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
