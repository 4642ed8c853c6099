"""Customers and visitors: who did something since stays."""

from collections.abc import Sequence

from catalog.importing.undo import rows

CUSTOMER, VISITOR = "catalog_customer", "catalog_visitor"


def undo(tables: Sequence[str]) -> None:
    """Runs after orders and events are gone, so that what still points at a person was not brought by this import."""
    if VISITOR in tables:
        rows.keep(
            VISITOR,
            "u.is_new AND (EXISTS (SELECT 1 FROM catalog_interaction i WHERE i.visitor_id = u.row_id)"
            " OR EXISTS (SELECT 1 FROM catalog_order o WHERE o.visitor_id = u.row_id))",
            "in_use",
        )
        rows.remove(VISITOR)
        rows.restore(VISITOR)
    if CUSTOMER in tables:
        busy = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} x WHERE x.customer_id = u.row_id)"  # noqa: S608
            for table in ("catalog_order", "catalog_refund", "catalog_interaction", "catalog_visitor")
        )
        rows.keep(CUSTOMER, f"u.is_new AND ({busy})", "in_use")
        rows.remove(CUSTOMER)
        rows.restore(CUSTOMER)
