"""Payments and refunds; then what follows from the orders as they are now: totals, timeline, purchases."""

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.native import settle
from catalog.importing.native.orders import BASE, GROUP, TOUCHED
from catalog.importing.sections import Load, Section
from catalog.importing.sql import Value, upsert
from catalog.importing.staging import Stage, execute

PAYMENT, REFUND = "payment", "refund"


class Payments(Section):
    name = "payments"
    group = GROUP
    key = ("kind", "id")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("order_number", 80, required=True, title="order"),
            c.key("id", required=True, blank=False),
            c.choice("kind", [PAYMENT, REFUND], required=True, blank=False),
            c.money("amount", positive=True, required=True, blank=False),
            c.currency("currency"),
            c.moment("paid_at", required=True, blank=False),
            c.text("method", 40),
            c.integer("line_number", title="line"),
            c.integer("quantity"),
            c.text("reason", 200),
            c.key("customer"),
            c.key("product"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        execute("CREATE INDEX ON import_payments (id)")
        execute("CREATE INDEX ON import_payments (order_number)")
        _refuse_unknown(stage)
        _refuse_below_refunds(stage)
        count = load.report.section(self.name)
        payments = upsert(
            "catalog_payment",
            key=["external_id"],
            values={
                "external_id": Value("s.id"),
                "order_id": Value("o.id"),
                "amount": Value("s.amount"),
                "currency": Value("o.currency"),
                "method": Value("coalesce(s.method, '')", needs=("method",)),
                "paid_at": Value("s.paid_at"),
            },
            source=f"import_payments s JOIN catalog_order o ON o.number = s.order_number WHERE s.kind = '{PAYMENT}'",
            present=stage.present,
            touched=TOUCHED,
            touched_id="order_id",
            touched_new="false",
            of_order=True,
        )
        load.report.rule("payments_assumed", settle.assume_payments())
        _refuse_above_paid(stage)
        refunds = upsert(
            "catalog_refund",
            key=["external_id"],
            values={
                "external_id": Value("s.id"),
                "order_id": Value("o.id"),
                "order_line_id": Value("l.id", needs=("line_number",)),
                "customer_id": Value("coalesce(o.customer_id, c.id)"),
                "product_id": Value("coalesce(l.product_id, p.id)", needs=("line_number", "product")),
                "quantity": Value("coalesce(s.quantity, 0)", needs=("quantity",)),
                "amount": Value("s.amount"),
                "currency": Value(f"coalesce(o.currency, s.currency, {BASE})"),
                "reason": Value("coalesce(s.reason, '')", needs=("reason",)),
                "refunded_at": Value("s.paid_at"),
            },
            source="import_payments s LEFT JOIN catalog_order o ON o.number = s.order_number"
            " LEFT JOIN catalog_orderline l ON l.order_id = o.id AND l.line = s.line_number"
            " LEFT JOIN catalog_knowncustomer c ON c.external_id = s.customer"
            f" LEFT JOIN catalog_product p ON p.external_id = s.product WHERE s.kind = '{REFUND}'",
            present=stage.present,
            touched=TOUCHED,
            touched_id="order_id",
            touched_new="false",
            of_order=True,
        )
        count.new, count.changed = payments.new + refunds.new, payments.changed + refunds.changed
        count.same = stage.count() - count.new - count.changed
        load.report.rule("purchases", settle.settle())


def _refuse_unknown(stage: Stage) -> None:
    stage.refuse(
        f"s.order_number IS NULL AND (s.kind = '{PAYMENT}' OR coalesce(s.customer, s.product, s.reason) IS NULL)",
        column="order_number", reason=gettext_noop("is empty"),
    )  # fmt: skip
    stage.refuse(
        "s.order_number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_order o WHERE o.number = s.order_number)",
        column="order_number", value="s.order_number", reason=gettext_noop("order %(value)s is unknown or was refused"),
    )  # fmt: skip
    for name, reason in (
        ("customer", gettext_noop("customer %(value)s is unknown")),
        ("product", gettext_noop("product %(value)s is unknown")),
    ):
        missing = f"NOT EXISTS (SELECT 1 FROM catalog_{name} t WHERE t.external_id = s.{name})"  # noqa: S608
        stage.refuse(f"s.{name} IS NOT NULL AND {missing}", column=name, value=f"s.{name}", reason=reason)
    stage.refuse(
        "s.line_number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_order o JOIN catalog_orderline l"
        " ON l.order_id = o.id WHERE o.number = s.order_number AND l.line = s.line_number)",
        column="line_number", value="s.line_number", reason=gettext_noop("the order has no line %(value)s"),
    )  # fmt: skip
    stage.refuse(
        "o.number = s.order_number AND s.currency <> o.currency", using="catalog_order o",
        column="currency", value="o.currency", reason=gettext_noop("the order is in %(value)s"),
    )  # fmt: skip
    for kind in (PAYMENT, REFUND):
        stage.refuse(
            f"s.kind = '{kind}' AND x.external_id = s.id AND o.number IS DISTINCT FROM s.order_number",
            using=f"catalog_{kind} x LEFT JOIN catalog_order o ON o.id = x.order_id",
            column="id", value="coalesce(o.number, '–')", reason=gettext_noop("belongs to order %(value)s"),
        )  # fmt: skip


def _refuse_below_refunds(stage: Stage) -> None:
    """Payments that would leave less than was given back already."""
    short = f"""
        (
            SELECT o.number FROM catalog_order o WHERE o.refunded_total > 0
            AND EXISTS (SELECT 1 FROM import_payments n WHERE n.order_number = o.number AND n.kind = '{PAYMENT}')
            AND o.refunded_total > (
                SELECT coalesce(sum(n.amount), 0) FROM import_payments n
                WHERE n.order_number = o.number AND n.kind = '{PAYMENT}'
            ) + (
                SELECT coalesce(sum(p.amount), 0) FROM catalog_payment p
                WHERE p.order_id = o.id AND p.external_id IS DISTINCT FROM '{settle.ASSUMED}' || o.number
                AND NOT EXISTS (SELECT 1 FROM import_payments n WHERE n.id = p.external_id AND n.kind = '{PAYMENT}')
            )
        ) t
    """  # noqa: S608
    reason = gettext_noop("leaves less paid than was given back")
    stage.refuse(f"s.kind = '{PAYMENT}' AND t.number = s.order_number", using=short, column="amount", reason=reason)


def _refuse_above_paid(stage: Stage) -> None:
    """Refunds beyond what was paid, and returns of more pieces than were bought: the first such row of an order or
    line at a time, because those after it may fit without it."""
    execute("DROP TABLE IF EXISTS import_refunds")
    execute(
        f"""
        CREATE TEMPORARY TABLE import_refunds ON COMMIT DROP AS
        SELECT s.line, o.id AS order_id, l.id AS line_id, s.amount, coalesce(s.quantity, 0) AS quantity,
               row_number() OVER (PARTITION BY o.id ORDER BY s.paid_at, s.line) AS place,
               (SELECT coalesce(sum(amount), 0) FROM catalog_payment p WHERE p.order_id = o.id)
               - (SELECT coalesce(sum(amount), 0) FROM catalog_refund r WHERE r.order_id = o.id AND NOT EXISTS (
                    SELECT 1 FROM import_payments n WHERE n.kind = '{REFUND}' AND n.id = r.external_id
               )) AS room,
               l.quantity - (SELECT coalesce(sum(quantity), 0) FROM catalog_refund r WHERE r.order_line_id = l.id
                    AND NOT EXISTS (
                    SELECT 1 FROM import_payments n WHERE n.kind = '{REFUND}' AND n.id = r.external_id
               )) AS pieces
        FROM import_payments s JOIN catalog_order o ON o.number = s.order_number
             LEFT JOIN catalog_orderline l ON l.order_id = o.id AND l.line = s.line_number
        WHERE s.kind = '{REFUND}'
        """  # noqa: S608
    )
    for column, subject, amount, room, reason in (
        ("amount", "order_id", "amount", "room", gettext_noop("only %(value)s of the order can still be given back")),
        ("quantity", "line_id", "quantity", "pieces", gettext_noop("only %(value)s pieces of the line can come back")),
    ):
        exceeding = f"""
            (
                SELECT DISTINCT ON ({subject}) line, {room} - before AS free FROM (
                    SELECT *, sum({amount}) OVER w - {amount} AS before, sum({amount}) OVER w AS so_far
                    FROM import_refunds WINDOW w AS (PARTITION BY {subject} ORDER BY place)
                ) r WHERE {subject} IS NOT NULL AND so_far > {room} ORDER BY {subject}, place
            ) x
        """  # noqa: S608
        while stage.refuse(
            "x.line = s.line", using=exceeding, column=column, value="trim_scale(x.free::numeric)", reason=reason
        ):
            execute("DELETE FROM import_refunds r WHERE NOT EXISTS (SELECT 1 FROM import_payments s"
                    " WHERE s.line = r.line)")  # fmt: skip
    execute("DROP TABLE import_refunds")
