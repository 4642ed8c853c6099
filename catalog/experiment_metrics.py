"""What the shop's facts say about an experiment: orders, buyers, revenue, clicks, returns, searches.

A browser that is joined to a customer is one person with that customer: an order counts for whoever placed it, for the
browser in which it was placed and, when the browser belongs to somebody, for that customer and their other browsers;
for each of them once. A guest's order counts when it says in which browser it was placed. Browsers of one customer stay
apart as people, because that they signed in may be what the experiment did.

Purchases count when they are paid for; revenue is in the shop's currency, net of what has been given back by now.
"""

from django.utils.translation import gettext_lazy as _

from catalog.models import Order
from catalog.search.reports import ITS_OWN
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


def _paid(unit: str, *, since: str = "e.before") -> str:
    """Paid orders of each subject up to `until`, each once: subject, exposed_at, before, id, paid_at, money."""
    ways = (
        f"""
        SELECT e.subject, e.exposed_at, e.before, o.id, o.paid_at,
            (o.paid_total - o.refunded_total) * o.base_rate AS money
        FROM exposed e {joins}
        WHERE o.paid_at >= {since} AND o.paid_at < e.until AND o.status IN ({BOUGHT})"""  # noqa: S608 (our own words only)
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


def _bought_again() -> dict[str, str]:
    """Whether somebody paid for an order in the days counted that was not their first ever."""
    return {
        unit: f"""
        SELECT o.subject, 1 AS d,
            (count(*) FILTER (WHERE o.paid_at >= o.exposed_at) > 0 AND count(*) > 1)::int AS y,
            (count(*) FILTER (WHERE o.paid_at >= o.before AND o.paid_at < o.exposed_at) > 0
                AND count(*) FILTER (WHERE o.paid_at < o.exposed_at) > 1)::int AS x
        FROM ({_paid(unit, since="'-infinity'")}) o GROUP BY o.subject"""  # noqa: S608 (our own words only)
        for unit in PEOPLE
    }


def _returns() -> dict[str, str]:
    """Whether somebody got money back, in the days counted, for an order paid since the exposure."""
    ways = {
        unit: " UNION ALL ".join(
            f"""
            SELECT e.subject, o.paid_at >= e.exposed_at AND r.refunded_at >= e.exposed_at AS after
            FROM exposed e {joins} JOIN catalog_refund r ON r.order_id = o.id
            WHERE r.refunded_at >= e.before AND r.refunded_at < e.until AND o.paid_at IS NOT NULL
                AND (o.paid_at >= e.exposed_at OR r.refunded_at < e.exposed_at)"""  # noqa: S608 (our own words only)
            for joins in joined
        )
        for unit, joined in PEOPLE.items()
    }
    return {
        unit: f"""
        SELECT r.subject, 1 AS d, bool_or(r.after)::int AS y, bool_or(NOT r.after)::int AS x
        FROM ({found}) r GROUP BY r.subject"""  # noqa: S608 (our own words only)
        for unit, found in ways.items()
    }


def _search_success() -> dict[str, str]:
    """Searches that led to a product, over searches, those that only narrow or sort what was found aside; before the
    exposure only those that did are told."""
    people = {
        "customer": f"{CUSTOMER} JOIN catalog_searchquery q ON q.customer_id = c.id",
        "visitor": f"{VISITOR} JOIN catalog_searchquery q ON q.visitor_id = v.id",
    }
    return {
        unit: f"""
        SELECT e.subject, count(q.clicked_at) FILTER (WHERE q.searched_at >= e.exposed_at) AS y,
            count(*) FILTER (WHERE q.searched_at >= e.exposed_at) AS d,
            count(q.clicked_at) FILTER (WHERE q.searched_at < e.exposed_at) AS x
        FROM exposed e {joins} AND q.searched_at >= e.before AND q.searched_at < e.until AND q.normalised <> ''
            AND q.{ITS_OWN}
        GROUP BY e.subject"""  # noqa: S608 (our own words only)
        for unit, joins in people.items()
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
BOUGHT_AGAIN = OutcomeMetric(
    title=_("Share of people who buy again"), more=_("%(range)s more people who buy again"),
    fewer=_("%(range)s fewer people who buy again"), sql=_bought_again(), is_share=True,
    help=_("People with a paid order within the days counted that is not their first."),
)  # fmt: skip
RETURNS = OutcomeMetric(
    title=_("Share of people who return something"), more=_("%(range)s more people with returns"),
    fewer=_("%(range)s fewer people with returns"), sql=_returns(), is_share=True, is_good=False,
    help=_("People who got money back within the days counted, for an order paid in them."),
)  # fmt: skip
SEARCH_SUCCESS = OutcomeMetric(
    title=_("Searches that lead to a product"), more=_("%(range)s more searches that lead to a product"),
    fewer=_("%(range)s fewer searches that lead to a product"), sql=_search_success(), is_ratio=True, is_share=True,
    help=_("A ratio: searches after which a product of the results was opened, over searches; variance of people."),
)  # fmt: skip
