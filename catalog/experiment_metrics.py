"""What the shop's facts say about an experiment: orders, buyers, revenue, clicks.

A browser that is joined to a customer is one person with that customer: an order counts for whoever placed it, for the
browser in which it was placed and, when the browser belongs to somebody, for that customer and their other browsers;
for each of them once. A guest's order counts when it says in which browser it was placed. Browsers of one customer stay
apart as people, because that they signed in may be what the experiment did.

Purchases count when they are paid for; revenue is in the shop's currency, net of what has been given back by now.
"""

from django.utils.translation import gettext_lazy as _

from catalog.models import Order
from core.experiments import OutcomeMetric

BOUGHT = ", ".join(f"'{status.value}'" for status in Order.BOUGHT)
CUSTOMER = "JOIN catalog_customer c ON c.public_id = e.subject"
VISITOR = "JOIN catalog_visitor v ON v.key = e.subject"
AS_GUEST = "JOIN catalog_order o ON o.visitor_id = w.id AND o.customer_id IS NULL"
PEOPLE = {
    "customer": (
        f"{CUSTOMER} JOIN catalog_order o ON o.customer_id = c.id",
        f"{CUSTOMER} JOIN catalog_visitor w ON w.customer_id = c.id {AS_GUEST}",
    ),
    "visitor": (
        f"{VISITOR} JOIN catalog_order o ON o.visitor_id = v.id",
        f"{VISITOR} JOIN catalog_order o ON o.customer_id = v.customer_id",
        f"{VISITOR} JOIN catalog_visitor w ON w.customer_id = v.customer_id {AS_GUEST}",
    ),
}
"""Ways in which an order `o` is one of the subject's; several may lead to the same order."""
ACTS = {
    "customer": "JOIN catalog_customer c ON c.public_id = e.subject JOIN catalog_interaction i ON i.customer_id = c.id",
    "visitor": "JOIN catalog_visitor v ON v.key = e.subject JOIN catalog_interaction i ON i.visitor_id = v.id",
}


def _paid(unit: str) -> str:
    """Paid orders of each subject, from `before` to `until`, each once: subject, exposed_at, id, paid_at, money."""
    ways = (
        f"""
        SELECT e.subject, e.exposed_at, o.id, o.paid_at, (o.paid_total - o.refunded_total) * o.base_rate AS money
        FROM exposed e {joins}
        WHERE o.paid_at >= e.before AND o.paid_at < e.until AND o.status IN ({BOUGHT})"""  # noqa: S608 (our own words only)
        for joins in PEOPLE[unit]
    )
    return " UNION ".join(ways)


def _orders(y: str) -> dict[str, str]:
    """`y` is an aggregate over paid orders `o`; it is asked for the time since exposure and for the time before."""
    return {
        unit: f"""
        SELECT o.subject,
            {y.format(when="o.paid_at >= o.exposed_at")} AS y, 1 AS d, {y.format(when="o.paid_at < o.exposed_at")} AS x
        FROM ({_paid(unit)}) o GROUP BY o.subject"""  # noqa: S608 (our own words only)
        for unit in PEOPLE
    }


def _clicks() -> dict[str, str]:
    """A click is a look at a product that carries the id of the recommendation it came from."""
    return {
        unit: f"""
        SELECT e.subject, count(*) FILTER (WHERE i.occurred_at >= e.exposed_at) AS y, 1 AS d,
            count(*) FILTER (WHERE i.occurred_at < e.exposed_at) AS x
        FROM exposed e {joins} AND i.occurred_at >= e.before AND i.occurred_at < e.until
            AND i.kind = 'view' AND i.context ->> 'recommendation' IS NOT NULL
        GROUP BY e.subject"""  # noqa: S608 (our own words only)
        for unit, joins in ACTS.items()
    }


def _revenue_per_view() -> dict[str, str]:
    """Revenue over looks at products, both since exposure; before it only the revenue is told."""
    return {
        unit: f"""
        SELECT coalesce(a.subject, b.subject) AS subject, b.y, coalesce(a.d, 0) AS d, b.x
        FROM (
            SELECT e.subject, count(*) AS d
            FROM exposed e {ACTS[unit]} AND i.occurred_at >= e.exposed_at AND i.occurred_at < e.until
                AND i.kind = 'view'
            GROUP BY e.subject
        ) a FULL JOIN ({orders}) b USING (subject)"""  # noqa: S608 (our own words only)
        for unit, orders in REVENUE.sql.items()
    }


ORDERS = OutcomeMetric(
    title=_("Orders per person"), more=_("%(range)s more orders"), fewer=_("%(range)s fewer orders"),
    sql=_orders("count(*) FILTER (WHERE {when})"),
    help=_("Paid orders within the days counted."),
)  # fmt: skip
CONVERSION = OutcomeMetric(
    title=_("Share of people who buy"), more=_("%(range)s more buyers"), fewer=_("%(range)s fewer buyers"),
    sql=_orders("(count(*) FILTER (WHERE {when}) > 0)::int"), is_share=True,
    help=_("People with at least one paid order within the days counted."),
)  # fmt: skip
REVENUE = OutcomeMetric(
    title=_("Revenue per person"), more=_("%(range)s more revenue"), fewer=_("%(range)s less revenue"),
    sql=_orders("coalesce(sum(o.money) FILTER (WHERE {when}), 0)"), is_amount=True,
    help=_("What was paid for these orders, less what has been refunded by now."),
)  # fmt: skip
CLICKS = OutcomeMetric(
    title=_("Clicks on recommendations per person"), more=_("%(range)s more clicks"),
    fewer=_("%(range)s fewer clicks"), sql=_clicks(),
    help=_("Product pages opened from a recommendation."),
)  # fmt: skip
REVENUE_PER_VIEW = OutcomeMetric(
    title=_("Revenue per thousand product views"), more=_("%(range)s more revenue per view"),
    fewer=_("%(range)s less revenue per view"), sql=_revenue_per_view(), is_amount=True, is_ratio=True, scale=1000,
    help=_("A ratio: revenue over product pages seen, with the variance of people, not of views."),
)  # fmt: skip
