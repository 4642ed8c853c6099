"""What each line of the file is: a sale, postage, a return, or something left out, by rules that are counted."""

from decimal import Decimal

from catalog.importing.report import Report
from catalog.importing.staging import analyse, execute, fetch_one, stream

SHIPPING_CODES = ("POST", "DOT", "C2", "C3")
ZONE = "Europe/London"

# The first rule that fits decides. Codes are compared in capitals and without spaces around them.
RULES = (
    ("left_out_manual", "code = 'M'"),
    ("left_out_discount", "code = 'D'"),
    ("left_out_samples", "code = 'S'"),
    ("left_out_bank_charges", "code = 'BANK CHARGES'"),
    ("left_out_adjustments", "code LIKE 'ADJUST%'"),
    ("left_out_marketplace_fees", "code = 'AMAZONFEE'"),
    ("left_out_bad_debt", "code = 'B'"),
    ("left_out_charity", "code = 'CRUK'"),
    ("left_out_vouchers", "code LIKE 'GIFT%'"),
    ("left_out_cushion_pads", "code = 'PADS'"),
    ("left_out_tests", "code LIKE 'TEST%'"),
    ("left_out_zero_quantity", "quantity = 0"),
    ("left_out_stock_write_offs", "quantity < 0 AND NOT is_return"),
    ("left_out_negative_price", "price < 0"),
    ("left_out_zero_price", "price = 0"),
    ("left_out_odd_returns", "is_return AND quantity > 0"),
    ("shipping_returned", "is_return AND is_shipping"),
    ("shipping", "is_shipping"),
    ("return", "is_return"),
)


def classify(report: Report) -> Decimal:
    """Make import_lines from import_transactions: each line with its place in the invoice and its rule.

    The net amount of all lines.
    """
    shipping = ", ".join(f"'{code}'" for code in SHIPPING_CODES)
    cases = " ".join(f"WHEN {condition} THEN '{rule}'" for rule, condition in RULES)
    execute("DROP TABLE IF EXISTS import_lines")
    execute(
        f"""
        CREATE TEMPORARY TABLE import_lines ON COMMIT DROP AS
        SELECT *, quantity * price AS amount, CASE {cases} ELSE 'sale' END AS rule FROM (
            SELECT *, code IN ({shipping}) AS is_shipping FROM (
                SELECT line, invoice, stock_code, upper(stock_code) AS code, description, quantity, price,
                       invoice_date AT TIME ZONE '{ZONE}' AS moment,
                       regexp_replace(customer_id, '[.]0+$', '') AS customer,
                       nullif(country, 'Unspecified') AS country, upper(left(invoice, 1)) = 'C' AS is_return,
                       row_number() OVER (PARTITION BY invoice ORDER BY line)::integer AS ordinal
                FROM import_transactions
            ) a
        ) b
        """  # noqa: S608
    )
    analyse("import_lines")
    net = Decimal(0)
    for rule, count, amount in stream(
        "SELECT rule, count(*), sum(amount) FROM import_lines GROUP BY rule ORDER BY rule"
    ):
        net += amount
        if rule != "return":
            report.rule({"sale": "sales"}.get(rule, rule), count, amount)
    _count_what_was_kept(report)
    return net


def left_out(report: Report) -> Decimal:
    """What the lines that were left out come to."""
    return sum((r.amount or Decimal(0) for code, r in report.rules.items() if code.startswith("left_out")), Decimal(0))


def _count_what_was_kept(report: Report) -> None:
    duplicates = fetch_one(
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM import_transactions GROUP BY invoice,"
        " stock_code, description, quantity, invoice_date, price, customer_id, country) g"
    )[0]
    report.rule("duplicates_kept", int(duplicates))
    unified = fetch_one(
        "SELECT count(*) - count(DISTINCT code) FROM (SELECT DISTINCT stock_code, code FROM import_lines) c"
    )[0]
    report.rule("codes_unified", unified)
