"""What follows from orders that an import touched: payments that go without saying, totals, timeline, purchases."""

from catalog import partitions
from catalog.importing import changes
from catalog.importing.native.orders import TOUCHED
from catalog.importing.staging import analyse, execute, fetch_one, stream
from catalog.models import Order

ASSUMED = "assumed:"
BOUGHT = ", ".join(f"'{status}'" for status in Order.BOUGHT)
AFFECTED = "import_affected"
EVENT = "md5('purchase:' || o.number || ':' || l.line)::uuid"


def assume_payments() -> int:
    """A bought order of which no payment is known was paid in full when it was placed. How many payments were made.

    Such a payment goes when a real one comes, and follows the total of its order.
    """
    _collect()
    others = (
        "SELECT 1 FROM catalog_payment x"  # noqa: S608
        f" WHERE x.order_id = o.id AND x.external_id IS DISTINCT FROM '{ASSUMED}' || o.number"
    )
    changes.written(
        "catalog_payment",
        f"""
        DELETE FROM catalog_payment p USING catalog_order o, {AFFECTED} a
        WHERE o.id = a.id AND p.order_id = o.id AND p.external_id = '{ASSUMED}' || o.number
          AND (EXISTS ({others}) OR (o.status NOT IN ({BOUGHT}) AND o.refunded_total = 0))
        """,  # noqa: S608
        id="p.id",
        order="p.order_id",
    )
    changes.written(
        "catalog_payment",
        f"""
        UPDATE catalog_payment p SET amount = greatest(o.total, o.refunded_total), paid_at = o.placed_at,
               currency = o.currency
        FROM catalog_order o, {AFFECTED} a
        WHERE o.id = a.id AND p.order_id = o.id AND p.external_id = '{ASSUMED}' || o.number AND o.total > 0
          AND (p.amount, p.paid_at) IS DISTINCT FROM (greatest(o.total, o.refunded_total), o.placed_at)
        """,  # noqa: S608
        id="p.id",
        order="p.order_id",
    )
    return changes.written(
        "catalog_payment",
        f"""
        INSERT INTO catalog_payment (order_id, external_id, amount, currency, method, paid_at)
        SELECT o.id, '{ASSUMED}' || o.number, o.total, o.currency, '', o.placed_at
        FROM catalog_order o JOIN {AFFECTED} a USING (id)
        WHERE o.status IN ({BOUGHT}) AND o.total > 0
          AND NOT EXISTS (SELECT 1 FROM catalog_payment x WHERE x.order_id = o.id)
        """,  # noqa: S608
        is_new=True,
        order="order_id",
    )


def settle() -> int:
    """Bring the touched orders up to date. How many purchases were written."""
    _collect()
    _totals()
    _timeline()
    count = _purchases()
    execute(f"DROP TABLE {AFFECTED}")
    return count


def _collect() -> None:
    execute(f"DROP TABLE IF EXISTS {AFFECTED}")
    execute(
        f"CREATE TEMPORARY TABLE {AFFECTED} ON COMMIT DROP AS"  # noqa: S608
        f" SELECT id, bool_or(is_new) AS is_new FROM {TOUCHED} WHERE id IS NOT NULL GROUP BY id"
    )
    analyse(AFFECTED)


def _totals() -> None:
    """Paid, refunded, and the moment at which an order was paid in full (or last paid, when it counts as bought)."""
    execute("DROP TABLE IF EXISTS import_paid")
    execute(
        f"""
        CREATE TEMPORARY TABLE import_paid ON COMMIT DROP AS
        WITH payments AS (
            SELECT p.order_id, p.amount, p.paid_at, o.total,
                   sum(p.amount) OVER (PARTITION BY p.order_id ORDER BY p.paid_at, p.id) AS so_far
            FROM {AFFECTED} a JOIN catalog_order o USING (id) JOIN catalog_payment p ON p.order_id = o.id
        ), paid AS (
            SELECT order_id, sum(amount) AS amount, max(paid_at) AS last_at,
                   min(paid_at) FILTER (WHERE so_far >= total) AS full_at
            FROM payments GROUP BY order_id
        ), refunded AS (
            SELECT r.order_id, sum(r.amount) AS amount
            FROM {AFFECTED} a JOIN catalog_refund r ON r.order_id = a.id GROUP BY r.order_id
        )
        SELECT o.id, coalesce(p.amount, 0) AS paid, coalesce(r.amount, 0) AS refunded,
               coalesce(p.full_at, CASE WHEN o.status IN ({BOUGHT}) THEN coalesce(p.last_at, o.placed_at) END)
               AS paid_at
        FROM {AFFECTED} a JOIN catalog_order o USING (id)
        LEFT JOIN paid p ON p.order_id = o.id LEFT JOIN refunded r ON r.order_id = o.id
        """  # noqa: S608
    )
    changes.written(
        "catalog_order",
        """
        UPDATE catalog_order o
        SET paid_total = w.paid, refunded_total = w.refunded, paid_at = w.paid_at, updated_at = now()
        FROM import_paid w
        WHERE w.id = o.id
          AND (o.paid_total, o.refunded_total, o.paid_at) IS DISTINCT FROM (w.paid, w.refunded, w.paid_at)
        """,
        id="o.id",
        order="o.id",
    )
    execute("DROP TABLE import_paid")
    changes.written(
        "catalog_orderline",
        f"""
        UPDATE catalog_orderline l SET refunded_quantity = r.quantity
        FROM (
            SELECT r.order_line_id, sum(r.quantity) AS quantity
            FROM {AFFECTED} a JOIN catalog_refund r ON r.order_id = a.id
            WHERE r.order_line_id IS NOT NULL GROUP BY r.order_line_id
        ) r
        WHERE l.id = r.order_line_id AND l.refunded_quantity <> r.quantity
        """,  # noqa: S608
        id="l.id",
        order="l.order_id",
    )


