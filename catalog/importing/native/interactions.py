"""What visitors and customers did. Events are facts: one that is there is never rewritten."""

from django.utils.translation import gettext_noop

from catalog import partitions
from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.native.visitors import make_visitors
from catalog.importing.sections import Load, Section
from catalog.importing.staging import execute, stream
from catalog.models import Interaction


class Interactions(Section):
    name = "interactions"
    key = ("event_id",)

    def columns(self) -> tuple[Column, ...]:
        left_out = (Interaction.Kind.PURCHASE, Interaction.Kind.IMPRESSION)
        kinds = [kind for kind in Interaction.Kind.values if kind not in left_out]
        refused = {Interaction.Kind.PURCHASE.value: gettext_noop("is written by the orders, not by events")}
        return (
            c.event_key("event_id", required=True, blank=False),
            c.choice("kind", kinds, refused, required=True, blank=False),
            c.key("product"),
            c.key("customer"),
            c.key("visitor", 64),
            c.moment("occurred_at", required=True, blank=False),
            c.number("value", -1e9, 1e9),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse("s.product IS NULL AND s.kind <> 'search'", column="product", reason=gettext_noop("is empty"))
        stage.refuse(
            "s.customer IS NULL AND s.visitor IS NULL",
            column="visitor", reason=gettext_noop("names neither a customer nor a visitor"),
        )  # fmt: skip
        stage.refuse(
            "s.kind = 'rating' AND (s.value IS NULL OR s.value NOT BETWEEN 1 AND 5)",
            column="value", reason=gettext_noop("a rating has 1 to 5 stars"),
        )  # fmt: skip
        stage.refuse(
            "s.product IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM catalog_product p WHERE p.external_id = s.product)",
            column="product", value="s.product", reason=gettext_noop("product %(value)s is unknown"),
        )  # fmt: skip
        stage.refuse(
            "s.customer IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM catalog_customer c WHERE c.external_id = s.customer)",
            column="customer", value="s.customer", reason=gettext_noop("customer %(value)s is unknown"),
        )  # fmt: skip
        load.report.rule("left_out_unwanted", _leave_out_unwanted())
        load.report.rule("visitors_new", make_visitors("import_interactions", "occurred_at"))
        months = "SELECT DISTINCT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date FROM import_interactions"
        partitions.ensure_months([month for (month,) in stream(months)])
        count = load.report.section(self.name)
        count.new = changes.written_events(
            load.batch_id,
            """
            INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, visitor_id, value)
            SELECT s.event_id, s.occurred_at, s.kind, p.id, c.id, v.id, s.value
            FROM import_interactions s LEFT JOIN catalog_product p ON p.external_id = s.product
            LEFT JOIN catalog_knowncustomer c ON c.external_id = s.customer
            LEFT JOIN catalog_visitor v ON v.key = s.visitor
            ON CONFLICT DO NOTHING
            """,
        )
        count.same = stage.count() - count.new


def _leave_out_unwanted() -> int:
    """What browsers did that said no is not stored, as with events of the API: not as refused rows either. How many."""
    return execute(
        "DELETE FROM import_interactions s USING catalog_visitor v WHERE v.key = s.visitor AND NOT v.may_track"
    )
