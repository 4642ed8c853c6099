"""Does what a message was for still hold? Asked in the transaction that claims it, of all that are due at once.

An order that was committed before the claim is seen, also one that came between two rounds; then the message is
cancelled. Whoever puts the price up again, sells the last piece or cancels the order takes it back too.
"""

from collections.abc import Iterable
from typing import Any

from marketing.models import Trigger

ORDERED = """
(EXISTS (SELECT FROM catalog_order b WHERE b.customer_id = o.customer_id AND b.status <> 'draft'
        AND b.placed_at >= o.at AND b.id <> coalesce((o.facts ->> 'order')::bigint, 0))
    OR EXISTS (SELECT FROM catalog_visitor v JOIN catalog_order b ON b.visitor_id = v.id
        WHERE v.customer_id = o.customer_id AND b.customer_id IS NULL AND b.status <> 'draft' AND b.placed_at >= o.at))
"""
SELLABLE = "p.status = 'live' AND p.deleted_at IS NULL AND p.is_in_stock"
PRODUCTS = """
SELECT FROM jsonb_array_elements_text(o.facts -> 'products') WITH ORDINALITY said (id, place)
JOIN catalog_product p ON p.id = said.id::bigint
"""
BOUGHT = """
EXISTS (SELECT FROM catalog_order b JOIN catalog_orderline l ON l.order_id = b.id WHERE b.customer_id = o.customer_id
    AND b.placed_at >= o.at AND b.status NOT IN ('draft', 'cancelled') AND l.product_id = p.id)
"""
HOLDS = {
    Trigger.ABANDONED_CART: f"""
        NOT {ORDERED} AND EXISTS ({PRODUCTS} WHERE {SELLABLE} AND NOT EXISTS (
            SELECT FROM catalog_interaction i WHERE i.product_id = p.id AND i.kind = 'remove_from_cart'
                AND i.occurred_at > o.at AND (i.customer_id = o.customer_id
                    OR i.visitor_id IN (SELECT v.id FROM catalog_visitor v WHERE v.customer_id = o.customer_id))))
    """,  # noqa: S608 (our own words only)
    Trigger.PRICE_DROP: f"""
        EXISTS ({PRODUCTS} LEFT JOIN catalog_variant v ON v.id = (o.facts ->> 'variant')::bigint
            WHERE said.place = 1 AND {SELLABLE} AND NOT {BOUGHT}
                AND coalesce(v.price, p.price) < (o.facts ->> 'before')::numeric)
    """,
    Trigger.BACK_IN_STOCK: f"EXISTS ({PRODUCTS} WHERE {SELLABLE} AND NOT {BOUGHT})",
    Trigger.FIRST_ORDER: """
        EXISTS (SELECT FROM catalog_order b WHERE b.id = (o.facts ->> 'order')::bigint
            AND b.status IN ('paid', 'partly_shipped', 'shipped', 'delivered', 'closed'))
    """,
    Trigger.WIN_BACK: f"NOT {ORDERED}",
}
CASES = " ".join(f"WHEN '{trigger}' THEN {holds}" for trigger, holds in HOLDS.items())
OVER = f"""
SELECT o.id FROM marketing_occasion o JOIN marketing_campaign c ON c.id = o.campaign_id
WHERE o.id = ANY(%(ids)s) AND NOT (CASE c.trigger {CASES} ELSE true END)
"""  # noqa: S608 (our own words only)


SOLD_OUT = """
SELECT q.recipient_id FROM marketing_stockrequest q JOIN catalog_variant v ON v.id = q.variant_id
JOIN catalog_product p ON p.id = v.product_id
WHERE q.recipient_id = ANY(%(ids)s)
    AND NOT (p.status = 'live' AND p.deleted_at IS NULL AND (NOT v.track_stock OR v.stock > 0))
"""


def sold_out(cursor: Any, recipients: Iterable[int]) -> set[int]:
    """Those of these messages whose goods somebody asked to be told of, and that are sold out again."""
    ids = list(recipients)
    if not ids:
        return set()
    cursor.execute(SOLD_OUT, {"ids": ids})
    return {pk for (pk,) in cursor.fetchall()}


def over(cursor: Any, occasions: Iterable[int]) -> set[int]:
    """Those of these occasions that no longer apply. One statement."""
    ids = sorted(set(occasions))
    if not ids:
        return set()
    cursor.execute(OVER, {"ids": ids})
    return {pk for (pk,) in cursor.fetchall()}