def _timeline() -> None:
    """Events that are not there yet. The file does not say when an order was shipped, delivered, closed or cancelled:
    such events stand at the last moment that is known and say so."""
    changes.written(
        "catalog_orderevent",
        f"""
        INSERT INTO catalog_orderevent (order_id, kind, occurred_at, note, details)
        SELECT e.order_id, e.kind, e.occurred_at, '', e.details FROM (
            SELECT o.id AS order_id, 'placed' AS kind, o.placed_at AS occurred_at, 1 AS rank, '{{}}'::jsonb AS details
            FROM {AFFECTED} a JOIN catalog_order o USING (id) WHERE o.status <> 'draft'
            UNION ALL
            SELECT o.id, 'paid', o.paid_at, 2, jsonb_build_object('amount', trim_scale(o.paid_total)::text)
            FROM {AFFECTED} a JOIN catalog_order o USING (id) WHERE o.paid_at IS NOT NULL
            UNION ALL
            SELECT o.id, replace(o.status, 'partly_shipped', 'shipped'), coalesce(o.paid_at, o.placed_at), 3,
                   '{{"time": "unknown"}}'::jsonb
            FROM {AFFECTED} a JOIN catalog_order o USING (id)
            WHERE o.status IN ('partly_shipped', 'shipped', 'delivered', 'closed', 'cancelled')
        ) e
        WHERE NOT EXISTS (SELECT 1 FROM catalog_orderevent x WHERE x.order_id = e.order_id AND x.kind = e.kind)
        ORDER BY e.order_id, e.occurred_at, e.rank
        """,  # noqa: S608
        is_new=True,
        order="order_id",
    )
    changes.written(
        "catalog_orderevent",
        f"""
        INSERT INTO catalog_orderevent (order_id, kind, occurred_at, note, details)
        SELECT r.order_id, 'refunded', r.refunded_at, r.reason,
               jsonb_build_object('refund', r.external_id, 'amount', trim_scale(r.amount)::text)
        FROM {AFFECTED} a JOIN catalog_refund r ON r.order_id = a.id
        WHERE r.external_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_orderevent x
            WHERE x.order_id = r.order_id AND x.kind = 'refunded' AND x.details ->> 'refund' = r.external_id
        )
        ORDER BY r.order_id, r.refunded_at
        """,  # noqa: S608
        is_new=True,
        order="order_id",
    )


def _purchases() -> int:
    """One interaction per line of a bought order, under an id that follows from order and line."""
    months = f"""
        SELECT DISTINCT date_trunc('month', coalesce(o.paid_at, o.placed_at) AT TIME ZONE 'UTC')::date
        FROM {AFFECTED} a JOIN catalog_order o USING (id) WHERE o.status IN ({BOUGHT})
    """  # noqa: S608
    partitions.ensure_months([month for (month,) in stream(months)])
    if fetch_one(f"SELECT count(*) FROM {AFFECTED} WHERE NOT is_new")[0]:  # noqa: S608
        remove_purchases(f"(SELECT id FROM {AFFECTED} WHERE NOT is_new)")  # noqa: S608
    return execute(
        f"""
        INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, visitor_id, value)
        SELECT {EVENT}, coalesce(o.paid_at, o.placed_at), 'purchase', l.product_id, o.customer_id, o.visitor_id,
               l.quantity
        FROM {AFFECTED} a JOIN catalog_order o USING (id) JOIN catalog_orderline l ON l.order_id = o.id
        WHERE o.status IN ({BOUGHT}) AND l.product_id IS NOT NULL
        ON CONFLICT DO NOTHING
        """  # noqa: S608
    )


def remove_purchases(orders: str) -> int:
    """Take away the purchases that follow from these orders (a table with their ids) as they are now."""
    return execute(
        f"""
        DELETE FROM catalog_interaction i USING (
            SELECT {EVENT} AS event_id FROM {orders} a JOIN catalog_order o USING (id)
            JOIN catalog_orderline l ON l.order_id = o.id
        ) w WHERE i.event_id = w.event_id AND i.kind = 'purchase'
        """  # noqa: S608
    )


def write_purchases() -> int:
    """The purchases that follow from the touched orders. How many."""
    _collect()
    count = _purchases()
    execute(f"DROP TABLE {AFFECTED}")
    return count
