"""Browsers that events and orders name."""

from catalog.importing import changes


def make_visitors(stage: str, moment: str) -> int:
    """Visitors by their id, joined to the customer that they were last seen as: those of the staged table `stage`,
    whose column `moment` says when. Those known to a customer stay so, and browsers that do not want to be followed are
    joined to nobody. Returns how many are new."""
    made = changes.written(
        "catalog_visitor",
        f"""
        INSERT INTO catalog_visitor (key, customer_id, first_seen_at)
        SELECT s.visitor, (array_agg(c.id ORDER BY s.{moment} DESC) FILTER (WHERE c.id IS NOT NULL))[1],
               min(s.{moment})
        FROM {stage} s LEFT JOIN catalog_knowncustomer c ON c.external_id = s.customer
        WHERE s.visitor IS NOT NULL GROUP BY s.visitor
        ON CONFLICT (key) DO NOTHING
        """,  # noqa: S608 (our own words only)
        is_new=True,
    )
    changes.written(
        "catalog_visitor",
        f"""
        UPDATE catalog_visitor v SET customer_id = w.customer_id
        FROM (
            SELECT s.visitor, (array_agg(c.id ORDER BY s.{moment} DESC))[1] AS customer_id
            FROM {stage} s JOIN catalog_knowncustomer c ON c.external_id = s.customer
            WHERE s.visitor IS NOT NULL GROUP BY s.visitor
        ) w WHERE w.visitor = v.key AND v.customer_id IS NULL AND v.may_track
        """,  # noqa: S608 (our own words only)
        id="v.id",
    )
    return made
